"""The trials of those who plan: they live like everybody, and nothing of them changes but the world."""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from daedalus.agents.baseline_finite import set_in_its_ways
from daedalus.agents.evaluation import evaluation_seeds
from daedalus.agents.homes import Homes, homes
from daedalus.agents.tables.population import TablePopulation
from daedalus.agents.tables.trial import lived
from daedalus.core.arrays import Bools, Floats, Ints
from daedalus.core.catalogue import find
from daedalus.core.episodes import greedy_episodes
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Experiment, Final, Record, Snapshot
from daedalus.core.planning import evaluation_horizon
from daedalus.core.rng import stream_key
from daedalus.core.sampling import start_state
from daedalus.core.spec import fill
from daedalus.core.world import Schedule, World

from .config import PolicyIterationConfig, UCTConfig
from .dynamic import Plan, lookahead, model, policy_iteration, value_iteration

#: Imagined steps of one call of compiled code, which cannot be interrupted.
_CHUNK = 2**24


def trial(experiment: Experiment, seeds: Sequence[int], resume: Snapshot | None) -> Iterator[Record | Snapshot | Final]:
    """Run one who plans in a finite world: the trial "planning"."""
    problem = find("service", "load_problem").load()(experiment.world, seeds[0])
    name = experiment.agent.name
    config = fill(find("agent", name).load().config_class, experiment.agent.mapping, name)
    if not isinstance(problem, World | Schedule):
        raise UserError(f"{name} needs a world whose dynamics are known, and {experiment.world} is none")
    where = homes(experiment, problem, seeds)
    if isinstance(config, UCTConfig):
        yield from _searching(experiment, where, config, resume)
    elif isinstance(config, PolicyIterationConfig):
        yield from _planned(experiment, where, config, policy_iteration, resume)
    else:
        yield from _planned(experiment, where, config, value_iteration, resume)


def _planned(
    experiment: Experiment,
    where: Homes,
    config: Any,
    method: Callable[[Any, Any], Plan],
    resume: Snapshot | None,
) -> Iterator[Record | Snapshot | Final]:
    """One who plans once in each world."""

    @functools.cache
    def plan(world: World) -> Plan:
        return method(world.mdp, config)

    def policies(worlds: Sequence[World]) -> Ints:
        one = np.array([plan(world).policy for world in worlds])
        return np.array(np.broadcast_to(one, (len(where.seeds), one.shape[1])))

    def value(step: int) -> tuple[Floats, Bools]:
        return where.values(policies(where.after(step)), step, experiment.horizon)

    population = set_in_its_ways(where, lambda world: plan(world).policy, where.seeds)
    yield from lived(experiment, where, population, resume, value)
    worlds = where.after(experiment.steps)
    q_SA = [lookahead(model(world.mdp, config.gamma), plan(world).value)[where.met] for world in worlds]
    policy = policies(worlds)[:, where.met]
    yield Final(
        {
            "q": np.array(np.broadcast_to(q_SA, (len(where.seeds), *q_SA[0].shape))),
            "policy": policy,
            "visits": population.now.visits[:, where.met].sum(axis=2),
            "episode": greedy_episodes(worlds, policy, where.seeds),
        }
    )


def _searching(
    experiment: Experiment, where: Homes, config: UCTConfig, resume: Snapshot | None
) -> Iterator[Record | Snapshot | Final]:
    """One who searches before every step. Its action is no function of the state, so its value is sampled."""
    from .uct import METHOD

    population = TablePopulation(where, METHOD, config, where.seeds, all_seeing=True)
    sampled = functools.cache(functools.partial(_sampled_value, config, experiment.horizon))

    def value(step: int) -> tuple[Floats, Bools]:
        worlds = where.after(step)
        of = [sampled(worlds[n if len(worlds) > 1 else 0], seed) for n, seed in enumerate(where.seeds)]
        return np.array(of), np.zeros(len(of), np.bool_)

    yield from lived(experiment, where, population, resume, value)
    visits = population.now.visits[:, where.met].sum(axis=2)
    policy = np.full(visits.shape, -1, np.int64)
    yield Final({"q": population.now.q[:, where.met], "policy": policy, "visits": visits})


def _sampled_value(config: UCTConfig, horizon: int | None, world: World, seed: int) -> float:
    """The mean return of a seed's searches over one episode under each evaluation seed, which all strategies share."""
    from .uct import ready, walk

    rule, limit, returns = ready(world, config), evaluation_horizon(world, horizon), []
    steps = max(1, _CHUNK // (config.simulations * config.depth))
    for episode in evaluation_seeds():
        world_key = np.uint64(stream_key(episode, "world"))
        policy_key = np.uint64(stream_key(seed, f"evaluation/{episode}"))
        place = np.array([start_state(rule.world, np.uint64(stream_key(episode, "start")), np.uint64(0)), 0])
        total = np.zeros(1)
        while place[1] < limit and not rule.world.terminal[place[0]]:
            walk(rule, world_key, policy_key, min(steps, limit - int(place[1])), place, total)
        returns.append(total[0])
    return float(np.mean(returns))
