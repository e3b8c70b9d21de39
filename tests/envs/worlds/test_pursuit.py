"""The pursuit: corridors whose outcome is plain, the laws of a zero-sum game, and a learner as the other player."""

import numpy as np
import pytest

from daedalus.agents import QLearning
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP
from daedalus.core.planning import policy_value_within, random_policy, solve, truth
from daedalus.core.world import Thing, Tile
from daedalus.envs import pursuit
from daedalus.envs.tiling import neighbours
from daedalus.envs.worlds.pursuit import Game, pursuit_in

LETTERS = {"#": Tile.WALL, ".": Tile.FLOOR, "P": Tile.START, "G": Tile.GOAL, "H": Tile.FLOOR}
OTHERS = ("random", "greedy", "minimax")


def drawn(plan: str, other="minimax", role="prey", time_limit="auto"):
    """A pursuit in a plan where P is the prey, H the hunter and G the exit."""
    rows = plan.split("/")
    tiles = np.array([[LETTERS[letter] for letter in row] for row in rows], dtype=np.uint8)
    lair = next((y, row.index("H")) for y, row in enumerate(rows) if "H" in row)
    return pursuit_in("drawn", tiles, lair, other, role, time_limit)


@pytest.mark.parametrize("other", ["greedy", "minimax"])
@pytest.mark.parametrize(
    ("plan", "outcome"),
    [
        ("PG.H", 1),  # one step and out
        ("P.GH", -1),  # the hunter is at the exit first: the prey is driven into the dead end and caught there
        ("P..G...H", 1),  # three steps against four: the prey goes first and escapes
        ("P..G..H", 1),  # three against three, and the prey goes first
        ("P..G.H", -1),  # three against two: whoever waits at the exit has won
        ("HP...G", 1),  # a chase along a corridor that the prey always leads
        ("H.P/###/G..", -1),  # no way to the exit, and in a dead end none from the hunter
    ],
)
def test_corridors(plan, outcome, other):
    assert truth(drawn(plan, other)).optimum == outcome


@pytest.mark.parametrize(("plan", "outcome"), [("PG.H", -1), ("P..G.H", 1), ("HP...G", 1)])
def test_corridors_for_the_hunter(plan, outcome):
    """The hunter goes first here, so it catches a prey that stands next to it."""
    assert truth(drawn(plan, "minimax", "hunter")).optimum == outcome


def test_round_a_block_nobody_is_ever_caught():
    """The hunter stands before the exit and need not leave; the prey has a ring to run in. Neither side can win."""
    assert truth(drawn("P../.#./..H/##G", "minimax")).optimum == 0.0


def test_the_moves_of_a_corridor_by_hand():
    """Tiles 0…3 of "P.HG" against a hunter that stands still: state 4 · own + 2."""
    stay = np.zeros(16, dtype=np.int64)  # up: into the wall
    mdp = drawn("P.HG", stay).mdp
    assert mdp.start.argmax() == 0 * 4 + 2
    assert mdp.next_state[2, :, 0].tolist() == [2, 6, 2, 2]  # only to the right there is a way
    assert not mdp.reward[2].any()
    assert mdp.next_state[6, :, 0].tolist() == [6, 10, 6, 2]
    assert mdp.reward[6, :, 0].tolist() == [0, -1, 0, 0]  # onto the hunter
    assert np.flatnonzero(mdp.terminal).tolist() == [0, 5, 10, 12, 13, 14, 15]  # caught, or at the exit
    hunter = drawn("P.HG", stay, "hunter").mdp
    assert hunter.start.argmax() == 2 * 4 + 0
    assert hunter.reward[4 * 1 + 0, :, 0].tolist() == [0, 0, 0, 1]


def test_the_other_answers_with_its_own_view():
    """Policies are numbered as the other sees it: own tile first. A hunter that goes left only where it sees 3, 0."""
    policy = np.zeros((16, 4))
    policy[:, 0] = 1.0
    policy[3 * 4 + 1] = 0, 0, 0.25, 0.75  # it stands on 3 and the prey on 1
    mdp = drawn("P.GH", policy).mdp
    assert mdp.outcomes == 2
    after = dict(zip(mdp.next_state[0 * 4 + 3, 1].tolist(), mdp.probability[0 * 4 + 3, 1].tolist(), strict=True))
    assert after == {1 * 4 + 2: 0.75, 1 * 4 + 3: 0.25}  # down is a wall: it stays


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [(2, 3), (3, 3), (4, 4)])
def test_nobody_is_worse_for_the_prey_than_minimax_and_nobody_better_than_its_own_minimax(size, seed):
    """Value against any fixed other ≥ value of the game, for both sides, and the two sides' values are opposite."""
    against = {
        role: {other: truth(pursuit(*size, other=other, role=role, seed=seed)).optimum for other in OTHERS}
        for role in ("prey", "hunter")
    }
    for role in against:
        assert against[role]["minimax"] == min(against[role].values())
        assert against[role]["minimax"] in (-1.0, 0.0, 1.0)
    prey = pursuit(*size, other="minimax", seed=seed)
    n, game = int(prey.states**0.5), game_of(prey)
    assert np.sign(game.minimax()[0].ravel()[prey.mdp.start.argmax()]) == against["prey"]["minimax"]
    hunter = pursuit(*size, other="minimax", role="hunter", seed=seed)
    place = hunter.mdp.start.argmax()
    assert np.sign(-game.minimax()[1].T.ravel()[place]) == against["hunter"]["minimax"]
    assert n * n == prey.states


