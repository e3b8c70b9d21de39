"""Learners that look back: by hand where an episode ends or is cut, equal to one-step learners at the edge, bounded."""

import numpy as np
import pytest

from daedalus.agents.tables.loop import Move
from daedalus.agents.tables.method import Shape
from daedalus.agents.tables.population import TablePopulation, flat, fresh_memory, rule_of
from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key
from daedalus.core.spec import fill, parse_spec
from daedalus.envs import load_problem

KEYS = np.uint64(stream_key(0, "policy")), np.uint64(stream_key(0, "learning"))
FIRST = [[1.0, 0.0], [0.0, 2.0], [4.0, 3.0]]  # greedy: 0, 1, 0


def made(text):
    spec = parse_spec(text)
    face = find("agent", spec.name).load()
    return face.method, fill(face.config_class, spec.mapping, spec.name)


def step(t, state, action, reward, state_next, terminated, ended):
    """Step t of seed 0, as a learner is told of it."""
    rows = np.uint64(state), np.uint64(state_next)
    return Move(0, state, action, reward, state_next, *rows, terminated, ended, t, *KEYS, np.empty(2))


def fresh(text):
    """A learner with the Q above: its method, its rule, and its arrays as compiled code sees them."""
    method, config = made(text)
    memory = fresh_memory(method, Shape(1, 3, 2), config, 3)
    now, own = flat(memory.now, memory.own)
    now.q[...] = FIRST
    if method.name == "double_q":
        own.first[...], own.second[...] = FIRST, FIRST
    return method, rule_of(method, config), now, own


def live(text, episode, terminated):
    """Q after an episode of steps (s, a, r, s'), ended by the world or a time limit, and all actions chosen ahead."""
    method, rule, now, own = fresh(text)
    last, ahead = len(episode) - 1, []
    for t, one in enumerate(episode):
        ahead.append(method.learn(rule, now, own, step(t, *one, terminated and t == last, t == last)))
    assert now.visits.sum() == len(episode)
    assert ahead[-1] == -1
    return now.q


ONE = [(0, 0, 1.0, 2)]

#: With γ = .5 the target is 1 + .5·4 = 3 where a limit cuts the step, and 1 where the world ends. Where a learner
#: has no step size it averages, and one return is its own mean.
AFTER_ONE = {
    "naive_q": (2.0, 1.0),
    "double_q": (1.5, 1.0),  # one of two tables moves half the way
    "n_step_sarsa": (2.0, 1.0),
    "tree_backup": (2.0, 1.0),
    "monte_carlo": (2.0, 1.0),
    "off_policy_monte_carlo": (3.0, 1.0),
    "sarsa_lambda": (2.0, 1.0),
    "sarsa_lambda:trace=dutch": (2.0, 1.0),
    "q_lambda": (2.0, 1.0),
}


def settings(name, more=""):
    joint = "," if ":" in name else ":"
    own = "gamma=.5" if name.startswith("off") else "gamma=.5,alpha=.5"
    return f"{name}{joint}{own}" + ("" if name == "naive_q" else ",epsilon=0") + more


@pytest.mark.parametrize("name", AFTER_ONE)
def test_truncated_bootstraps_and_terminated_does_not(name):
    cut, ended = AFTER_ONE[name]
    for terminated, value in ((False, cut), (True, ended)):
        q = live(settings(name), ONE, terminated)
        assert q[0, 0] == value
        assert q[1:].tolist() == FIRST[1:]


