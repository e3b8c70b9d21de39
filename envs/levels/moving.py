"""Moving in mazes of one's own: the compiled step of a batch with a layout for each environment."""

from typing import NamedTuple

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints, Keys, States
from daedalus.core.compiled import inlined, lean
from daedalus.core.draws import uniform

from .packed import is_wall


class Places(NamedTuple):
    """Where N environments are, each in its own maze (`packed`)."""

    walls: Keys  # (N, W)
    goals: States  # (N, G), bits
    at: Ints  # (N,), bits
    heading: Ints  # (N,), the last move tried
    began: Ints  # (N,), the step, counted since seeding, with which the episode began
    t: Ints  # (N,), steps since seeding
    world: Keys  # (N,), the keys of what chance does
    layout: Keys  # (N,), the keys of the layouts
    episode: Ints  # (N,), episodes begun since seeding


@lean
def move(
    places: Places,
    actions_N: Ints,
    over_N: Bools,
    restart: bool,
    ready: bool,
    shift: Ints,
    straight: float,
    left: float,
    limit: int,
    seen_N: Ints,
    reward_N: Floats,
    terminated_N: Bools,
    truncated_N: Bools,
) -> int:
    """Act once everywhere; with `restart` not where an episode was over, which `over_N` no longer says then.

    Returns 0 when it has done so. Before anything has moved: -1 - n where environment n is given an action that is
    none; 1 where there are episodes to be begun and they are not `ready`.
    -1 a step, 0 for the one into a goal. `shift` (4,) are the bits that each action goes. A move goes straight if its
    draw is below `straight`, to its left below `left`, else to its right.
    """
    wrong = over = np.False_
    for n in range(actions_N.size):
        idle = np.bool_(restart) & over_N[n]
        over |= idle
        wrong |= (np.uint64(actions_N[n]) > np.uint64(3)) & ~idle
    if wrong:
        return _first_wrong(actions_N, over_N, restart)
    if over and not ready:
        return 1
    for n in range(actions_N.size):
        if restart and over_N[n]:
            over_N[n] = False
            seen_N[n], reward_N[n], terminated_N[n], truncated_N[n] = places.at[n], 0.0, False, False
            continue
        action = actions_N[n]
        places.heading[n] = action
        if straight < 1:
            u = uniform(places.world[n], np.uint64(2) * np.uint64(places.t[n]))
            if u >= straight:
                action = (action + (3 if u < left else 1)) & 3
        here = places.at[n]
        there = here + shift[action]
        here = here if is_wall(places.walls, n, there) else there
        places.at[n] = here
        places.t[n] += 1
        ended = False
        for g in range(places.goals.shape[1]):
            ended |= here == places.goals[n, g]
        late = (not ended) & (places.t[n] - places.began[n] >= limit)
        seen_N[n] = here
        reward_N[n] = 0.0 if ended else -1.0
        terminated_N[n], truncated_N[n], over_N[n] = ended, late, ended | late
    return 0


@inlined
def _first_wrong(actions_N: Ints, over_N: Bools, restart: bool) -> int:
    """-1 - n for the first environment n that acts and whose action is none of the four."""
    n = 0
    while (restart and over_N[n]) or 0 <= actions_N[n] < 4:
        n += 1
    return -1 - n