def game_of(world):
    tiles = world.scene.tiles
    cells = np.argwhere(tiles != Tile.WALL)
    return Game(neighbours(tiles).astype(np.int64), tiles[cells[:, 0], cells[:, 1]] == Tile.GOAL)


@pytest.mark.parametrize("plan", ["P..G.H", "P.../.#../...H/##G#", "HP.../.#.#./....G"])
def test_minimax_is_the_fixed_point_of_shapley_s_operator(plan):
    """A second implementation: plain value iteration on one MDP-like game of both sides' turns, discounted."""
    world = drawn(plan)
    game = game_of(world)
    value = np.zeros((2, game.tiles, game.tiles))
    for _ in range(3 * game.tiles**2):
        new = np.zeros_like(value)
        for prey, hunter in np.ndindex(game.tiles, game.tiles):
            for turn, pick in ((0, max), (1, min)):
                moved = [
                    (game.reached[prey, a], hunter) if turn == 0 else (prey, game.reached[hunter, a]) for a in range(4)
                ]
                new[turn, prey, hunter] = 0.99 * pick(
                    float(game.outcome[to]) if game.outcome[to] else value[(1 - turn, *to)] for to in moved
                )
        value = np.where(game.outcome != 0, game.outcome, new)
    found = game.minimax()
    for turn in (0, 1):
        assert np.array_equal(np.sign(found[turn]), np.sign(value[turn].round(9)))
    decided = (game.outcome == 0) & (value[0] != 0)
    depth = np.log(np.abs(value[0][decided])) / np.log(0.99)
    assert np.allclose(2 * game.tiles**2 + 2 - np.abs(found[0][decided]), depth)  # so many moves until the end


def test_sides_are_opposite_under_random_play():
    """The prey's first move leads into the world of a hunter that goes first, where everything counts the other way."""
    prey, hunter = drawn("P..G/.#../...H", "random", time_limit=200), drawn("P..G/.#../...H", "random", "hunter", 200)
    n, game = int(prey.states**0.5), game_of(prey)
    at, met = divmod(int(prey.mdp.start.argmax()), n)
    later = _at(hunter.mdp, random_policy(hunter.mdp), 200)  # by hunter and prey
    value = 0.0
    for move in range(4):
        to = game.reached[at, move]
        value += 0.25 * (game.outcome[to, met] or -later[met * n + to])
    assert policy_value_within(prey.mdp, random_policy(prey.mdp), 200) == pytest.approx(value, abs=1e-3)


def _at(mdp: FiniteMDP, policy, horizon):
    """The value of a policy from every state."""
    return np.array(
        [
            policy_value_within(
                FiniteMDP(mdp.next_state, mdp.probability, mdp.reward, np.eye(mdp.states)[s], mdp.terminal),
                policy,
                horizon,
            )
            for s in range(mdp.states)
        ]
    )


def test_a_learner_trained_in_one_role_is_the_other_in_the_other(tmp_path):
    """A prey that beats the greedy hunter, saved, becomes the other of a hunter; its policy array does the same."""
    prey = pursuit(3, 3, other="greedy", seed=1)
    learner = QLearning(prey, seed=0, alpha=1.0, gamma=0.9, initial=0.5).learn(40_000)
    policy = learner.q.argmax(axis=1)
    assert policy_value_within(prey.mdp, policy, prey.horizon) == truth(prey).optimum
    learner.save(tmp_path / "prey.safetensors")
    path = str(tmp_path / "prey.safetensors")
    hunter, same = (pursuit(3, 3, other=other, role="hunter", seed=1) for other in (path, policy))
    assert hunter.mdp.fingerprint() == same.mdp.fingerprint()
    assert truth(hunter).optimum >= truth(pursuit(3, 3, other="minimax", role="hunter", seed=1)).optimum
    answer = solve(hunter.mdp, 0.99).policy  # and back again: the best answer as the other of the prey
    assert truth(pursuit(3, 3, other=answer, seed=1)).optimum >= truth(pursuit(3, 3, other="minimax", seed=1)).optimum


def test_where_the_players_are():
    world = pursuit(2, 2)
    (player,) = world.scene.pieces
    assert player.thing == Thing.PLAYER
    n = int(world.states**0.5)
    start = int(world.mdp.start.argmax())
    own, met = divmod(start, n)
    assert world.scene.cell[start].tolist() == [1, 1]
    assert divmod(int(player.tile[start]), world.scene.tiles.shape[1]) == (3, 3)  # cell 1, 1 of 0…1
    assert (own, met) == (0, n - 1)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"other": "gready"}, "did you mean"),
        ({"role": "pray"}, "prey"),
        ({"other": np.zeros(3, dtype=np.int64)}, "must be"),
        ({"other": np.full(18 * 18, 7)}, "must be|hold actions"),
        ({"braid": 2.0}, r"braid must lie in \[0, 1\]"),
        ({"rows": 1}, "rows must be at least 2"),
        ({"other": "nowhere.safetensors"}, "cannot read nowhere.safetensors"),
        ({"rows": 40, "columns": 40}, "make it smaller"),
    ],
)
def test_bad_parameters(given, words):
    with pytest.raises(UserError, match=words):
        pursuit(**given)
