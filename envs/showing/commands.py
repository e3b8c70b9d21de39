"""The sub-commands for eyes and hands: play, render, watch."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from daedalus.core.errors import UserError, unknown

if TYPE_CHECKING:
    from daedalus.core.world import Problem

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Env = Annotated[str, typer.Argument(metavar="ENV", help="A world, as for `compare`.", show_default=False)]
Seed = Annotated[int, typer.Option(help="Draws what is random in it.")]
Tile = Annotated[int | None, typer.Option(help="Pixels along a tile's side; fitted if not given.", show_default=False)]
Dark = Annotated[bool, typer.Option("--dark", help="The dark look.")]
Overlays = Annotated[
    str,
    typer.Option(
        "--overlay",
        metavar="A,B,…",
        help="Laid over it: values, triangles, policy, path, trail, view; of a run also visits.",
    ),
]
Out = Annotated[Path, typer.Option("-o", "--out", help="The file to write: .png, .gif, .webp or .mp4.")]
Fps = Annotated[float, typer.Option(help="Frames a second.")]
Steps = Annotated[int, typer.Option(help="The most steps that are shown.")]


def play(
    world: Env,
    terminal: Annotated[bool, typer.Option("--terminal", help="Play in this terminal; works over ssh.")] = False,
    seed: Seed = 0,
    tile: Tile = None,
    dark: Dark = False,
    overlay: Overlays = "",
    debug: Debug = False,
) -> None:
    """Play a world yourself, with arrows and letters; at the end your score stands beside the best possible.

    Examples:

      daedalus play daedalus/Maze-v0:rows=6,columns=6

      daedalus play my_maze.txt --terminal
    """
    _say_if_cold()
    from .episodes import fitting
    from .games import game_of
    from .play import play as play_on
    from .screens import opened

    game = game_of(_problem(world, seed), seed, text=terminal)
    with opened(terminal, tile or (1 if terminal else fitting(game)), _theme(dark)) as screen:
        verdicts = play_on(game, screen, _chosen(overlay))
    for verdict in verdicts:
        typer.echo(verdict)


def render(
    world: Annotated[str | None, typer.Argument(metavar="ENV", help="A world.", show_default=False)] = None,
    out: Out = Path("daedalus.png"),
    gallery: Annotated[bool, typer.Option("--gallery", help="One picture of all worlds instead.")] = False,
    policy: Annotated[str, typer.Option(help="Who acts in a moving picture: optimal or random.")] = "optimal",
    steps: Steps = 500,
    seed: Seed = 0,
    tile: Tile = None,
    dark: Dark = False,
    overlay: Overlays = "",
    fps: Fps = 8.0,
    width: Annotated[int, typer.Option(help="Pixels of the gallery's width.")] = 1280,
    debug: Debug = False,
) -> None:
    """Draw a world: its start as a picture, or an episode as an animation or a video.

    Examples:

      daedalus render daedalus/Maze-v0 -o maze.png --overlay values,path

      daedalus render daedalus/Taxi-v0 -o taxi.mp4

      daedalus render --gallery -o worlds.png
    """
    from .video import check_target, save

    if policy not in ("optimal", "random"):
        raise unknown("policy", policy, ("optimal", "random"))
    if steps < 1 or not fps > 0 or (tile is not None and tile < 1):
        raise UserError("steps, fps and tile must be above 0")
    check_target(out)
    _say_if_cold()
    if gallery:
        if world is not None or overlay or out.suffix.lower() != ".png":
            raise UserError("--gallery draws all worlds as one .png; leave the world and --overlay out")
        from daedalus.envs.drawing.gallery import gallery as all_worlds

        save(out, iter([all_worlds(width=width, theme=_theme(dark))]), fps)
    elif world is None:
        raise UserError("name a world to draw, or ask for --gallery")
    else:
        from .episodes import as_believed, at_random, fitting, frames
        from .games import game_of

        game = game_of(_problem(world, seed), seed)
        most = 0 if out.suffix.lower() == ".png" else steps
        choose = at_random(seed) if policy == "random" else as_believed
        save(out, frames(game, choose, most, tile or fitting(game), _theme(dark), _chosen(overlay)), fps)
    typer.echo(str(out))


def watch(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its name under runs/.")],
    world: Annotated[
        str | None, typer.Option(help="Which of its worlds, if it has several.", show_default=False)
    ] = None,
    agent: Annotated[str | None, typer.Option(help="Which agent, by its label.", show_default=False)] = None,
    seed: Annotated[int, typer.Option(help="Which seed's learner.")] = 0,
    terminal: Annotated[bool, typer.Option("--terminal", help="Watch in this terminal.")] = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Record an episode: .gif, .webp, .mp4.")] = None,
    steps: Steps = 500,
    tile: Tile = None,
    dark: Dark = False,
    overlay: Overlays = "",
    fps: Fps = 8.0,
    debug: Debug = False,
) -> None:
    """Watch what an agent learned: step by step or running, with its values, arrows and visits on keys.

    Examples:

      daedalus watch runs/demo

      daedalus watch demo --agent sarsa --seed 3 -o sarsa.mp4
    """
    _say_if_cold()
    from .episodes import as_believed, fitting, frames
    from .trained import open_trained

    trained = open_trained(run, world, agent, seed)
    if out is not None:
        from .video import check_target, save

        check_target(out)
        game = trained.game()
        save(out, frames(game, as_believed, steps, tile or fitting(game), _theme(dark), _chosen(overlay)), fps)
        typer.echo(str(out))
        return
    from .screens import opened
    from .watch import watch as watch_on

    game = trained.game(terminal)  # what cannot be watched is told before a screen opens
    with opened(terminal, tile or (1 if terminal else fitting(game)), _theme(dark)) as screen:
        watch_on(trained, screen, _chosen(overlay), fps, terminal)


def _say_if_cold() -> None:
    """A first use compiles; whoever waits at a terminal is told."""
    from daedalus.core.compiled import cold

    if sys.stderr.isatty() and cold():
        typer.echo("The first use compiles the kernels, for up to half a minute …", err=True)


def _problem(world: str, seed: int) -> "Problem":
    from daedalus.core.spec import parse_spec
    from daedalus.envs.loading import load_problem

    return load_problem(parse_spec(world), seed)


def _theme(dark: bool) -> Literal["light", "dark"]:
    return "dark" if dark else "light"


def _chosen(overlay: str) -> set[str]:
    from .overlays import OVERLAYS

    chosen = {name.strip() for name in overlay.split(",") if name.strip()}
    for name in sorted(chosen - set(OVERLAYS)):
        raise unknown("overlay", name, OVERLAYS)
    return chosen
