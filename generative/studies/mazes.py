"""What each family knows about mazes: uniform spanning trees of n × n cells, for n = 3, 5 and 8.

A perfect maze is a hard thing to know by heart: whether the last passages may be open hangs on all that came before,
and one wrong bit makes a loop, or cuts cells off. And it is known exactly how well anybody can do: the negative
log-likelihood is at least the logarithm of the number of spanning trees, which is a determinant (Kirchhoff 1847), and
whether a sample is a perfect maze is seen by a flood. So the table says, of every family, how many nats it loses and
how many of its samples are mazes; of 3 × 3 cells, where there are 192 of them, also the exact divergence and the modes.

What comes out: models that draw number after number come near, PixelCNN nearest for its time: at n = 5 it is within
0.3 nats after 140 seconds on one thread, and within 0.1 after 380. It sees tiles, where a loop is a thing to be seen.
MADE is wide, and so quick, that it comes close; the n-gram knows what its window holds. A VAE, whose edges are drawn
each by itself once the code is known, learns little more than how often each is open.

Every model learns from mazes without end, so that nothing can be learnt by heart, but for the n-gram, which counts a
number of them. The steps are such that each takes minutes on one thread; the two of the goal take longer at n = 5.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from daedalus.core.arrays import Floats
from daedalus.core.catalogue import find
from daedalus.core.data import Data, load_data
from daedalus.core.device import threads, torch_generator
from daedalus.core.fitting import Fit, Fitted
from daedalus.core.generating import Condition, Likelihood, Sampler
from daedalus.core.lab.reproduction import Figure, Line, Row, at_least, at_most, mean_and_error
from daedalus.core.spec import fill, parse_spec
from daedalus.generative.data.trees import independent_nll, independent_perfect, log_trees
from daedalus.generative.metrics.levels import against_uniform, every_maze, judge_levels, levels

STUDY = "maze_table"
SIZES = (3, 5, 8)
_TESTED, _SAMPLES, _QUICK_TESTED, _QUICK_SAMPLES = 5_000, 2_000, 500, 200
_AT_ONCE = 250
_GOAL_NATS, _GOAL_PERFECT = 0.3, 0.95
_TOLD = "told, not judged"
_ROUNDED = 1e-5  # nats: a sum in float32
_FLOOR = "ln of the number of spanning trees, exact"


@dataclass(frozen=True)
class Entrant:
    """A model of a family, its settings, on which layout of mazes, and for how many steps by n."""

    family: str
    label: str
    model: str
    steps: tuple[int, int, int]
    layout: str = "edges"
    goal: bool = False  # one of the two of which the issue asks most

    def data(self, n: int) -> str:
        """The data set that it is fitted to."""
        return f"mazes:n={n},layout={self.layout}"


ENTRANTS = (
    Entrant(
        "sequence",
        "Transformer",
        "gpt:width=64,depth=4,positions=learned,batch=128,lr=.002",
        (600, 3000, 1000),
        goal=True,
    ),
    Entrant("sequence", "LSTM", "lstm:width=128,batch=128,lr=.003,schedule=cosine,clip_norm=1", (600, 1000, 500)),
    Entrant("sequence", "8-gram", "ngram:n=8,counted=50000", (1, 1, 1)),
    Entrant(
        "autoregressive",
        "PixelCNN",
        "pixelcnn:width=32,depth=8,batch=32,residual=both,lr=.002,schedule=cosine(warm_up=100),clip_norm=1",
        (600, 4000, 1000),
        "tiles",
        goal=True,
    ),
    Entrant(
        "autoregressive",
        "PixelRNN",
        "pixelrnn:width=32,depth=3,batch=32,lr=.002,schedule=cosine(warm_up=100),clip_norm=1",
        (600, 1000, 500),
        "tiles",
    ),
    Entrant(
        "autoregressive", "MADE", "made:width=1024,depth=3,batch=128,schedule=cosine(warm_up=100)", (600, 6000, 1500)
    ),
    Entrant("latent", "VAE", "vae:latent=16,width=256,depth=2,batch=128,schedule=cosine", (1200, 2000, 2000)),
    Entrant("latent", "VQ-VAE", "vq_vae:batch=128,schedule=cosine", (1200, 2000, 1000)),
    Entrant("adversarial", "WGAN-GP", "wgan_gp:width=256,depth=3,batch=128,ema=.999", (2400, 2000, 2000)),
    Entrant("diffusion", "DDPM", "ddpm:width=256,depth=3,batch=128,times=200", (2400, 2000, 2000)),
)


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of one model."""

    entrant: Entrant
    n: int
    exact: bool  # whether its likelihood is
    nll: Floats | None  # (N,): of test mazes; of every maze there is, where they can be listed and it is exact
    listed: bool  # whether these are all of them
    perfect: Floats  # (N,): of samples, 0 or 1
    modes: int  # different perfect mazes among them
    mass: float  # its probability of a perfect maze, where that is known exactly
    steps: float  # of the shortest ways in its samples, the mean; of real ones `steps_real`
    steps_real: float

    @property
    def above(self) -> float:
        """Nats by which it lies above the floor; with all mazes listed the divergence KL(uniform ‖ model)."""
        return math.nan if self.nll is None else float(self.nll.mean()) - log_trees(self.n, self.n)


