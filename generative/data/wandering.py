"""What uniformly random actions meet in a finite world: sampled by index, and known exactly by its probabilities."""

from dataclasses import dataclass

import numpy as np

from daedalus.core.arrays import Floats, Ints, Keys
from daedalus.core.errors import UserError
from daedalus.core.indexed import uniform
from daedalus.core.sampling import tables
from daedalus.core.spec import Spec
from daedalus.core.world import Problem, World

#: Steps of an episode in a world without a time limit.
UNLIMITED = 1_000


@dataclass(frozen=True, eq=False)
class Wandering:
    """Episodes of a random policy in a world, of `steps` steps at most."""

    world: World
    steps: int

    @classmethod
    def of(cls, world: World, steps: int | None = None) -> "Wandering":
        """As many steps as the time limit allows, or fewer."""
        return cls(world, min(one for one in (steps, world.horizon, UNLIMITED) if one is not None))

    def episodes(self, keys_B: Keys) -> tuple[Ints, Ints]:
        """States (B, steps + 1) and actions (B, steps), one episode for each key; -1 behind the end."""
        laid = tables(self.world.mdp)
        drawn = uniform(keys_B, 2 * self.steps + 1)
        states, actions = np.full((len(keys_B), self.steps + 1), -1), np.full((len(keys_B), self.steps), -1)
        first = np.searchsorted(laid.start_cumulative, drawn[:, 0], side="right")
        here = states[:, 0] = laid.starts[first].astype(np.int64)
        for t in range(self.steps):
            on = np.flatnonzero((here >= 0) & ~laid.terminal[here])
            action = (drawn[on, 2 * t + 1] * self.world.mdp.actions).astype(np.int64)
            cumulative = laid.cumulative[here[on], action]
            outcome = (drawn[on, 2 * t + 2, None] >= cumulative).sum(axis=1)
            here = np.full(len(keys_B), -1)
            here[on] = laid.next_state[states[on, t], action, outcome]
            states[:, t + 1], actions[on, t] = here, action
        return states, actions

    def present(self) -> Floats:
        """How likely each state is met at each step, (steps + 1, S); an episode that is over is nowhere."""
        mdp = self.world.mdp
        flow = np.broadcast_to(mdp.probability, mdp.next_state.shape) / mdp.actions
        present = np.zeros((self.steps + 1, mdp.states))
        present[0] = mdp.start
        target = mdp.next_state.ravel()
        for t in range(self.steps):
            leaving = np.where(mdp.terminal, 0.0, present[t])
            sent = (leaving[:, None, None] * flow).ravel()
            present[t + 1] = np.bincount(target, sent, minlength=mdp.states)
        return present

    def choices(self) -> Floats:
        """The entropy of one step from each state: of the action, and of what it leads to; (S,), 0 where all ends."""
        mdp = self.world.mdp
        laid = np.broadcast_to(mdp.probability, mdp.next_state.shape)
        order = np.argsort(mdp.next_state, axis=-1, kind="stable")
        state, chance = np.take_along_axis(mdp.next_state, order, -1), np.take_along_axis(laid, order, -1)
        entropy = np.zeros(state.shape[:2])
        for k in range(mdp.outcomes):  # outcomes that lead to one state are one
            first = np.ones(state.shape[:2], np.bool_) if k == 0 else state[..., k] != state[..., k - 1]
            p = np.where(state == state[..., k, None], chance, 0.0).sum(-1)
            entropy -= np.where(first & (p > 0), p * np.log(np.where(p > 0, p, 1.0)), 0.0)
        return np.where(mdp.terminal, 0.0, np.log(mdp.actions) + entropy.mean(axis=1))


def problem(world: Spec, owner: str) -> Problem:
    """The world that a data set is made in. Raises `UserError` where there is none such."""
    from daedalus.envs.loading import load_problem

    try:
        return load_problem(world)
    except UserError as error:
        raise UserError(f"{owner}: {error}") from error
