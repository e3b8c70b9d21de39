"""The command `daedalus`: sub-commands from the catalogue, loaded only when they are called.

`daedalus --help` and `daedalus list` answer at once because nothing else is imported: the other sub-commands are
shown by their entries' summaries.
"""

import difflib
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from daedalus.core.catalogue import Entry, of_kind
from daedalus.core.errors import UserError

_HELP = """Run agents in worlds whose optimum is known exactly, and compare them.

Start with:  daedalus compare daedalus/Maze-v0 --agents q_learning,sarsa
"""

_MENDABLE, _FAULT, _INTERRUPTED = 2, 1, 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command line and exit: 0; 2 for what the user can mend; 1 for a fault; 130 when interrupted."""
    typed = list(sys.argv[1:] if arguments is None else arguments)
    if (here := str(Path.cwd())) not in sys.path:  # for a module of the user's own, as in own_world:me/Ice-v0
        sys.path.append(here)
    sys.exit(_status(typed, debug="--debug" in typed))


def _status(typed: list[str], debug: bool) -> int:
    try:
        status = build(typed)(typed or ["--help"], prog_name="daedalus", standalone_mode=False)
        sys.stdout.flush()
        status = status if isinstance(status, int) else 0
        return _stopped(typed) if status == _INTERRUPTED else status  # Typer turns an interrupt into this number
    except KeyboardInterrupt:
        return _stopped(typed)
    except BrokenPipeError:  # `daedalus list | head`
        sys.stderr.close()
        return _FAULT
    except Exception as error:
        if interrupted(error):
            return _stopped(typed)
        if isinstance(error, UserError):
            return _say(str(error), _MENDABLE, debug)
        # Typer's usage errors have no public base class; this method is what they share.
        if hasattr(error, "format_message"):
            return _say(_usage(error, typed), _MENDABLE, debug)
        return _say(_fault(error), _FAULT, debug)


def interrupted(error: BaseException) -> bool:
    """Whether an error is Ctrl-C in disguise: one that comes inside a compiled call surfaces as a `SystemError`."""
    seen: list[BaseException] = []
    left: list[BaseException | None] = [error]
    while left:
        one = left.pop()
        if isinstance(one, KeyboardInterrupt):
            return True
        if one is not None and one not in seen:
            seen.append(one)
            left += [one.__cause__, one.__context__]
    return False


def _stopped(typed: Sequence[str]) -> int:
    kept = {"compare": "Finished blocks are", "tune": "What is finished is"}.get(_called(typed))
    more = f" {kept} kept; run the same command again to go on." if kept else ""
    sys.stderr.write(f"Interrupted.{more}\n")
    return _INTERRUPTED


def _say(message: str, status: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
        if details := getattr(sys.exception(), "details", ""):
            sys.stderr.write(f"in the worker:\n{details}")
    elif status == _FAULT:
        message += "\nThis is a fault; run again with --debug for the traceback."
    sys.stderr.write(f"daedalus: {message}\n")
    return status


def _fault(error: Exception) -> str:
    said = " ".join(str(error).split())
    return said if hasattr(error, "details") else f"{type(error).__name__}: {said}"


def _usage(error: Any, typed: Sequence[str]) -> str:
    """A usage error in one line, with the nearest option."""
    message = str(error.format_message()).split(" (Possible options", 1)[0].rstrip(".")
    command = next((word for word in typed if word in of_kind("command")), "")
    asked = str(getattr(error, "option_name", ""))
    near = difflib.get_close_matches(asked, getattr(error, "possibilities", None) or [], n=1, cutoff=0)
    hint = f"; did you mean {near[0]}?" if near else "."
    return f"{message}{hint} See daedalus {command + ' ' if command else ''}--help"


def build(typed: Sequence[str]) -> typer.Typer:
    """The command line with the code of the one sub-command that is called; the others only have their summaries."""
    app = typer.Typer(add_completion=False, help=_HELP, pretty_exceptions_enable=False)
    app.callback()(_root)
    commands = of_kind("command")
    called = _called(typed)
    if called and called not in commands:
        from daedalus.core.errors import unknown

        raise unknown("command", called, commands)
    for name, entry in commands.items():
        function = entry.load() if name == called else _placeholder(entry)
        app.command(name, short_help=entry.summary)(function)
    return app


def _called(typed: Sequence[str]) -> str:
    """The first word that is no option."""
    return next((word for word in typed if not word.startswith("-")), "")


def _placeholder(entry: Entry) -> Callable[[], None]:
    def command() -> None: ...

    command.__doc__ = entry.summary
    return command


def _version(wanted: bool) -> None:
    if wanted:
        from daedalus.core.lab.store.provenance import version

        typer.echo(f"daedalus {version()}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None: ...
