"""Our ids in Gymnasium's registry, whichever of the two packages is imported first."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import final

from .entries import CATALOGUE, OPTIMA


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


def register_on_import() -> None:
    """Register now if Gymnasium is there, else as soon as it has been imported.

    Gymnasium since 1.0 looks for no plugins, and importing it here would cost every `daedalus list` its import.
    """
    if sys.modules.get("gymnasium"):
        register_worlds()
    elif not any(isinstance(finder, _Watch) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Watch())


@final
class _Watch(MetaPathFinder):
    """Finds nothing itself; lets Gymnasium's own loader register our worlds when it has run."""

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
            register_worlds()

        setattr(spec.loader, "exec_module", run_and_register)  # noqa: B010 - this loader serves this import only
        return spec
