"""What a report shows of models fitted to a data set, and of the scalars that any trial may tell: by tag, by layer."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from daedalus.core.data import ACCURACY, LOG_LIKELIHOOD, LOG_PROBABILITY, R_SQUARED
from daedalus.core.lab.experiment import DEAD, GRADIENTS, LAYERS, SIGNALS, WEIGHTS
from daedalus.core.lab.numerals import count, decimals_apart, number

from .bands import Band
from .figures import Plot
from .plots import Curves, curves
from .style import slot_style

if TYPE_CHECKING:
    from .worlds import Household, Lived

_LAYERS = 8  # so many lines can be told apart
_WEIGHTS = ("w", "tokens")  # fields that say how much each number counts, and nothing of what the data are
_PARTS = {"train": "to train on", "validation": "to validate", "test": "to test"}


def fit_facts(house: "Household") -> list[str]:
    """What the data set is, in a few words each."""
    card = house.card
    facts = [f"data set, judged by {house.measure}"]
    sizes = card.get("examples", {})
    facts.append(", ".join(f"{_amount(sizes.get(part))} {what}" for part, what in _PARTS.items()))
    facts += [_field(name, field) for name, field in card.get("fields", {}).items() if name not in _WEIGHTS]
    bounds = [(house.words.optimum, house.ceiling), (house.words.random, house.floor)]
    known = [(words, one.level) for words, one in bounds if one]
    decimals = decimals_apart([level for _, level in known])
    facts += [f"{words} {number(level, max(decimals, 3))}" for words, level in known]
    return [*facts, *map(str, card.get("notes", []))]


def _amount(size: int | None) -> str:
    return "without end" if size is None else f"{size:,}"


def _field(name: str, field: Mapping[str, object]) -> str:
    shape, values = field["shape"], field["values"]
    assert isinstance(shape, list)
    of = "×".join(map(str, shape)) if shape else ""
    what = f"{values} classes" if isinstance(values, int) and not shape else "numbers" if shape else "a number"
    if isinstance(values, int) and shape:
        what = f"of {values} values"
    return f"{name}: {' '.join(filter(None, (of, what)))}"


def fit_curves(house: "Household") -> list[Curves]:
    """The score on the test part, how far it is from the ceiling, and the loss that was minimised."""
    measure = house.measure or ""
    x = f"{house.words.step}s"
    name = measure.partition(",")[0]
    losses = house.bands("loss")
    positive = all(np.nanmin(one.mean) >= 0 for one in losses.values() if one.known)
    if positive:
        losses = {label: one.within(low=0.0) for label, one in losses.items()}
    return [
        Curves(
            f"{house.key}-value",
            f"{name[:1].upper()}{name[1:]} on the test part",
            measure,
            {label: one.within(*house.bounds) for label, one in house.bands("value").items()},
            house.looks,
            "Of the weights that would be kept, had the run ended there: the last, or those that did best on the "
            f"validation part. On the way only the beginning of a long part is judged. {house.note}",
            house.ceiling,
            house.floor,
            x=x,
        ),
        Curves(
            f"{house.key}-regret",
            "Gap to the ceiling",
            "ceiling − score",
            house.bands("regret"),
            house.looks,
            f"How far the score is from the best that any model can reach on average. {house.note}",
            scale="log",
            x=x,
        ),
        Curves(
            f"{house.key}-loss",
            "Training loss",
            "loss",
            losses,
            house.looks,
            "The mean since the previous point of what each model minimises, penalties included; models of different "
            f"kinds minimise different losses. {house.note}",
            scale="log" if positive else "linear",
            x=x,
        ),
    ]


def scalar_plots(house: "Household") -> list[Plot]:
    """A plot of every tag that trials told beside the curve, all who told it together; norms of layers aside."""
    tags = dict.fromkeys(tag for one in house.lived for tag in one.scalars)
    made = []
    shown = [tag for tag in tags if not tag.startswith(LAYERS) and tag not in _told(house)]
    for place, tag in enumerate(shown):
        limits = _limits(house, tag)
        bands = {one.label: one.scalars[tag].within(*limits) for one in house.lived if tag in one.scalars}
        if not any(band.known and band.steps.size > 1 for band in bands.values()):
            continue
        made.append(
            curves(
                Curves(
                    f"{house.key}-scalar-{place + 1}",
                    tag,
                    tag.rpartition("/")[2].replace("_", " "),
                    bands,
                    house.looks,
                    house.note,
                    x=f"{house.words.step}s",
                )
            )
        )
    return made


def _limits(house: "Household", tag: str) -> tuple[float, float]:
    """Between which numbers what a tag tells must lie: no chance is below 0 or above 1, and no norm is negative."""
    name = tag.rpartition("/")[2]
    if name == house.card.get("measure", {}).get("name"):
        return house.bounds
    if name == LOG_LIKELIHOOD.name:
        measure = LOG_PROBABILITY if house.card.get("sort") == "classification" else LOG_LIKELIHOOD
        return measure.least, measure.most
    return {
        ACCURACY.name: (ACCURACY.least, ACCURACY.most),
        R_SQUARED.name: (R_SQUARED.least, R_SQUARED.most),
        "gradient_norm": (0.0, math.inf),
    }.get(name, (-math.inf, math.inf))


def _told(house: "Household") -> set[str]:
    """Tags of what the curves show already."""
    measure = house.card.get("measure", {})
    return {"train/loss", f"test/{measure.get('name')}"} if house.measure else set()


def layer_plots(house: "Household", prefix: str) -> list[Plot]:
    """For each member the norms of its gradients, with what they say in words, or of its weights, layer by layer."""
    made = []
    for place, one in enumerate(house.lived):
        bands = {tag.removeprefix(prefix): band for tag, band in one.scalars.items() if tag.startswith(prefix)}
        bands = {layer: band for layer, band in bands.items() if band.known and band.steps.size > 1}
        if len(bands) > 1:
            made.append(_layers(house, one, f"{house.key}-{prefix[:6]}-{place + 1}", prefix, bands))
    return made


def _layers(house: "Household", one: "Lived", key: str, prefix: str, bands: Mapping[str, Band]) -> Plot:
    chosen = [list(bands)[at] for at in _spread(len(bands))]
    looks = {layer: slot_style(slot) for slot, layer in enumerate(chosen)}
    some = f" {len(chosen)} of {count(len(bands), 'layer')} are drawn." if len(chosen) < len(bands) else ""
    what, said = ("Gradients", f"{_diagnosis(one)} ") if prefix == GRADIENTS else ("Weights", "")
    return curves(
        Curves(
            key,
            f"{what} of {one.label}",
            "norm",
            {layer: bands[layer].bare() for layer in chosen},
            looks,
            f"{said}Euclidean norms, means over seeds, from the input (first) to the output (last).{some}",
            scale="log",
            x=f"{house.words.step}s",
        )
    )


def _diagnosis(one: "Lived") -> str:
    """What is wrong with the gradients at the first point and at the last, in plain words."""
    import torch

    from daedalus.core.diagnosis import Layer, sentences

    def said(at: int) -> list[str]:
        numbers = {tag: float(band.mean[at]) for tag, band in one.scalars.items() if tag.startswith(LAYERS)}
        names = [tag.removeprefix(GRADIENTS) for tag in numbers if tag.startswith(GRADIENTS)]
        groups = (WEIGHTS, GRADIENTS, SIGNALS, DEAD)
        layers = [
            Layer(name, *(torch.tensor(numbers.get(group + name, math.nan)) for group in groups)) for name in names
        ]
        return [f"{sentence[:1].upper()}{sentence[1:]}." for sentence in sentences(layers)]

    first, last = said(0), said(-1)
    early = [f"At the beginning: {sentence}" for sentence in first if sentence not in last]
    if not early + last:
        return "Gradients neither vanish nor explode on their way back, and no layer is dead."
    return " ".join([*early, *(last or ["At the end nothing is wrong any more."])])


def _spread(layers: int) -> Sequence[int]:
    """Which layers are drawn: the first, the last and even ones between."""
    return [int(at) for at in np.unique(np.linspace(0, layers - 1, min(layers, _LAYERS)).round())]
