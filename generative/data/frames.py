"""Pictures of worlds as a random policy sees them.

In a finite world every state is met with a known probability, by which pictures are drawn: one by one, without end. Of
other environments the pictures are those of episodes that are played once.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from daedalus.core.arrays import Floats, Ints, Pixels
from daedalus.core.data import (
    LOG_LIKELIHOOD,
    LOG_PROBABILITY,
    SLICED_WASSERSTEIN,
    SQUARED_ERROR,
    Column,
    Data,
    Examples,
    Held,
    Made,
    Measure,
)
from daedalus.core.errors import UserError
from daedalus.core.indexed import keys, uniform
from daedalus.core.rng import stream_key
from daedalus.core.spec import Spec
from daedalus.core.world import Observation, OpenWorld, World

from .wandering import Wandering, problem

Task = Literal["density", "sampling", "reconstruction"]
Pictures = Literal["pixels", "symbolic"]

_MAZE = Spec("daedalus/Maze-v0", (("rows", 5), ("columns", 5)))
_MOST_BYTES = 2**30  # of all pictures of a world, which are drawn once
_EVERY = 4  # steps from one picture of an episode to the next, which look much alike
_PLAYED = 2_000  # pictures to train on of what is no finite world, unless told


def frames(
    world: Spec = _MAZE,
    picture: Pictures = "pixels",
    size: int = 32,
    task: Task = "density",
    examples: int | None = None,
    tested: int = 1_000,
) -> Data:
    """Pictures of a world under random actions.

    "pixels" are colours (3, size, size) from 0 to 1, as the world is drawn, in whole pixels a tile; its edge fills the
    frame. "symbolic" is (1, rows, columns) of whole numbers, what lies on top of each tile; it is for finite worlds,
    and the ceiling of its density is exact. `examples` limits the training part of a finite world; elsewhere
    it is how many pictures are taken.
    """
    _check(size, examples, tested)
    found = problem(world, "frames")
    note = f"random actions in {found.name}"
    if isinstance(found, World):
        return _finite(found, picture, size, task, examples, tested, note)
    if not isinstance(found, OpenWorld) or picture == "symbolic":
        raise UserError(f"frames: {world} is no finite world with a scene; try daedalus/Maze-v0, or picture=pixels")
    sizes = {"train": examples or _PLAYED, "validation": tested, "test": tested}
    parts = [Held({"x": _scaled(played(found, name, count, size))}) for name, count in sizes.items()]
    measure, ceiling = _judged(task, None)
    return _data(task, (3, size, size), None, parts, measure, ceiling, None, (note, "episodes that were played once"))


def _finite(
    world: World, picture: Pictures, size: int, task: Task, examples: int | None, tested: int, note: str
) -> Data:
    if world.scene is None:
        raise UserError(f"frames: {world.name} has no scene to be drawn; try daedalus/Maze-v0")
    chance_S = visits(world)
    state_M = np.flatnonzero(chance_S[: world.states])
    picture_M = symbols(world, state_M) if picture == "symbolic" else drawings(world, state_M, size)
    chance_M = chance_S[state_M] / chance_S[state_M].sum()
    cumulative = np.append(np.cumsum(chance_M)[:-1], 1.0)
    values = int(picture_M.max()) + 1 if picture == "symbolic" else None

    def part(name: str, count: int | None) -> Made:
        key = stream_key(0, f"frames/{name}")

        def make(indices: Ints) -> dict[str, np.typing.NDArray[Any]]:
            drawn = picture_M[np.searchsorted(cumulative, uniform(keys(key, indices), 1)[:, 0], side="right")]
            return {"x": drawn if values else _scaled(drawn)}

        return Made(make, count)

    parts = [part("train", examples), part("validation", tested), part("test", tested)]
    measure, ceiling, chance = judged(task, picture_M, chance_M, values)
    notes = (note, "drawn by how often each state is met; made by index")
    return _data(task, picture_M.shape[1:], values, parts, measure, ceiling, chance, notes)


def _data(
    task: Task,
    shape: tuple[int, ...],
    values: int | None,
    parts: Sequence[Examples],
    measure: Measure,
    ceiling: float | None,
    chance: float | None,
    notes: tuple[str, ...],
) -> Data:
    column = Column(shape, "float32" if values is None else "uint8", values)
    train, validation, test = parts
    return Data("frames", task, {"x": column}, train, validation, test, measure, ceiling, chance, notes, Spec("image"))


def visits(world: World) -> Floats:
    """How often each state is among what a random policy sees, (S,), from the start to the end of an episode."""
    met = Wandering.of(world).present().sum(axis=0)
    return np.asarray(met / met.sum())


def symbols(world: World, states: Ints) -> Pixels:
    """Of each tile the number of what lies on top, (M, 1, rows, columns): 0 floor, then the planes of "symbolic"."""
    from daedalus.envs.building import seen_as
    from daedalus.envs.observing.observers import observer_of

    observer = observer_of(seen_as(world, Observation("symbolic")))
    _check_room(world, len(states) * int(np.prod(observer.space.shape or ())))
    planes = observer.batch(states.astype(np.int32))
    number = np.arange(1, planes.shape[1] + 1, dtype=np.uint8)[:, None, None]
    return np.asarray((planes * number).max(axis=1, keepdims=True))


def drawings(world: World, states: Ints, size: int) -> Pixels:
    """The states drawn, (M, 3, size, size), with as many pixels a tile as there is room for."""
    from daedalus.envs.building import seen_as
    from daedalus.envs.observing.observers import observer_of

    assert world.scene is not None
    rows, columns = world.scene.tiles.shape[-2:]
    if size < max(rows, columns):
        raise UserError(f"frames: {world.name} has {rows} × {columns} tiles; give size={max(rows, columns)} or more")
    _check_room(world, len(states) * 3 * size * size)
    seen = seen_as(world, Observation("pixels", tile_size=size // max(rows, columns)))
    drawn = observer_of(seen).batch(states.astype(np.int32))
    above, before = (size - drawn.shape[1]) // 2, (size - drawn.shape[2]) // 2
    below, behind = size - drawn.shape[1] - above, size - drawn.shape[2] - before
    framed = np.pad(drawn, ((0, 0), (above, below), (before, behind), (0, 0)), mode="edge")
    return np.ascontiguousarray(framed.transpose(0, 3, 1, 2))


def played(world: OpenWorld, part: str, count: int, size: int) -> Pixels:
    """Pictures (count, 3, size, size) of episodes under random actions, one every few steps."""
    seed = stream_key(0, f"frames/{part}") % 2**31
    try:
        env = world.make(render_mode="rgb_array")
    except Exception as error:  # whatever an environment's own constructor raises
        raise UserError(f"frames: {world.name} cannot be drawn: {' '.join(str(error).split())}") from error
    pictures: list[Pixels] = []
    env.action_space.seed(seed)
    try:
        while len(pictures) < count:
            env.reset(seed=seed + len(pictures))
            over, step = False, 0
            while not over and len(pictures) < count:
                if step % _EVERY == 0:
                    pictures.append(resized(env.render(), size))
                _, _, terminated, truncated, _ = env.step(env.action_space.sample())
                over, step = bool(terminated or truncated), step + 1
    finally:
        env.close()
    return np.stack(pictures)


def resized(pixels: Any, size: int) -> Pixels:
    """A picture (H, W, 3) as (3, size, size), each pixel the mean of those that it stands for."""
    from PIL import Image

    small = Image.fromarray(np.asarray(pixels, np.uint8)).resize((size, size), Image.Resampling.BOX)
    return np.asarray(small).transpose(2, 0, 1)


def judged(
    task: Task, picture_M: Pixels, chance_M: Floats, values: int | None
) -> tuple[Measure, float | None, float | None]:
    """The measure of a task, its ceiling, and what pixels known each by itself reach.

    Pictures are finitely many: the ceiling of symbolic ones is minus their entropy, pixels in real numbers have none.
    """
    flat = picture_M.reshape(len(picture_M), -1)
    if task == "density" and values is not None:
        _, which = np.unique(flat, axis=0, return_inverse=True)
        p: Floats = np.bincount(which.ravel(), chance_M).astype(np.float64)
        shares = np.stack([chance_M @ (flat == value) for value in range(values)])
        return LOG_PROBABILITY, _minus_entropy(p), _minus_entropy(shares)
    measure, ceiling = _judged(task, values)
    if task != "reconstruction":
        return measure, ceiling, None
    mean = chance_M @ flat
    scale = float(values - 1 if values is not None else 255)
    return measure, ceiling, -float((chance_M @ flat.astype(np.float64) ** 2 - mean**2).sum() / scale**2)


def _judged(task: Task, values: int | None) -> tuple[Measure, float | None]:
    if task == "density":
        return (LOG_LIKELIHOOD if values is None else LOG_PROBABILITY), None
    return (SLICED_WASSERSTEIN, 0.0) if task == "sampling" else (SQUARED_ERROR, 0.0)


def _minus_entropy(p: Floats) -> float:
    return float((p * np.log(np.where(p > 0, p, 1.0))).sum())


def _scaled(pixels: Pixels) -> np.typing.NDArray[np.float32]:
    return np.asarray(pixels / np.float32(255), np.float32)


def _check(size: int, examples: int | None, tested: int) -> None:
    if not 8 <= size <= 256:
        raise UserError(f"frames: size must lie between 8 and 256 pixels, not {size}")
    for name, number in (("examples", examples), ("tested", tested)):
        if number is not None and number < 2:
            raise UserError(f"frames: {name} must be at least 2, not {number}")


def _check_room(world: World, size: int) -> None:
    if size > _MOST_BYTES:
        raise UserError(f"frames: {world.name} has more pictures than fit in memory; choose a smaller world or size")
