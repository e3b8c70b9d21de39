"""Keys, doors, portals, one-way tiles and candies: hand-counted worlds, and a slow second implementation."""

from collections import deque

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from daedalus.core.errors import UserError
from daedalus.core.planning import solve, start_value
from daedalus.core.world import Thing, Tile
from daedalus.envs import WorldEnv, drawn_world, grid_world
from daedalus.envs.things import Things

UP, RIGHT, DOWN, LEFT = range(4)
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))
ROW = np.array([[Tile.START, Tile.FLOOR, Tile.FLOOR, Tile.FLOOR, Tile.GOAL]], dtype=np.uint8)


def best(text, **options):
    """The optimal return of a drawn world, without a time limit."""
    mdp = drawn_world(text, **options).mdp
    return start_value(mdp, solve(mdp).value)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("S.....G\n####.##\n###G..#", 6),  # to the near goal; the far one lies seven steps away
        ("aSAG", 4),  # left for the key, back, through the door, goal
        ("abSABG", 2 + 5),  # b and a to the left, then five to the right
        ("Sb.B.a\n#A####\n#G####", 5 + 4 + 2),  # b on the way through B to a, back to A's column, down
        ("aS\n.#\n.A\n#G", 1 + 2 + 1 + 1),
        ("S1#1.G", 3),  # onto the portal and so to the other; two more
        ("S.1#G1", 3),  # from the far end one step back
        ("S1.G\n####\n.1##", 5),  # to the lower end, left, back onto it and so to the upper, on twice
        ("S>G", 2),
        ("S<G\n...", 4),  # the arrow bars the straight way
        ("Sv#\n#.G", 3),  # neither with the arrow nor against it: from the side
        ("S~G\n...", 4),  # round the hazard
    ],
)
def test_shortest_ways_counted_by_hand(text, steps):
    # every step costs 1 but the one into the goal
    assert best(text) == -(steps - 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("*S..*", 20 - 5),  # left first: 1 + 4 steps, the last candy ends it
        ("S*G", 10 - 1),  # the step into the goal is free
        ("*S*G", 20 - 3),  # worth going back for
        ("*......S*G", 10 - 1),  # not worth fourteen steps
        ("aS*A*", 20 - 5),  # a key on the way to the second candy: 1 + 2 + 1 + 1 steps
    ],
)
def test_candies_counted_by_hand(text, value):
    assert best(text) == value


def test_what_a_candy_is_worth_decides_whether_it_is_fetched():
    assert best("*S.G", candy_reward=2.5) == 2.5 - 3  # there, back and on cost 3
    assert best("*S.G", candy_reward=1.5) == -1
    assert best("*S.G", candy_reward=1.5, goal_reward=4, step_reward=-0.5) == 1.5 - 1.5 + 4


def go(world, *actions):
    """The cells where one stands after each action, from the start, and what was paid."""
    mdp, state, cells, rewards = world.mdp, int(world.mdp.start.argmax()), [], []
    for action in actions:
        rewards.append(mdp.reward[state, action, 0])
        state = mdp.next_state[state, action, 0]
        cells.append(tuple(world.scene.cell[state].tolist()))
    return cells, rewards, int(state)


def test_a_door_is_shut_until_its_own_key_is_held():
    world = drawn_world("abSA.B.G")
    cells, rewards, _ = go(world, RIGHT, LEFT, RIGHT, RIGHT, LEFT, LEFT, RIGHT, RIGHT, RIGHT, RIGHT, RIGHT)
    # shut; key b; back; still shut; b; a; b; S; A stands open; on; B stands open
    assert [column for _, column in cells] == [2, 1, 2, 2, 1, 0, 1, 2, 3, 4, 5]
    assert rewards == [-1] * 11


