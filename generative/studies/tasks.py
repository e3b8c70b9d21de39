"""Tasks that ask for memory: adding, copying, reversing; beside what a model without memory reaches."""

from collections.abc import Iterator

from daedalus.core.lab.reproduction import Figure, Line, Row, at_least, at_most, mean_line
from daedalus.core.lab.studying import curves

_SCHEDULE = "schedule=cosine(warm_up=100,end=.05)"
_ADDERS = {
    "lstm": f"lstm:width=64,span=100,lr=5e-3,batch=32,{_SCHEDULE}",
    "gru": f"gru:width=64,lr=5e-3,batch=32,{_SCHEDULE}",
    "identity rnn": f"rnn:width=100,activation=relu,identity=true,lr=6e-4,batch=32,{_SCHEDULE}",
    "tcn": f"tcn:width=24,kernel=6,lr=4e-3,batch=32,{_SCHEDULE}",
    "tanh rnn": f"rnn:width=64,lr=1e-3,batch=32,{_SCHEDULE}",
}


def adding(quick: bool) -> Iterator[Row | Figure]:
    """The adding problem over 100 steps (Hochreiter & Schmidhuber 1997; Le, Jaitly & Hinton 2015)."""
    steps, data = (250, "adding:length=8,tested=500") if quick else (6000, "adding:length=100,tested=1000")
    chosen = {name: _ADDERS[name] for name in ("gru", "tcn")} if quick else _ADDERS
    found = curves("models_adding", data, chosen, 2, steps, quick)
    for label, curve in found.items():
        last, source = -curve.value[:, -1], "Le, Jaitly & Hinton 2015, figure 2"
        if label == "tanh rnn":
            yield at_least(f"{label}: squared error stays near 1/6", last, 0.12, source, within=0)
        else:
            bound = 1 / 6 if quick else 0.01
            yield at_most(f"{label}: squared error", last, bound, source, within=0)
    lines = [mean_line(label, curve.step, -curve.value) for label, curve in found.items()]
    lines.append(Line("always 1", [0, steps], [1 / 6, 1 / 6], whose="theirs"))
    yield Figure(data, "steps", "squared error", lines, "Means of 2 seeds.", y_scale="log10")


def copying(quick: bool) -> Iterator[Row | Figure]:
    """Copying ten symbols after a pause of 30 steps (Hochreiter & Schmidhuber 1997; Arjovsky, Shah & Bengio 2016)."""
    steps, data = (300, "copy:length=2,copied=2,tested=500") if quick else (2000, "copy:length=30,tested=1000")
    chosen = {"gru": f"gru:width=64,lr=3e-3,batch=64,{_SCHEDULE}"} if quick else _COPIERS
    found = curves("models_copy", data, chosen, 2, steps, quick)
    memoryless = 2 * 2.0794415416798357 / 6 if quick else 10 * 2.0794415416798357 / 50
    for label, curve in found.items():
        yield at_most(f"{label}: nats per step", -curve.value[:, -1], memoryless, "no memory: 10 ln 8/(T + 20)")
    lines = [mean_line(label, curve.step, -curve.value) for label, curve in found.items()]
    lines.append(Line("no memory", [0, steps], [memoryless, memoryless], whose="theirs"))
    yield Figure(data, "steps", "nats per step", lines, "Means of 2 seeds.")


_COPIERS = {
    "lstm": f"lstm:width=128,span=50,lr=3e-3,batch=32,{_SCHEDULE}",
    "gru": f"gru:width=128,lr=3e-3,batch=32,{_SCHEDULE}",
    "tcn": f"tcn:width=24,kernel=6,lr=4e-3,batch=32,{_SCHEDULE}",
    "gpt": f"gpt:width=64,depth=2,heads=4,lr=2e-3,batch=64,{_SCHEDULE}",
}


def reversing(quick: bool) -> Iterator[Row | Figure]:
    """Saying ten symbols backwards: over 99 % of the answers are right in every symbol."""
    steps, data = (200, "reversal:length=2,symbols=3,tested=500") if quick else (2000, "reversal:length=10,tested=1000")
    chosen = {"gpt": f"gpt:width=32,depth=2,heads=2,lr=3e-3,batch=64,{_SCHEDULE}"} if quick else _REVERSERS
    found = curves("models_reversal", data, chosen, 2, steps, quick)
    for label, curve in found.items():
        bound = 0.9 if quick else 0.99
        yield at_least(f"{label}: share of answers all right", curve.last["test/exact"], bound, "the task", within=0)
    lines = [mean_line(label, curve.step, curve.value) for label, curve in found.items()]
    yield Figure(data, "steps", "log-likelihood, nats per token", lines, "Means of 2 seeds; the ceiling is 0.")


_REVERSERS = {
    "gpt": f"gpt:width=64,depth=2,heads=4,lr=2e-3,batch=64,{_SCHEDULE}",
    "gru": f"gru:width=128,lr=3e-3,batch=64,{_SCHEDULE}",
}
