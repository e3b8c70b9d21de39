"""The Gymnasium environment of bandits."""

from operator import index
from typing import Any, final

import gymnasium
import numpy as np
from gymnasium.error import InvalidAction, ResetNeeded

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError
from daedalus.core.pulls import arms_of
from daedalus.core.rng import stream_key
from daedalus.core.world import Bandit

from .draw_ahead import BLOCK, pulls_ahead
from .machine_room import MachineRoom
from .restoring import (
    COUNTS,
    FLAG,
    KEYS,
    another,
    check_arrays,
    check_label,
    check_numbers,
    divert_generator,
    generator_state,
    label,
    restore_generator,
)
from .showing.canvas import RENDER_MODES


@final
class BanditEnv(gymnasium.Env[Any, Any]):
    """A bandit to pull. Every pull ends its episode by `terminated`; the observation is always 0.

    `reset(seed=s)` starts the streams of seed s, the same numbers that compiled bandit learners draw
    (`daedalus.core.pulls`); other resets go on in them. What every arm would pay is drawn a block ahead.
    """

    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 10}  # noqa: RUF012 - as the base class has it

    def __init__(self, bandit: Bandit, render_mode: str | None = None) -> None:
        self._room = MachineRoom(render_mode, bandit.name, bandit.arms)
        self.bandit = bandit
        self.render_mode = render_mode
        self.observation_space = gymnasium.spaces.Discrete(1)
        self.action_space = gymnasium.spaces.Discrete(bandit.arms)
        self._count = bandit.arms
        self._arms = arms_of([bandit])
        self._walk = np.zeros((1, bandit.arms))  # how far the means have drifted at the end of the block
        self._before = self._walk.copy()  # and at its beginning
        self._means, self._rewards = np.empty((2, BLOCK, bandit.arms))
        self._seeded = False
        self._over = True

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Make ready for a pull. With a seed, begin its streams anew; the first reset without one draws a seed."""
        super().reset(seed=seed)
        if seed is not None or not self._seeded:
            self._seed(int(self.np_random.integers(2**31)) if seed is None else seed)
        self._over = False
        if self.render_mode == "human":
            self.render()
        return 0, {}

    def _seed(self, seed: int) -> None:
        self._key, self._drift_key = np.uint64(stream_key(seed, "world")), np.uint64(stream_key(seed, "drift"))
        self._t = self._drawn = 0  # pulls since seeding, and for how many all is drawn
        self._walk[:] = 0.0
        self._seeded = True
        self._room.clear()

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Pull an arm. Raises `ResetNeeded` without a reset before it, `InvalidAction` for an arm that is not there."""
        if self._over:
            raise ResetNeeded("every pull ends its episode; call reset() before step()")
        arm = index(action)
        if not 0 <= arm < self._count:
            raise InvalidAction(f"an arm is one of 0…{self._count - 1}, not {arm}")
        if self._t == self._drawn:
            self._draw()
        reward: float = self._rewards.item(self._t % BLOCK, arm)
        self._t += 1
        self._over = True
        if self.render_mode is not None:
            self._room.pulled(arm, reward)
            if self.render_mode == "human":
                self.render()
        return 0, reward, True, False, {}

    def _draw(self) -> None:
        """Draw the block in which the next pull stands."""
        first = self._t - self._t % BLOCK
        self._before[:] = self._walk
        pulls_ahead(self._arms, self._walk, self._key, self._drift_key, first, self._means, self._rewards)
        self._drawn = first + BLOCK

    def means(self) -> Floats:
        """The true means of the next pull, (A,). Raises `ResetNeeded` before the first reset: its seed says them."""
        if not self._seeded:
            raise ResetNeeded("call reset() first")
        if self._t == self._drawn:
            self._draw()
        means: Floats = self._means[self._t % BLOCK].copy()
        return means

    def render(self) -> Any:
        """The machines with estimates and pulls: text, pixels (H, W, 3) or a window, by the render mode."""
        return self._room.render(self.means)

    def close(self) -> None:
        """Close the window, if there is one."""
        self._room.close()

    def snapshot(self) -> dict[str, Any]:
        """All state, random streams and `np_random` included; `restore` takes it up."""
        state: dict[str, Any] = {"problem": label(self.bandit), **generator_state(self), "over": self._over}
        if self._seeded:
            walk = self._walk if self._t == self._drawn else self._before
            state |= {"key": self._key, "drift_key": self._drift_key, "t": self._t, "walk": walk.copy()}
        return state | {"room": self._room.snapshot()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `snapshot` of an environment of the same bandit gave. Raises `UserError` for another's."""
        check_label(self.bandit, state)
        check_numbers(state, {"over": FLAG})
        if "key" in state:
            check_numbers(state, {"key": KEYS, "drift_key": KEYS, "t": COUNTS})
            check_arrays({"walk": self._walk}, state)
        self._room.restore(state.get("room", {}))
        restore_generator(self, state)
        self._over, self._seeded = state["over"], "key" in state
        if self._seeded:
            self._key, self._drift_key, self._t = state["key"], state["drift_key"], state["t"]
            self._walk[:] = state["walk"]  # as it was at the block's beginning
            self._draw()

    def divert(self, stream: int) -> None:
        """From here on another future: chance draws from streams of that number. Raises `UserError` for drift."""
        if self.bandit.drift:
            raise UserError(f"{self.bandit.name}: where means drift, another future would also change the present")
        divert_generator(self, stream)
        if self._seeded:
            self._key = another(self._key, stream)
            self._draw()