#: Q(0, 0) and Q(1, 1) after 0 → 1 → 2 with rewards 2 and 3, cut there or ended. The returns from the second step are
#: 3 + .5·4 = 5 and 3; from the first one they are 2 + .5·5 = 4.5 and 2 + .5·3 = 3.5; one-step it is 2 + .5·2 = 3.
TWO = [(0, 0, 2.0, 1), (1, 1, 3.0, 2)]
AFTER_TWO = {
    "n_step_sarsa": ((2.75, 3.5), (2.25, 2.5)),  # half the way from 1 and 2
    "tree_backup": ((2.75, 3.5), (2.25, 2.5)),
    "monte_carlo": ((2.75, 3.5), (2.25, 2.5)),
    "off_policy_monte_carlo": ((4.5, 5.0), (3.5, 3.0)),
    # at once 1 → 2 by δ = 2; then by δ = 3 and 1, of which γλ = .25 is credited to the first step
    "sarsa_lambda:lam=.5": ((2.375, 3.5), (2.125, 2.5)),
    "q_lambda:lam=.5": ((2.375, 3.5), (2.125, 2.5)),
    "n_step_sarsa:n=1": ((2.0, 3.5), (2.0, 2.5)),
    "tree_backup:n=1": ((2.0, 3.5), (2.0, 2.5)),
}


@pytest.mark.parametrize("name", AFTER_TWO)
def test_two_steps_by_hand(name):
    for terminated, values in zip((False, True), AFTER_TWO[name], strict=True):
        q = live(settings(name), TWO, terminated)
        assert (q[0, 0], q[1, 1]) == pytest.approx(values, abs=1e-12)
        assert q[2].tolist() == FIRST[2]


def test_an_action_that_is_not_greedy_cuts_what_is_greedy():
    """0 → 1 by the best action, then 1 → 2 by the worse one: greedy learners stop there, Monte Carlo does not."""
    episode = [(0, 0, 2.0, 1), (1, 0, 3.0, 2)]
    assert live(settings("q_lambda:lam=.5"), episode, True)[0, 0] == 2.0  # 1 + ½ (2 + .5·2 − 1), and no more
    assert live(settings("tree_backup"), episode, True)[0, 0] == 2.0
    assert live(settings("monte_carlo"), episode, True)[0, 0] == 1 + 0.5 * (2 + 0.5 * 3 - 1)


def test_importance_weights_by_hand():
    """ε = .5 with two actions: greedy ones have b = .75, others .25. Returns of one pair average by their weights."""
    method, rule, now, own = fresh("off_policy_monte_carlo:gamma=1,epsilon=.5")
    episodes = [[(0, 0, 6.0, 2)], [(0, 0, 0.0, 1), (1, 1, 13.0, 2)], [(0, 1, 1.0, 1), (1, 0, 50.0, 2)]]
    for episode in episodes:
        for n, one in enumerate(episode, 1):
            method.learn(rule, now, own, step(0, *one, n == len(episode), n == len(episode)))
    # 6 with weight 1, then 13 with weight 4/3: (6 + 52/3) / (7/3) = 10. In the third episode 50 makes action 0 the best
    # of state 1, of which b was .25, so 51 has weight 4, the first of its pair.
    assert now.q[0].tolist() == pytest.approx([10.0, 51.0])
    assert now.q[1].tolist() == pytest.approx([50.0, 13.0])
    np.testing.assert_allclose(own.weight, [[7 / 3, 4.0], [1.0, 1.0], [0.0, 0.0]])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("n_step_sarsa:n=1,alpha=power", "sarsa:alpha=power"),
        ("tree_backup:n=1,alpha=power", "q_learning:alpha=power"),
        ("sarsa_lambda:lam=0,alpha=power", "sarsa:alpha=power"),
        ("q_lambda:lam=0,alpha=power", "q_learning:alpha=power"),
        ("monte_carlo:visits=every,memory=1,alpha=.3", "sarsa:alpha=.3"),
        ("naive_q:alpha=.3", "q_learning:alpha=.3,epsilon=0"),
        ("naive_q:alpha=.3,initial=2", "q_learning:alpha=.3,explore=greedy,initial=2"),
    ],
)
def test_at_the_edge_it_is_the_one_step_learner_bit_for_bit(one, other):
    place = load_problem(parse_spec("daedalus/Maze-v0:rows=3,columns=3,slip=.2")).within(40)
    tables = []
    for text in (one, other):
        learners = TablePopulation(place, *made(text), [0, 1, 2])
        learners.run(3000)
        tables.append(learners.now.q)
    np.testing.assert_array_equal(*tables)


