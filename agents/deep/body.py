"""A learner's body: its network, and, where it lives somewhere, a population of one with all that it remembers."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch

from daedalus.agents.homes import shared
from daedalus.core.arrays import Ints
from daedalus.core.draws import bits, uniform
from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key
from daedalus.core.world import Bandit, Schedule, World

from .config import DQNConfig
from .exploration import picked
from .finite import FiniteLiving
from .judges import FiniteJudge
from .living import Array, Living
from .network import numerics_of
from .open import OpenLiving, open_spaces
from .population import DQNPopulation
from .seeing import Eye
from .targets import allowed

if TYPE_CHECKING:
    from daedalus.agents.face import Home


@dataclass(frozen=True)
class Outline:
    """What a learner is whatever it has learnt: enough to make its network again."""

    config: DQNConfig
    seed: int
    eye: Eye
    actions: int
    first: int  # where the actions begin to count
    world: str | None  # the fingerprint of the exact world it lives in, if it is one


@final
class Body:
    """`population` is None where the learner lives nowhere; then `state` holds all that it brings along."""

    def __init__(
        self,
        outline: Outline,
        network: torch.nn.Module,
        device: str,
        population: DQNPopulation | None = None,
        judge: FiniteJudge | None = None,
        state: Mapping[str, Array] | None = None,
    ) -> None:
        self.outline, self.network, self.device = outline, network, device
        self.population, self.judge, self._state = population, judge, state or {}

    @property
    def config(self) -> DQNConfig:
        """The settings."""
        return self.outline.config

    @property
    def seed(self) -> int:
        """The seed."""
        return self.outline.seed

    @property
    def t(self) -> int:
        """Steps learnt from so far."""
        return int(self._state["t"]) if self.population is None else self.population.t

    @property
    def epsilon(self) -> float:
        """ε of the next decision."""
        if self.population is None:
            return self.config.epsilon(self.t, int(self._state["span"]))
        return self.population.epsilon

    def state(self) -> dict[str, Array]:
        """All that is learnt and remembered, and, where it can be taken down, where the environment stands."""
        population = self.population
        if population is None:
            return dict(self._state)
        state = population.learnt() | {f"memory.{name}": array for name, array in population.memory.arrays().items()}
        living = None if population.torn else population.living.arrays()
        return state | {f"living.{name}": array for name, array in (living or {}).items()}

    def predict(self, obs: Any, masks: Any, draw: int | None) -> Ints | np.int64:
        """Actions for one or many observations: the best ones, or, with `draw`, exploring by that draw's stream."""
        outline = self.outline
        kept = outline.eye.keep(obs)
        shape = kept.shape[: kept.ndim - len(outline.eye.kept)]
        flat = kept.reshape(-1, *outline.eye.kept)
        mask_BA = None if masks is None else _masks(masks, shape, outline.actions)
        where = next(self.network.parameters()).device
        with torch.no_grad():
            q_BA = self.network(outline.eye.see(torch.from_numpy(np.array(flat)).to(where).unsqueeze(0)))[0]
            if mask_BA is not None:
                q_BA = allowed(q_BA, torch.from_numpy(mask_BA).to(where))
        actions_B = q_BA.cpu().numpy().argmax(axis=-1).astype(np.int64)
        if draw is not None:
            key = np.uint64(bits(np.uint64(stream_key(outline.seed, "predict")), np.uint64(draw)))
            numbers = np.array([uniform(key, np.uint64(n)) for n in range(2 * len(flat))]).reshape(-1, 2)
            random_B = picked(numbers[:, 1], outline.actions, mask_BA)
            actions_B = np.where(numbers[:, 0] < self.epsilon, random_B, actions_B)
        actions_B = actions_B + outline.first
        return actions_B.reshape(shape) if shape else np.int64(actions_B[0])

    def moved(self, where: "Home") -> "Body":
        """The same learner in another place. Raises `UserError` where it cannot live there."""
        body = embodied(where, self.config, self.seed, self.device, self.t)
        mine, theirs = self.outline, body.outline
        if (mine.eye, mine.actions) != (theirs.eye, theirs.actions):
            raise UserError(
                f"this learner sees {mine.eye.shape} and knows {mine.actions} actions, and the environment shows "
                f"{theirs.eye.shape} and takes {theirs.actions}; give the environment it learnt in"
            )
        body._bring(self.state(), same=mine.world == theirs.world)
        return body

    def _bring(self, state: Mapping[str, Array], same: bool) -> None:
        """Bring along what was learnt; what was remembered, and where one stands, only into the same world."""
        population = self.population
        assert population is not None
        population.take_up_learnt(state)
        population.span = int(state["span"])
        living = {name.removeprefix("living."): one for name, one in state.items() if name.startswith("living.")}
        memory = {name.removeprefix("memory."): one for name, one in state.items() if name.startswith("memory.")}
        if not same:
            population.since = population.t
            population.tally.forget()
            return
        population.memory.take_up(memory)
        if living:
            with contextlib.suppress(UserError):  # another environment of that sort: a new episode begins
                population.living.restore(living)
                return
        population.memory.begin(population.living.frame)
        population.tally.forget()


def embodied(where: "Home", config: DQNConfig, seed: int, device: str, t: int = 0) -> Body:
    """A fresh learner in a place; `t` steps were taken before, elsewhere. Raises `UserError` where it cannot live."""
    judge, world, first = None, None, 0
    living: Living

    def settled(seen: tuple[int, ...]) -> torch.device:
        return numerics_of(config, seen, device).device

    if isinstance(where, Bandit):
        raise UserError(f"dqn learns from what it sees, and {where.name} is a bandit; take epsilon_greedy or ucb there")
    if isinstance(where, World | Schedule):
        homes = shared(where, [seed])
        living, judge = (
            FiniteLiving(homes, lambda seen: numerics_of(config, seen, device).device),
            FiniteJudge(homes, None),
        )
        world = where.mdp.fingerprint() if isinstance(where, World) else where.fingerprint()
    else:
        name = where.spec.id if where.spec else type(where).__name__
        first = int(open_spaces(where, name)[1].start)
        own = seed if t == 0 else stream_key(seed, f"world/{t}") % 2**31
        living = OpenLiving([where], [own], settled, name)
    sense = living.sense
    numerics = numerics_of(config, sense.eye.seen, device)
    population = DQNPopulation(living, config, [seed], 1, numerics, config.buffer_size)
    outline = Outline(config, seed, sense.eye, sense.actions, first, world)
    return Body(outline, population.network, device, population, judge)


def _masks(masks: Any, shape: tuple[int, ...], actions: int) -> np.typing.NDArray[np.uint8]:
    given = np.asarray(masks)
    if given.shape != (*shape, actions):
        raise UserError(f"action_masks must have shape {(*shape, actions)}, not {given.shape}")
    return (given > 0).astype(np.uint8).reshape(-1, actions)
