"""What lies, stands and hangs on the tiles of a grid: keys, doors, portals, one-way tiles, candies."""

from dataclasses import dataclass

import numpy as np

from daedalus.core.arrays import Bools, Ints, Pixels, States
from daedalus.core.errors import UserError
from daedalus.core.world import Piece, Thing, Tile

COLOURS = 6  # of keys and doors
PAIRS = 9  # of portals: what a drawing can tell apart
MOST_ITEMS = 27  # each doubles the states; more fit in no table
_MOST_BYTES = 2**30  # of pieces in a scene


@dataclass(frozen=True)
class Things:
    """Everything on a grid but its tiles. A tile is named by its number in reading order; all lie on floor.

    - `keys`, `doors`: (tile, colour), colours 0…5. Stepping onto a key picks it up for good. A door lets those pass
      who hold a key of its colour.
    - `portals`: (tile, tile). Whoever steps onto one stands on the other at once, and leaves it by an ordinary move.
    - `one_way`: (tile, action). A move against the arrow, onto such a tile or off it, stays put.
    - `candies`: (tile, reward). Stepping onto one eats it and adds its reward to the step's.
    """

    keys: tuple[tuple[int, int], ...] = ()
    doors: tuple[tuple[int, int], ...] = ()
    portals: tuple[tuple[int, int], ...] = ()
    one_way: tuple[tuple[int, int], ...] = ()
    candies: tuple[tuple[int, float], ...] = ()

    @property
    def items(self) -> tuple[int, ...]:
        """The tiles of what can be taken: keys first, then candies. Bit i of a state's set is item i."""
        return tuple(tile for tile, _ in (*self.keys, *self.candies))

    @property
    def sets(self) -> int:
        """How many sets of items can have been taken."""
        return 1 << len(self.items)

    def held(self, colour: int) -> Bools:
        """Whether a key of that colour is in each set of items, (sets,)."""
        keys = sum(1 << item for item, (_, own) in enumerate(self.keys) if own == colour)
        return np.asarray((np.arange(self.sets) & keys) > 0)

    def eaten(self) -> Bools:
        """Whether every candy is in each set of items, (sets,)."""
        candies = self.sets - (1 << len(self.keys))
        return np.asarray((np.arange(self.sets) & candies) == candies)


#: A bare grid.
NOTHING = Things()


def check_things(name: str, things: Things, tiles: Pixels) -> None:
    """Refuse things off the floor, two on one tile, and what has no meaning. Raises `UserError`."""
    flat, taken = tiles.ravel(), set[int]()
    paired = [("portal", tile) for pair in things.portals for tile in pair]
    single = [
        (word, tile)
        for word, those in (
            ("key", things.keys), ("door", things.doors), ("one-way arrow", things.one_way), ("candy", things.candies),
        )
        for tile, _ in those
    ]  # fmt: skip
    for word, tile in single + paired:
        if not 0 <= tile < flat.size:
            raise UserError(f"{name}: a {word} on tile {tile}; there are tiles 0…{flat.size - 1}")
        where = f"{name}, row {tile // tiles.shape[1] + 1}, column {tile % tiles.shape[1] + 1}"
        if flat[tile] != Tile.FLOOR:
            raise UserError(f"{where}: a {word} must lie on floor, not on a {Tile(flat[tile]).name.lower()} tile")
        if tile in taken:
            raise UserError(f"{where}: a {word} where something else lies already; one thing a tile")
        taken.add(tile)
    if any(not 0 <= colour < COLOURS for _, colour in (*things.keys, *things.doors)):
        raise UserError(f"{name}: the colours of keys and doors are 0…{COLOURS - 1}")
    if any(not 0 <= action < 4 for _, action in things.one_way):
        raise UserError(f"{name}: a one-way tile's action is 0 up, 1 right, 2 down or 3 left")
    if not all(np.isfinite(reward) for _, reward in things.candies):
        raise UserError(f"{name}: a candy's reward must be a finite number")
    if len(things.portals) > PAIRS:
        raise UserError(f"{name}: {len(things.portals)} pairs of portals; at most {PAIRS} can be told apart")
    if len(things.items) > MOST_ITEMS:
        raise UserError(
            f"{name}: {len(things.items)} keys and candies; each doubles the states, so at most {MOST_ITEMS} can be"
        )


def check_pieces(name: str, things: Things, cells: int) -> None:
    """Refuse, before memory is taken, a scene in which too many things come and go. Raises `UserError`."""
    keyed = {colour for _, colour in things.keys}
    moving = len(things.items) + sum(colour in keyed for _, colour in things.doors)
    if 4 * moving * cells * things.sets > _MOST_BYTES:
        raise UserError(
            f"{name}: {moving} things that come and go in {cells * things.sets:,} states make too large a scene; "
            "leave some out"
        )


def pieces_of(things: Things, cells: int) -> tuple[Piece, ...]:
    """The pieces of a scene whose states are the sets of taken items × `cells` cells."""

    def present(tile: int, gone_N: Bools) -> States:
        """The tile in each state, (S,); -1 in the sets where it is gone; (1,) where it never is."""
        if not gone_N.any():
            return np.array([tile], dtype=np.int32)
        return np.repeat(np.where(gone_N, -1, tile).astype(np.int32), cells)

    sets_N: Ints = np.arange(things.sets)
    taken = [(sets_N & (1 << item)) > 0 for item in range(len(things.items))]
    never = np.zeros(1, dtype=np.bool_)
    found = [Piece(Thing.KEY, present(tile, taken[i]), colour) for i, (tile, colour) in enumerate(things.keys)]
    for tile, colour in things.doors:
        found.append(Piece(Thing.DOOR, present(tile, things.held(colour)), colour))
    for pair, ends in enumerate(things.portals):
        found += [Piece(Thing.PORTAL, present(tile, never), pair) for tile in ends]
    found += [Piece(Thing.ONE_WAY, present(tile, never), action) for tile, action in things.one_way]
    for item, (tile, _) in enumerate(things.candies, len(things.keys)):
        found.append(Piece(Thing.CANDY, present(tile, taken[item])))
    for piece in found:
        piece.tile.flags.writeable = False
    return tuple(found)
