"""Worlds: bandits, mazes and grid worlds, their drawing and their Gymnasium environments."""

if not __name__.startswith("daedalus."):
    raise ImportError("import daedalus.envs, not envs")
