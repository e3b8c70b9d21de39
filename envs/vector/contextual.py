"""Many contextual bandits in one kernel; the single environment is a batch of one."""

from typing import TYPE_CHECKING, Any, final

import gymnasium
import numpy as np

from daedalus.core.arrays import Bools, Ints
from daedalus.core.rng import stream_keys
from daedalus.envs.contextual_rules import Guests, arrive_where, pull_all
from daedalus.envs.restoring import COUNTS, another, take_up

from .arms import Machines, Picture, checked_arms
from .kernel import Stepped

if TYPE_CHECKING:
    from daedalus.envs.worlds.contextual import ContextualBandit


@final
class ContextualKernel:
    """N copies of one contextual bandit (`kernel.Kernel`). `info` tells `best` and `mean` of the moment."""

    def __init__(self, bandit: "ContextualBandit", num_envs: int) -> None:
        self.num_envs = num_envs
        self.single_observation_space = bandit.observation_space()
        self.single_action_space: gymnasium.spaces.Discrete[Any] = gymnasium.spaces.Discrete(bandit.arms)
        self._truth, self._discrete = bandit.truth(), bandit.contexts is not None
        self._bandit, self._arms = bandit, bandit.arms
        self._machines: Machines | None = None
        self._guests = Guests(
            world_key=np.zeros(num_envs, np.uint64),
            context_key=np.zeros(num_envs, np.uint64),
            t=np.zeros(num_envs, np.int64),
            drawn=np.zeros(num_envs, np.int64),
            number=np.zeros(num_envs, np.int64),
            context=np.zeros((num_envs, bandit.features), np.float32),
            best=np.full(num_envs, np.nan),
            mean=np.full(num_envs, np.nan),
        )

    def begin(self, index: Ints, seeds: Ints) -> None:
        """Start the streams of the environments `index` anew, with these seeds."""
        self._guests.world_key[index] = stream_keys(seeds.tolist(), "world")
        self._guests.context_key[index] = stream_keys(seeds.tolist(), "context")
        self._guests.t[index] = self._guests.drawn[index] = 0
        if self._machines is not None:
            self._machines.clear(index)

    def reset(self, mask_N: Bools) -> None:
        """Draw the next context where the mask is true."""
        arrive_where(self._truth, self._guests, mask_N)

    def step(self, actions_N: Ints, over_N: Bools, restart: bool) -> Stepped:
        """Pull one arm everywhere (`Kernel.step`)."""
        actions = checked_arms(actions_N, self._arms, ~over_N if restart else None)
        rewards = np.empty(self.num_envs)
        pull_all(self._truth, self._guests, actions, over_N, restart, rewards)
        if self._machines is not None:
            self._machines.pulled(actions, rewards, over_N)
        return self.observe(), rewards, over_N.copy(), np.zeros(self.num_envs, dtype=np.bool_)

    def pull_one(self, arm: int) -> float:
        """Pull an arm of a batch of one, as `step` does without its checks and copies; its reward."""
        reward = np.empty(1)
        pull_all(self._truth, self._guests, np.array([arm]), np.zeros(1, dtype=np.bool_), False, reward)
        return float(reward[0])

    def observe(self, mask_N: Bools | None = None) -> np.typing.NDArray[Any]:
        """The contexts of the moment, fresh: numbers (N,) or features (N, d); of those in the mask, in order."""
        shown: np.typing.NDArray[Any] = self._guests.number if self._discrete else self._guests.context
        return shown.copy() if mask_N is None else shown[mask_N]

    def info(self) -> dict[str, np.typing.NDArray[Any]]:
        """The best arm's mean in each context and that of the arm last pulled, (N,)."""
        return {"best": self._guests.best.copy(), "mean": self._guests.mean.copy()}

    def info_of(self, i: int) -> dict[str, float]:
        """The same of environment i."""
        return {"best": self._guests.best.item(i), "mean": self._guests.mean.item(i)}

    def means(self, i: int) -> np.typing.NDArray[np.float64]:
        """The true means of all arms in the context of environment i, (A,)."""
        return self._bandit.means(self._guests.context[i])

    def drawn(self, index: int) -> Picture:
        """The machines of environment `index`; pulls count from the first time that anything is drawn."""
        if self._machines is None:
            self._machines = Machines(self.num_envs, self._arms)
        return self._machines.drawn(index, self.means(index))

    def snapshot(self) -> dict[str, np.typing.NDArray[Any]]:
        """All state, random streams included."""
        return {name: array.copy() for name, array in self._guests._asdict().items()}

    def restore(self, arrays: dict[str, np.typing.NDArray[Any]]) -> None:
        """Take up what `snapshot` gave."""
        contexts = self._bandit.contexts
        numbers = (0, 0 if contexts is None else len(contexts) - 1)
        take_up(self._guests._asdict(), arrays, {"t": COUNTS, "drawn": COUNTS, "number": numbers})

    def divert(self, stream: int) -> None:
        """Draw what is to come from streams of that number."""
        for keys in (self._guests.world_key, self._guests.context_key):
            keys[:] = [another(key, stream) for key in keys]
