"""`daedalus fit`, `daedalus sample` and `daedalus evaluate`: models on data sets."""

import json
from pathlib import Path
from typing import Annotated

import typer

from daedalus.core.errors import UserError

from .commands import DataDir, Debug, Jobs, Json, Name

_STEPS, _SEEDS = 2_000, 1


def fit(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A model: mlp, or mlp:width=256,dropout=.2.", show_default=False)
    ],
    data: Annotated[
        str, typer.Option(metavar="DATA", help="A data set: digits, or moons:noise=.3.", show_default=False)
    ],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=V", help="A setting of the model. May be repeated.", show_default=False),
    ] = None,
    steps: Annotated[int, typer.Option(help="Steps of the optimiser.")] = _STEPS,
    seeds: Annotated[int, typer.Option(help="Runs, each with weights and an order of examples of its own.")] = _SEEDS,
    name: Name = None,
    out: Annotated[Path, typer.Option(help="Where runs stand.")] = Path("runs"),
    jobs: Jobs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Fit a model to a data set: the score on the test part, and an HTML report with all that was measured.

    `daedalus compare DATA --models a,b` compares several; `daedalus list` shows models and data sets. The last line is
    the report's path. Killed or interrupted, the same command goes on where it was.

    Examples:

      daedalus fit mlp --data digits --set width=256 --steps 3000

      daedalus fit mlp --data moons --set patience=10 --seeds 10 --name moons

      daedalus fit gpt --data shakespeare --set width=128 --steps 2000 --name plays
    """
    from daedalus.core.spec import Labelled, Spec, parse_params, parse_spec

    asked = parse_spec(model)
    given = dict(asked.params)
    for setting in settings or []:
        for key, value in parse_params(setting, where="--set"):
            if key in given:
                raise UserError(f"{asked.name}: {key!r} is given twice")
            given[key] = value
    spec = Spec(asked.name, tuple(given.items()))
    from .job import run_plan
    from .plan import make_plan

    plan = make_plan([parse_spec(data)], [Labelled(str(spec), spec)], seeds=seeds, steps=steps, name=name or "")
    from .commands import tell_comparison

    tell_comparison(plan, run_plan(plan, jobs=jobs, out=out), as_json)


def sample(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its name under runs/.")],
    n: Annotated[int, typer.Option("-n", help="How many samples.")] = 64,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            help="samples.png, .txt or .npz. If not given, text is printed and pictures go to samples.png.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[str, typer.Option(metavar="LABEL", help="Which model, where the run holds several.")] = "",
    label: Annotated[int | None, typer.Option(help="The class that samples are of.", show_default=False)] = None,
    prompt: Annotated[str | None, typer.Option(help="What every sample begins with.", show_default=False)] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=V", help="How to sample: temperature=.8,top_k=10.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the random numbers: the same seed, the same samples.")] = 0,
    which: Annotated[int, typer.Option(metavar="SEED", help="The seed of the run whose weights are asked.")] = 0,
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Draw samples from a fitted model. The last line is the file's path.

    Examples:

      daedalus sample runs/digits -n 64 -o samples.png

      daedalus sample runs/plays --prompt "ROMEO:" --set temperature=.8
    """
    from daedalus.core.spec import parse_params

    from .sampling import Asked, check_out, draw, shown, write
    from .store.run import open_named

    check_out(out)
    options = tuple(pair for setting in settings or [] for pair in parse_params(setting, where="--set"))
    from daedalus.core.device import threads

    from .fits import stored

    with threads(1):
        one = stored(open_named(run), model, which)
        samples = draw(one, Asked(n, seed, label, prompt, options))
    if out is None:
        seen = shown(one.data, samples)
        if not hasattr(seen, "pixels"):
            typer.echo(seen.text)
            return
    path = out or Path("samples.png")
    write(one.data, samples, path)
    typer.echo(path)


def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its name under runs/.")],
    data_dir: DataDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Build the models of a finished run again from their settings and weights, and judge them on both held-out parts.

    Example:

      daedalus evaluate runs/moons --json
    """
    from dataclasses import asdict

    from .fits import judge
    from .store.run import open_named

    opened = open_named(run)
    found = judge(opened)
    if as_json:
        typer.echo(json.dumps({"run": str(opened.path), "results": [asdict(one) for one in found]}))
        return
    from .tables import show_judged

    show_judged(found)
