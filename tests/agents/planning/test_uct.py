"""UCT: it finds optima, better the more it imagines, and does not see the future."""

import gymnasium
import numpy as np
import pytest

from daedalus.agents import UCT
from daedalus.agents.planning.config import UCTConfig
from daedalus.agents.planning.simulated import plan
from daedalus.agents.planning.uct import ready, search
from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Experiment, Record
from daedalus.core.planning import optimal_actions, solve, truth
from daedalus.core.spec import parse_spec
from daedalus.core.world import World
from daedalus.envs import WorldEnv, load_problem, restore, rule_world, snapshot


def coins() -> World:
    """Two actions: to bet on heads or on tails, ten times; a coin decides: 1 or -1. A third declines, and gets 0.1."""

    def rule(state, action):
        if action == 2:
            return [(1.0, state + 1, 0.1)]
        return [(0.5, state + 1, 1.0 if action == 0 else -1.0), (0.5, state + 1, -1.0 if action == 0 else 1.0)]

    return rule_world("coins", 11, ("heads", "tails", "decline"), rule, start=0, terminal=[10], horizon=None)


@pytest.mark.parametrize("name", ["daedalus/Maze-v0:rows=3,columns=3", "daedalus/Maze-v0:rows=3,columns=3,slip=.1"])
def test_enough_games_find_the_optimum_in_every_state(name):
    world = load_problem(parse_spec(name))
    uct = UCT(world, simulations=4000, depth=60)
    best = optimal_actions(world.mdp, solve(world.mdp, 0.99).value, 0.99)
    states = np.flatnonzero(~world.mdp.terminal & np.isfinite(solve(world.mdp).value))
    actions = uct.predict(states, deterministic=True)[0]
    assert best[states, actions].mean() > 0.9  # where actions are nearly as good, the games cannot tell
    assert best[0, actions[0]]


def test_snapshots_are_searched_as_well_as_tables():
    """How often 20 searches by snapshots find the best first action, against 400 by the table: within 4 SE."""
    env = gymnasium.make("daedalus/Maze-v0", rows=2, columns=3)
    world, (obs, _) = env.unwrapped.world, env.reset(seed=1)
    best = optimal_actions(world.mdp, solve(world.mdp, 0.99).value, 0.99)[obs]
    uct = UCT(world, simulations=400, depth=12)
    expected = np.mean([best[uct.predict(obs)[0]] for _ in range(400)])
    share = np.mean([best[plan(env, key, uct.config)] for key in range(20)])
    assert 0.6 < expected < 0.95  # at random: .25
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / 20)


def test_regret_shrinks_with_the_games():
    world = "daedalus/Maze-v0:rows=3,columns=3"
    regret = []
    for simulations in (4, 30, 1000):
        agent = parse_spec(f"uct:simulations={simulations},depth=40")
        experiment = Experiment(parse_spec(world), agent, "uct", 4, 10)
        items = list(find("trial", "planning").load()(experiment, (0, 1, 2, 3), None))
        curve = [one.columns for one in items if isinstance(one, Record)]
        assert not curve[-1]["exact"].any()
        regret.append(curve[-1]["regret"].mean())
        np.testing.assert_array_equal(curve[0]["value"], curve[-1]["value"])  # it does not learn
    assert regret[0] > 2 * regret[1] > 0
    assert abs(regret[2]) < 1
    assert truth(load_problem(parse_spec(world))).optimum > -30


def test_what_is_imagined_says_nothing_of_what_will_be():
    """Betting on a fair coin pays on average nothing, and declining .1: who foresaw the coins would bet and earn 1.

    The compiled search and the one by snapshots, 30 episodes each under other seeds: 300 decisions.
    """
    world = coins()
    env, uct = WorldEnv(world), UCT(world, simulations=100, depth=1, gamma=1.0)
    config = UCTConfig(simulations=100, depth=1, gamma=1.0)
    for decide in (lambda obs, n: uct.predict(obs)[0], lambda obs, n: plan(env, n, config)):
        right = bets = 0
        for seed in range(30):
            obs, over = env.reset(seed=seed)[0], False
            while not over:
                action = decide(obs, 100 * seed + obs)
                obs, reward, over, _, _ = env.step(action)
                bets += action != 2
                right += reward == 1.0
        assert bets > 50  # a hundred games err now and then
        assert abs(right - bets / 2) < 4 * np.sqrt(bets / 4)  # 1 in 16,000 by chance


def test_a_simulator_that_foresaw_would_win():
    """Restored without a stream the future repeats itself: the test above can fail."""
    env = WorldEnv(coins())
    env.reset(seed=3)
    right = 0
    for _ in range(10):
        taken = snapshot(env)
        foreseen = []
        for action in range(3):
            foreseen.append(env.step(action)[1])
            restore(env, taken)
        right += env.step(int(np.argmax(foreseen)))[1] == 1.0
    assert right == 10


