"""The face of bandit learners: an estimate for each arm, and a strategy that chooses the arm."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from daedalus.agents.face import Body, Face
from daedalus.agents.memory import Memory
from daedalus.core.arrays import Floats, Ints
from daedalus.core.errors import UserError
from daedalus.core.world import Bandit, Schedule, World

from .agent import BanditAgent
from .population import BanditRuns, fresh_bandits

if TYPE_CHECKING:
    from daedalus.agents.face import Home


class BanditLearner(Face):
    """A learner of one estimate per arm. Final classes name its strategy by its config."""

    @property
    def q(self) -> Floats:
        """Estimates of the arms' means, (A,); of most strategies they are the means of rewards."""
        q: Floats = self._memory.now.q
        return q.reshape(-1)

    @property
    def pulls(self) -> Ints:
        """How often each arm was pulled, (A,)."""
        pulls: Ints = self._memory.now.pulls
        return pulls.reshape(-1)

    def _embody(self, where: "Home") -> Body:
        if isinstance(where, Bandit):
            runs = BanditRuns([where], self.config, [self.seed])
            return Body(runs.memory, runs, None)
        from daedalus.agents.interaction import Interaction, offsets, table_shape

        if isinstance(where, World | Schedule):
            name = where.name
        else:
            name = where.spec.id if where.spec else type(where).__name__
        if isinstance(where, World | Schedule) or table_shape(where, name)[0] != 1:
            raise UserError(f"a bandit strategy sees no states, and {name} has some; take q_learning or sb3/* there")
        memory = fresh_bandits(1, table_shape(where, name)[1], self.config)
        agent = BanditAgent(self.config, memory, 0, self.seed)
        return Body(memory, Interaction(where, agent, self.seed), None, offsets(where))

    def _rows(self) -> tuple[Floats, Ints]:
        agent = BanditAgent(self.config, self._memory, 0, self.seed)
        return agent.scores()[None], self._memory.now.pulls

    def _row(self, obs: int) -> int:
        return 0

    def _choose(self, row: int, key: np.uint64, t: int) -> int:
        return BanditAgent(self.config, self._memory, 0, self.seed).choose(key, t)

    @classmethod
    def _blank(cls, shapes: Mapping[str, tuple[int, ...]], config: Any) -> Memory:
        shape = shapes.get("q", ())
        if len(shape) != 2 or shape[0] != 1 or 0 in shape:
            raise UserError(f"q has shape {shape}")
        return fresh_bandits(1, shape[1], config)
