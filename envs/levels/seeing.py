"""What agents in mazes of their own see: planes of 0 and 1 from strings of bits, compiled.

The same as `daedalus.envs.observing` shows of each maze's finite world.
"""

import numpy as np

from daedalus.core.arrays import Ints, Keys, Pixels
from daedalus.core.compiled import inlined, lean
from daedalus.envs.observing.sightlines import STRIDE, Sightlines, seen_board

from .moving import Places
from .packed import is_wall

_ONE, _LOW = np.uint64(1), np.uint64(63)


@lean
def views(
    out_MCV: Pixels, places: Places, index: Ints, lines: Sightlines, size: int, stride: int, window: np.uint64
) -> None:
    """What is in line of sight of the environments `index`: seen, wall and goal, size² tiles each."""
    row = np.uint64(window & np.uint64(255))
    turning = lines.bit.shape[0] > 1
    for m in range(index.size):
        n = index[m]
        heading = places.heading[n] if turning else 0
        top = places.at[n] + lines.corner[heading, 0] * stride + lines.corner[heading, 1]
        walls = _walls_in(places.walls, n, top, size, stride, row)
        seen = seen_board(walls, lines.bit[heading], lines.between[heading], window)
        goals = np.uint64(0)
        for g in range(places.goals.shape[1]):
            away = places.goals[n, g] - top
            if 0 <= away < size * stride and away % stride < size:
                goals |= np.uint64(_ONE << np.uint64(away // stride * STRIDE + away % stride))
        _lay_out(out_MCV[m, 0], seen, lines.bit[heading])
        _lay_out(out_MCV[m, 1], np.uint64(walls & seen), lines.bit[heading])
        _lay_out(out_MCV[m, 2], np.uint64(goals & seen), lines.bit[heading])


@inlined
def _walls_in(walls_NW: Keys, n: int, top: int, size: int, stride: int, row: np.uint64) -> np.uint64:
    """The board of the walls in the window whose first tile is the bit `top`."""
    board = np.uint64(0)
    for i in range(size):
        tile = np.uint64(top + i * stride)
        word, shift = np.int64(tile >> np.uint64(6)), np.uint64(tile & _LOW)
        low = np.uint64(walls_NW[n, word] >> shift)
        high = np.uint64(np.uint64(walls_NW[n, word + 1] << _ONE) << np.uint64(_LOW - shift))
        board |= np.uint64(np.uint64(np.uint64(low | high) & row) << np.uint64(STRIDE * i))
    return board


@inlined
def _lay_out(plane_V: Pixels, board: np.uint64, bit_V: Ints) -> None:
    """A board as bytes, in the order in which the tiles are shown."""
    for k in range(bit_V.size):
        plane_V[k] = np.uint8(np.uint64(board >> np.uint64(bit_V[k])) & _ONE)


@lean
def planes(out_MCT: Pixels, places: Places, index: Ints) -> None:
    """All tiles of the mazes of the environments `index`, packed without a margin: wall, goal and agent."""
    tiles = out_MCT.shape[2]
    for m in range(index.size):
        n = index[m]
        for word in range((tiles + 63) // 64):
            walls = places.walls[n, word]
            few = min(64, tiles - 64 * word)
            for k in range(few):
                out_MCT[m, 0, 64 * word + k] = np.uint8(np.uint64(walls >> np.uint64(k)) & _ONE)
        out_MCT[m, 1:] = 0
        for g in range(places.goals.shape[1]):
            out_MCT[m, 1, places.goals[n, g]] = 1
        out_MCT[m, 2, places.at[n]] = 1


@lean
def masks(out_NA: np.typing.NDArray[np.int8], places: Places, shift: Ints, straight: float, turning: bool) -> None:
    """1 for each action that can lead elsewhere, and for all where none can or a goal is reached: as every step costs
    the same, nothing else is of any use (`observing.masks`).

    Where the heading is state (`turning`), to turn is to get elsewhere.
    """
    for n in range(places.at.size):
        here = places.at[n]
        free = 0
        for action in range(4):
            free |= (0 if is_wall(places.walls, n, here + shift[action]) else 1) << action
        goal = False
        for g in range(places.goals.shape[1]):
            goal |= here == places.goals[n, g]
        leads = 15 if goal or not free else free
        if straight < 1 and leads != 15:
            sides = (leads << 1 | leads >> 3 | leads >> 1 | leads << 3) & 15
            leads = sides | (leads if straight > 0 else 0)
            leads = leads if leads else 15
        if turning:
            leads |= 15 & ~(1 << places.heading[n])
        for action in range(4):
            out_NA[n, action] = leads >> action & 1
