"""`daedalus bench models`: how fast models train and generate, beside the same Transformer written plainly in torch."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from daedalus.core.data import PER_TOKEN, Column, Data, Held, load_data
from daedalus.core.device import Numerics, numerics, threads, torch_generator
from daedalus.core.engine import Engine
from daedalus.core.fitting import Fit, tensors
from daedalus.core.lab.bench import Row, rate
from daedalus.core.objective import Batch
from daedalus.core.spec import parse_spec

from .bench_peers import PlainGPT, plain_step
from .sequence.generating import Choice, continued
from .sequence.gpt import GPT, GPTConfig

_VALUES = 65  # characters of tinyshakespeare


@dataclass(frozen=True)
class Recipe:
    """Settings of nanoGPT's (Karpathy 2022), for windows of `length` characters."""

    name: str
    config: GPTConfig
    length: int
    steps: int
    reached: float  # nats a character on the last tenth of the plays


_CPU = Recipe(
    "nanoGPT's CPU recipe", GPTConfig(positions="learned", batch=12, width=128, depth=4, heads=4), 64, 2000, 1.88
)
_GPU = Recipe(
    "nanoGPT's GPU recipe",
    GPTConfig(positions="learned", batch=64, width=384, depth=6, heads=6, dropout=0.2, keep="best"),
    256,
    5000,
    1.4697,
)

#: What generates: the same network for 256 characters.
_GENERATING = replace(_CPU, length=256)


def bench_models(quick: bool, device: str = "cpu") -> Iterator[Row]:
    """Rows for training and for generation; on an accelerator for nanoGPT's GPU recipe to its end, too."""
    where = numerics(device)
    recipe = _CPU if where.device.type == "cpu" else _GPU
    with threads(1):
        yield Row(f"{recipe.name}: tokens trained on", *_trained(recipe, where, quick))
        rotary = replace(recipe, config=replace(recipe.config, positions="rotary"))
        yield Row(f"{recipe.name}, rotary: tokens trained on", *_trained(rotary, where, quick))
        for batch in (1, 8):
            yield Row(f"{batch} × 256 tokens generated", *_generated(batch, where, quick))
        if where.device.type != "cpu" and not quick:
            yield _fitted(recipe, device)


def _random(recipe: Recipe) -> Data:
    """Random tokens: what they are makes no difference to speed."""
    size = max(recipe.config.batch, 2)
    tokens = np.random.Generator(np.random.Philox(0)).integers(0, _VALUES, (size, recipe.length + 1))
    w = np.ones((size, recipe.length), np.float32)
    part = Held({"x": tokens[:, :-1], "y": tokens[:, 1:], "w": w, "tokens": w.sum(1)})
    token = Column((recipe.length,), "int64", _VALUES)
    return Data("random", "sequence", {"x": token, "y": token}, part, part, part, PER_TOKEN)


def _plain(recipe: Recipe, where: Numerics) -> PlainGPT:
    config = recipe.config
    return PlainGPT(_VALUES, recipe.length, config.width, config.depth, config.heads, config.dropout).to(where.device)


def _trained(recipe: Recipe, where: Numerics, quick: bool) -> tuple[float, str, float]:
    """Tokens a second of training by the engine, and of a plain loop."""
    data, config = _random(recipe), recipe.config
    batch: Batch = tensors(data.train, np.arange(config.batch), where.device)
    fitted = GPT.build(data, config, torch_generator(0, "init"))
    engine = Engine(fitted.objective, fitted.training(recipe.steps), where, torch_generator(0, "noise", where.device))
    fitted.module.train()
    tokens = config.batch * recipe.length
    ours = rate(_waited(lambda: engine.step(batch), where), tokens, quick)
    model = _plain(recipe, where)
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3, (0.9, 0.99), weight_decay=0.1, fused=True)

    def step() -> None:
        with where.cast():
            plain_step(model, optimiser, batch["x"], batch["y"])

    return ours, "plain torch", rate(_waited(step, where), tokens, quick)


def _generated(batch: int, where: Numerics, quick: bool) -> tuple[float, str, float]:
    """Tokens a second with a cache of keys and values, and of a loop that reads everything again for each."""
    recipe, new = _GENERATING, 32 if quick else 256
    fitted = GPT.build(_random(recipe), recipe.config, torch_generator(0, "init"))
    network, plain = fitted.module.to(where.device).eval(), _plain(recipe, where).eval()
    first = torch.zeros(batch, 1, dtype=torch.int64, device=where.device)
    generator = torch_generator(0, "samples", where.device)

    def ours() -> None:
        with where.cast():
            continued(network, first, new + 1, Choice(), generator)  # type: ignore[arg-type]

    def theirs() -> None:
        with where.cast():
            plain.generate(first, new, generator)

    tokens = batch * new
    return (
        rate(_waited(ours, where), tokens, quick),
        "reading all again",
        rate(_waited(theirs, where), tokens, quick),
    )


def _fitted(recipe: Recipe, device: str) -> Row:
    """The recipe to its end on the plays; the row's name tells what was reached, its rates are training's alone."""
    data = load_data(parse_spec(f"shakespeare:length={recipe.length}"))
    config = replace(recipe.config, device=device, watched=256)
    fit = Fit(data, GPT, config, 0, recipe.steps)
    lasted, nats = 0.0, float("nan")
    for stop in range(recipe.steps // 20, recipe.steps + 1, recipe.steps // 20):
        begin = time.perf_counter()
        fit.run(stop)
        lasted += time.perf_counter() - begin
        nats = -fit.measure().score
    tokens = recipe.steps * config.batch * recipe.length / lasted
    told = f"{recipe.name}: {nats:.3f} nats a character (its own {recipe.reached:.3f}); tokens"
    return Row(told, tokens, "plain torch", _trained(recipe, numerics(device), False)[2])


def _waited(work: Callable[[], object], where: Numerics) -> Callable[[], object]:
    """The same until the accelerator has done it."""
    if where.device.type != "cuda":
        return work

    def done() -> None:
        work()
        torch.cuda.synchronize(where.device)

    return done
