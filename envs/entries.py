"""What this floor announces: its worlds, how a problem is loaded from its name, and how a scene is drawn."""

from daedalus.core.catalogue import Entry

CATALOGUE = (
    Entry(
        "world",
        "daedalus/Bandit-v0",
        "daedalus.envs.worlds.bandits:bandit",
        "k-armed bandit, Gaussian testbed or Bernoulli",
        ("bandit",),
    ),
    Entry(
        "world",
        "daedalus/Maze-v0",
        "daedalus.envs.worlds.mazes:maze",
        "generated maze, depth-first or uniform (Wilson)",
        ("finite",),
    ),
    Entry(
        "world",
        "daedalus/Cliff-v0",
        "daedalus.envs.worlds.grids:cliff",
        "cliff walk of Sutton & Barto, example 6.6",
        ("finite",),
    ),
    Entry(
        "world",
        "daedalus/FourRooms-v0",
        "daedalus.envs.worlds.grids:four_rooms",
        "four rooms of Sutton, Precup & Singh 1999",
        ("finite",),
    ),
    Entry(
        "service",
        "load_problem",
        "daedalus.envs.loading:load_problem",
        "a problem from its spec: an id, any Gymnasium id, or a drawing",
    ),
    Entry("service", "draw", "daedalus.envs.drawing.scenes:draw", "pixels of a scene with overlays"),
)

#: What a perfect agent earns in an episode of each world's defaults: Gymnasium's `reward_threshold`.
#: Computed by the solver; a test solves again and compares.
OPTIMA = {
    "daedalus/Bandit-v0": 1.1751792010739515,
    "daedalus/Maze-v0": -55.0,
    "daedalus/Cliff-v0": -13.0,
    "daedalus/FourRooms-v0": -13.0,
}
