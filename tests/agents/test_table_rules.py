"""One-step learners by hand: targets, single updates, and settings that are refused."""

import dataclasses

import numpy as np
import pytest

from daedalus.agents.exploring import strategies
from daedalus.agents.exploring.rates import CONSTANT, Rate
from daedalus.agents.exploring.rules import Explore, choose
from daedalus.agents.exploring.strategies import Plain
from daedalus.agents.tables.config import TableConfig
from daedalus.agents.tables.expected_sarsa import METHOD as EXPECTED_SARSA
from daedalus.agents.tables.expected_sarsa import expected_sarsa_target
from daedalus.agents.tables.loop import Move
from daedalus.agents.tables.method import Nothing, Shape
from daedalus.agents.tables.population import flat, fresh_population, rule_of
from daedalus.agents.tables.q_learning import METHOD as Q_LEARNING
from daedalus.agents.tables.q_learning import q_target
from daedalus.agents.tables.sarsa import METHOD as SARSA
from daedalus.agents.tables.sarsa import sarsa_target
from daedalus.core.catalogue import Entry
from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key
from daedalus.core.spec import Spec

KEY = np.uint64(stream_key(0, "policy"))
LEARNING = np.uint64(stream_key(0, "learning"))
Q = np.array([[0.0, 0.0], [2.0, 4.0]])  # the next state is row 1


def test_targets_by_hand():
    assert q_target(1.0, 0.5, 1.0, Q, 1) == 1 + 0.5 * 4
    assert sarsa_target(1.0, 0.5, 1.0, Q, 1, 0) == 1 + 0.5 * 2
    assert expected_sarsa_target(1.0, 0.5, 1.0, 0.25 * 2.0 + 0.75 * 4.0) == 1 + 0.5 * (0.5 + 3)
    assert q_target(1.0, 0.5, 0.0, Q, 1) == 1
    assert sarsa_target(1.0, 0.5, 0.0, Q, 1, 0) == 1
    assert expected_sarsa_target(1.0, 0.5, 0.0, 3.5) == 1


def updated(method, epsilon, terminated, ended, alpha=0.5, t=0):
    """The value of (0, 1) after one step with reward 1 into state 1, and the action chosen ahead."""
    now, own = flat(fresh_population(Shape(1, 2, 2), 0.0, 0), Nothing())
    now.q[...] = Q
    rule = rule_of(method, TableConfig(alpha=alpha, gamma=0.5, epsilon=epsilon))
    rows = np.uint64(0), np.uint64(1)
    move = Move(0, 0, 1, 1.0, 1, *rows, terminated, ended, t, KEY, LEARNING, np.empty(2))
    ahead = method.learn(rule, now, own, move)
    assert now.visits.tolist() == [[0, 1], [0, 0]]
    assert now.q[0, 0] == 0
    assert now.q[1].tolist() == [2, 4]
    return now.q[0, 1], ahead


@pytest.mark.parametrize("method", [Q_LEARNING, SARSA, EXPECTED_SARSA], ids=lambda method: method.name)
def test_one_update_by_hand(method):
    # greedy: every rule's target is 1 + .5·4 = 3, and half the way from 0 is 1.5
    value, ahead = updated(method, 0.0, terminated=False, ended=False)
    assert value == 1.5
    assert ahead == (1 if method is SARSA else -1)
    # a time limit cuts the episode, not the world: the same value, and nothing chosen for the next episode
    assert updated(method, 0.0, terminated=False, ended=True) == (1.5, -1)
    # a terminal state never bootstraps: half the way to 1
    assert updated(method, 0.0, terminated=True, ended=True) == (0.5, -1)


def test_expected_sarsa_weighs_by_the_policy():
    # ε = .5: the policy in the next state is (.25, .75), its value 3.5, the target 2.75
    assert updated(EXPECTED_SARSA, 0.5, terminated=False, ended=False)[0] == pytest.approx(1.375)
    assert updated(Q_LEARNING, 0.5, terminated=False, ended=False)[0] == 1.5


def test_sarsa_bootstraps_from_the_action_it_takes_next():
    explore = rule_of(SARSA, TableConfig(epsilon=1.0)).explore
    for t in range(50):
        value, ahead = updated(SARSA, 1.0, terminated=False, ended=False, t=t)
        assert value == 0.5 * (1 + 0.5 * Q[1, ahead])
        row = np.uint64(1)
        assert ahead == choose(explore, Q, np.zeros((2, 2), np.int64), np.zeros((2, 0)), row, KEY, t + 1)


def test_at_a_time_limit_sarsa_draws_an_action_of_its_own():
    """Of 1000 cut steps about half bootstrap from an action other than the one that decision t + 1 would draw."""
    differs = sum(
        updated(SARSA, 1.0, terminated=False, ended=True, t=t)[0]
        != updated(SARSA, 1.0, terminated=False, ended=False, t=t)[0]
        for t in range(1000)
    )
    assert 420 < differs < 580  # 5 standard deviations


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"alpha": 0.0}, "alpha"),
        ({"alpha": 1.1}, "alpha"),
        ({"alpha": float("nan")}, "alpha"),
        ({"alpha": Spec("averge")}, "did you mean 'average'"),
        ({"alpha": Spec("linear", (("end", 0.0),))}, "alpha must lie"),
        ({"gamma": -0.1}, "gamma"),
        ({"gamma": 1.1}, "gamma"),
        ({"gamma": float("nan")}, "gamma"),
        ({"epsilon": 2.0}, "epsilon"),
        ({"epsilon": Spec("linear", (("start", 1.5),))}, "epsilon"),
        ({"initial": float("inf")}, "initial"),
        ({"explore": Spec("ubc")}, "did you mean 'ucb'"),
    ],
)
def test_bad_settings_are_refused(settings, says):
    with pytest.raises(UserError, match=says):
        TableConfig(**settings)


@dataclasses.dataclass(frozen=True)
class Opaque(Plain):
    """A strategy whose probabilities nobody knows."""

    rule = Explore(99, Rate(CONSTANT, 0.0), (0.0, 0.0, 0.0, 0.0))


def test_expected_sarsa_refuses_a_strategy_without_closed_form(monkeypatch):
    entry = Entry("strategy", "opaque", f"{__name__}:Opaque", "")
    monkeypatch.setattr(Entry, "load", lambda self: Opaque)
    monkeypatch.setattr(strategies, "find", lambda kind, name: entry)
    config = TableConfig(explore=Spec("opaque"))
    with pytest.raises(UserError, match="no closed form"):
        rule_of(EXPECTED_SARSA, config)
    assert rule_of(SARSA, config).explore.code == 99
