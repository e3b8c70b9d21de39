"""What a run learned, ready to be watched: read from the run's folder, in the world as it stands now."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from daedalus.core.catalogue import find, of_kind
from daedalus.core.errors import UserError, unknown
from daedalus.core.lab.resolve import Place
from daedalus.core.lab.store.run import Member, open_named
from daedalus.core.world import OpenWorld, Problem
from daedalus.envs.loading import load_problem

from .games import Game, game_of
from .overlays import Beliefs

_BASELINES = ("random", "optimal")


@dataclass(frozen=True, eq=False)
class Trained:
    """One seed's learner of one member of a run; its neighbours are a key away."""

    members: tuple[Member, ...]  # of one world
    at: int
    seed: int

    @property
    def member(self) -> Member:
        """Whose learner it is."""
        return self.members[self.at]

    @property
    def title(self) -> str:
        """Who is watched, in words."""
        return f"{self.member.label}, seed {self.seed}"

    def game(self, text: bool = False) -> Game:
        """The world with this learner's beliefs, which decide what is best in it.

        Raises `UserError` where the run keeps no policy, or the world is no longer the one it was learned in.
        """
        final = self.member.final()
        policy = _own(final, "policy", self.seed)
        if policy is None and (estimates := _own(final, "estimates", self.seed)) is not None:
            policy = np.array([estimates.argmax()])
        if policy is None and (act := self._actor(final)) is not None:
            return game_of(self._problem(), self.seed, Beliefs(act=act), text)
        if policy is None or not (policy >= 0).any():
            raise UserError(f"{self.member.label} in {self.member.world} keeps no policy that could be watched")
        q = _own(final, "q", self.seed)
        beliefs = Beliefs(None if q is None else q.max(axis=1), q, policy, _own(final, "visits", self.seed))
        return game_of(self._problem(), self.seed, beliefs, text)

    def _actor(self, final: dict[str, np.typing.NDArray[Any]]) -> Callable[[Any], int] | None:
        """How stored networks act, where another floor knows that."""
        if "actor" not in of_kind("service"):
            return None
        own = {name: array[self.seed] for name, array in final.items() if len(array) > self.seed}
        acting: Callable[[Any], int] | None = find("service", "actor").load()(self.member.experiment, own, self.seed)
        return acting

    def _problem(self) -> Problem:
        spec = self.member.experiment.world
        now = load_problem(spec)  # as seed 0 meets it, which is what the card tells
        fingerprint = Place(spec, now, self.member.experiment.horizon).fingerprint
        if not isinstance(now, OpenWorld) and fingerprint != self.member.card["fingerprint"]:
            raise UserError(f"{spec} has changed since the run; what was learned does not fit it any more")
        return load_problem(spec, self.seed)

    def other_agent(self) -> "Trained":
        """The next agent of the same world that keeps something to watch; this one where there is no other."""
        for step in range(1, len(self.members)):
            other = replace(self, at=(self.at + step) % len(self.members), seed=0)
            with contextlib.suppress(UserError):
                other.game()
                return other
        return self

    def other_seed(self, by: int) -> "Trained":
        """The learner of the seed `by` further on, round and round."""
        return replace(self, seed=(self.seed + by) % _seeds(self.member))


def open_trained(run: Path, world: str | None, agent: str | None, seed: int) -> Trained:
    """A run's learner: of that world, agent and seed, or the first that is no baseline.

    Raises `UserError` for a name that the run does not have, naming the nearest.
    """
    found = open_named(run)
    worlds = list(dict.fromkeys(member.world for member in found.members()))
    if world is not None and world not in worlds:
        raise unknown(f"world of {run}", world, worlds)
    members = tuple(member for member in found.members() if member.world == (world or worlds[0]))
    labels = [member.label for member in members]
    if agent is not None and agent not in labels:
        raise unknown(f"agent of {run}", agent, labels)
    learners = [one for one in members if one.experiment.agent.name not in _BASELINES]
    member = members[labels.index(agent)] if agent else (learners or list(members))[0]
    seeds = _seeds(member)
    if not 0 <= seed < seeds:
        raise UserError(f"{member.label} has finished seeds 0…{seeds - 1}, not {seed}")
    return Trained(members, members.index(member), seed)


def _seeds(member: Member) -> int:
    seeds = sum(len(block.seeds) for block in member.blocks())
    if not seeds:
        raise UserError(f"{member.label} in {member.world} has no finished seeds yet; run its command again")
    return seeds


def _own(final: dict[str, np.typing.NDArray[Any]], name: str, seed: int) -> Any:
    return final[name][seed] if name in final and len(final[name]) > seed else None
