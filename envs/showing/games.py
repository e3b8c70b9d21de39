"""What can be played and watched: one episode at a time, step by step, with a score and a picture of the moment."""

from collections.abc import Collection
from typing import Any, Literal, Protocol

import gymnasium
import numpy as np

from daedalus.core.arrays import Pixels
from daedalus.core.errors import UserError
from daedalus.core.lab.numerals import number
from daedalus.core.planning import truth
from daedalus.core.world import Bandit, OpenWorld, Problem, Schedule, World
from daedalus.envs.drawing.scenes import colour_text, draw
from daedalus.envs.making import environment
from daedalus.envs.world_env import WorldEnv

from .bandit_game import BanditGame
from .overlays import Beliefs, Memory, laid_over, overlays_of, truths
from .score import Score, ThemeName, counted

#: Steps after which a game of a world without a time limit ends.
_MOST_STEPS = 10_000


class Game(Protocol):
    """One world, one episode at a time."""

    title: str
    actions: tuple[str, ...]
    score: Score

    def reset(self) -> None:
        """Begin an episode."""
        ...

    def act(self, action: int) -> None:
        """Take an action and count it."""
        ...

    def best(self) -> int | None:
        """An action of the best policy now; None where it is not known."""
        ...

    def overlays(self) -> tuple[str, ...]:
        """The names of what can be laid over the picture."""
        ...

    def picture(self, tile: int, theme: ThemeName, overlays: Collection[str] = ()) -> Pixels:
        """The moment, (H, W, 3)."""
        ...

    def text(self) -> str:
        """The moment for a terminal, in colour."""
        ...

    def focus(self) -> tuple[int, int]:
        """The line and column of the text where most happens."""
        ...

    def verdict(self) -> str:
        """How the score stands against the best possible."""
        ...


def game_of(problem: Problem, seed: int, beliefs: Beliefs | None = None, text: bool = False) -> Game:
    """The game of a problem, whose streams begin at `seed`; with `text` for a terminal.

    `beliefs` are a learner's, for worlds; without them the exact solution stands in. Raises `UserError` where it
    cannot be drawn.
    """
    if seed < 0:
        raise UserError(f"a seed is at least 0, not {seed}")
    if isinstance(problem, World | Schedule):
        return WorldGame(problem, seed, beliefs)
    if isinstance(problem, Bandit):
        return BanditGame(problem, seed, beliefs)
    return EnvGame(problem, seed, "ansi" if text else "rgb_array", beliefs)


class WorldGame:
    """A finite world, or one that changes: drawn by its scene, with every overlay."""

    def __init__(self, problem: World | Schedule, seed: int, beliefs: Beliefs | None = None) -> None:
        self.title, self._problem, self._seed = problem.name, problem, seed
        self._beliefs = beliefs
        env = environment(problem)
        assert isinstance(env, WorldEnv)
        self._env = env
        if self.world.scene is None:
            raise UserError(f"{self.title} has no scene to draw")
        self.actions = self.world.actions
        self._fresh = True
        self.reset()

    @property
    def world(self) -> World:
        """The world in force now."""
        return self._problem if isinstance(self._problem, World) else self._problem.at(self._env.steps)

    @property
    def beliefs(self) -> Beliefs:
        """What the overlays show: the learner's, or the truth about the world in force."""
        return truths(self.world) if self._beliefs is None else self._beliefs

    def reset(self) -> None:
        """Begin an episode; the first one begins the streams of the seed."""
        self._env.reset(seed=self._seed if self._fresh else None)
        self._fresh = False
        self.score, self._memory = Score(), Memory([self._env.state])

    def act(self, action: int) -> None:
        """Take an action and count it."""
        _, reward, terminated, truncated, _ = self._env.step(action)
        endless = self.world.horizon is None and self.score.steps + 1 >= _MOST_STEPS
        self.score.add(float(reward), terminated or truncated or endless)
        self._memory.states.append(self._env.state)

    def best(self) -> int | None:
        """The action of the beliefs' policy."""
        policy = self.beliefs.policy
        return None if policy is None or policy[self._env.state] < 0 else int(policy[self._env.state])

    def overlays(self) -> tuple[str, ...]:
        """The names of what can be laid over."""
        return overlays_of(self.beliefs)

    def picture(self, tile: int, theme: ThemeName, overlays: Collection[str] = ()) -> Pixels:
        """The scene with the agent and the overlays."""
        scene, state = self.world.scene, self._env.state
        assert scene is not None
        laid = laid_over(self.world, state, self.beliefs, self._memory, frozenset(overlays)) if overlays else {}
        return draw(scene, tile=tile, agent=state, theme=theme, **laid)

    def text(self) -> str:
        """The scene in colours of a terminal."""
        assert self.world.scene is not None
        return colour_text(self.world.scene, self._env.state)

    def focus(self) -> tuple[int, int]:
        """Where the agent is; a tile is two characters wide."""
        assert self.world.scene is not None
        row, column = self.world.scene.cell[self._env.state]
        return max(0, int(row)), max(0, 2 * int(column))

    def verdict(self) -> str:
        """The score beside the best expected return under the time limit, in the world of the last step taken."""
        world = self._problem if isinstance(self._problem, World) else self._problem.after(self._env.steps)
        best = truth(world, None).optimum
        words = f"{counted(self.score)}; the best possible is "
        if best is None:
            return words + "not known (the world is too large to solve at once)"
        chance = world.mdp.outcomes > 1 or np.count_nonzero(world.mdp.start) > 1
        return words + number(best) + (" on average" if chance else "")