def test_pieces_are_where_the_state_says():
    world = drawn_world("aSA*G1.1")
    where = {}
    for piece in world.scene.pieces:
        where.setdefault(piece.thing, []).append(piece)
    key, door, candy = where[Thing.KEY][0], where[Thing.DOOR][0], where[Thing.CANDY][0]
    state, seen = int(world.mdp.start.argmax()), []
    for action in (LEFT, RIGHT, RIGHT, RIGHT, LEFT):
        seen.append((key.tile[state], door.tile[state], candy.tile[state]))
        state = world.mdp.next_state[state, action, 0]
    # at the start; key in hand, so the door is open; twice more; the candy eaten
    assert seen == [(0, 2, 3), (-1, -1, 3), (-1, -1, 3), (-1, -1, 3), (-1, -1, -1)]
    assert [(piece.tile.tolist(), piece.variant) for piece in where[Thing.PORTAL]] == [([5], 0), ([7], 0)]


def test_pieces_tell_colours_pairs_and_directions():
    world = drawn_world("S.G\n^>v\n<Cc\n1E2\n21.")
    told = [(piece.thing, piece.tile.max(), piece.variant) for piece in world.scene.pieces]
    assert sorted(told) == [
        (Thing.KEY, 8, 2), (Thing.DOOR, 7, 2), (Thing.DOOR, 10, 4),
        (Thing.PORTAL, 9, 0), (Thing.PORTAL, 11, 1), (Thing.PORTAL, 12, 1), (Thing.PORTAL, 13, 0),
        (Thing.ONE_WAY, 3, UP), (Thing.ONE_WAY, 4, RIGHT), (Thing.ONE_WAY, 5, DOWN), (Thing.ONE_WAY, 6, LEFT),
    ]  # fmt: skip
    moving = [piece.thing for piece in world.scene.pieces if piece.tile.size > 1]
    assert sorted(moving) == [Thing.KEY, Thing.DOOR]  # door E has no key and never opens


def test_a_one_way_tile_bars_both_ends_of_the_way_against_it():
    world = drawn_world("S.>.G")
    cells, _, _ = go(world, RIGHT, RIGHT, LEFT, RIGHT, LEFT)
    assert [column for _, column in cells] == [1, 2, 2, 3, 3]


def test_a_portal_is_left_by_an_ordinary_move_and_bumping_into_a_wall_is_no_step():
    world = drawn_world("S1#1.G")
    cells, _, _ = go(world, RIGHT, UP, LEFT, RIGHT, LEFT, LEFT)
    # to the far end; twice a wall; off it; back onto it and so to the near end; off that
    assert [column for _, column in cells] == [3, 3, 3, 4, 1, 0]


def test_a_hazard_sends_back_with_what_is_taken():
    world = drawn_world("aS*~\n##A#\n##G#")
    cells, rewards, state = go(world, LEFT, RIGHT, RIGHT, RIGHT, RIGHT)
    assert cells == [(0, 0), (0, 1), (0, 2), (0, 1), (0, 2)]
    assert rewards == [-1, -1, 9, -100, -1]
    assert world.mdp.next_state[state, DOWN, 0] % 6 == 4  # the door, of six cells, is open


def test_states_are_numbered_by_what_is_taken_then_by_cell():
    world = drawn_world("a*S*.")  # items: key 0, candies 1 and 2; five cells
    assert world.states == 8 * 5
    assert world.mdp.start.argmax() == 2
    assert world.mdp.next_state[2, LEFT, 0] == 0b010 * 5 + 1
    assert world.mdp.next_state[2, RIGHT, 0] == 0b100 * 5 + 3
    assert world.mdp.next_state[0b010 * 5 + 1, LEFT, 0] == 0b011 * 5 + 0
    assert np.flatnonzero(world.mdp.terminal).tolist() == [*range(30, 40)]  # both candies eaten


def test_a_key_allows_as_many_steps_again():
    assert drawn_world("S..G").horizon == 8
    assert drawn_world("SabG").horizon == 3 * 8
    assert drawn_world("S*>G").horizon == 8


def test_goals_may_pay_differently():
    world = grid_world("row", np.array([[Tile.GOAL, Tile.START, Tile.FLOOR, Tile.GOAL]]), goal_reward=(1, 5))
    assert world.mdp.reward[:, :, 0].tolist() == [[0] * 4, [-1, -1, -1, 1], [-1, 5, -1, -1], [0] * 4]
    with pytest.raises(UserError, match="row: 3 goal rewards for 1 goals"):
        grid_world("row", ROW, goal_reward=(1, 2, 3))