def maze_table(quick: bool) -> Iterator[Row | Figure]:
    """The floor, which nobody goes below; the goal; and what each family's samples are. Quickly: one of each family."""
    entrants = tuple({one.family: one for one in reversed(ENTRANTS)}.values()) if quick else ENTRANTS
    for n in SIZES[:1] if quick else SIZES:
        found = [known(one, n, quick) for one in entrants]
        for one in found:
            yield from _rows(one)
        if n == 5:
            yield from _goal(found)
        yield _figure(n, found)


def known(entrant: Entrant, n: int, quick: bool) -> Known:
    """Fit a model, or take up what was fitted, and examine it on one thread."""
    with threads(1):
        data, fitted = _lived(entrant, n) if quick else _stored(entrant, n)
        return examined(entrant, n, data, fitted, quick)


def examined(entrant: Entrant, n: int, data: Data, fitted: Fitted, quick: bool) -> Known:
    """What samples and likelihoods of a model are worth."""
    generator = torch_generator(0, STUDY)
    fitted.objective.module.eval()
    assert isinstance(fitted, Sampler), f"{entrant.label} can be sampled"
    x_N = _sampled(fitted, _QUICK_SAMPLES if quick else _SAMPLES, generator)
    told = judge_levels(data.form, x_N, data.test.take(np.arange(len(x_N)))["x"])
    exact, nll_N, listed, mass = False, None, False, math.nan
    if isinstance(fitted, Likelihood):
        exact, listed = fitted.exact, fitted.exact and n == SIZES[0]
        x = every_maze(data.form) if listed else data.test.take(np.arange(_QUICK_TESTED if quick else _TESTED))["x"]
        nll_N = -_log_p(fitted, x, generator)
        mass = against_uniform(-nll_N)["mass"] if listed else mass
    perfect_N = levels(data.form, x_N).perfect.astype(float)
    ways = told.get("steps", math.nan), told["steps_real"]
    return Known(entrant, n, exact, nll_N, listed, perfect_N, int(told["modes"]), mass, *ways)


def _sampled(fitted: Sampler, n: int, generator: torch.Generator) -> np.typing.NDArray[np.uint8]:
    with torch.no_grad():
        return torch.cat([fitted.sample(_AT_ONCE, Condition(), generator) for _ in range(0, n, _AT_ONCE)]).numpy()


def _log_p(fitted: Likelihood, x_N: np.typing.NDArray[np.uint8], generator: torch.Generator) -> Floats:
    parts = torch.split(torch.from_numpy(np.ascontiguousarray(x_N)), _AT_ONCE)
    with torch.no_grad():
        return np.asarray(torch.cat([fitted.log_prob({"x": part}, generator).double() for part in parts]))


