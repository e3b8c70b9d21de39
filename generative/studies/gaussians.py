"""Eight Gaussians on a ring: a GAN that collapses, one that does not, and WGAN-GP, side by side.

A mode is covered where one of 2,500 samples lies within three deviations of it, and a sample is of high quality where
it lies as near to a mode; of real points 98.9 % do. The GAN that collapses is trained by the recipe of Metz et al. 2017
(appendix A): z of 256 numbers, two layers of 128, Adam with β₁ = ½ at 10⁻³ for the generator and 10⁻⁴ for the
discriminator. Their deviation is .02 and their discriminator has one layer less.

Collapse is no law of the game: at even rates the same loss covers all modes too, which stands here to be fair. WGAN-GP
is trained as that one is but for its own loss and penalty, and two steps of its critic to one of the generator; λ = 0.1
is that of Gulrajani et al. 2017 for points.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from daedalus.core.arrays import Floats
from daedalus.core.catalogue import find
from daedalus.core.data import load_data
from daedalus.core.device import threads, torch_generator
from daedalus.core.fitting import Fit
from daedalus.core.generating import Condition
from daedalus.core.lab.reproduction import Figure, Line, Row, at_least, at_most
from daedalus.core.spec import fill, parse_spec
from daedalus.generative.metrics.coverage import modes, ring

DATA = "gaussians:task=sampling"
SAMPLES, _DOTS = 2_500, 600


@dataclass(frozen=True)
class Recipe:
    """A model with its settings, and steps enough for it, fewer where the look is quick."""

    label: str
    model: str
    steps: int
    quick_steps: int


_SHARED = "latent=2,depth=3,lr=.002,optimiser=adam(beta1=0.0,beta2=.9),ema=.99,schedule=linear"
METZ = Recipe(
    "GAN, Metz et al.",
    "gan:latent=256,depth=2,lr=.001,critic_lr=.0001,optimiser=adam(beta1=.5),schedule=constant,ema=none",
    4_000,
    500,
)
EVEN = Recipe("GAN, even rates", f"gan:{_SHARED}", 4_000, 800)
PENALISED = Recipe("WGAN-GP", f"wgan_gp:penalty=.1,critic_steps=2,{_SHARED}", 4_000, 2_000)


@dataclass(frozen=True, eq=False)
class Covered:
    """What the samples of N runs cover, and those of the first run."""

    modes: Floats  # (N,)
    high_quality: Floats  # (N,), shares of the samples
    samples: Floats  # (n, 2)


def gaussians(quick: bool) -> Iterator[Row | Figure]:
    """2,500 samples of each run, held against the eight modes."""
    seeds = range(2 if quick else 4)
    found = {recipe: covered(recipe, seeds, quick) for recipe in (METZ, EVEN, PENALISED)}
    metz, even, penalised = found.values()
    yield at_most(f"{METZ.label}: modes covered of 8", metz.modes, 2, "Metz et al. 2017, figure 2: about one")
    yield at_least(f"{EVEN.label}: modes covered of 8", even.modes, 7, "ours: no law of the loss")
    source = "Gulrajani et al. 2017, figure 1"
    yield at_least(f"{PENALISED.label}: modes covered of 8", penalised.modes, 8, source)
    yield at_least(f"{PENALISED.label}: share within 3 deviations", penalised.high_quality, 0.8, "real points: .989")
    real = load_data(parse_spec(DATA)).test.take(np.arange(_DOTS))["x"]
    for recipe, one in found.items():
        yield _figure(recipe, one, real)


def covered(recipe: Recipe, seeds: Sequence[int], quick: bool) -> Covered:
    """Train and sample, one seed after the other."""
    data, spec = load_data(parse_spec(DATA)), parse_spec(recipe.model)
    model, steps = find("model", spec.name).load(), recipe.quick_steps if quick else recipe.steps
    config = fill(model.config_class, {**spec.mapping, "device": "cpu"}, spec.name)
    known = ring(data.form)
    assert known is not None  # as the data set of this name says
    drawn, found = [], []
    with threads(1):
        for seed in seeds:
            fit = Fit(data, model, config, seed, steps)
            fit.run(steps)
            drawn.append(_samples(fit, seed))
            found.append(modes(drawn[-1], *known))
    return Covered(
        np.array([one.covered for one in found], dtype=float),
        np.array([one.high_quality for one in found]),
        drawn[0].double().numpy(),
    )


def _samples(fit: Fit, seed: int) -> torch.Tensor:
    fit.fitted.objective.module.eval()
    with fit.engine.averaged(), torch.no_grad():
        return fit.fitted.sample(SAMPLES, Condition(), torch_generator(seed, "samples"))  # type: ignore[attr-defined,no-any-return]


def _figure(recipe: Recipe, one: Covered, real: Floats) -> Figure:
    dots = one.samples[:_DOTS]
    lines = [
        Line("real points", real[:, 0], real[:, 1], form="points", whose="theirs"),
        Line("samples", dots[:, 0], dots[:, 1], form="points"),
    ]
    told = f"{one.modes[0]:g} of 8 modes, {one.high_quality[0]:.0%} within 3 deviations of one, seed 0."
    return Figure(recipe.label, "x₁", "x₂", lines, told)
