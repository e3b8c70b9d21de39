"""The words by which mazes are asked for; importing them costs nothing."""

from typing import Literal, get_args

Generator = Literal["depth_first", "prim", "kruskal", "wilson", "aldous_broder", "division", "rooms"]

#: Whether a maze is the same for all, drawn anew with each seed, or with each episode.
Layout = Literal["fixed", "per_seed", "per_episode"]

Each = Literal["seed", "episode"]

#: Which levels of a fixed set.
Split = Literal["all", "train", "test"]

#: The generators as compiled code knows them.
CODES: dict[str, int] = {name: code for code, name in enumerate(get_args(Generator))}