class EnvGame:
    """Anything else: drawn by its own environment."""

    def __init__(
        self, problem: OpenWorld, seed: int, mode: Literal["rgb_array", "ansi"], beliefs: Beliefs | None
    ) -> None:
        self.title, self._problem, self._seed, self._beliefs = problem.name, problem, seed, beliefs
        self._env = _rendered(problem, mode)
        space = self._env.action_space
        if not isinstance(space, gymnasium.spaces.Discrete):
            raise UserError(f"{self.title} takes {type(space).__name__} actions; keys can only choose among a few")
        self._first = int(space.start)
        self.actions = tuple(str(action) for action in range(int(space.n)))
        self._fresh = True
        self.reset()

    def reset(self) -> None:
        """Begin an episode."""
        self._seen, _ = self._env.reset(seed=self._seed if self._fresh else None)
        self._fresh = False
        self.score = Score()

    def act(self, action: int) -> None:
        """Take an action and count it."""
        self._seen, reward, terminated, truncated, _ = self._env.step(action + self._first)
        self.score.add(float(reward), terminated or truncated or self.score.steps + 1 >= _MOST_STEPS)

    def best(self) -> int | None:
        """What the beliefs say of what is seen now, else the arm whose true mean is known to be best."""
        if self._beliefs is not None and self._beliefs.act is not None:
            return self._beliefs.act(self._seen) - self._first
        if self._beliefs is None or self._beliefs.policy is None:
            means = getattr(self._env.unwrapped, "means", None)
            return None if means is None else int(np.argmax(means()))
        space = self._env.observation_space
        first = int(space.start) if isinstance(space, gymnasium.spaces.Discrete) else 0
        return int(self._beliefs.policy[int(self._seen) - first])

    def overlays(self) -> tuple[str, ...]:
        """None: only the environment knows what it draws."""
        return ()

    def picture(self, tile: int, theme: ThemeName, overlays: Collection[str] = ()) -> Pixels:
        """What the environment draws."""
        del tile, theme, overlays
        return np.asarray(self._env.render(), dtype=np.uint8)

    def text(self) -> str:
        """What the environment writes."""
        return str(self._env.render())

    def focus(self) -> tuple[int, int]:
        """The beginning."""
        return 0, 0

    def verdict(self) -> str:
        """The score."""
        return f"{counted(self.score)}; the best possible is not known"


def _rendered(problem: OpenWorld, mode: str) -> gymnasium.Env[Any, Any]:
    """The environment of a problem that draws itself. Raises `UserError` where it does not."""
    plain = problem.make()
    modes = plain.metadata.get("render_modes", ())
    plain.close()
    if mode not in modes:
        raise UserError(f"{problem.name} cannot be drawn so: it has no render mode {mode!r}")
    return problem.make(render_mode=mode)
