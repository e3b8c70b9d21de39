"""The ids of worlds that models make, in Gymnasium's registry."""

#: What a perfect agent earns in the world as it is without arguments.
OPTIMA = {"daedalus/GeneratedMaze-v0": -17.4}


def register_generated() -> None:
    """Register them with Gymnasium, once; `daedalus.envs.making` finds their builders in the catalogue."""
    from gymnasium.envs.registration import register, registry

    from .entries import WORLDS

    for entry in WORLDS:
        builder = entry.target.partition(":")[2]
        if entry.name not in registry:
            register(
                entry.name,
                entry_point=f"daedalus.envs.making:{builder}",
                vector_entry_point=f"daedalus.envs.making:batched_{builder}",
                reward_threshold=OPTIMA[entry.name],
            )
