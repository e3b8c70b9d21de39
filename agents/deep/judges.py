"""What the greedy policies of a population are worth: exactly in finite worlds, by rollouts anywhere else."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, final

import gymnasium
import numpy as np
import torch

from daedalus.agents.evaluation import open_columns, state_batches
from daedalus.agents.homes import Homes
from daedalus.agents.judging import WEIGHTS, StateJudge
from daedalus.agents.records import beliefs_record
from daedalus.core.arrays import Floats, Ints
from daedalus.core.lab.experiment import MOST_BELIEFS, Record
from daedalus.core.world import OpenWorld

from .population import DQNPopulation
from .seeing import numbers_of


class Judge(Protocol):
    """Judges the policies of the moment."""

    def columns(self, population: DQNPopulation, step: int) -> Mapping[str, Any]:
        """What a curve's rows say of the policies after so many steps."""
        ...

    def believed(self, population: DQNPopulation, step: int) -> Iterator[Record]:
        """What is kept of the beliefs at that moment."""
        ...

    def kept(self, population: DQNPopulation, step: int) -> dict[str, Any]:
        """What is kept of the learners, their `Final`."""
        ...


@final
class FiniteJudge:
    """What is shown is a function of the state, so the policies are too: their values are computed."""

    def __init__(self, where: Homes, horizon: int | None) -> None:
        self._judge, self._where = StateJudge(where, horizon), where

    def columns(self, population: DQNPopulation, step: int) -> Mapping[str, Any]:
        """The values, computed, and what is true of the worlds."""
        return self._judge.columns(self.policies(population, step), step)

    def policies(self, population: DQNPopulation, step: int) -> Ints:
        """The greedy policies by state, (N, S); the lowest action among ties."""
        best: Ints = self.values(population, step).argmax(axis=2)
        return best

    def values(self, population: DQNPopulation, step: int) -> Floats:
        """Q of every state, (N, S, A), −∞ where an action is not allowed; 0 in states that no agent meets."""
        where, world = self._where, self._where.first
        q_NSA = np.zeros((len(where.seeds), world.mdp.states, world.mdp.actions))
        bases = [int(home.which[home.phase_after(step)]) * world.mdp.states for home in where.of]
        base_N = np.array(np.broadcast_to(bases, len(where.seeds)))
        for states_B in state_batches(world, len(where.seeds) * numbers_of(population.living.sense.eye)):
            codes_NB = (base_N[:, None] + states_B).astype(np.int32)
            q_NSA[:, states_B] = population.values({"obs": torch.from_numpy(codes_NB)})
        return q_NSA

    def believed(self, population: DQNPopulation, step: int) -> Iterator[Record]:
        """What seed 0 believes, where it is in this block and its world can be drawn as a moving picture."""
        where = self._where
        if 0 not in where.seeds or where.first.scene is None or where.first.states > MOST_BELIEFS:
            return
        n, met, visits_NS = where.seeds.index(0), where.met, self._visited(population)
        q_SA = self.values(population, step)[n, met]
        yield beliefs_record(0, step, q_SA.max(axis=1), q_SA.argmax(axis=1), visits_NS[n, met])

    def kept(self, population: DQNPopulation, step: int) -> dict[str, Any]:
        """Action values, policies, an episode of each, visits and weights."""
        q_NSA = self.values(population, step)
        visits_NS = self._visited(population)
        met = self._where.met
        kept = {"q": q_NSA[:, met], "visits": visits_NS[:, met]}
        return kept | self._judge.kept(q_NSA.argmax(axis=2), step) | _weights(population)

    def _visited(self, population: DQNPopulation) -> Ints:
        """How often a step was taken from each state of the world that is judged in, (N, S): never, if from another."""
        visits_NS = population.living.visited()
        assert visits_NS is not None
        return visits_NS if self._where.of[0].judged is None else np.zeros_like(visits_NS)


@final
class OpenJudge:
    """By rollouts on the seeds that every strategy is evaluated on; in contextual bandits by what their arms earn."""

    def __init__(self, worlds: Sequence[OpenWorld], horizon: int | None, first: int) -> None:
        self._worlds, self._horizon, self._first = worlds, horizon, first

    def columns(self, population: DQNPopulation, step: int) -> Mapping[str, Any]:
        """The values, and what else is known."""
        del step
        sense = population.living.sense
        told = sense.masked and not self._worlds[0].prospects
        alone = [population.alone(n) for n in range(len(self._worlds))]

        def act(n: int, shown: Any) -> list[int]:
            observed = [one for one, _ in shown] if told else shown
            obs = np.stack([sense.eye.keep(one) for one in observed])
            with torch.no_grad():
                q_BA = alone[n](sense.eye.see(torch.from_numpy(obs)[None].to(population.device)))[0].cpu().numpy()
            if told:
                mask_BA = np.stack([mask for _, mask in shown]) > 0
                q_BA = np.where(mask_BA | ~mask_BA.any(axis=1, keepdims=True), q_BA, -np.inf)
            return [int(action) + self._first for action in q_BA.argmax(axis=1)]

        worlds = [_telling(world, sense.actions) for world in self._worlds] if told else self._worlds
        return open_columns(worlds, act, self._horizon)

    def believed(self, population: DQNPopulation, step: int) -> Iterator[Record]:
        """There are no states to believe anything of."""
        return iter(())

    def kept(self, population: DQNPopulation, step: int) -> dict[str, Any]:
        """The weights: there is no table of states (`actor.py` acts by them)."""
        del step
        return _weights(population)


def _weights(population: DQNPopulation) -> dict[str, Any]:
    return {f"{WEIGHTS}{name}": array for name, array in population.weights().items()}


def _telling(world: OpenWorld, actions: int) -> OpenWorld:
    return dataclasses.replace(world, make=lambda: Telling(world.make(), actions))


class Telling(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Shows the mask of actions, if there is one, beside the observation."""

    def __init__(self, env: gymnasium.Env[Any, Any], actions: int) -> None:
        super().__init__(env)
        self._all = np.ones(actions, np.uint8)

    def reset(self, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        """Start an episode."""
        shown, info = self.env.reset(**kwargs)
        return (shown, info.get("action_mask", self._all)), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take a step."""
        shown, reward, terminated, truncated, info = self.env.step(action)
        return (shown, info.get("action_mask", self._all)), reward, terminated, truncated, info
