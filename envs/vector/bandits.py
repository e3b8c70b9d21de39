"""Many copies of one bandit in one kernel."""

from typing import Any, final

import gymnasium
import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints, Keys
from daedalus.core.compiled import lean
from daedalus.core.pulls import Arms, arms_of, mean_now, phase_at, pull, walk_on
from daedalus.core.rng import stream_keys
from daedalus.core.world import Bandit
from daedalus.envs.restoring import COUNTS, take_up

from .arms import Machines, Picture, checked_arms
from .kernel import Stepped


@lean
def pull_all(
    arms: Arms,
    keys: Keys,  # (N,), of the stream "world"
    drift_keys: Keys,  # (N,)
    t: Ints,  # (N,), pulls since seeding
    walk: Floats,  # (N, A), how far the means have drifted; (N, 0) where they do not
    actions: Ints,
    over: Bools,
    restart: bool,
    rewards: Floats,
) -> None:
    """Pull one arm everywhere; with `restart` those whose episode is over get ready instead.

    Writes rewards (N,) and where an episode ends now into over (N,).
    """
    for i in range(actions.size):
        if restart and over[i]:
            rewards[i], over[i] = 0.0, False
            continue
        arm, walked = actions[i], 0.0
        if arms.drift > 0.0:
            walked = walk[i, arm]
        mean = mean_now(arms, 0, phase_at(arms, t[i]), arm, walked)
        rewards[i] = pull(arms, 0, arm, mean, keys[i], t[i])
        if arms.drift > 0.0:
            walk_on(arms, walk, i, drift_keys[i], t[i])
        t[i] += 1
        over[i] = True


@final
class BanditKernel:
    """N copies of one bandit (`kernel.Kernel`)."""

    def __init__(self, bandit: Bandit, num_envs: int) -> None:
        self.num_envs = num_envs
        self.single_observation_space = gymnasium.spaces.Discrete(1)
        self.single_action_space: gymnasium.spaces.Discrete[Any] = gymnasium.spaces.Discrete(bandit.arms)
        self._arms, self._count = arms_of([bandit]), bandit.arms
        self._keys, self._drift_keys = np.zeros((2, num_envs), dtype=np.uint64)
        self._t = np.zeros(num_envs, dtype=np.int64)
        self._walk = np.zeros((num_envs, bandit.arms if bandit.drift else 0))
        self._machines: Machines | None = None

    def begin(self, index: Ints, seeds: Ints) -> None:
        """Start the streams of the environments `index` anew, with these seeds."""
        self._keys[index] = stream_keys(seeds.tolist(), "world")
        self._drift_keys[index] = stream_keys(seeds.tolist(), "drift")
        self._t[index], self._walk[index] = 0, 0.0
        if self._machines is not None:
            self._machines.clear(index)

    def reset(self, mask_N: Bools) -> None:
        """Make ready for a pull: nothing to do."""

    def step(self, actions_N: Ints, over_N: Bools, restart: bool) -> Stepped:
        """Pull one arm everywhere (`Kernel.step`)."""
        actions = checked_arms(actions_N, self._count, ~over_N if restart else None)
        rewards = np.empty(self.num_envs)
        streams = self._keys, self._drift_keys, self._t, self._walk
        pull_all(self._arms, *streams, actions, over_N, restart, rewards)
        if self._machines is not None:
            self._machines.pulled(actions, rewards, over_N)
        return self.observe(), rewards, over_N.copy(), np.zeros(self.num_envs, dtype=np.bool_)

    def observe(self, mask_N: Bools | None = None) -> np.typing.NDArray[Any]:
        """Zeros, (N,) or as many as the mask has."""
        return np.zeros(self.num_envs if mask_N is None else int(mask_N.sum()), dtype=np.int64)

    def info(self) -> dict[str, np.typing.NDArray[Any]]:
        """Nothing."""
        return {}

    def drawn(self, index: int) -> Picture:
        """The machines of environment `index`; pulls count from the first time that anything is drawn."""
        if self._machines is None:
            self._machines = Machines(self.num_envs, self._count)
        return self._machines.drawn(index, self._means(index))

    def _means(self, i: int) -> Floats:
        """The true means of the next pull of environment i, (A,)."""
        phase = phase_at(self._arms, int(self._t[i]))
        walk = self._walk[i] if self._arms.drift else np.zeros(self._count)
        return np.array([mean_now(self._arms, 0, phase, arm, walk[arm]) for arm in range(self._count)])

    def snapshot(self) -> dict[str, np.typing.NDArray[Any]]:
        """All state, random streams included; not what is only drawn."""
        return {name: array.copy() for name, array in self._state().items()}

    def restore(self, arrays: dict[str, np.typing.NDArray[Any]]) -> None:
        """Take up what `snapshot` gave."""
        take_up(self._state(), arrays, {"t": COUNTS})

    def _state(self) -> dict[str, np.typing.NDArray[Any]]:
        return {"keys": self._keys, "drift_keys": self._drift_keys, "t": self._t, "walk": self._walk}