def test_other_futures_have_the_worlds_own_chances():
    env = gymnasium.make("daedalus/Maze-v0", rows=3, columns=3, slip=0.3)
    env.reset(seed=0)
    taken = snapshot(env)
    after = [(restore(env, taken, stream), env.step(1)[0])[1] for stream in range(2000)]
    world, state = env.unwrapped.world, taken["env"]["state"]
    expected = np.bincount(world.mdp.next_state[state, 1], world.mdp.probability[state, 1], world.mdp.states)
    share = np.bincount(after, minlength=world.mdp.states) / 2000
    assert np.abs(share - expected).max() < 5 * np.sqrt(0.25 / 2000)
    again = [(restore(env, taken, stream), env.step(1)[0])[1] for stream in range(50)]
    assert again == after[:50]
    restore(env, taken)
    own = env.step(1)[0]
    restore(env, taken)
    assert env.step(1)[0] == own  # without a stream, the one future


@pytest.mark.parametrize("name", ["daedalus/Bandit-v0", "daedalus/ContextualBandit-v0", "daedalus/Maze-v0"])
def test_every_environment_of_the_suite_knows_other_futures(name):
    env = gymnasium.make(name, **({"layout": "per_episode", "observation": "symbolic"} if "Maze" in name else {}))
    env.reset(seed=0)
    action = UCT(env, simulations=30, depth=3).predict(None)[0]
    assert env.action_space.contains(action)
    taken = snapshot(env)
    rewards = set()
    for stream in range(20):
        restore(env, taken, stream)
        rewards.add(env.step(action)[1])
    assert len(rewards) > 1 or "Maze" in name


def test_the_environment_stands_where_it_stood():
    env = gymnasium.make("daedalus/Maze-v0", rows=3, columns=3, slip=0.2, observation="symbolic")
    twin = gymnasium.make("daedalus/Maze-v0", rows=3, columns=3, slip=0.2, observation="symbolic")
    env.reset(seed=5), twin.reset(seed=5)
    uct = UCT(env, simulations=20, depth=10)
    for _ in range(30):
        action = uct.predict(None)[0]
        (obs, *rest), (expected, *others) = env.step(action), twin.step(action)
        np.testing.assert_array_equal(obs, expected)
        assert rest[:3] == others[:3]
        if rest[1] or rest[2]:
            break
    assert uct.predict(None, deterministic=True)[0] == uct.predict(None, deterministic=True)[0]


def test_one_game_by_hand():
    """One try of one action in a corridor of two steps that pay 1 and 2, γ = .5: its mean is 1 + .5·2."""
    world = rule_world("steps", 3, ("on",), lambda s, a: [(1.0, s + 1, s + 1.0)], start=0, terminal=[2], horizon=None)
    rule = ready(world, UCTConfig(simulations=1, depth=5, gamma=0.5))
    assert search(rule, 0, np.uint64(1)) == 0
    assert rule.tree.mean[0, 0] == 2.0
    assert rule.tree.tries[0, 0] == 1
    short = ready(world, UCTConfig(simulations=3, depth=1, gamma=0.5))
    search(short, 0, np.uint64(1))
    assert (short.tree.mean[0, 0], short.tree.tries[0, 0]) == (1.0, 3)


class Forgetful(gymnasium.Env):
    """It takes no snapshots."""

    observation_space = action_space = gymnasium.spaces.Discrete(2)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: UCT("daedalus/Maze-v0", simulations=0), "simulations must be from 1 to"),
        (lambda: UCT("daedalus/Maze-v0", depth=0), "depth"),
        (lambda: UCT("daedalus/Maze-v0", c=-1.0), "c must be at least 0"),
        (lambda: UCT("daedalus/Maze-v0", gamma=1.5), "gamma"),
        (lambda: UCT("daedalus/Bandit-v0"), "hand over the environment"),
        (lambda: UCT(Forgetful()), "no divert"),
        (lambda: UCT(gymnasium.make("CartPole-v1")), "no divert"),
        (lambda: UCT(gymnasium.make("Pendulum-v1")), "Discrete actions"),
        (lambda: UCT("daedalus/Maze-v0").predict(-1), "is no state"),
        (lambda: restore(*_batch(), 1), "batch"),
        (lambda: _drifting(), "drift"),
    ],
)
def test_bad_input_is_refused(make, says):
    with pytest.raises(UserError, match=says):
        make()


def _batch():
    envs = gymnasium.make_vec("daedalus/Maze-v0", num_envs=2)
    envs.reset(seed=0)
    return envs, snapshot(envs)


def _drifting():
    env = gymnasium.make("daedalus/Bandit-v0", drift=0.1)
    env.reset(seed=0)
    UCT(env).predict(0)
