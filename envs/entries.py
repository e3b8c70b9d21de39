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
        "world",
        "daedalus/Windy-v0",
        "daedalus.envs.worlds.windy:windy",
        "windy gridworld of Sutton & Barto, example 6.5: four or king's moves, stochastic wind",
        ("finite",),
    ),
    Entry(
        "world",
        "daedalus/Gridworld-v0",
        "daedalus.envs.worlds.gridworld:gridworld",
        "5 × 5 grid of Sutton & Barto, example 3.5, which never ends",
        ("finite",),
    ),
    Entry(
        "world",
        "daedalus/SmallGridworld-v0",
        "daedalus.envs.worlds.gridworld:small_gridworld",
        "4 × 4 grid of Sutton & Barto, example 4.1",
        ("finite",),
    ),
    Entry(
        "world",
        "daedalus/FrozenLake-v0",
        "daedalus.envs.worlds.frozen_lake:frozen_lake",
        "frozen lake, Gymnasium's two maps or of any size",
        ("finite",),
    ),
    Entry(
        "world",
        "daedalus/RandomWalk-v0",
        "daedalus.envs.worlds.chains:random_walk",
        "random walk of Sutton & Barto, 5 or 19 states",
        ("finite",),
    ),
    Entry(
        "world",
        "daedalus/RiverSwim-v0",
        "daedalus.envs.worlds.chains:river_swim",
        "river swim of Strehl & Littman 2008",
        ("finite",),
    ),
    Entry(
        "world",
        "daedalus/DeepSea-v0",
        "daedalus.envs.worlds.chains:deep_sea",
        "deep sea of Osband, as in bsuite",
        ("finite",),
    ),
    Entry(
        "world",
        "daedalus/Gambler-v0",
        "daedalus.envs.worlds.gambler:gambler",
        "gambler's problem of Sutton & Barto, example 4.3",
        ("finite",),
    ),
    Entry(
        "world",
        "daedalus/Taxi-v0",
        "daedalus.envs.worlds.taxi:taxi",
        "taxi of Dietterich 2000",
        ("finite",),
    ),
    Entry(
        "world",
        "daedalus/Garnet-v0",
        "daedalus.envs.worlds.garnet:garnet",
        "random MDP (Archibald, McKinnon & Thomas 1995)",
        ("finite",),
    ),
    Entry(
        "service",
        "load_problem",
        "daedalus.envs.loading:load_problem",
        "a problem from its spec: an id, any Gymnasium id, or a drawing",
    ),
    Entry("command", "play", "daedalus.envs.showing.commands:play", "Play a world yourself."),
    Entry("command", "watch", "daedalus.envs.showing.commands:watch", "Watch what an agent of a run learned."),
    Entry(
        "command", "render", "daedalus.envs.showing.commands:render", "Draw a world: a picture, an animation, a video."
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
    "daedalus/Windy-v0": -15.0,
    "daedalus/Gridworld-v0": 198.0,
    "daedalus/SmallGridworld-v0": -2.0,
    "daedalus/FrozenLake-v0": 0.7441902878292679,
    "daedalus/RandomWalk-v0": 1.0,
    "daedalus/RiverSwim-v0": 59337.87809366177,
    "daedalus/DeepSea-v0": 0.99,
    "daedalus/Gambler-v0": 0.3990635950218776,
    "daedalus/Taxi-v0": 7.93,
    "daedalus/Garnet-v0": 97.07888800542051,
}
