"""What replay and the target network do, after Mnih et al. 2015, extended data table 3: each off, and both.

The paper has it in five Atari games: without replay DQN falls to a few per cent, without the target network to
something between half and all. Here it is asked in a maze, where regret is exact, and of CartPole. A run's score is
its mean over all points, how fast it learns included; seeds are paired, their first weights and coins are the same.
Without replay an update learns from the newest transitions, as many and as often as one learns from drawn ones with it.

What comes out: in the maze, whose states are one-hot and hardly share weights, replay makes learning about twice as
fast and the target network makes no difference that shows; all come to a regret of 0. In CartPole, where all states
share them, nothing is learnt at all without the target network (one that follows at every step is no better), and
replay is worth a quarter of the return.
"""

from collections.abc import Iterator

from daedalus.core.lab.reproduction import Figure, Row, ahead, alongside, mean_line
from daedalus.core.lab.studying import Curves, curves

_OFF = {
    "with both": "",
    "without target network": ",target_network=false",
    "without replay": ",replay=false",
    "without either": ",replay=false,target_network=false",
}
_SOURCE = "Mnih et al. 2015, extended data table 3"
_MAZE = "daedalus/Maze-v0:rows=4,columns=4"
_MAZE_AGENT = "dqn:train_freq=2,batch_size=32,width=64"
_CARTPOLE_AGENT = (
    "dqn:train_freq=2,batch_size=64,width=64,depth=2,learning_starts=500,buffer_size=20000,"
    "target_update_interval=250,exploration_fraction=.2"
)


def ablation(quick: bool) -> Iterator[Row | Figure]:
    """Regret in a maze and returns in CartPole, with replay and target network and without."""
    seeds = 2 if quick else 8
    found = _off("dqn_ablation_maze", _MAZE, _MAZE_AGENT, seeds, 2000 if quick else 8000, quick)
    yield from _judged("maze", found, quick, "without target network")
    lines = [mean_line(label, curve.step, curve.regret) for label, curve in found.items()]
    yield Figure(_MAZE, "steps", "regret", lines, f"Means of {seeds} seeds, exact at every point; bands are 95 %.")
    found = _off("dqn_ablation_cartpole", "CartPole-v1", _CARTPOLE_AGENT, seeds, 1500 if quick else 20_000, quick)
    yield from _judged("CartPole-v1", found, quick)
    lines = [mean_line(label, curve.step, curve.value) for label, curve in found.items()]
    yield Figure("CartPole-v1", "steps", "greedy return", lines, f"Means of {seeds} seeds; bands are 95 %.")


def _off(study: str, world: str, agent: str, seeds: int, steps: int, quick: bool) -> dict[str, Curves]:
    agents = {label: f"{agent}{off}" for label, off in _OFF.items()}
    return curves(study, world, agents, seeds, steps, quick)


def _judged(world: str, found: dict[str, Curves], quick: bool, same: str = "") -> Iterator[Row]:
    """What is claimed of the means over all points: each `_OFF` costs, but for `same`, of which nothing is shown.

    A quick look is too short for that: nothing is shown yet.
    """
    mean = {label: curve.value.mean(axis=1) for label, curve in found.items()}
    both = mean.pop("with both")
    if quick:
        yield alongside(f"{world}: with both, beside without either", both, mean["without either"], "the same seeds")
        return
    for label, other in mean.items():
        if label == same:
            yield alongside(f"{world}: with both, beside {label}", both, other, f"{_SOURCE} has more with both")
        else:
            yield ahead(f"{world}: with both, over {label}", both, other, _SOURCE)
