"""The face of every table learner, in any environment with Discrete spaces."""

from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from daedalus.agents.face import Body, Face
from daedalus.agents.homes import lasting
from daedalus.agents.memory import Memory
from daedalus.core.arrays import Floats, Ints
from daedalus.core.errors import UserError
from daedalus.core.world import LONGEST, Bandit, OpenWorld, Problem, Schedule, World

from .config import TableConfig
from .method import Method, Shape

if TYPE_CHECKING:
    from daedalus.agents.face import Home


class MethodFace(Face):
    """A learner by a method of tables: the row of an observation is the observation."""

    method: ClassVar[Method]

    @classmethod
    def check(cls, problem: Problem) -> None:
        """Refuse, before anything is run, a world whose spaces are not Discrete. Raises `UserError`."""
        check_discrete(cls.__name__, problem)

    def _row(self, obs: int) -> int:
        return obs

    def _choose(self, row: int, key: np.uint64, t: int) -> int:
        from .agent import TableAgent

        return TableAgent(self.method, self.config, self._memory, 0, self.seed).choose(np.uint64(row), key, t)


class TableLearner(MethodFace):
    """A learner of a table of action values. Final classes name its method."""

    config_class: ClassVar[type[Any]] = TableConfig

    @property
    def q(self) -> Floats:
        """Action values, (S, A)."""
        return self._rows()[0]

    @property
    def visits(self) -> Ints:
        """How often each action was taken, (S, A)."""
        return self._rows()[1]

    def _embody(self, where: "Home") -> Body:
        return embody(type(self).__name__, self.method, self.config, self.seed, where)

    def _rows(self) -> tuple[Floats, Ints]:
        return self._memory.now.q[0], self._memory.now.visits[0]

    @classmethod
    def _blank(cls, shapes: Mapping[str, tuple[int, ...]], config: Any) -> Memory:
        from .population import fresh_memory

        shape = shapes.get("q", ())
        if len(shape) != 3 or shape[0] != 1 or 0 in shape:
            raise UserError(f"q has shape {shape}")
        return fresh_memory(cls.method, Shape(*shape), config, LONGEST)


def check_discrete(learner: str, problem: Problem) -> None:
    """Refuse a world whose spaces are not Discrete. Raises `UserError`."""
    if isinstance(problem, World | Schedule):
        _refuse_sights(learner, problem)
    if isinstance(problem, OpenWorld):
        from daedalus.agents.interaction import table_shape

        with closing(problem.make()) as env:
            table_shape(env, problem.name)


def embody(learner: str, method: Method, config: Any, seed: int, where: "Home") -> Body:
    """A fresh table and its life: compiled where the dynamics are known, else interactive. Raises `UserError`."""
    from .population import TablePopulation, fresh_memory

    if isinstance(where, Bandit):
        raise UserError(f"a table learns in states, and {where.name} is a bandit; take epsilon_greedy or ucb there")
    if isinstance(where, World | Schedule):
        _refuse_sights(learner, where)
        population = TablePopulation(where, method, config, [seed])
        exact = where.mdp if isinstance(where, World) else where
        return Body(population.memory, population, exact.fingerprint())
    from daedalus.agents.interaction import Interaction, offsets, table_shape

    from .agent import TableAgent

    name = where.spec.id if where.spec else type(where).__name__
    shape = Shape(1, *table_shape(where, name))
    memory = fresh_memory(method, shape, config, shape.states)
    agent = TableAgent(method, config, memory, 0, seed)
    return Body(memory, Interaction(where, agent, seed), None, offsets(where))


def _refuse_sights(learner: str, home: World | Schedule) -> None:
    """A table has a row for each state, or for each number that is shown of them."""
    sight = lasting(home).phases[0].observation.sight
    if sight != "index":
        remedy = "leave observation=… out, or take sb3/ppo"
        if isinstance(home, Schedule) and home.judged is not None:
            remedy = "none of its rows is met where it is tested; take dqn"
        raise UserError(f"{learner} learns a table of states, and {home.name} shows {sight}; {remedy}")
