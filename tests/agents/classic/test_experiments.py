"""The experiments of the group "classic": those that take no time, and what all others stand on."""

import numpy as np
import pytest

from daedalus.agents.classic import running
from daedalus.agents.classic.entries import REPRODUCTIONS
from daedalus.agents.classic.running import episodes, finite, pulls, rewards, tables
from daedalus.core.catalogue import of_kind
from daedalus.core.errors import UserError
from daedalus.core.lab.reproduce import run_entry

CLIFF, SARSA = "daedalus/Cliff-v0", "sarsa:alpha=.5"


def test_every_experiment_is_announced():
    assert set(of_kind("reproduction").values()) >= set(REPRODUCTIONS)
    for entry in REPRODUCTIONS:
        assert entry.suits, entry.name
        assert callable(entry.load()), entry.name


@pytest.mark.parametrize("name", ["gridworld", "policy_evaluation", "gambler", "batches", "blackjack_best"])
def test_exact_experiments_pass(name):
    found = run_entry(of_kind("reproduction")[name], quick=True)
    assert not found.fault
    assert found.rows
    assert [row.quantity for row in found.rows if not row.passed] == []
    assert found.figures


def test_episodes_do_not_depend_on_who_runs_beside_them(monkeypatch):
    together = episodes(CLIFF, SARSA, runs=5, episodes=30)
    assert together.returns.shape == together.lengths.shape == (5, 30)
    alone = episodes(CLIFF, SARSA, runs=1, episodes=30, first_seed=3)
    np.testing.assert_array_equal(alone.returns[0], together.returns[3])
    monkeypatch.setattr(running, "_BLOCK", 2)
    for mine, theirs in zip(episodes(CLIFF, SARSA, runs=5, episodes=30), together, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_the_first_episodes_are_those_of_a_longer_run():
    some, more = (episodes(CLIFF, SARSA, runs=3, episodes=count) for count in (7, 60))
    np.testing.assert_array_equal(some.returns, more.returns[:, :7])
    np.testing.assert_array_equal(some.ends[:, -1], more.lengths[:, :7].sum(axis=1))
    assert (some.returns <= -some.lengths).all()  # -1 a step, -100 a fall


def test_rewards_are_those_of_the_episodes():
    """-1 a step and -100 a fall, counted over 40 steps at a time."""
    paid = rewards(CLIFF, SARSA, runs=3, steps=2000, every=40)
    assert paid.shape == (3, 50)
    found = episodes(CLIFF, SARSA, runs=3, episodes=40)
    for run, (ends, returns) in enumerate(zip(found.ends, found.returns, strict=True)):
        first = np.flatnonzero(ends % 40 == 0)
        for episode in first[ends[first] <= 2000]:
            till = 40 * paid[run, : ends[episode] // 40].sum()
            assert till == pytest.approx(returns[: episode + 1].sum())
    assert tables(CLIFF, SARSA, runs=3, steps=100).shape == (3, 48, 4)


def test_pulls_by_step_average_to_pulls_at_once():
    each = pulls("daedalus/Bandit-v0", "ucb:c=2", runs=20, steps=40)
    whole = pulls("daedalus/Bandit-v0", "ucb:c=2", runs=20, steps=40, every=40)
    assert each.reward.shape == each.optimal.shape == (20, 40)
    np.testing.assert_allclose(each.reward.mean(axis=1), whole.reward[:, 0])
    np.testing.assert_allclose(each.optimal.mean(axis=1), whole.optimal[:, 0])
    assert set(np.unique(each.optimal)) == {0.0, 1.0}


def test_worlds_that_do_not_fit_are_refused():
    with pytest.raises(UserError, match="is no finite world"):
        finite("daedalus/Bandit-v0")
    with pytest.raises(UserError, match="is no bandit"):
        pulls(CLIFF, "ucb", runs=2, steps=2)
