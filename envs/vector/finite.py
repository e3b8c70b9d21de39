"""The kernel of all finite worlds, those that change in mid-run included."""

from collections.abc import Callable
from typing import Any, final

import gymnasium
import numpy as np
from gymnasium.error import InvalidAction

from daedalus.core.arrays import Bools, Ints, Pixels
from daedalus.core.rng import stream_keys
from daedalus.core.world import LONGEST, Schedule, World
from daedalus.envs.restoring import COUNTS, take_up

from .kernel import Stepped
from .moves import begin, draw_and_move, move
from .packed import pack, phases_of, worlds_of


@final
class FiniteKernel:
    """N copies of a finite world.

    A world in which nothing is drawn and nothing changes takes the shorter of two compiled paths; what is shown is
    the state's number straight from there, or what an observer makes of the states afterwards.
    """

    def __init__(self, problem: World | Schedule, num_envs: int) -> None:
        self.problem, self.num_envs = problem, num_envs
        self._phases = phases = phases_of(problem)
        self._packed = pack(problem)
        self._drawn = len(phases) > 1 or not phases[0].mdp.deterministic
        self._words = self._packed.words[:, 0].copy()
        if not self._drawn:
            self._words[-1] |= self._packed.starts[0, 0]
        self._actions, self._limit = phases[0].mdp.actions, phases[0].horizon or LONGEST
        self._look = _Look(problem)
        self.single_observation_space = self._look.space
        self.single_action_space: gymnasium.spaces.Discrete[Any] = gymnasium.spaces.Discrete(self._actions)
        self._state = np.zeros((2, num_envs), dtype=np.int32)
        self._side = self._clock = 0
        # Steps since seeding, and how many those were when the episode began. Where nothing is drawn the batch's
        # own clock serves for all, and only the second row is kept.
        self._time = np.zeros((2, num_envs), dtype=np.int64)
        self._key, self._start_key = np.zeros((2, num_envs), dtype=np.uint64)
        self._extra = np.zeros(num_envs, dtype=np.int64)  # starts drawn without a step before them
        self._began = self._time[1]

    def begin(self, index: Ints, seeds: Ints) -> None:
        """Start the streams of the environments `index` anew, with these seeds."""
        if not self._drawn:
            return  # nothing is ever drawn
        self._key[index] = stream_keys(seeds.tolist(), "world")
        self._start_key[index] = stream_keys(seeds.tolist(), "start")
        self._time[:, index] = self._extra[index] = 0

    def reset(self, mask_N: Bools) -> None:
        """Begin an episode where the mask is true."""
        if not self._drawn:
            self._state[self._side, mask_N] = self._packed.starts[0, 0]
            self._began[mask_N] = self._clock
            return
        packed = self._packed
        begin(
            mask_N, packed.since, packed.which, packed.starts, packed.start_cumulative,
            self._state[self._side], self._time, self._key, self._start_key, self._extra,
        )  # fmt: skip

    def step(self, actions_N: Ints, over_N: Bools, restart: bool) -> Stepped:
        """Act once everywhere, as `Kernel.step` says."""
        shape, flags = self.num_envs, np.bool_
        shown, reward = np.empty(shape, np.int64), np.empty(shape)
        terminated, truncated = np.empty(shape, flags), np.empty(shape, flags)
        packed = self._packed
        if not restart:
            over_N[:] = False
        if self._drawn:
            moved = draw_and_move(
                packed.words, packed.cumulative, packed.rewards, packed.since, packed.which,
                packed.starts, packed.start_cumulative, actions_N, self._state, self._side, over_N,
                self._time, self._key, shown, reward, terminated, truncated, self._actions, self._limit,
            )  # fmt: skip
        else:
            moved = move(
                self._words, packed.rewards, actions_N, self._state, self._side, over_N, self._began,
                shown, reward, terminated, truncated, self._actions, self._clock, self._limit,
            )  # fmt: skip
        if not moved:
            raise InvalidAction(f"an action is one of 0…{self._actions - 1}, not {_first_bad(self, actions_N, over_N)}")
        self._side ^= 1
        self._clock += 1
        return (shown if self._look.plain else self.observe()), reward, terminated, truncated

    def observe(self, mask_N: Bools | None = None) -> np.typing.NDArray[Any]:
        """What is shown now, of all or of those in the mask."""
        chosen = slice(None) if mask_N is None else mask_N
        return self._look.observe(self._state[self._side, chosen], self._phase(chosen))

    def info(self) -> dict[str, np.typing.NDArray[Any]]:
        """The action masks, where they are asked for."""
        return self._look.info(self._state[self._side], self._phase(slice(None))) if self._look.masked else {}

    def _phase(self, chosen: Any) -> Ints | None:
        """The phase of each of the chosen; None where there is but one."""
        if len(self._phases) == 1:
            return None
        phase: Ints = np.searchsorted(self._packed.since, self._time[0, chosen], side="right") - 1
        return phase

    def drawn(self, index: int) -> tuple[Callable[[], Pixels], Callable[[], str]] | None:
        """How environment `index` is drawn now; None in a world without a scene."""
        from daedalus.envs.drawing.scenes import draw, draw_text

        phase, state = self._phase(slice(index, index + 1)), int(self._state[self._side, index])
        world = self._phases[0 if phase is None else int(phase[0])]
        scene, tile = world.scene, world.observation.drawn_tile
        if scene is None:
            return None
        return (lambda: draw(scene, tile, agent=state)), (lambda: draw_text(scene, state))

    def snapshot(self) -> dict[str, np.typing.NDArray[Any]]:
        """All state, random streams included."""
        return {name: array.copy() for name, array in self._arrays().items()}

    def restore(self, arrays: dict[str, np.typing.NDArray[Any]]) -> None:
        """Take up what `snapshot` gave."""
        own, states = self._arrays(), (0, self._phases[0].states - 1)
        take_up(own, arrays, {"state": states, "time": COUNTS, "clock": COUNTS, "extra": COUNTS})
        self._clock = int(own["clock"])

    def _arrays(self) -> dict[str, np.typing.NDArray[Any]]:
        """The arrays that hold all state, and the clock."""
        own: dict[str, np.typing.NDArray[Any]] = {"state": self._state[self._side], "time": self._time}
        own |= {"key": self._key, "start_key": self._start_key, "extra": self._extra}
        return own | {"clock": np.array(self._clock, dtype=np.int64)}


