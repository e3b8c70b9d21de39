"""Table learners: Q-learning, Sarsa and Expected Sarsa, in any environment with Discrete spaces.

Details: a table of zeros at first (`initial`); ε-greedy with random ties unless `explore` names another strategy;
one step size for all entries; a time limit cuts an episode without ending the world, so values are bootstrapped
through it. Sarsa chooses its next action before it updates, as in the book; at a time limit it bootstraps from an
action that is drawn but never taken.
"""

from contextlib import closing
from typing import TYPE_CHECKING, ClassVar, final

from daedalus.core.arrays import Floats, Ints
from daedalus.core.errors import UserError
from daedalus.core.spec import Spec, parse_spec
from daedalus.core.world import Bandit, OpenWorld, Problem, Schedule, World
from daedalus.envs.making import environment

from . import table_rules
from .face import Body, Face
from .homes import lasting
from .strategies import Strategy
from .table_agent import TableAgent
from .table_config import TableConfig, learner
from .table_population import TablePopulation, fresh_population

if TYPE_CHECKING:
    from .face import Home, Place


class TableLearner(Face):
    """A learner of a table of action values. Final classes name its rule."""

    config_class = TableConfig
    rule: ClassVar[int]

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        alpha: float = 0.1,
        gamma: float = 0.99,
        epsilon: float = 0.1,
        explore: Spec | str | None = None,
        initial: float = 0.0,
    ) -> None:
        settings = {"alpha": alpha, "gamma": gamma, "epsilon": epsilon, "explore": explore, "initial": initial}
        if isinstance(explore, str):
            settings["explore"] = parse_spec(explore)
        super().__init__(env, seed, settings)

    @classmethod
    def check(cls, problem: Problem) -> None:
        """Refuse, before anything is run, a world whose spaces are not Discrete. Raises `UserError`."""
        if isinstance(problem, World | Schedule):
            _refuse_sights(cls.__name__, problem)
        if isinstance(problem, OpenWorld):
            from .interaction import table_shape

            with closing(problem.make()) as env:
                table_shape(env, problem.name)

    @property
    def q(self) -> Floats:
        """Action values, (S, A)."""
        return self._rows()[0]

    @property
    def visits(self) -> Ints:
        """How often each action was taken, (S, A)."""
        return self._rows()[1]

    def _embody(self, where: "Home") -> Body:
        if isinstance(where, Bandit):
            raise UserError(f"a table learns in states, and {where.name} is a bandit; take epsilon_greedy or ucb there")
        if isinstance(where, World | Schedule):
            _refuse_sights(type(self).__name__, where)
            if lasting(where).phases[0].tabular:
                population = TablePopulation(where, self.rule, self.config, [self.seed])
                exact = where.mdp if isinstance(where, World) else where
                return Body(population.now, population, exact.fingerprint())
            where = environment(where)
        from .interaction import Interaction, offsets, table_shape

        name = where.spec.id if where.spec else type(where).__name__
        now = fresh_population((1, *table_shape(where, name)), self.config.initial, 0)
        agent = TableAgent(learner(self.rule, self.config), now, 0, self.seed)
        return Body(now, Interaction(where, agent, self.seed), None, offsets(where))

    def _rows(self) -> tuple[Floats, Ints]:
        return self._now.q[0], self._now.visits[0]

    def _row(self, obs: int) -> int:
        return obs

    def _strategy(self) -> Strategy:
        config: TableConfig = self.config
        return config.strategy()

    @classmethod
    def _blank(cls, shape: tuple[int, ...]) -> table_rules.Population:
        if len(shape) != 3 or shape[0] != 1 or 0 in shape:
            raise UserError(f"q has shape {shape}")
        return fresh_population((1, shape[1], shape[2]), 0.0, 0)


def _refuse_sights(learner: str, home: World | Schedule) -> None:
    """A table has a row for each state, or for each number that is shown of them."""
    sight = lasting(home).phases[0].observation.sight
    if sight != "index":
        raise UserError(
            f"{learner} learns a table of states, and {home.name} shows {sight}; "
            "leave observation=… out, or take sb3/ppo"
        )


@final
class QLearning(TableLearner):
    """Q-learning: learns the value of the greedy policy while it explores. Watkins 1989."""

    rule = table_rules.Q_LEARNING


@final
class Sarsa(TableLearner):
    """Sarsa: learns the value of the policy that it follows, exploration included. Rummery & Niranjan 1994."""

    rule = table_rules.SARSA


@final
class ExpectedSarsa(TableLearner):
    """Sarsa with the expectation over the next action in place of a draw. Van Seijen et al. 2009."""

    rule = table_rules.EXPECTED_SARSA
