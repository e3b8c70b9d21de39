"""Our ids, and those of a user's own worlds, in Gymnasium's registry, whichever package is imported first."""

import functools
import importlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, final

from daedalus.core.errors import UserError

from .entries import CATALOGUE, OPTIMA

#: Where a process tells those that it starts which worlds its user has registered: id → "module:builder", as JSON.
_REGISTERED = "DAEDALUS_WORLDS"


def register_worlds() -> None:
    """Register every world of this floor with Gymnasium, once. Imports Gymnasium.

    No `max_episode_steps` is registered: a world's limit grows with its size, so each environment truncates itself
    and tells its own limit in `env.spec.max_episode_steps`. A number here would cut larger worlds short.
    """
    from gymnasium.envs.registration import register, registry

    for entry in CATALOGUE:
        builder = entry.target.partition(":")[2]
        if entry.kind == "world" and entry.name not in registry:
            register(
                entry.name,
                entry_point=f"daedalus.envs.making:{builder}",
                vector_entry_point=f"daedalus.envs.making:batched_{builder}",
                reward_threshold=OPTIMA[entry.name],
            )


def register_world(name: str, builder: Callable[..., Any]) -> None:
    """Register a world of one's own: `builder(**parameters)` returns a `World`, a `Schedule` or a `Bandit`.

    From then on `name`, such as "me/Ice-v0", is an id like those of the suite: `gymnasium.make` and `make_vec` take
    it with the builder's parameters, and so does every comparison in this process. Elsewhere, as on the command
    line, put the module before it: "my_module:me/Ice-v0". Every parameter needs a default. The builder runs once,
    at once, and the optimum under the defaults becomes the `reward_threshold`. The same name again replaces the
    builder. Raises `UserError` for an id that is malformed or taken, and for a builder that makes no world.
    """
    from gymnasium.envs.registration import register, registry
    from gymnasium.error import Error

    from .building import build_own
    from .making import BatchMaker, Maker

    source = functools.partial(build_own, name, builder)
    known = registry.get(name)
    if known is not None and not isinstance(known.entry_point, Maker):
        raise UserError(f"{name} is the id of another world; choose one of your own, such as me/Ice-v0")
    optimum = threshold(source({}))
    registry.pop(name, None)
    try:
        register(
            name, entry_point=Maker(source), vector_entry_point=BatchMaker(source), reward_threshold=optimum
        )  # fmt: skip
    except Error as error:
        raise UserError(f"{name} cannot be registered: {' '.join(str(error).split())}") from error
    registered = json.loads(os.environ.get(_REGISTERED, "{}"))
    os.environ[_REGISTERED] = json.dumps({**registered, name: _target(builder)})


def register_inherited(name: str) -> None:
    """Register a world that the user registered in the process that started this one, if it is one.

    Raises `UserError` where its builder cannot be imported.
    """
    from gymnasium.envs.registration import registry

    target = json.loads(os.environ.get(_REGISTERED, "{}")).get(name)
    if name in registry or target is None:
        return
    module, _, builder = target.partition(":")
    try:
        register_world(name, getattr(importlib.import_module(module), builder))
    except Exception as error:  # whatever the user's module raises when it is imported
        raise UserError(
            f"a worker process cannot import what makes {name} ({target or 'no function of a module'}: {error});\n"
            'put the builder into a module, and what runs it under `if __name__ == "__main__":`'
        ) from error


def threshold(value: Any) -> float | None:
    """The `reward_threshold` of a world: what a perfect agent can expect to earn in a fresh environment.

    That is the optimum of an episode under the time limit, in a world that changes that of the first phase; of a
    bandit the best mean per pull, and where its means change, over the first 10,000 pulls. None where that is a
    matter of chance (means that drift), or would cost minutes to compute. `OPTIMA` has it for the suite's own worlds.
    """
    from daedalus.core.planning import truth
    from daedalus.core.world import Bandit, Schedule, World

    from .worlds.contextual import ContextualBandit

    match value:
        case World():
            return truth(value).optimum
        case Schedule():
            return truth(value.phases[0]).optimum
        case Bandit():
            return None if value.drift else value.best_mean(10_000 if value.changing else 1)
        case ContextualBandit():
            return value.best_mean()
    return None


def _target(builder: Callable[..., Any]) -> str:
    """ "module:function" of a builder; empty where no other process can import it."""
    module, function = getattr(builder, "__module__", ""), getattr(builder, "__qualname__", "")
    if module == "__main__":  # a script is a module by its file's name
        main = sys.modules["__main__"]
        spec, path = getattr(main, "__spec__", None), getattr(main, "__file__", None)
        module = spec.name if spec else Path(path).stem if path else ""
    return f"{module}:{function}" if module and function.isidentifier() else ""


def register_on_import(register: Callable[[], None] = register_worlds) -> None:
    """Call `register` now if Gymnasium is there, else as soon as it has been imported.

    Gymnasium since 1.0 looks for no plugins, and importing it here would cost every `daedalus list` its import.
    """
    if sys.modules.get("gymnasium"):
        register()
        return
    watch = next((finder for finder in sys.meta_path if isinstance(finder, _Watch)), None)
    if watch is None:
        watch = _Watch()
        sys.meta_path.insert(0, watch)
    if register not in watch.waiting:
        watch.waiting.append(register)


@final
class _Watch(MetaPathFinder):
    """Finds nothing itself; lets Gymnasium's own loader register our worlds when it has run."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "gymnasium":
            return None
        others = (finder.find_spec(fullname, path, target) for finder in sys.meta_path if finder is not self)
        spec = next((found for found in others if found), None)
        if spec is None or spec.loader is None:
            return None
        run = spec.loader.exec_module

        def run_and_register(module: ModuleType) -> None:
            run(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            for register in self.waiting:
                register()

        setattr(spec.loader, "exec_module", run_and_register)  # noqa: B010 - this loader serves this import only
        return spec