def test_an_environment_walks_among_things():
    env = WorldEnv(drawn_world("aSA*G"))
    env.reset(seed=0)
    paid = [env.step(action)[1:3] for action in (RIGHT, LEFT, RIGHT, RIGHT, RIGHT, RIGHT)]
    assert paid == [(-1, False)] * 4 + [(9, False), (0, True)]


@pytest.mark.parametrize(
    ("things", "message"),
    [
        (Things(keys=((5, 0),)), "row: a key on tile 5; there are tiles 0…4"),
        (Things(keys=((-1, 0),)), "a key on tile -1"),
        (Things(candies=((0, 1.0),)), "row 1, column 1: a candy must lie on floor, not on a start tile"),
        (Things(one_way=((4, 0),)), "column 5: a one-way arrow must lie on floor, not on a goal tile"),
        (Things(keys=((1, 0),), doors=((1, 0),)), "column 2: a door where something else lies already"),
        (Things(portals=((2, 2),)), "column 3: a portal where something else lies"),
        (Things(keys=((1, 6),)), "colours of keys and doors are 0…5"),
        (Things(one_way=((1, 4),)), "action is 0 up, 1 right, 2 down or 3 left"),
        (Things(candies=((1, float("nan")),)), "must be a finite number"),
    ],
)
def test_refused_things(things, message):
    with pytest.raises(UserError, match=message):
        grid_world("row", ROW, things=things)


def test_what_fits_in_no_memory_is_refused_before_it_is_taken():
    tiles = np.zeros((1000, 1000), dtype=np.uint8)
    tiles[0, 0], tiles[-1, -1] = Tile.START, Tile.GOAL
    with pytest.raises(UserError, match="28 keys and candies; each doubles the states, so at most 27"):
        grid_world("field", tiles, things=Things(candies=tuple((1 + n, 1.0) for n in range(28))))
    with pytest.raises(UserError, match=r"67,108,864,000,000 states .* make the world smaller"):
        grid_world("field", tiles, things=Things(candies=tuple((1 + n, 1.0) for n in range(26))))
    with pytest.raises(UserError, match=r"301 things that come and go in 2,000,000 states make too large a scene"):
        grid_world("field", tiles, things=Things(keys=((1, 0),), doors=tuple((2 + n, 0) for n in range(300))))
    with pytest.raises(UserError, match="10 pairs of portals; at most 9"):
        grid_world("field", tiles, things=Things(portals=tuple((1 + 2 * n, 2 + 2 * n) for n in range(10))))


# A second implementation: one step in a drawing, by looking at the characters.


def reference_step(lines, place, taken, action):
    """Where one stands, what is taken and what is paid, (place, taken, reward), after one sure move."""

    def at(row, column):
        inside = 0 <= row < len(lines) and 0 <= column < len(lines[0])
        return lines[row][column] if inside else "#"

    def enters(target):
        arrow, opposite = "^>v<", "v<^>"[action]
        mark = at(*target)
        if mark == "#" or mark == opposite or at(*place) == opposite:
            return False
        assert arrow[action] != opposite
        return mark not in "ABCDEF" or any(at(*tile) == mark.lower() for tile in taken)

    target = (place[0] + MOVES[action][0], place[1] + MOVES[action][1])
    if not enters(target):
        return place, taken, -1.0
    mark = at(*target)
    if mark.isdigit():
        ends = [(r, c) for r, line in enumerate(lines) for c, other in enumerate(line) if other == mark]
        return next(end for end in ends if end != target), taken, -1.0
    if mark == "~":
        return next((r, line.index("S")) for r, line in enumerate(lines) if "S" in line), taken, -100.0
    if mark == "G":
        return target, taken, 0.0
    reward = 9.0 if mark == "*" and target not in taken else -1.0
    return target, taken | {target} if mark in "abcdef*" else taken, reward


