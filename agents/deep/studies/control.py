"""Classic control with rl-zoo3's recipes for DQN: ours beside Stable-Baselines3's, both run here on the same seeds.

Both are judged alike: the greedy policy, over ten episodes on seeds that all share, at the same points. The policy of
DQN changes much from point to point, so that of the last step alone is no measure; two are taken. The mean over the
last fifth of all steps is held against Stable-Baselines3's, by Welch's test: same seeds, but other streams of random
numbers, so there is nothing to pair. The best policy of each run is held against what rl-zoo3 published: one agent of
one run, chosen to show what can be reached, whose chance is taken to be that of ours. The best of many means of ten
episodes looks better than it is by about two of their standard errors, from the published spread of episodes: `slack`.

CleanRL's recipe (500,000 steps) is left out here: ten times the steps for one more number about the same world.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

from daedalus.core.lab.reproduction import Figure, Line, Row, alongside, mean_line, measured
from daedalus.core.lab.studying import curves

_EPISODES = 10  # of an evaluation


@dataclass(frozen=True)
class Recipe:
    """What rl-zoo3 runs DQN with in a world, and what it published of it."""

    world: str
    steps: int
    settings: str
    published: float  # mean return of the trained agent
    spread: float  # standard deviation of its episodes' returns
    quick_world: str  # the same with a shorter time limit, where learning nothing yet would take long to judge
    quick_steps: int
    seeds: int = 4


CARTPOLE = Recipe(
    "CartPole-v1", 50_000,
    "learning_rate=.0023,batch_size=64,buffer_size=100000,learning_starts=1000,target_update_interval=10,"
    "train_freq=256,gradient_steps=128,exploration_fraction=.16,exploration_final_eps=.04,width=256,depth=2",
    500.0, 0.0, "CartPole-v1", 2500, seeds=12,
)  # fmt: skip
ACROBOT = Recipe(
    "Acrobot-v1", 100_000,
    "learning_rate=.00063,batch_size=128,buffer_size=50000,learning_starts=0,target_update_interval=250,"
    "train_freq=4,gradient_steps=-1,exploration_fraction=.12,exploration_final_eps=.1,width=256,depth=2",
    -76.639, 11.752, "Acrobot-v1:max_episode_steps=50", 400,
)  # fmt: skip
MOUNTAIN_CAR = Recipe(
    "MountainCar-v0", 120_000,
    "learning_rate=.004,batch_size=128,buffer_size=10000,learning_starts=1000,gamma=.98,target_update_interval=600,"
    "train_freq=16,gradient_steps=8,exploration_fraction=.2,exploration_final_eps=.07,width=256,depth=2",
    -100.849, 9.925, "MountainCar-v0:max_episode_steps=50", 1500,
)  # fmt: skip


def cartpole(quick: bool) -> Iterator[Row | Figure]:
    """CartPole-v1, 50,000 steps."""
    yield from _beside("dqn_cartpole", CARTPOLE, quick)


def acrobot(quick: bool) -> Iterator[Row | Figure]:
    """Acrobot-v1, 100,000 steps."""
    yield from _beside("dqn_acrobot", ACROBOT, quick)


def mountain_car(quick: bool) -> Iterator[Row | Figure]:
    """MountainCar-v0, 120,000 steps."""
    yield from _beside("dqn_mountain_car", MOUNTAIN_CAR, quick)


def _beside(study: str, recipe: Recipe, quick: bool) -> Iterator[Row | Figure]:
    seeds, steps = (2, recipe.quick_steps) if quick else (recipe.seeds, recipe.steps)
    world = recipe.quick_world if quick else recipe.world
    agents = {"DQN": f"dqn:{recipe.settings}", "SB3": f"sb3/dqn:{recipe.settings}"}
    found = curves(study, world, agents, seeds, steps, quick)
    ours, theirs = found["DQN"], found["SB3"]
    source = f"Stable-Baselines3 {version('stable-baselines3')}, {seeds} seeds run here"
    yield alongside("greedy return, last fifth", ours.settled(), theirs.settled(), source)
    yield alongside("greedy return, mean over all points", ours.value.mean(axis=1), theirs.value.mean(axis=1), source)
    if not quick:  # the recipe's whole length is what was published
        slack = 2 * recipe.spread / _EPISODES**0.5
        for label, curve in found.items():
            quantity = f"{label}: greedy return, best policy of a run"
            yield measured(quantity, curve.best(), recipe.published, "rl-zoo3, benchmark.md", their_runs=1, slack=slack)
    lines = [mean_line(label, curve.step, curve.value) for label, curve in found.items()]
    if not quick:
        lines.append(Line("rl-zoo3", [0, steps], [recipe.published] * 2, whose="theirs"))
    yield Figure(world, "steps", "greedy return", lines, f"Means of {seeds} seeds; bands are 95 %.")
