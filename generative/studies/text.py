"""Plays and names, by letter: n-grams with Witten–Bell smoothing, which everything must beat, and what beats them.

Scores are nats per character of the test part. The n-grams are counted, so that theirs are exact.
"""

from collections.abc import Iterator

import numpy as np

from daedalus.core.data import load_data
from daedalus.core.device import numerics, torch_generator
from daedalus.core.fitting import score
from daedalus.core.lab.reproduction import Figure, Line, Row, at_most, exact, mean_line, measured
from daedalus.core.lab.studying import curves
from daedalus.core.spec import parse_spec
from daedalus.generative.sequence.ngram import NGram, NGramConfig

_PLAYS, _NAMES = "shakespeare:whole=true", "names"
_WITTEN_BELL = "counted once by another program"
_OF_PLAYS = (3.347, 2.486, 2.049, 1.774, 1.669, 1.698, 1.779)  # n = 1 … 7, nats per character
_OF_NAMES = (2.821, 2.453, 2.221, 2.075, 2.042, 2.102)  # n = 1 … 6, on the validation part
#: nanoGPT's recipe for a machine without a GPU.
_NANOGPT = (
    "gpt:width=128,depth=4,heads=4,positions=learned,batch=12,lr=1e-3,optimiser=adamw(beta2=.99),weight_decay=.1,"
    "clip_norm=1,schedule=cosine(warm_up=100,end=.1),tied=true,weights=normal"
)
_SMALL = "gpt:width=32,depth=1,heads=2,batch=16,lr=1e-2,watched=16"
#: One of ours: what a layer of long short-term memory learns in the same time on a processor.
_OURS = "lstm:width=256,batch=32,lr=5e-3,dropout=.1,schedule=cosine(warm_up=50,end=.02)"
_OURS_DATA, _OURS_STEPS = f"{_PLAYS},length=128", 3_000


def ngrams(data: str, part: str, longest: int) -> list[float]:
    """Nats per token of n-grams, n = 1 … `longest`; of a stream as a whole, in no window of which a beginning lacks."""
    loaded, found = load_data(parse_spec(data)), []
    for n in range(1, longest + 1):
        model = NGram.build(loaded, NGramConfig(n=n, device="cpu"), torch_generator(0, "init"))
        told = model.examine(loaded.parts[part], torch_generator(0, "evaluation"))
        if (whole := told.get("log_likelihood_per_token_of_the_whole")) is not None:
            found.append(-whole)
            continue
        noise, where = torch_generator(0, "evaluation"), numerics("cpu")
        found.append(-score(model, loaded.measure, loaded.parts[part], where, noise)[loaded.measure.name])
    return found


def plays(quick: bool) -> Iterator[Row | Figure]:
    """Shakespeare: n-grams to three decimals, nanoGPT's recipe, and one of ours that beats them all."""
    counted = ngrams(_PLAYS, "test", 2 if quick else 7)
    for n, (ours, theirs) in enumerate(zip(counted, _OF_PLAYS, strict=False), 1):
        yield exact(f"{n}-gram, nats per character", ours, theirs, _WITTEN_BELL, digits=3)
    lines = []
    if quick:
        found = curves("models_plays", _PLAYS, {"gpt": _SMALL}, 2, 60, quick)
        yield at_most("a small gpt, nats per character", -found["gpt"].value[:, -1], _OF_PLAYS[0], "1-gram")
    else:
        found = curves("models_plays", _PLAYS, {"nanoGPT's recipe": _NANOGPT}, 2, 2000, quick)
        last = -found["nanoGPT's recipe"].value[:, -1]
        yield measured("nanoGPT's recipe for a CPU, nats per character", last, 1.88, "its readme", slack=0.05)
        found |= curves("models_plays_ours", _OURS_DATA, {"ours": _OURS}, 2, _OURS_STEPS, quick)
        yield at_most("ours, nats per character", -found["ours"].value[:, -1], _OF_PLAYS[4], "the best n-gram")
    for label, curve in found.items():
        lines.append(mean_line(label, curve.step, -curve.value))
    longest = max(int(curve.step[-1]) for curve in found.values())
    best = min(counted)
    lines.append(Line(f"{int(np.argmin(counted)) + 1}-gram", [0, longest], [best, best], whose="theirs"))
    yield Figure("shakespeare", "steps", "nats per character", lines, "On the last tenth of the text.")


_NAMES_MODELS = {
    "gru": "gru:width=128,depth=1,lr=3e-3,batch=128,dropout=.2,schedule=cosine(warm_up=100,end=.02)",
    "gpt": "gpt:width=64,depth=4,heads=4,lr=2e-3,batch=128,dropout=.1,schedule=cosine(warm_up=100,end=.02)",
}


def first_names(quick: bool) -> Iterator[Row | Figure]:
    """Names: n-grams to three decimals, and networks that beat the best of them."""
    counted = ngrams(_NAMES, "validation", 3 if quick else 6)
    for n, (ours, theirs) in enumerate(zip(counted, _OF_NAMES, strict=False), 1):
        yield exact(f"{n}-gram on the validation part, nats per letter", ours, theirs, _WITTEN_BELL, digits=3)
    steps, bound, what = (80, _OF_NAMES[0], "1-gram") if quick else (3000, _OF_NAMES[4], "the best n-gram")
    models = {"gru": "gru:width=32,lr=1e-2,batch=64,watched=64"} if quick else _NAMES_MODELS
    found = curves("models_names", _NAMES, models, 2, steps, quick)
    for label, curve in found.items():
        yield at_most(f"{label} on the test part, nats per letter", -curve.value[:, -1], bound, what)
    lines = [mean_line(label, curve.step, -curve.value) for label, curve in found.items()]
    lines.append(Line(what, [0, steps], [bound, bound], whose="theirs"))
    yield Figure("names", "steps", "nats per letter", lines, "On the test part; the n-gram on the validation part.")
