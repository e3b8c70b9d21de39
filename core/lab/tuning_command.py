"""`daedalus tune`: the words of it, and what it prints."""

import json
from pathlib import Path
from typing import Annotated

import typer

from .commands import Debug, Horizon, Jobs, Json
from .plan import STEPS
from .tuning import FRESH, SEEDS, TRIALS

Space = Annotated[
    str,
    typer.Option(
        metavar="KEY=LOW..HIGH,…",
        help="What to search: alpha=0.01..1:log,epsilon=0..0.3 or explore=greedy|ucb(c=1). If not given, what the "
        "agent declares, or each of its numbers but gamma.",
        show_default=False,
    ),
]
Goal = Annotated[
    str,
    typer.Option(
        metavar="final|curve",
        help="The score of a proposal: the mean over seeds of the value at the end, by which `compare` judges, or over "
        "the learning curve, where it counts how soon.",
    ),
]


def tune(
    world: Annotated[str, typer.Argument(metavar="ENV", help="A world, as for `compare`.", show_default=False)],
    agent: Annotated[
        str,
        typer.Argument(
            metavar="AGENT", help="An agent; what its text fixes is not searched: sarsa:epsilon=.1.", show_default=False
        ),
    ],
    space: Space = "",
    trials: Annotated[int, typer.Option(help="Proposals. More, later, go on where the search ended.")] = TRIALS,
    seeds: Annotated[int, typer.Option(help="Runs of each proposal.")] = SEEDS,
    steps: Annotated[int, typer.Option(help="Steps (pulls) of each run.")] = STEPS,
    goal: Goal = "final",
    fresh: Annotated[int, typer.Option(help="Seeds that judge the winner; the search never uses them.")] = FRESH,
    horizon: Horizon = None,
    seed: Annotated[int, typer.Option(help="Of the search itself: the same proposals for the same seed.")] = 0,
    jobs: Jobs = None,
    name: Annotated[
        str | None, typer.Option(help="The run's folder; of the search if not given.", show_default=False)
    ] = None,
    out: Annotated[Path, typer.Option(help="Where runs stand.")] = Path("runs"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Search for an agent's best parameters in a world, and judge the winner on seeds that it never saw.

    Optuna's tree-structured Parzen estimator proposes, first the agent as it is; hopeless proposals are given up on the
    way by the median rule. Then winner and agent as it was run on fresh seeds, since the best score of a search is a
    maximum and flatters. The search uses one core, the comparison all; both go on after an interruption.

    The last line is the report's path.

    Examples:

      daedalus tune daedalus/Cliff-v0 sarsa --steps 5000

      daedalus tune daedalus/Bandit-v0 ucb --space c=0.1..4:log --seeds 200 --steps 1000 --fresh 1000
    """
    from .tuning import tune as search_and_compare

    found = search_and_compare(
        world,
        agent,
        space=space,
        trials=trials,
        seeds=seeds,
        steps=steps,
        goal=goal,  # type: ignore[arg-type]  # checked there
        fresh=fresh,
        horizon=horizon,
        seed=seed,
        jobs=jobs,
        name=name,
        out=out,
    )
    if as_json:
        typer.echo(json.dumps(found.to_dict(), allow_nan=False, ensure_ascii=False))
    else:
        from .tables import show_tuned

        show_tuned(found)
