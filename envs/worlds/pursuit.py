"""A maze with another player in it: the prey runs for the exit, the hunter after the prey."""

from pathlib import Path
from typing import Any, Literal

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints, Pixels
from daedalus.core.errors import UserError, unknown
from daedalus.core.mdp import FiniteMDP, check_size
from daedalus.core.world import Piece, Scene, Thing, Tile, World
from daedalus.envs.naming import TimeLimit, at_least, typed
from daedalus.envs.tiling import ACTIONS, MOVES, neighbours

from .mazes import maze_tiles

Role = Literal["prey", "hunter"]

#: The name of a policy or the path of one; in Python also the policy itself, an array.
Other = str | Any

_KNOWN = ("random", "greedy", "minimax")
_REMEDY = "save the other player's learner again"
_MOST_STATES = 1_000_000  # minimax solves so many in seconds


def pursuit(
    rows: int = 4,
    columns: int = 4,
    other: Other = "greedy",
    role: Role = "prey",
    braid: float = 0.5,
    seed: int = 0,
    time_limit: TimeLimit = "auto",
) -> World:
    """Theseus and the Minotaur: reach the exit without being caught, or catch who wants to reach it.

    ## Description
    A generated maze with loops. The prey starts at the top left and wants to the exit at the bottom right; the hunter
    starts in the middle. The two take turns, the agent first: it moves, then the other does. Whoever steps onto the
    other's tile, the hunter has caught the prey. The other player's policy is part of the world, so the world is an
    ordinary one, solved exactly: the optimum is the best answer to that policy.

    ## Action Space
    `Discrete(4)`: 0 up, 1 right, 2 down, 3 left, for the agent; a move into a wall stays put. The other player has
    the same.

    ## Observation Space
    `Discrete(n²)` for n tiles that are no wall: own tile · n + the other's tile, tiles numbered in reading order.

    ## Starting State
    Each player at its start.

    ## Rewards
    For the prey 1 at the exit, -1 when caught, else 0; for the hunter the opposite. Nothing is paid where neither
    happens in time. The exit does not help a prey that finds the hunter standing on it.

    ## Episode End
    Terminates at the exit or with the catch, truncates after `time_limit` steps.

    ## Arguments
    - `rows`, `columns`: cells, at least 2 each, so 4 × 4 cells are 9 × 9 tiles.
    - `other`: "random", any of its four moves with equal probability; "greedy", a hunter that follows a shortest way
      to the prey or a prey that follows one to the exit, the lowest action among equals; "minimax", the perfect
      player of the zero-sum game, which wins as fast or loses as slowly as possible; the path of a learner trained in
      the other role, as saved or as a run's `final.safetensors` keeps it (the first seed); or, in Python, any policy:
      (S,) actions or (S, A) probabilities over the states *as the other player numbers them*: its own tile · n + the
      agent's tile.
    - `role`: "prey" or "hunter", which side the agent plays.
    - `braid`: the share of closed passages that is opened for loops, as in `daedalus/Maze-v0`. Without loops nobody
      slips past anybody.
    - `seed`: draws the layout.
    - `time_limit`: steps, none, or "auto" for 4 n.

    ## References
    Minimax of a game of alternating moves: L. Shapley, Stochastic games, PNAS 39, 1953; here by retrograde analysis.

    ## Version History
    - v0: first version.
    """
    given = {"rows": rows, "columns": columns, "other": other if isinstance(other, str) else "policy", "role": role,
             "braid": braid, "seed": seed, "time_limit": time_limit}  # fmt: skip
    name = typed("daedalus/Pursuit-v0", pursuit, given)
    at_least(name, 2, rows=rows, columns=columns)
    at_least(name, 0, seed=seed)
    if not 0 <= braid <= 1:
        raise UserError(f"{name}: braid must lie in [0, 1], not {braid}")
    _check_tiles(name, 2 * rows * columns - 1)  # before they are drawn; loops only add to them
    tiles = maze_tiles("depth_first", rows, columns, seed, braid)
    lair = (2 * (rows // 2) + 1, 2 * (columns // 2) + 1)
    return pursuit_in(name, tiles, lair, other, role, time_limit)


def pursuit_in(
    name: str,
    tiles: Pixels,
    lair: tuple[int, int],
    other: Other,
    role: Role = "prey",
    time_limit: TimeLimit = "auto",
) -> World:
    """The pursuit in any grid of `Tile` with one start, for the prey, and exits; the hunter starts at `lair`.

    The rest is as in `pursuit`. Raises `UserError`.
    """
    if role not in ("prey", "hunter"):
        raise unknown(f"{name}: role", role, ("prey", "hunter"))
    cells = np.argwhere(tiles != Tile.WALL)
    count = len(cells)
    _check_tiles(name, count)
    kind = tiles[cells[:, 0], cells[:, 1]]
    game = Game(neighbours(tiles).astype(np.int64), kind == Tile.GOAL)
    policy = _other_policy(name, game, other, role)
    check_size(count**2, len(ACTIONS), int(np.count_nonzero(policy, axis=1).max()))
    prey = int(np.flatnonzero(kind == Tile.START)[0])
    hunter = int(np.flatnonzero((cells == lair).all(axis=1))[0])
    own, met = (prey, hunter) if role == "prey" else (hunter, prey)
    mdp = _mdp(game, role, policy, own * count + met)
    limit = 4 * count if time_limit == "auto" else time_limit
    place = (cells[:, 0] * tiles.shape[1] + cells[:, 1]).astype(np.int32)
    player = Piece(Thing.PLAYER, np.tile(place, count))
    scene = Scene(tiles, np.repeat(cells, count, axis=0), MOVES, (player,))
    return World(name, mdp, limit, ACTIONS, scene)


def _check_tiles(name: str, count: int) -> None:
    """Refuse more tiles than minimax could solve. Raises `UserError`."""
    if count**2 > _MOST_STATES:
        raise UserError(f"{name}: {count} tiles make {count**2:,} states, more than {_MOST_STATES:,}; make it smaller")


class Game:
    """The rules without the players: where moves lead, and where the prey is safe. Arrays are over n tiles."""

    def __init__(self, reached: Ints, exits: Bools) -> None:
        self.reached = reached  # (n, 4)
        self.exits = exits  # (n,)
        self.tiles = len(reached)
        #: What an end is worth to the prey, (n, n) by prey and hunter: 1 at the exit, -1 when caught, else 0.
        self.outcome = np.where(exits[:, None], 1, 0) * np.ones((1, self.tiles), dtype=np.int64)
        np.fill_diagonal(self.outcome, -1)

    def minimax(self) -> tuple[Ints, Ints]:
        """The value of the game to the prey where the prey is to move, and where the hunter is, (n, n) each.

        Retrograde analysis, a value iteration in whole numbers: who wins is worth ±(far - moves until the end), so
        the winner hurries and the loser delays; 0 is a game that neither side can win.
        """
        far = 2 * self.tiles**2 + 2
        ends = self.outcome * far
        prey_first = hunter_first = ends
        while True:
            before = prey_first, hunter_first
            prey_first = np.where(self.outcome != 0, ends, _later(hunter_first[self.reached].max(axis=1)))
            hunter_first = np.where(self.outcome != 0, ends, _later(prey_first[:, self.reached].min(axis=2)))
            if np.array_equal(before, (prey_first, hunter_first)):
                return prey_first, hunter_first

    def distances(self) -> Floats:
        """Moves from every tile to every other, (n, n); infinite where there is no way."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import shortest_path

        here = np.repeat(np.arange(self.tiles), len(MOVES))
        ways = csr_array((np.ones(here.size), (here, self.reached.ravel())), shape=(self.tiles, self.tiles))
        return np.asarray(shortest_path(ways, unweighted=True), dtype=np.float64)


def _later(value: Ints) -> Ints:
    """One move further from the end."""
    return np.asarray(value - np.sign(value))


def _other_policy(name: str, game: Game, other: Other, role: Role) -> Floats:
    """The other's probabilities of its four moves, (n², 4), by its own view."""
    n = game.tiles
    if not isinstance(other, str):
        return _checked(name, other, n)
    if other == "random":
        return np.full((n * n, len(MOVES)), 1 / len(MOVES))
    if other == "greedy":
        return _certain(_greedy(game, role))
    if other == "minimax":
        return _certain(_perfect(game, role))
    if other.endswith(".safetensors") or Path(other).is_file():
        return _checked(name, _learnt(other), n)
    raise unknown(f"{name}: other", other, (*_KNOWN, "the path of a saved learner"))


def _certain(actions: Ints) -> Floats:
    """The probabilities of actions (S,) that are taken for certain."""
    return np.asarray(np.eye(len(MOVES))[actions])


def _greedy(game: Game, role: Role) -> Ints:
    """A shortest way to the prey where the other hunts, to the exit where it is the prey; lowest action at ties."""
    after = game.distances()[game.reached]  # (n, 4, n), from where a move leads to every tile
    if role == "hunter":
        return np.asarray(np.repeat(after[:, :, game.exits].min(axis=2).argmin(axis=1), game.tiles))
    return np.asarray(after.argmin(axis=1).ravel())


def _perfect(game: Game, role: Role) -> Ints:
    """The minimax move of the other by its own view; where its move ends the game, that end counts."""
    prey_first, hunter_first = game.minimax()
    if role == "prey":  # the other hunts
        return np.asarray(prey_first[:, game.reached].argmin(axis=2).T.ravel())
    return np.asarray(hunter_first[game.reached].argmax(axis=1).ravel())


def _learnt(path: str) -> np.typing.NDArray[Any]:
    """The greedy policy of the first learner in a file of arrays: its `policy`, else that of its `q`."""
    from daedalus.core.files import damaged, read_arrays

    arrays, _ = read_arrays(Path(path), _REMEDY)
    if "policy" in arrays:
        return arrays["policy"] if arrays["policy"].ndim == 1 else arrays["policy"][0]
    if "q" in arrays and arrays["q"].ndim == 3:
        return np.asarray(arrays["q"][0].argmax(axis=1))
    raise damaged(Path(path), "no learner of a table in it", _REMEDY)


def _checked(name: str, given: Any, n: int) -> Floats:
    """A policy that was handed in, as `_other_policy` gives it. Raises `UserError` where it is none for this maze."""
    policy = np.asarray(given)
    states, moves = n * n, len(MOVES)
    if policy.shape == (states,) and np.issubdtype(policy.dtype, np.integer):
        if not ((policy >= 0) & (policy < moves)).all():
            raise UserError(f"{name}: the other's policy must hold actions 0…{moves - 1}")
        return _certain(policy)
    if policy.shape == (states, moves) and np.issubdtype(policy.dtype, np.floating):
        if not ((policy >= 0).all() and np.allclose(policy.sum(axis=1), 1, atol=1e-9)):
            raise UserError(f"{name}: the other's probabilities must be at least 0 and sum to 1 in every state")
        return np.asarray(policy, dtype=np.float64)
    raise UserError(
        f"{name}: the other's policy must be ({states},) actions or ({states}, {moves}) probabilities, "
        f"not {policy.dtype} {policy.shape}"
    )


def _mdp(game: Game, role: Role, policy: Floats, start: int) -> FiniteMDP:
    """The agent's world: its move, then the other's. Axes: own tile, other's tile, own action, other's move."""
    n, actions = game.tiles, len(MOVES)
    worth = game.outcome if role == "prey" else -game.outcome.T  # by own tile and the other's
    own = np.broadcast_to(game.reached[:, None, :, None], (n, n, actions, 1))
    met = np.broadcast_to(np.arange(n)[None, :, None, None], (n, n, actions, 1))
    ended = worth[own, met] != 0
    moves = max(1, int(np.count_nonzero(policy, axis=1).max()))  # that the other ever chooses between
    order = np.argsort(-policy, axis=1, kind="stable")[:, :moves]
    view = met[..., 0] * n + own[..., 0]  # as the other numbers it
    answer, chance = order[view], np.take_along_axis(policy, order, axis=1)[view]
    met_next = np.where(ended, met, game.reached[met, answer])
    reward = worth[own, met_next].astype(np.float64)
    next_state = (own * n + met_next).astype(np.int32)
    over = worth != 0
    next_state[over] = np.arange(n * n).reshape(n, n)[over][:, None, None]
    reward[over] = 0.0
    shape = (n * n, actions, moves)
    begin = np.zeros(n * n)
    begin[start] = 1.0
    return FiniteMDP(next_state.reshape(shape), chance.reshape(shape), reward.reshape(shape), begin, over.ravel())
