import dataclasses

import numpy as np
import pytest

from daedalus.agents import strategies, strategy_rules, table_config
from daedalus.agents.exploring.strategies import EpsilonGreedy
from daedalus.agents.tables.config import TableConfig, learner
from daedalus.agents.tables.loop import (
    EXPECTED_SARSA,
    Q_LEARNING,
    SARSA,
    expected_sarsa_target,
    learn,
    q_target,
    sarsa_target,
)
from daedalus.core.catalogue import Entry
from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key
from daedalus.core.spec import Spec

KEY = np.uint64(stream_key(0, "policy"))
Q = np.array([[0.0, 0.0], [2.0, 4.0]])  # the next state is row 1


def test_targets_by_hand():
    assert q_target(1.0, 0.5, 1.0, Q, 1) == 1 + 0.5 * 4
    assert sarsa_target(1.0, 0.5, 1.0, Q, 1, 0) == 1 + 0.5 * 2
    assert expected_sarsa_target(1.0, 0.5, 1.0, Q, 1, np.array([0.25, 0.75])) == 1 + 0.5 * (0.5 + 3)
    assert q_target(1.0, 0.5, 0.0, Q, 1) == 1
    assert sarsa_target(1.0, 0.5, 0.0, Q, 1, 0) == 1
    assert expected_sarsa_target(1.0, 0.5, 0.0, Q, 1, np.array([0.25, 0.75])) == 1


def updated(rule, epsilon, terminated, ended, alpha=0.5, t=0):
    """The value of (0, 1) after one step with reward 1 into state 1, and the action chosen ahead."""
    q, visits = Q.copy(), np.zeros((2, 2), np.int64)
    made = learner(rule, TableConfig(alpha=alpha, gamma=0.5, epsilon=epsilon))
    ahead = learn(made, q, visits, 0, 1, 1.0, 1, terminated, ended, KEY, t, np.empty(2))
    assert visits.tolist() == [[0, 1], [0, 0]]
    assert q[0, 0] == 0
    assert q[1].tolist() == [2, 4]
    return q[0, 1], ahead


@pytest.mark.parametrize("rule", [Q_LEARNING, SARSA, EXPECTED_SARSA])
def test_one_update_by_hand(rule):
    # greedy: every rule's target is 1 + .5·4 = 3, and half the way from 0 is 1.5
    value, ahead = updated(rule, 0.0, terminated=False, ended=False)
    assert value == 1.5
    assert ahead == (1 if rule == SARSA else -1)
    # a time limit cuts the episode, not the world: the same value, and nothing chosen for the next episode
    assert updated(rule, 0.0, terminated=False, ended=True) == (1.5, -1)
    # a terminal state never bootstraps: half the way to 1
    assert updated(rule, 0.0, terminated=True, ended=True) == (0.5, -1)


def test_expected_sarsa_weighs_by_the_policy():
    # ε = .5: the policy in the next state is (.25, .75), its value 3.5, the target 2.75
    assert updated(EXPECTED_SARSA, 0.5, terminated=False, ended=False)[0] == pytest.approx(1.375)
    assert updated(Q_LEARNING, 0.5, terminated=False, ended=False)[0] == 1.5


def test_sarsa_bootstraps_from_the_action_it_takes_next():
    for t in range(50):
        value, ahead = updated(SARSA, 1.0, terminated=False, ended=False, t=t)
        assert value == 0.5 * (1 + 0.5 * Q[1, ahead])
        assert ahead == strategy_rules.choose(
            EpsilonGreedy.code, (1.0, 0.0), Q, np.zeros((2, 2), np.int64), 1, KEY, t + 1
        )


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
        ({"gamma": -0.1}, "gamma"),
        ({"gamma": 1.1}, "gamma"),
        ({"gamma": float("nan")}, "gamma"),
        ({"epsilon": 2.0}, "epsilon"),
        ({"initial": float("inf")}, "initial"),
        ({"explore": Spec("ubc")}, "did you mean 'ucb'"),
    ],
)
def test_bad_settings_are_refused(settings, says):
    with pytest.raises(UserError, match=says):
        TableConfig(**settings)


@dataclasses.dataclass(frozen=True)
class Opaque:
    """A strategy whose probabilities nobody knows."""

    code = 99
    params = (0.0, 0.0)


def test_expected_sarsa_refuses_a_strategy_without_closed_form(monkeypatch):
    entry = Entry("strategy", "opaque", f"{__name__}:Opaque", "")
    monkeypatch.setattr(Entry, "load", lambda self: Opaque)
    monkeypatch.setattr(strategies, "find", lambda kind, name: entry)
    config = TableConfig(explore=Spec("opaque"))
    with pytest.raises(UserError, match="no closed form"):
        table_config.learner(EXPECTED_SARSA, config)
    assert learner(SARSA, config).strategy == 99