def _lived(entrant: Entrant, n: int) -> tuple[Data, Fitted]:
    """A quick look: a twentieth of the steps, kept nowhere."""
    data, spec = load_data(parse_spec(entrant.data(n))), parse_spec(entrant.model)
    model, steps = find("model", spec.name).load(), max(entrant.steps[SIZES.index(n)] // 20, 1)
    config = fill(model.config_class, {**spec.mapping, "device": "cpu"}, spec.name)
    fit = Fit(data, model, config, 0, steps)
    fit.run(steps)
    return data, fit.fitted


def _stored(entrant: Entrant, n: int) -> tuple[Data, Fitted]:
    """From the run store, where it goes on if it was interrupted."""
    from daedalus.core.lab.fits import stored
    from daedalus.core.lab.job import compare
    from daedalus.core.lab.store.run import open_run

    name = f"reproduce-{STUDY}-{n}-{entrant.label.lower().replace(' ', '_').replace(',', '')}"
    named, steps = [f"{entrant.label.replace(',', '')}={entrant.model},device=cpu"], entrant.steps[SIZES.index(n)]
    run = compare([entrant.data(n)], named, 1, steps, name=name, progress=False, report=False).run
    one = stored(open_run(run))
    return one.data, one.fitted


def _rows(one: Known) -> Iterator[Row]:
    """The floor; the share of perfect mazes; of 3 × 3 cells, how many of all are drawn."""
    who, N = f"{one.n} × {one.n}, {one.entrant.label}", len(one.perfect)
    if one.nll is not None:
        ours, error = (float(one.nll.mean()), 0.0) if one.listed else mean_and_error(one.nll)
        what = "of all mazes" if one.listed else "exact" if one.exact else "a bound"
        floor = log_trees(one.n, one.n)
        passed, rule = ours + 3 * error + _ROUNDED >= floor, "exact" if one.listed else "not below, by 3 SE"
        yield Row(f"{who}: NLL, {what}", ours, error, floor, _FLOOR, passed, rule)
    share, error = mean_and_error(one.perfect)
    if not one.listed or one.nll is None:
        chance = independent_perfect(one.n, one.n)
        yield Row(f"{who}: share perfect", share, error, chance, "edges drawn each by itself", True, _TOLD)
        if one.n == SIZES[0]:
            yield Row(f"{who}: modes in {N:,} samples", one.modes, 0.0, 192.0, "all there are", True, _TOLD)
        return
    # What is drawn must come as often as it is said to be likely.
    reach = 3 * math.sqrt(max(one.mass * (1 - one.mass), 0.0) / N) + 1 / N
    agree, source = abs(share - one.mass) <= reach, "its probability of perfect mazes, exact"
    yield Row(f"{who}: share perfect", share, error, one.mass, source, agree, f"within {reach:.2g}")
    drawn_N = 1 - (1 - np.exp(-one.nll)) ** N  # the chance that each is among the samples
    reach = 3 * math.sqrt(float((drawn_N * (1 - drawn_N)).sum())) + 1
    agree, source = abs(one.modes - drawn_N.sum()) <= reach, "expected by its probabilities; there are 192"
    quantity = f"{who}: modes in {N:,} samples"
    yield Row(quantity, one.modes, 0.0, float(drawn_N.sum()), source, bool(agree), f"within {reach:.2g}")


def _goal(found: list[Known]) -> Iterator[Row]:
    """The better of the Transformer and PixelCNN."""
    able = [one for one in found if one.entrant.goal and one.nll is not None]
    best = min(able, key=lambda one: one.above)
    assert best.nll is not None
    name, floor = f"{best.n} × {best.n}, {best.entrant.label}", log_trees(best.n, best.n)
    yield at_most(f"{name}: NLL, nats", best.nll, floor + _GOAL_NATS, "the goal: the floor and 0.3 nats")
    yield at_least(f"{name}: share of perfect samples", best.perfect, _GOAL_PERFECT, "the goal")


def _figure(n: int, found: list[Known]) -> Figure:
    """One point for each model that has a likelihood, and the best model of single edges."""
    points = [
        Line(one.entrant.label, [max(one.above, 1e-3)], [float(one.perfect.mean())], form="points")
        for one in found
        if one.nll is not None
    ]
    single = independent_nll(n, n) - log_trees(n, n)
    points.append(Line("single edges", [single], [independent_perfect(n, n)], form="points", whose="theirs"))
    caption = "Bounds lie to the right of what they bound. " + "; ".join(
        f"{one.entrant.label}: {one.perfect.mean():.1%} perfect" for one in found if one.nll is None
    )
    title = f"{n} × {n} cells"
    return Figure(title, "nats above the floor", "share of perfect samples", points, caption, "log10", y_limits=(0, 1))
