"""What the store keeps of a world or data set, so that the report need not load it: a card, the arrays of its scene."""

from typing import Any

import numpy as np

from daedalus.core.data import Data
from daedalus.core.lab.resolve import Place
from daedalus.core.world import Bandit, Schedule, World, sort_of

#: Up to so many states the optimal value of every state is worth its cost, for drawing.
_CHEAP_STATES = 50_000

#: Up to so many changes of a bandit's true means are told; of more, none could be told apart.
_MOST_SWITCHES = 1_000

Arrays = dict[str, np.typing.NDArray[Any]]


def card(place: Place) -> tuple[dict[str, Any], Arrays]:
    """The card (JSON) of a world and its arrays; quantities that do not exist are null."""
    problem = place.problem
    base: dict[str, Any] = {
        "world": str(place.spec),
        "kind": "data" if isinstance(problem, Data) else sort_of(problem),
        "fingerprint": place.fingerprint,
        "states": None,
        "actions": None,
        "horizon": None,
        "optimum": None,
        "random_value": None,
        "scene": None,  # the fingerprint of the arrays' file, where it is written
    }
    match problem:
        case World():
            return base | _finite(place, problem) | _made(problem), _scene(problem)
        case Schedule():
            now, first = problem.after(place.steps), problem.phases[0]
            return base | _finite(place, now) | _changes(place, problem) | _made(first), _scene(now)
        case Bandit():
            known = {"states": 1, "actions": problem.arms, "law": problem.law, "changing": problem.changing}
            return base | known | _switches(place, problem), {}
        case Data():
            return base | _described(problem), {}
        case _:
            return base | {"horizon": place.horizon}, {}


def _finite(place: Place, world: World) -> dict[str, Any]:
    """Optimum and random value are null where each seed has its own: the records say them."""
    from daedalus.core.planning import truth

    known = truth(world, place.horizon)
    own = place.layout_per_seed
    return {
        "states": world.states,
        "actions": world.mdp.actions,
        "action_names": list(world.actions),
        "horizon": known.horizon,
        "layout": "per_seed" if own else "fixed",  # per_seed: what is stored of the scene is the first seed's
        "optimum": None if own else _number(known.optimum),
        "random_value": None if own else _number(known.random_value),
    }


def _described(data: Data) -> dict[str, Any]:
    """A data set: how many examples its parts have (null: without end), what one is, and what models are judged by."""
    return {
        "sort": data.sort,
        "examples": {name: part.size for name, part in data.parts.items()},
        "fields": {
            name: {"shape": list(field.shape), "dtype": field.dtype, "values": field.values}
            for name, field in data.fields.items()
        },
        "measure": {
            "name": data.measure.name,
            "words": data.measure.words,
            "unit": data.measure.unit,
            "least": _number(data.measure.least),  # between these lies every score
            "most": _number(data.measure.most),
        },
        "optimum": _number(data.ceiling),
        "random_value": _number(data.chance),
        "notes": list(data.notes),
    }


def _changes(place: Place, schedule: Schedule) -> dict[str, Any]:
    """The first steps of the phases that a run meets; the records say the optimum of each."""
    if schedule.judged is not None:
        return {"kind": "finite", "notes": ["judged on levels that nobody learns in"]}
    return {"since": schedule.since[: schedule.phase_after(place.steps) + 1].tolist()}


def _made(world: World) -> dict[str, Any]:
    """What became of levels that a model drew."""
    return {"made": dict(world.made)} if world.made else {}


def _switches(place: Place, bandit: Bandit) -> dict[str, Any]:
    """The pulls from which on a run meets other true means, 0 first; not where there are none, or too many to tell."""
    if bandit.since is None:
        return {}
    rounds = place.steps // bandit.period if bandit.period else 0
    if rounds * bandit.since.size > _MOST_SWITCHES:
        return {}
    first = np.add.outer(np.arange(rounds + 1) * (bandit.period or 0), bandit.since).ravel()
    return {"since": first[first < max(place.steps, 1)].tolist()}


def _number(value: float | None) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None


def _scene(world: World) -> Arrays:
    """The scene's arrays, and V* without limit at γ = 1 (NaN where unbounded) where it is cheap."""
    scene = world.scene
    if scene is None:
        return {}
    met = slice(world.states)  # not the absorbing state that an import added
    arrays: Arrays = {
        "tiles": scene.tiles,
        "cell": scene.cell[met],
        "moves": np.array(scene.moves, dtype=np.int64),
        "terminal": world.mdp.terminal[met],
        "start": np.array([np.argmax(world.mdp.start)]),  # (1,), a state in which an episode begins
    }
    arrays |= {name: of[met] for name, of in (("level", scene.level), ("heading", scene.heading)) if of is not None}
    if scene.pieces:
        tiles = [piece.tile[met].astype(np.int32) for piece in scene.pieces]
        arrays |= {
            "piece_thing": np.array([piece.thing for piece in scene.pieces], dtype=np.int64),
            "piece_variant": np.array([piece.variant for piece in scene.pieces], dtype=np.int64),
            "piece_size": np.array([tile.size for tile in tiles], dtype=np.int64),  # 1 where it never moves, else S
            "piece_tile": np.concatenate(tiles),  # one piece after the other
        }
    if world.mdp.states <= _CHEAP_STATES:
        from daedalus.core.planning import solve

        solution = solve(world.mdp)
        arrays["optimal_value"] = np.where(solution.bounded, solution.value, np.nan)[met]
    return arrays