def test_dropping_faint_traces_changes_little_and_bounds_the_list():
    place = load_problem(parse_spec("daedalus/Maze-v0:rows=5,columns=5,slip=.2"))
    tables, kept = [], []
    for cutoff in (0, 1e-4, 0.3):
        learners = TablePopulation(place, *made(f"sarsa_lambda:lam=.5,explore=epsilon_first,cutoff={cutoff}"), [0, 1])
        learners.run(100)
        tables.append(learners.now.q.copy())
        kept.append(learners.own.kept.max())
    assert kept[0] > kept[1] > kept[2]
    assert learners.own.row.shape == (2, 5)  # ⌈ln(.3 · (1 - .495)) / ln .495⌉ + 2
    assert np.abs(tables[0] - tables[1]).max() < 1e-3 < np.abs(tables[0] - tables[2]).max()


def test_double_q_is_unbiased_where_q_learning_is_not():
    """What is worth 0 in the mean: of ten actions that pay ±1 the best seems to pay; of two tables it does not."""
    place = load_problem(parse_spec("daedalus/MaximizationBias-v0:actions=10,mean=0"))
    bias = {}
    for name in ("q_learning", "double_q"):
        learners = TablePopulation(place, *made(f"{name}:epsilon=1,gamma=1,alpha=average"), range(400))
        learners.run(100)
        bias[name] = learners.now.q[:, 2, 0]
    assert bias["q_learning"].mean() > 0.3
    assert abs(bias["double_q"].mean()) < 4 * bias["double_q"].std() / 20  # false alarms: 1 in 16,000


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("n_step_sarsa:n=0", "n must be a number of steps from 1 to 10000, not 0"),
        ("tree_backup:n=-3", "n must be a number of steps"),
        ("tree_backup:n=1000000000", "n must be a number of steps"),
        ("n_step_sarsa:n=1.5", "n must be a whole number"),
        ("sarsa_lambda:lam=1.1", r"lam \(λ\) must lie in \[0, 1\], not 1.1"),
        ("q_lambda:lam=-.1", r"lam \(λ\) must lie in \[0, 1\]"),
        ("sarsa_lambda:lam=nan", "lam"),
        ("sarsa_lambda:cutoff=1", r"cutoff must lie in \[0, 1\)"),
        ("sarsa_lambda:trace=replaceing", "did you mean 'replacing'"),
        ("q_lambda:trace=dutch", "trace"),
        ("monte_carlo:visits=last", "visits"),
        ("monte_carlo:memory=0", "memory must be a number of steps from 1"),
        ("off_policy_monte_carlo:memory=-1", "memory must be a number of steps from 1"),
        ("off_policy_monte_carlo:gamma=2", "gamma must lie"),
        ("off_policy_monte_carlo:alpha=.1", "parameter of off_policy_monte_carlo 'alpha'"),
        ("naive_q:epsilon=.1", "parameter of naive_q 'epsilon'"),
        ("naive_q:initial=inf", "initial must be a finite number"),
        ("double_q:alpha=0", "alpha"),
    ],
)
def test_bad_settings_are_refused(text, says):
    with pytest.raises(UserError, match=says) as error:
        made(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["own.row", "own.action", "own.kept"])
@pytest.mark.parametrize(
    "learner", ["n_step_sarsa", "tree_backup", "monte_carlo", "off_policy_monte_carlo", "sarsa_lambda", "q_lambda"]
)
def test_a_damaged_snapshot_is_refused(learner, name):
    learners = TablePopulation(load_problem(parse_spec("daedalus/Cliff-v0")), *made(learner), [0])
    saved = learners.arrays()
    learners.restore(saved)
    for value in (-1, 2**31 - 1):
        broken = saved | {name: np.full_like(saved[name], value)}
        with pytest.raises(UserError, match="damaged"):
            learners.restore(broken)
