"""Lazy entries and errors that name the nearest."""

import pytest

from daedalus.core import catalogue
from daedalus.core.errors import UserError, unknown


def test_find_names_the_nearest() -> None:
    with pytest.raises(UserError, match="unknown world 'daedalus/Maze-v1'; did you mean 'daedalus/Maze-v0'"):
        catalogue.find("world", "daedalus/Maze-v1")


def test_unknown_without_a_neighbour_lists_what_there_is() -> None:
    assert str(unknown("agent", "zzz", ["sarsa", "ucb"])) == "unknown agent 'zzz'; known: sarsa, ucb"
    many = [f"p{n:02}" for n in range(20)]
    assert str(unknown("agent", "zzz", many)).endswith("p11, …")
    assert str(unknown("parameter of gpt", "zzz", many)).endswith("p18, p19")  # nowhere else are they listed


def test_entries_are_data() -> None:
    for entry in catalogue.entries():
        assert ":" in entry.target
        if entry.kind in ("data", "model"):
            assert entry.suits
        elif entry.kind != "reproduction":  # whose groups stand there
            assert set(entry.suits) <= {"bandit", "contextual", "finite", "changing", "open"}
