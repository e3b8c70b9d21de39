"""The face of the learners of a given policy's value, in any environment with Discrete spaces."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from daedalus.agents.face import Body
from daedalus.agents.memory import Memory
from daedalus.agents.tables.learner import MethodFace, embody
from daedalus.agents.tables.method import Shape
from daedalus.core.arrays import Floats, Ints
from daedalus.core.errors import UserError
from daedalus.core.spec import Spec
from daedalus.core.world import LONGEST, Schedule, World

from .config import PredictionConfig
from .policies import GIVEN, checked, probabilities, thresholds

if TYPE_CHECKING:
    from daedalus.agents.face import Home, Place

#: "random", "optimal(epsilon=.1)", action probabilities (S, A) or actions (S,).
PolicyLike = Spec | str | Floats | Ints


class Predictor(MethodFace):
    """A learner of the values of states under a given policy. Final classes name its method.

    `predict` gives that policy's action: the likeliest, the lowest among ties, or, not deterministic, a draw.
    """

    config_class: ClassVar[type[Any]] = PredictionConfig

    def __init__(self, env: "Place | str", seed: int, settings: dict[str, Any], policy: PolicyLike) -> None:
        named = isinstance(policy, str | Spec)
        if named and str(policy) == GIVEN:
            raise UserError('policy="given" needs the array itself: action probabilities (S, A) or actions (S,)')
        self._array = None if named else np.asarray(policy)
        super().__init__(env, seed, settings | {"policy": policy if named else GIVEN})

    @property
    def v(self) -> Floats:
        """Values of the states, (S,)."""
        values: Floats = self._memory.now.q[0, :, 0]
        return values

    @property
    def visits(self) -> Ints:
        """How often each state was left, (S,)."""
        visits: Ints = self._memory.now.visits[0, :, 0]
        return visits

    @property
    def policy(self) -> Floats:
        """The given policy as action probabilities, (S, A)."""
        return probabilities(self._memory.own.chances[0])

    def _embody(self, where: "Home") -> Body:
        name = self.config.policy.name
        if not isinstance(where, World | Schedule) and name not in (GIVEN, "random"):
            raise UserError(
                f"policy={name} needs a world whose dynamics are known; take random, or hand over an array (S, A)"
            )
        body = embody(type(self).__name__, self.method, self.config, self.seed, where)
        if (array := getattr(self, "_array", None)) is not None:
            rows, columns = body.memory.own.chances.shape[1:]
            first = where if isinstance(where, World) else where.phases[0] if isinstance(where, Schedule) else None
            least = rows if first is None or first.shows is not None else first.states
            body.memory.own.chances[0] = thresholds(checked(array, least, columns - 1, rows))
        return body

    def _rows(self) -> tuple[Floats, Ints]:
        return self.policy, self._memory.now.visits[0]

    @classmethod
    def _blank(cls, shapes: Mapping[str, tuple[int, ...]], config: Any) -> Memory:
        from daedalus.agents.tables.population import fresh_memory

        shape, policy = shapes.get("q", ()), shapes.get("own.chances", ())
        if len(shape) != 3 or shape[0] != 1 or len(policy) != 3 or shape[1] < 1 or policy[2] < 2:
            raise UserError(f"q has shape {shape}, the policy {policy}")
        return fresh_memory(cls.method, Shape(1, shape[1], policy[2] - 1), config, LONGEST)