def _first_bad(kernel: FiniteKernel, actions_N: Ints, over_N: Bools) -> int:
    none = (actions_N < 0) | (actions_N >= kernel.single_action_space.n)
    bad = none & ~over_N
    return int(actions_N[bad if bad.any() else none][0])


@final
class _Look:
    """What the copies of a finite world show of their states."""

    def __init__(self, problem: World | Schedule) -> None:
        phases = phases_of(problem)
        asked = phases[0].observation
        # The compiled step's own output needs nothing done to it.
        self.plain = phases[0].tabular
        self.masked = asked.action_mask
        if self.plain:
            self.space: gymnasium.Space[Any] = gymnasium.spaces.Discrete(phases[0].states)
        else:
            from daedalus.envs.observing import observers_of

            self._observers = observers_of(problem)
            self.space = self._observers[0].space
        if self.masked:
            from daedalus.envs.observing import action_masks

            self._masks_WSA = np.stack([action_masks(world) for world in worlds_of(problem)])
            self._which = np.zeros(1, np.int64) if isinstance(problem, World) else problem.which

    def observe(self, states_B: Any, phase_B: Ints | None) -> np.typing.NDArray[Any]:
        """What is shown of the states (B,) in their phases, (B, ...)."""
        if self.plain:
            return np.array(states_B, dtype=np.int64)
        if phase_B is None:
            return self._observers[0].batch(states_B)
        shown = self._observers[0].batch(states_B)
        for p in np.unique(phase_B[phase_B > 0]).tolist():
            shown[phase_B == p] = self._observers[p].batch(states_B[phase_B == p])
        return shown

    def info(self, states_B: Any, phase_B: Ints | None) -> dict[str, np.typing.NDArray[Any]]:
        """The action masks of the states, (B, A)."""
        if phase_B is None:
            return {"action_mask": self._masks_WSA[0].take(states_B, axis=0)}
        return {"action_mask": self._masks_WSA[self._which[phase_B], states_B]}
