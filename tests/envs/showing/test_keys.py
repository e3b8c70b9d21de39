"""Keys: no action without one, none twice."""

import pytest

from daedalus.envs.showing.keys import QUIT, RESTART, action_keys, legend, letters


def test_moves_take_arrows_and_wasd():
    keys = action_keys(("up", "right", "down", "left"))
    assert [keys[key] for key in ("up", "right", "down", "left")] == [0, 1, 2, 3]
    assert [keys[key] for key in "wdsa"] == [0, 1, 2, 3]


def test_other_words_take_a_letter_of_theirs():
    keys = action_keys(("south", "north", "east", "west", "pick up", "drop off"))
    assert keys["p"] == 4
    assert keys["o"] == 5, "d and r are taken"
    assert legend(("south", "north", "east", "west", "pick up", "drop off")) == "arrows move · p pick up · o drop off"


def test_arms_take_their_digit():
    keys = action_keys(tuple(str(arm) for arm in range(12)))
    assert keys == {str(arm): arm for arm in range(10)}, "arms beyond the tenth have no key"


@pytest.mark.parametrize("actions", [("up", "right", "down", "left"), ("quit", "restart"), ("0", "1"), ("stay", "up")])
def test_no_action_takes_what_is_reserved(actions):
    keys = action_keys(actions)
    assert not {*QUIT, RESTART} & keys.keys()
    assert set(keys.values()) == set(range(len(actions)))
    assert not letters(("values", "view", "visits"), keys).keys() & keys.keys()
