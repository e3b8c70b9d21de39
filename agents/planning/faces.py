"""The faces of those who plan: `predict`, as every learner has it; there is nothing to learn."""

import math
from typing import TYPE_CHECKING, Any, final

import gymnasium
import numpy as np

from daedalus.agents.face import place, whole
from daedalus.core.arrays import Floats, Ints
from daedalus.core.draws import bits
from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key
from daedalus.core.spec import fill
from daedalus.core.world import Schedule, World

from .config import PolicyIterationConfig, UCTConfig, ValueIterationConfig
from .dynamic import Plan, lookahead, model, policy_iteration, value_iteration

if TYPE_CHECKING:
    from daedalus.agents.face import Place


class Planner:
    """One who knows the model. Where the world changes, it plans for the world in which the environment stands."""

    config: ValueIterationConfig

    def __init__(self, env: "Place | str", plan: Any, config: ValueIterationConfig) -> None:
        where = place(env, 0)
        self.config, self._plan, self._env = config, plan, env
        if not isinstance(where, World | Schedule):
            raise UserError(f"{type(self).__name__} needs a world whose dynamics are known; take uct or a learner")
        self._where = where
        self._plans: dict[int, Plan] = {}

    @property
    def v(self) -> Floats:
        """Values of the states, (S,)."""
        return self._now()[1].value

    @property
    def q(self) -> Floats:
        """Action values, (S, A): one step ahead by the model."""
        world, planned = self._now()
        return lookahead(model(world.mdp, self.config.gamma), planned.value)

    @property
    def policy(self) -> Ints:
        """The action of each state, (S,)."""
        return self._now()[1].policy

    def predict(
        self, obs: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Ints | np.int64, Any]:
        """Actions for states, or one for one, and `state` as it came."""
        known = self._now()[0].states
        return self.policy[checked_states(obs, known)], state

    def _now(self) -> tuple[World, Plan]:
        world = in_force(self._where, self._env)
        if id(world) not in self._plans:
            self._plans[id(world)] = self._plan(world.mdp, self.config)
        return world, self._plans[id(world)]


@final
class ValueIteration(Planner):
    """Value iteration: sweeps of the optimality equation over all states. Bellman 1957."""

    config_class = ValueIterationConfig

    def __init__(self, env: "Place | str", gamma: float = 0.99, sweeps: int = 1000, tolerance: float = 1e-9) -> None:
        settings = {"gamma": gamma, "sweeps": sweeps, "tolerance": tolerance}
        super().__init__(env, value_iteration, fill(ValueIterationConfig, settings, "ValueIteration"))


@final
class PolicyIteration(Planner):
    """Policy iteration: evaluate a policy, make it greedy, until it is stable. Howard 1960."""

    config_class = PolicyIterationConfig

    def __init__(
        self,
        env: "Place | str",
        gamma: float = 0.99,
        sweeps: int = 1000,
        tolerance: float = 1e-9,
        rounds: int = 100,
    ) -> None:
        settings = {"gamma": gamma, "sweeps": sweeps, "tolerance": tolerance, "rounds": rounds}
        super().__init__(env, policy_iteration, fill(PolicyIterationConfig, settings, "PolicyIteration"))


@final
class UCT:
    """Monte Carlo tree search before every action. Kocsis & Szepesvári 2006.

    In a finite world that shows its states, any state can be asked for, and the search is compiled. In any other
    environment that takes snapshots, `predict` answers for where the environment stands, plays its games in it, and
    puts it back. Deterministic: the same state gets the same games, and so the same action.
    """

    config_class = UCTConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        simulations: int = 100,
        c: float = math.sqrt(2),
        depth: int = 100,
        gamma: float = 0.99,
    ) -> None:
        self.seed = whole(seed, "seed")
        settings = {"simulations": simulations, "c": c, "depth": depth, "gamma": gamma}
        self.config = fill(UCTConfig, settings, "UCT")
        self._env, self._predictions = env, 0
        where = place(env, self.seed)
        self._where = where if isinstance(where, World | Schedule) and _tells_states(where) else None
        if self._where is None:
            _check_simulator(env)
        self._searches: dict[int, Any] = {}

    def predict(
        self, obs: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[Ints | np.int64, Any]:
        """Actions for states, or one for one, and `state` as it came."""
        from .simulated import plan

        if self._where is None:
            return np.int64(plan(self._env, self._key(deterministic), self.config)), state  # type: ignore[arg-type]
        from .uct import ready, search

        world = in_force(self._where, self._env)
        states = checked_states(obs, world.states)
        if id(world) not in self._searches:
            self._searches[id(world)] = ready(world, self.config)
        rule = self._searches[id(world)]
        actions = [search(rule, int(one), np.uint64(self._key(deterministic))) for one in states.ravel()]
        return (np.array(actions, np.int64).reshape(states.shape) if states.ndim else np.int64(actions[0])), state

    def _key(self, deterministic: bool) -> int:
        key = stream_key(self.seed, "predict")
        if deterministic:
            return key
        self._predictions += 1
        return int(bits(np.uint64(key), np.uint64(self._predictions)))


def in_force(where: World | Schedule, env: Any) -> World:
    """The world of the step to come: that in which an environment of the suite stands, else the first."""
    if isinstance(where, World):
        return where
    steps = getattr(env.unwrapped, "steps", 0) if isinstance(env, gymnasium.Env) else 0
    return where.at(int(steps))


def checked_states(obs: Any, states: int) -> Ints:
    """Observations as states. Raises `UserError` for what is none."""
    shown = np.asarray(obs)
    if shown.dtype.kind not in "iu" or not np.all((shown >= 0) & (shown < states)):
        raise UserError(f"{obs!r} is no state of this world; it has 0…{states - 1}")
    return shown.astype(np.int64)


def _tells_states(where: World | Schedule) -> bool:
    return (where if isinstance(where, World) else where.phases[0]).tabular


def _check_simulator(env: Any) -> None:
    """Raises `UserError` where games cannot be played in it."""
    from daedalus.envs import snapshot

    if not isinstance(env, gymnasium.Env):
        raise UserError("UCT plays its games in the environment itself; hand over the environment, not its name")
    if not isinstance(env.action_space, gymnasium.spaces.Discrete):
        raise UserError(f"UCT needs Discrete actions, not {type(env.action_space).__name__}")
    if not hasattr(env.unwrapped, "divert"):
        raise UserError(
            f"{type(env.unwrapped).__name__} cannot be asked what else may happen: it has no divert(stream)"
        )
    snapshot(env)
