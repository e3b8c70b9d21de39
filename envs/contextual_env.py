"""The Gymnasium environment of contextual bandits."""

from operator import index
from typing import Any, final

import gymnasium
import numpy as np
from gymnasium.error import InvalidAction, ResetNeeded

from daedalus.core.arrays import Floats

from .machine_room import MachineRoom
from .restoring import FLAG, check_label, check_numbers, divert_generator, generator_state, label, restore_generator
from .showing.canvas import RENDER_MODES
from .vector.contextual import ContextualKernel
from .worlds.contextual import ContextualBandit

_ALL = np.ones(1, dtype=np.bool_)


@final
class ContextualEnv(gymnasium.Env[Any, Any]):
    """A contextual bandit to pull: a batch of one. Every pull ends its episode by `terminated`.

    `reset(seed=s)` starts the streams of seed s; other resets go on in them. `info` tells `best` and `mean`.
    """

    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 10}  # noqa: RUF012 - as the base class has it

    def __init__(self, bandit: ContextualBandit, render_mode: str | None = None) -> None:
        self._room = MachineRoom(render_mode, bandit.name, bandit.arms)
        self.bandit = bandit
        self.render_mode = render_mode
        self._kernel = ContextualKernel(bandit, 1)
        self.observation_space = self._kernel.single_observation_space
        self.action_space = self._kernel.single_action_space
        self._seeded = False
        self._over = True

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Show the next context. With a seed, begin its streams anew; the first reset without one draws a seed."""
        super().reset(seed=seed)
        if seed is not None or not self._seeded:
            chosen = int(self.np_random.integers(2**31)) if seed is None else seed
            self._kernel.begin(np.zeros(1, np.int64), np.array([chosen], dtype=object))
            self._room.clear()
            self._seeded = True
        self._kernel.reset(_ALL)
        self._over = False
        if self.render_mode == "human":
            self.render()
        return self._observation(), self._kernel.info_of(0)

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Pull an arm. Raises `ResetNeeded` without a reset before it, `InvalidAction` for an arm that is not there."""
        if self._over:
            raise ResetNeeded("every pull ends its episode; call reset() before step()")
        arm = index(action)
        if not 0 <= arm < self.bandit.arms:
            raise InvalidAction(f"an arm is one of 0…{self.bandit.arms - 1}, not {arm}")
        reward = self._kernel.pull_one(arm)
        self._over = True
        if self.render_mode is not None:
            self._room.pulled(arm, reward)
            if self.render_mode == "human":
                self.render()
        return self._observation(), reward, True, False, self._kernel.info_of(0)

    def _observation(self) -> Any:
        seen = self._kernel.observe()[0]
        return int(seen) if self.bandit.contexts is not None else seen

    def means(self) -> Floats:
        """The true means in the context that is shown now, (A,)."""
        return self._kernel.means(0)

    def render(self) -> Any:
        """The machines, with the true means of this context: text, pixels (H, W, 3) or a window."""
        if not self._seeded:
            raise ResetNeeded("call reset() before render()")
        return self._room.render(self.means)

    def close(self) -> None:
        """Close the window, if there is one."""
        self._room.close()

    def snapshot(self) -> dict[str, Any]:
        """All state, random streams and `np_random` included; `restore` takes it up."""
        own = {"problem": label(self.bandit), **generator_state(self), "over": self._over, "seeded": self._seeded}
        return {**own, "kernel": self._kernel.snapshot(), "room": self._room.snapshot()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `snapshot` of an environment of the same bandit gave. Raises `UserError` for another's."""
        check_label(self.bandit, state)
        check_numbers(state, {"over": FLAG, "seeded": FLAG})
        self._kernel.restore(state.get("kernel", {}))
        self._room.restore(state.get("room", {}))
        restore_generator(self, state)
        self._over, self._seeded = state["over"], state["seeded"]

    def divert(self, stream: int) -> None:
        """From here on another future: rewards and contexts to come are drawn from streams of that number."""
        divert_generator(self, stream)
        self._kernel.divert(stream)
