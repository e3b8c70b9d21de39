"""How every environment of the catalogue begins, ends, repeats and goes on."""

import copy
import itertools
import pickle  # noqa: TID251 - environments travel between processes
from dataclasses import replace
from inspect import signature

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from daedalus.core.catalogue import find
from daedalus.core.spec import Spec
from daedalus.core.world import Bandit, Schedule, World
from daedalus.envs import restore, snapshot
from daedalus.envs.making import environment

STEPS = 120


def plain(result):
    """What `reset` or `step` gave as numbers and lists, which can be compared."""
    return [
        np.asarray(result[0]).tolist(),
        *result[1:-1],
        {key: np.asarray(it).tolist() for key, it in result[-1].items()},
    ]


def walk(env, steps=STEPS, **how):
    """All that random actions meet, from a reset on; one after each episode."""
    actions = np.random.default_rng(1).integers(env.action_space.n, size=steps).tolist()
    return [plain(env.reset(**how)), *go_on(env, actions)]


def go_on(env, actions):
    met = []
    for action in actions:
        stepped = env.step(action)
        met.append(plain(stepped))
        if stepped[2] or stepped[3]:
            met.append(plain(env.reset()))
    return met


def lively(value):
    """Whether two seeds must differ."""
    match value:
        case World() | Schedule():
            phases = value.phases if isinstance(value, Schedule) else (value,)
            return not all(world.mdp.deterministic for world in phases)
        case Bandit():
            return set(value.laws) != {"constant"}
    return True


def test_seeds_reproduce_and_differ(spec, make, value_of):
    env = make(spec)
    once = walk(env, seed=5)
    kept = env.unwrapped.np_random.bit_generator.state
    further = walk(env)  # a reset without a seed goes on in the streams, and draws no other seed
    assert env.unwrapped.np_random.bit_generator.state == kept
    assert walk(env, seed=5) == once
    assert walk(env) == further
    assert walk(make(spec), seed=5) == once  # whatever was lived before
    if lively(value_of(spec)):
        assert further != once
        assert walk(env, seed=6) != once


def test_the_first_reset_draws_its_seed_from_np_random(spec, make, value_of):
    one, other, third = (make(spec) for _ in range(3))
    for env, seed in ((one, 5), (other, 5), (third, 6)):
        env.unwrapped.np_random = np.random.default_rng(seed)
    met = walk(one)
    assert walk(other) == met
    if lively(value_of(spec)):
        assert walk(third) != met


def test_nobody_steps_between_episodes(spec, make):
    env = make(spec)
    with pytest.raises(ResetNeeded):
        env.step(0)
    env.reset(seed=0)
    over = False
    for action in itertools.islice(itertools.cycle(range(env.action_space.n)), 200):
        *_, terminated, truncated, _ = env.step(action)
        if over := terminated or truncated:
            break
    assert over
    for _ in range(2):
        with pytest.raises(ResetNeeded):
            env.step(0)
    env.reset()
    env.step(0)


def test_terminals_absorb_and_pay_nothing(walkable, worlds_of):
    for world in worlds_of(walkable):
        mdp, ends = world.mdp, np.flatnonzero(world.mdp.terminal)
        assert np.all((mdp.next_state[ends] == ends[:, None, None]) | (mdp.probability[ends] == 0))
        assert not np.any(mdp.reward[ends] * mdp.probability[ends])
        assert not mdp.start[ends].any()


def shortest(mdp):
    """The fewest steps from each state to an end, (S,); infinite where there is none."""
    steps, possible = np.where(mdp.terminal, 0.0, np.inf), mdp.probability > 0
    while True:
        best = np.where(possible, steps[mdp.next_state], np.inf).min(axis=(1, 2)) + 1
        if np.array_equal(shorter := np.minimum(steps, best), steps):
            return steps
        steps = shorter


def limited(problem, limit):
    if isinstance(problem, Schedule):
        return replace(problem, phases=tuple(world.within(limit) for world in problem.phases))
    return problem.within(limit)


def test_limits_truncate_exactly_and_never_beside_an_end(walkable, worlds_of):
    """The limit is the fewest steps in which an end can be reached, and is tried until one is reached with them."""
    for world in worlds_of(walkable):
        steps = shortest(world.mdp)
        nearest = steps[world.mdp.start > 0].min()
        limit = int(nearest) if np.isfinite(nearest) else 3
        nearer = steps[world.mdp.next_state] < steps[:, None, None]
        ahead = np.where(nearer, world.mdp.probability, 0.0).sum(axis=2).argmax(axis=1)
        env = environment(limited(world, limit))
        env.reset(seed=0)
        seen = set()
        for _ in range(4000):
            for step in range(1, limit + 1):
                *_, terminated, truncated, _ = env.step(int(ahead[env.snapshot()["state"]]))
                assert truncated == (step == limit and not terminated)
                if terminated or truncated:
                    seen.add((terminated, step))
                    env.reset()
                    break
            if (True, limit) in seen:
                break
        assert ((True, limit) in seen) == np.isfinite(nearest)
        assert not any(step < limit for _, step in seen)


def test_a_time_limit_is_told_and_kept(name, make):
    if "time_limit" not in signature(find("world", name).load()).parameters:
        pytest.skip("has no time limit to set")
    own, outer = make(Spec(name), time_limit=2), make(Spec(name), time_limit=None, max_episode_steps=2)
    for env in (own, outer):
        assert env.spec.max_episode_steps == 2
        env.reset(seed=1)
        assert [env.step(0)[2:4] for _ in range(2)] == [(False, False), (False, True)]
    assert make(Spec(name), time_limit=None).spec.max_episode_steps is None


@pytest.mark.parametrize("how", ["snapshot", "deepcopy", "pickle"])
@pytest.mark.parametrize("limit", [{}, {"max_episode_steps": 7}])
def test_a_copy_lives_the_same_future(spec, make, how, limit):
    """In the wrappers of gymnasium.make, whose time limit's counter is state, too."""
    env = make(spec, **limit)
    actions = np.random.default_rng(2).integers(env.action_space.n, size=(2, 60)).tolist()
    env.reset(seed=3)
    go_on(env, actions[0][:33])
    if how == "snapshot":
        twin, taken = make(spec, **limit), snapshot(env)
        twin.reset(seed=9)
        twin.step(0)  # which must not matter
        restore(twin, taken)
        future = go_on(env, actions[1])
        assert go_on(twin, actions[1]) == future
        restore(env, taken)  # which later steps have not touched
        assert go_on(env, actions[1]) == future
        return
    twin = copy.deepcopy(env) if how == "deepcopy" else pickle.loads(pickle.dumps(env))
    future = go_on(env, actions[1])
    assert go_on(twin, actions[1]) == future
    assert env.unwrapped.np_random.integers(10**9) == twin.unwrapped.np_random.integers(10**9)
    assert isinstance(twin, gymnasium.Wrapper)
    assert twin.spec == env.spec
    twin.close()
