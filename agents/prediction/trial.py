"""The trial of learners of a given policy's value: how far their values are from the exact ones."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from daedalus.agents.homes import Homes, homes
from daedalus.agents.tables.population import TablePopulation
from daedalus.agents.tables.trial import lived
from daedalus.core.arrays import Bools, Floats, Ints
from daedalus.core.catalogue import find
from daedalus.core.episodes import greedy_episodes
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Experiment, Final, Record, Snapshot
from daedalus.core.mdp import FiniteMDP
from daedalus.core.planning import evaluate_policy, evaluation_horizon, policy_value_within
from daedalus.core.spec import fill
from daedalus.core.world import Schedule, World

from .config import PredictionConfig
from .policies import GIVEN, policy_in


def trial(experiment: Experiment, seeds: Sequence[int], resume: Snapshot | None) -> Iterator[Record | Snapshot | Final]:
    """Run a learner of a given policy's value: the trial "prediction".

    The value is that of the policy in the world in force, always the same however much is learnt; what is learnt shows
    in the column `error`.
    """
    problem = find("service", "load_problem").load()(experiment.world, seeds[0])
    name = experiment.agent.name
    agent = find("agent", name).load()
    config = fill(agent.config_class, experiment.agent.mapping, name)
    if not isinstance(problem, World | Schedule):
        raise UserError(f"{name} is measured against exact values, and {experiment.world} is no finite world")
    if config.policy.name == GIVEN:
        raise UserError(f"{name}: an array as policy can be handed over in Python only; here, name random or optimal")
    where = homes(experiment, problem, seeds)
    judge = Judge(where, config, experiment.horizon)
    population = TablePopulation(where, agent.method, config, seeds)
    measure = functools.partial(judge.errors, population)
    yield from lived(experiment, where, population, resume, judge.values, measure=measure)
    yield Final(judge.learnt(population, experiment.steps))


class Judge:
    """What is true of the given policy in each world, computed once."""

    def __init__(self, where: Homes, config: PredictionConfig, horizon: int | None) -> None:
        self.where, self.config, self.horizon = where, config, horizon
        self._value, self._truth = functools.cache(self._value_of), functools.cache(self._truth_of)

    def policy(self, world: World) -> Floats:
        """Action probabilities by state, (S, A)."""
        rows_RA = policy_in(self.config.policy, world)
        return rows_RA if world.shows is None else rows_RA[world.shows]

    def _value_of(self, world: World) -> float:
        return policy_value_within(world.mdp, self.policy(world), evaluation_horizon(world, self.horizon))

    def _truth_of(self, world: World) -> tuple[Floats, Bools]:
        policy_SA = self.policy(world)
        value_S = evaluate_policy(world.mdp, policy_SA, self.config.gamma)
        return value_S, met_by(world.mdp, policy_SA) & ~world.mdp.terminal

    def values(self, step: int) -> tuple[Floats, Bools]:
        """The evaluation value (N,) of the policy after so many steps, exact for all."""
        value_N = self.where.each(self._value, step)
        return value_N, np.ones(value_N.size, np.bool_)

    def errors(self, population: TablePopulation, step: int) -> Mapping[str, Any]:
        """The root-mean-square error of v (N,), over the states that the policy meets and where the world goes on.

        NaN where an exact value is not finite.
        """
        v_NS = population.by_state(population.now.q)[:, :, 0]
        error_N = np.empty(len(v_NS))
        for world, slot in zip(self.where.after(step), self.where.slots, strict=True):
            value_S, counts_S = self._truth(world)
            off = v_NS[slot][:, counts_S] - value_S[counts_S]
            with np.errstate(invalid="ignore"):
                # row by row: a sum over an axis of many depends in its last bit on how they lie in memory
                error_N[slot] = [np.sqrt(np.mean(np.square(row))) for row in off]
        return {"error": np.where(np.isfinite(error_N), error_N, np.nan)}

    def learnt(self, population: TablePopulation, steps: int) -> Mapping[str, Any]:
        """What is kept: values by state as a table of one column, and the policy where it is sure of its actions."""
        met, worlds = self.where.met, self.where.after(steps)
        known = [_certain(self.policy(world)) for world in worlds]
        policy: Ints = np.array(np.broadcast_to(known, (len(self.where.seeds), known[0].size)))
        found: dict[str, Any] = {"q": population.by_state(population.now.q)[:, met], "policy": policy[:, met]}
        if self.config.policy.name == "random" or (policy >= 0).all():
            found["episode"] = greedy_episodes(worlds, policy[:, met], self.where.seeds)
        if self.where.first.shows is None:
            found["visits"] = population.now.visits[:, met, 0]
        return found


def met_by(mdp: FiniteMDP, policy_SA: Floats) -> Bools:
    """Which states (S,) one meets who starts where episodes start and follows the policy."""
    met_S = mdp.start > 0
    fresh: Ints = np.flatnonzero(met_S)
    while fresh.size:
        possible = policy_SA[fresh][:, :, None] * mdp.probability[fresh] > 0
        reached = np.unique(mdp.next_state[fresh][possible]).astype(np.int64)
        fresh = reached[~met_S[reached]]
        met_S[fresh] = True
    return np.asarray(met_S)


def _certain(policy_SA: Floats) -> Ints:
    """The action (S,) where the policy is sure of it everywhere, else -1."""
    if not np.all(policy_SA.max(axis=1) == 1.0):
        return np.full(len(policy_SA), -1, np.int64)
    return np.asarray(policy_SA.argmax(axis=1), np.int64)
