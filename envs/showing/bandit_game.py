"""A bandit as a game of pulls: the true means stay hidden until the end."""

from collections.abc import Collection
from typing import final

import numpy as np

from daedalus.core.arrays import Pixels
from daedalus.core.lab.numerals import number
from daedalus.core.world import Bandit
from daedalus.envs.bandit_env import BanditEnv
from daedalus.envs.drawing.machines import draw_machines, machines_text

from .overlays import Beliefs
from .score import Score, ThemeName, counted

#: Pulls that make one game.
PULLS = 50


@final
class BanditGame:
    """Slot machines: what each paid so far on average, and how often it was pulled."""

    def __init__(self, bandit: Bandit, seed: int, beliefs: Beliefs | None = None) -> None:
        self.title, self._bandit, self._seed, self._beliefs = bandit.name, bandit, seed, beliefs
        self.actions = tuple(str(arm) for arm in range(bandit.arms))
        self._env = BanditEnv(bandit)
        self._fresh = True
        self.reset()

    def reset(self) -> None:
        """Begin a new game."""
        self._env.reset(seed=self._seed if self._fresh else None)
        self._fresh, self.score = False, Score()
        self._estimates, self._pulls = np.zeros(self._bandit.arms), np.zeros(self._bandit.arms, dtype=np.int64)
        self._last: tuple[int, float] | None = None
        self._best = 0.0  # what the best arm of each moment would have paid on average

    def act(self, action: int) -> None:
        """Pull an arm and count it."""
        self._best += float(self._env.means().max())
        _, reward, *_ = self._env.step(action)
        self._env.reset()
        self._pulls[action] += 1
        self._estimates[action] += (reward - self._estimates[action]) / self._pulls[action]
        self._last = action, reward
        self.score.add(reward, self.score.steps + 1 >= PULLS)

    def best(self) -> int:
        """The arm that the beliefs take, else the one that pays best now."""
        if self._beliefs is not None and self._beliefs.policy is not None:
            return int(self._beliefs.policy[0])
        return int(self._env.means().argmax())

    def overlays(self) -> tuple[str, ...]:
        """None."""
        return ()

    def picture(self, tile: int, theme: ThemeName, overlays: Collection[str] = ()) -> Pixels:
        """The machines; when the game is over, with their true means."""
        del tile, overlays
        means = self._env.means() if self.score.over else None
        return draw_machines(self._estimates, self._pulls, means, self._last, theme=theme)

    def text(self) -> str:
        """The machines in lines."""
        means = self._env.means() if self.score.over else None
        return machines_text(self._estimates, self._pulls, means, self._last)

    def focus(self) -> tuple[int, int]:
        """The machine that was pulled last."""
        return 0 if self._last is None else self._last[0], 0

    def verdict(self) -> str:
        """The score beside what always pulling the best arm earns on average."""
        return f"{counted(self.score)}; always pulling the best arm earns {number(self._best)} on average"
