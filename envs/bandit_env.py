"""The Gymnasium environment of bandits."""

from operator import index
from typing import Any, final

import gymnasium
import numpy as np
from gymnasium.error import InvalidAction, ResetNeeded

from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key
from daedalus.core.world import Bandit

from .draw_ahead import BLOCK, normal_draws, uniform_draws


@final
class BanditEnv(gymnasium.Env[Any, Any]):
    """A bandit to pull. Every pull ends its episode by `terminated`; the observation is always 0.

    `reset(seed=s)` starts the reward stream of seed s, the same numbers that compiled bandit learners draw
    (`daedalus.core.sampling`); other resets go on in it.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - as the base class has it

    def __init__(self, bandit: Bandit, render_mode: str | None = None) -> None:
        if render_mode is not None:
            raise UserError("a bandit cannot be drawn; leave render_mode out")
        self.bandit = bandit
        self.render_mode = None
        self.observation_space = gymnasium.spaces.Discrete(1)
        self.action_space = gymnasium.spaces.Discrete(bandit.arms)
        self._means: list[float] = bandit.means.tolist()
        self._gaussian = bandit.law == "gaussian"
        self._draws: list[float] = []
        self._seeded = False
        self._over = True

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Make ready for a pull. With a seed, begin its stream anew; the first reset without one draws a seed."""
        super().reset(seed=seed)
        if seed is not None or not self._seeded:
            chosen = int(self.np_random.integers(2**31)) if seed is None else seed
            self._key, self._t = np.uint64(stream_key(chosen, "world")), 0
            self._seeded = True
        self._over = False
        return 0, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Pull an arm. Raises `ResetNeeded` without a reset before it, `InvalidAction` for an arm that is not there."""
        if self._over:
            raise ResetNeeded("every pull ends its episode; call reset() before step()")
        arm = index(action)
        if not 0 <= arm < len(self._means):
            raise InvalidAction(f"an arm is one of 0…{len(self._means) - 1}, not {arm}")
        position = self._t % BLOCK
        if position == 0:
            self._draws = (normal_draws if self._gaussian else uniform_draws)(self._key, self._t).tolist()
        draw, mean = self._draws[position], self._means[arm]
        self._t += 1
        self._over = True
        return 0, mean + draw if self._gaussian else float(draw < mean), True, False, {}
