"""What policies are worth where they are functions of the state: computed, whoever learnt them."""

from typing import Any, final

import numpy as np

from daedalus.core.arrays import Ints
from daedalus.core.episodes import greedy_episodes
from daedalus.core.world import World
from daedalus.envs.observing import Observer, observers_of

from .homes import Homes, plain

#: What the names of stored weights begin with.
WEIGHTS = "weights."


@final
class StateJudge:
    """Judges policies (N, S), one for each seed that lives in `where`.

    In a world that changes all is said of the world in which the last step was taken (`Schedule.after`).
    """

    def __init__(self, where: Homes, horizon: int | None) -> None:
        self.where, self._horizon = where, horizon

    @property
    def states(self) -> int:
        """All states, those that no agent meets included."""
        return self.where.first.mdp.states

    def columns(self, policies_NS: Ints, step: int) -> dict[str, Any]:
        """What a curve says: the value, whether it is exact, and what is true of the world, whoever learns."""
        value_N, exact_N = self.where.values(policies_NS, step, self._horizon)
        optimum_N, random_N = self.where.known(step, self._horizon)
        return {
            "value": value_N,
            "exact": exact_N,
            "regret": optimum_N - value_N,
            "optimum": optimum_N,
            "random_value": random_N,
        }

    def kept(self, policies_NS: Ints, step: int) -> dict[str, np.typing.NDArray[Any]]:
        """What a `Final` keeps: the policies in the states that an agent can meet, and an episode of each."""
        worlds = self.where.after(step)
        return {
            "policy": policies_NS[:, self.where.met],
            "episode": greedy_episodes(worlds, policies_NS, self.where.seeds),
        }

    def shown(self, place: int, step: int) -> tuple[World, Observer]:
        """The world of that home after so many steps, and what shows its states."""
        home = self.where.of[place]
        phase = home.phase_after(step)
        return home.phases[phase], observers_of(plain(home))[phase]
