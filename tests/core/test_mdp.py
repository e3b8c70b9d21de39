"""The MDP as a value: what it accepts, what it refuses and how it says so."""

import os

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP, check_size


def parts():
    """Two states and two actions: 0 stays or goes to the terminal 1, each with a 0.1 slip."""
    return {
        "next_state": np.array([[[0, 1], [1, 0]], [[1, 1], [1, 1]]]),
        "probability": np.array([[[0.9, 0.1], [0.9, 0.1]], [[1.0, 0.0], [1.0, 0.0]]]),
        "reward": np.array([[[-1.0, 0.0], [0.0, -1.0]], [[0.0, 0.0], [0.0, 0.0]]]),
        "start": np.array([1.0, 0.0]),
        "terminal": np.array([False, True]),
    }


def test_shape_and_kinds():
    mdp = FiniteMDP(**parts())
    assert (mdp.states, mdp.actions, mdp.outcomes) == (2, 2, 2)
    assert mdp.next_state.dtype == np.int32
    assert not mdp.deterministic


def test_arrays_are_its_own_and_read_only():
    given = parts()
    mdp = FiniteMDP(**given)
    given["reward"][0, 0, 0] = 7
    assert mdp.reward[0, 0, 0] == -1
    with pytest.raises(ValueError, match="read-only"):
        mdp.reward[0, 0, 0] = 7


def test_equal_content_has_equal_fingerprints():
    one, same, other = FiniteMDP(**parts()), FiniteMDP(**parts()), parts()
    other["reward"][0, 0, 0] = -2
    assert one.fingerprint() == same.fingerprint() != FiniteMDP(**other).fingerprint()


def test_one_outcome_and_one_start_are_deterministic():
    line = {
        "next_state": np.ones((2, 1, 1), int), "probability": np.ones((2, 1, 1)), "reward": np.zeros((2, 1, 1)),
        "terminal": np.array([False, True]),
    }  # fmt: skip
    assert FiniteMDP(**line, start=np.array([1.0, 0.0])).deterministic
    assert not FiniteMDP(**line, start=np.array([0.5, 0.5])).deterministic


@pytest.mark.parametrize(
    ("name", "where", "value", "message"),
    [
        ("next_state", (0, 1, 0), 2, "state 0, action 1 leads outside 0…1"),
        ("next_state", (0, 1, 1), -1, "state 0, action 1 leads outside 0…1"),
        ("next_state", (0, 0, 0), 2**32, "state 0, action 0 leads outside 0…1"),
        ("probability", (0, 1, 0), 0.8, "state 0, action 1 has probabilities that do not sum to 1"),
        ("probability", (0, 1), [1.5, -0.5], r"state 0, action 1 has a probability outside \[0, 1\]"),
        ("probability", (0, 0, 1), np.nan, r"state 0, action 0 has a probability outside \[0, 1\]"),
        ("reward", (0, 1, 0), np.inf, "state 0, action 1 has a reward that is not finite"),
        ("next_state", (1, 1, 0), 0, "state 1, action 1 is terminal but leads elsewhere"),
        ("reward", (1, 0, 0), 1.0, "state 1, action 0 is terminal but pays a reward"),
        ("start", (0,), 0.5, "start probabilities must be at least 0 and sum to 1"),
        ("start", (0,), np.nan, "start probabilities must be at least 0 and sum to 1"),
    ],
)
def test_what_is_wrong_is_named_with_its_state_and_action(name, where, value, message):
    given = parts()
    given[name][where] = value
    with pytest.raises(UserError, match=message):
        FiniteMDP(**given)


@pytest.mark.parametrize("name", ["probability", "reward", "start", "terminal"])
def test_shapes_must_fit(name):
    given = parts()
    given[name] = given[name][:1]
    with pytest.raises(UserError, match=f"{name} must have shape"):
        FiniteMDP(**given)


def test_indices_must_be_integers():
    given = parts()
    with pytest.raises(UserError, match="must hold integers, not float64"):
        FiniteMDP(**{**given, "next_state": given["next_state"] + 0.5})
    with pytest.raises(UserError, match=r"must have shape \(states, actions, outcomes\)"):
        FiniteMDP(**{**given, "next_state": given["next_state"][0]})


def of_memory(monkeypatch, size):
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": size // 4096}.__getitem__)


def test_worlds_that_would_not_fit_are_refused_with_their_bytes(monkeypatch):
    of_memory(monkeypatch, 2**30)
    check_size(10**6, 4, 3)  # 240 MB; a quarter of 1 GiB is 268 MB
    with pytest.raises(UserError, match="need 320,000,000 bytes of tables, more than the 268,435,456 available"):
        check_size(4 * 10**6, 4, 1)
    of_memory(monkeypatch, 2**33)
    check_size(4 * 10**6, 4, 1)


def test_no_machine_builds_what_state_numbers_cannot_count(monkeypatch):
    of_memory(monkeypatch, 2**50)
    with pytest.raises(UserError, match="240,000,000,000 bytes of tables, more than the 17,179,869,184 available"):
        check_size(10**9, 4, 3)
    with pytest.raises(UserError, match="bytes of tables"):
        check_size(2**31, 1, 1)
