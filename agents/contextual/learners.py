"""The faces of the linear bandit learners.

Details: every action has weights of its own (the "disjoint" model of Li et al.), whose ridge regression is exact at
every step; there is no intercept, so give a constant feature where rewards need one; a Discrete observation is one-hot,
for which both are UCB and Gaussian Thompson sampling in each context by itself.
"""

import reprlib
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, final

import numpy as np

from daedalus.agents.face import Body, LivingFace
from daedalus.agents.memory import Memory
from daedalus.core.arrays import Floats, Ints
from daedalus.core.errors import UserError
from daedalus.core.world import Bandit, OpenWorld, Problem, Schedule, World

from .agent import Contexts, LinearAgent, fresh_linear
from .config import LinThompsonConfig, LinUCBConfig

if TYPE_CHECKING:
    from daedalus.agents.face import Home, Place


class LinearBanditLearner(LivingFace):
    """A learner of linear rewards in environments whose episodes are one step long. Final classes name its rule."""

    @classmethod
    def check(cls, problem: Problem) -> None:
        """Refuse, before anything is run, a world whose spaces do not fit. Raises `UserError`."""
        if isinstance(problem, OpenWorld):
            with closing(problem.make()) as env:
                Contexts(env, problem.name)

    @property
    def weights(self) -> Floats:
        """The weights of every action, (A, d)."""
        weights: Floats = self._memory.now.theta[0]
        return weights

    def predict(
        self, obs: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[Ints | np.int64, Any]:
        """Actions for an array of observations, or one for one, and `state` as it came (there is none to keep).

        Deterministic: the action of highest estimate. Otherwise it explores as it would in learning, from a random
        stream of its own, so that predicting changes nothing that is learnt.
        """
        x_Bd, shape = self._features(obs)
        agent = LinearAgent(self.config, self._memory, 0, self.seed)
        if deterministic:
            actions = [agent.greedy(x) for x in x_Bd]
        else:
            actions = [agent.choose(x, self._fresh_key(), self.num_timesteps) for x in x_Bd]
        actions_B = np.array(actions, dtype=np.int64) + self._offsets[1]
        return (actions_B.reshape(shape) if shape else actions_B[0]), state

    def _features(self, obs: Any) -> tuple[Floats, tuple[int, ...]]:
        """Features (B, d), and the shape of the batch. Whole numbers are taken for those of contexts, one-hot."""
        known = self.weights.shape[1]
        try:
            observations = np.asarray(obs)
        except ValueError:  # lists of different lengths
            observations = np.asarray(None)
        if observations.dtype.kind in "iu" and observations.ndim <= 1:
            numbers = observations.reshape(-1) - self._offsets[0]
            if ((numbers >= 0) & (numbers < known)).all():
                return np.eye(known)[numbers], observations.shape
        if observations.dtype.kind == "f" and observations.ndim and np.isfinite(observations).all():
            many = observations.reshape(-1, known) if observations.size % known == 0 else np.empty((0, known))
            if observations.size == known:
                return many.astype(np.float64), ()
            if len(many) == len(observations):
                return many.astype(np.float64), (len(many),)
        shown = " ".join(reprlib.repr(obs).split())
        raise UserError(f"{shown} is no observation of this learner; it knows contexts of {known} numbers")

    def _embody(self, where: "Home") -> Body:
        from .life import ContextLife

        if isinstance(where, World | Schedule | Bandit):
            raise UserError(
                f"a linear bandit learns from contexts, and {where.name} shows none; "
                "take epsilon_greedy or q_learning there"
            )
        contexts = Contexts(where, where.spec.id if where.spec else type(where).__name__)
        memory = fresh_linear(1, contexts.actions, contexts.features, self.config.ridge)
        agent = LinearAgent(self.config, memory, 0, self.seed)
        return Body(memory, ContextLife(where, contexts, agent, self.seed), None, (contexts.first, contexts.acted))

    @classmethod
    def _blank(cls, shapes: Mapping[str, tuple[int, ...]], config: Any) -> Memory:
        shape = shapes.get("theta", ())
        if len(shape) != 3 or shape[0] != 1 or 0 in shape:
            raise UserError(f"theta has shape {shape}")
        return fresh_linear(1, shape[1], shape[2], config.ridge)


@final
class LinUCB(LinearBanditLearner):
    """The action of highest upper bound of a linear reward. Li, Chu, Langford & Schapire 2010, algorithm 1."""

    config_class = LinUCBConfig

    def __init__(self, env: "Place | str", seed: int = 0, alpha: float = 1.0, ridge: float = 1.0) -> None:
        super().__init__(env, seed, {"alpha": alpha, "ridge": ridge})


@final
class LinThompson(LinearBanditLearner):
    """The action that is best under weights drawn from their posterior. Agrawal & Goyal 2013."""

    config_class = LinThompsonConfig

    def __init__(self, env: "Place | str", seed: int = 0, v: float = 1.0, ridge: float = 1.0) -> None:
        super().__init__(env, seed, {"v": v, "ridge": ridge})