def numbered(world):
    """The state of each (place, taken tiles), by what the scene shows."""
    columns = world.scene.tiles.shape[1]
    taken = [set() for _ in range(world.states)]
    for piece in world.scene.pieces:
        if piece.thing in (Thing.KEY, Thing.CANDY):
            for state in np.flatnonzero(piece.tile < 0):
                taken[state].add(divmod(int(piece.tile.max()), columns))
    places = map(tuple, world.scene.cell.tolist())
    return {(place, frozenset(taken[state])): state for state, place in enumerate(places)}


def agrees(lines, slip):
    """Hold every state that can be reached against the second implementation; how many there are."""
    world = drawn_world("\n".join(lines), slip=slip)
    state_of, mdp = numbered(world), world.mdp
    starts = [(r, c) for r, line in enumerate(lines) for c, mark in enumerate(line) if mark == "S"]
    candies = {(r, c) for r, line in enumerate(lines) for c, mark in enumerate(line) if mark == "*"}
    goals = any("G" in line for line in lines)
    assert {state_of[place, frozenset()] for place in starts} == set(np.flatnonzero(mdp.start))
    waiting = deque((place, frozenset()) for place in starts)
    seen = set(waiting)
    while waiting:
        place, taken = waiting.popleft()
        state = state_of[place, taken]
        ended = lines[place[0]][place[1]] == "G" if goals else candies <= taken
        assert mdp.terminal[state] == ended
        for action in range(4):
            if ended:
                law = {(state, 0.0): 1.0}
            else:
                law = {}
                for turned, chance in ((0, 1 - slip), (1, slip / 2), (-1, slip / 2)):
                    *there, reward = reference_step(lines, place, taken, (action + turned) % 4)
                    there = (there[0], frozenset(there[1]))
                    key = (state_of[there], reward)
                    law[key] = law.get(key, 0.0) + chance
                    if chance and there not in seen:
                        seen.add(there)
                        waiting.append(there)
            told = {}
            for k in range(mdp.outcomes):
                key = (int(mdp.next_state[state, action, k]), float(mdp.reward[state, action, k]))
                told[key] = told.get(key, 0.0) + float(mdp.probability[state, action, k])
            law = {key: chance for key, chance in law.items() if chance}
            assert {key: chance for key, chance in told.items() if chance} == pytest.approx(law)
    return len(seen)


def can_end(lines):
    """Whether some way leads from the start to a goal, by the second implementation."""
    start = next((r, line.index("S")) for r, line in enumerate(lines) if "S" in line)
    waiting = deque([(start, frozenset())])
    seen = set(waiting)
    while waiting:
        place, taken = waiting.popleft()
        if lines[place[0]][place[1]] == "G":
            return True
        for action in range(4):
            there = reference_step(lines, place, taken, action)
            there = there[0], frozenset(there[1])
            if there not in seen:
                seen.add(there)
                waiting.append(there)
    return False


BUSY = ["a.1S.#b", "~>.A*.B", "#v#.<.*", "c..C^1G"]


@pytest.mark.parametrize("slip", [0.0, 0.3, 1.0])
def test_a_busy_world_is_as_the_second_implementation_says(slip):
    assert agrees(BUSY, slip) > 100
    assert agrees([line.replace("G", ".") for line in BUSY], slip) > 100  # the last candy ends it


marks = st.text("....##^>v<aAbB*~", min_size=12, max_size=12)


@settings(max_examples=150, deadline=None)
@given(marks, st.permutations(range(12)), st.booleans(), st.sampled_from([0.0, 0.25]))
def test_random_worlds_are_as_the_second_implementation_says(marks, order, portals, slip):
    tiles = list(marks)
    for tile, mark in zip(order, "SG11" if portals else "SG", strict=False):
        tiles[tile] = mark
    assume(tiles.count("*") + tiles.count("a") + tiles.count("b") <= 5)
    lines = ["".join(tiles[row : row + 4]) for row in (0, 4, 8)]
    if can_end(lines):
        agrees(lines, slip)
    else:
        with pytest.raises(UserError, match="no goal can be reached from this start"):
            agrees(lines, slip)
