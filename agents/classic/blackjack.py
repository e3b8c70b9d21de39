"""Blackjack: Monte Carlo on Gymnasium's game, against the same game solved.

Cards come from an endless deck, so the game is a finite MDP of 200 states that matter: the player's sum, the dealer's
card, and whether an ace may still count 1. It is written down here from the rules and solved; what is learnt in
`Blackjack-v1` is held against it. Gymnasium's game pays a natural like any 21; the book's pays it against every hand of
the dealer but another natural, which changes the value of 21, not the policy. With a usable ace the best player hits 18
against an ace: the notch of the book's figure that, as the book says, Thorp's strategy (1966) has not.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np

from daedalus.agents.interaction import Interaction
from daedalus.agents.prediction.policies import GIVEN, thresholds
from daedalus.agents.prediction.returns import MONTE_CARLO, MonteCarloConfig
from daedalus.agents.tables.agent import TableAgent
from daedalus.agents.tables.method import Shape
from daedalus.agents.tables.population import TablePopulation, fresh_memory
from daedalus.core.arrays import Floats, Ints
from daedalus.core.lab.reproduction import Figure, Line, Row, ahead, exact_table, measured
from daedalus.core.planning import evaluate_policy, solve
from daedalus.core.spec import Spec
from daedalus.core.world import World
from daedalus.envs import rule_world

_BOOK = "Sutton & Barto 2018"
_SUMS, _CARDS = range(4, 22), range(1, 11)  # the player's sums, the dealer's cards; an ace is 1
_END = len(_SUMS) * len(_CARDS) * 2
_DEALT = [1 / 13] * 9 + [4 / 13]  # the chance of each card 1…10
STICK, HIT = 0, 1


def state_of(total: int, card: int, usable: bool) -> int:
    """The number of a state."""
    return ((total - 4) * 10 + card - 1) * 2 + int(usable)


def drawn(total: int, usable: bool, card: int) -> tuple[int, bool]:
    """A hand after one more card; an ace counts 11 while that does not go over 21."""
    total += card
    if card == 1 and total + 10 <= 21:
        return total + 10, True
    return (total - 10, False) if total > 21 and usable else (total, usable)


def dealers(card: int) -> dict[int, float]:
    """The chances of the dealer's final sums, who sticks on 17 or more; over 21 counts as 0."""
    final: dict[int, float] = {}

    def deal(total: int, usable: bool, chance: float) -> None:
        if total >= 17:
            reached = total if total <= 21 else 0
            final[reached] = final.get(reached, 0.0) + chance
            return
        for another, p in zip(_CARDS, _DEALT, strict=True):
            deal(*drawn(total, usable, another), chance * p)

    deal(*drawn(0, False, card), 1.0)
    return final


def blackjack() -> World:
    """The game as a finite world; action 0 sticks, 1 hits."""
    places = [(total, card, usable) for total in _SUMS for card in _CARDS for usable in (False, True)]
    final = {card: dealers(card) for card in _CARDS}

    def rule(state: int, action: int) -> list[tuple[float, int, float]]:
        total, card, usable = places[state]
        if action == STICK:
            paid = [(p, float(np.sign(total - reached))) for reached, p in final[card].items()]
            return [(sum(p for p, one in paid if one == reward), _END, reward) for reward in (-1.0, 0.0, 1.0)]
        after = [(p, drawn(total, usable, another)) for another, p in zip(_CARDS, _DEALT, strict=True)]
        return [
            (p, _END, -1.0) if reached > 21 else (p, state_of(reached, card, still), 0.0)
            for p, (reached, still) in after
        ]

    world = rule_world("blackjack", _END + 1, ("stick", "hit"), rule, start=0, terminal=[_END], horizon=None)
    start = np.zeros(_END + 1)
    for one, p in zip(_CARDS, _DEALT, strict=True):
        for two, q in zip(_CARDS, _DEALT, strict=True):
            total, usable = drawn(*drawn(0, False, one), two)
            for card, r in zip(_CARDS, _DEALT, strict=True):
                start[state_of(total, card, usable)] += p * q * r
    return replace(world, mdp=replace(world.mdp, start=start / start.sum()))


class Numbered(gymnasium.ObservationWrapper[Any, Any, Any]):
    """Gymnasium's game with the numbers of these states in place of its triples; a lost hand counts as 21."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        super().__init__(env)
        self.observation_space = gymnasium.spaces.Discrete(_END)

    def observation(self, observation: Any) -> int:
        """The number of (sum, card, usable ace)."""
        total, card, usable = observation
        return state_of(min(int(total), 21), int(card), bool(usable))


def stick_on_20() -> Ints:
    """The book's player: sticks on 20 and 21 only, (S,)."""
    return np.array([STICK if state // 20 + 4 >= 20 else HIT for state in range(_END)] + [STICK])


_CONFIG = MonteCarloConfig(gamma=1.0, policy=Spec(GIVEN))


def lived(policy: Ints, seed: int, episodes: int) -> Floats:
    """Values (S,) by every-visit Monte Carlo after so many episodes of Gymnasium's game."""
    memory = fresh_memory(MONTE_CARLO, Shape(1, _END, 2), _CONFIG, _END)
    memory.own.chances[0] = thresholds(np.eye(2)[policy[:_END]])
    agent = TableAgent(MONTE_CARLO, _CONFIG, memory, 0, seed)
    life = Interaction(Numbered(gymnasium.make("Blackjack-v1", disable_env_checker=True)), agent, seed)
    while memory.now.episodes[0] < episodes:
        life.run(agent.step + 1)
    return np.asarray(memory.now.q[0, :, 0])


def compiled(world: World, policy: Ints, runs: int, episodes: int) -> Floats:
    """The same in the game as it is written down here, after a little more episodes, (N, S)."""
    population = TablePopulation(world, MONTE_CARLO, _CONFIG, range(runs))
    population.own.chances[...] = thresholds(np.eye(2)[policy])
    while population.now.episodes.min() < episodes:
        population.run(population.step + 1000)
    return np.asarray(population.now.q[:, :_END, 0])


#: States that are met often enough to be measured after 10,000 episodes.
_COMMON = ((20, 10, False), (19, 10, False), (15, 10, False), (13, 2, False), (12, 1, False))
_MORE = (*_COMMON, (13, 10, True), (18, 6, True), (21, 1, True))


def values(quick: bool) -> Iterator[Row | Figure]:
    """Figure 5.1: the value of sticking on 20 and 21 only, by Monte Carlo after 10,000 and 500,000 episodes."""
    world, policy = blackjack(), stick_on_20()
    exact_S = evaluate_policy(world.mdp, policy)
    runs = 10 if quick else 40
    few_NS = np.stack([lived(policy, seed, 10_000) for seed in range(runs)])
    many_NS = compiled(world, policy, 40, 500_000)
    for what, states, found in (("10,000", _COMMON, few_NS), ("500,000", _MORE, many_NS)):
        for total, card, usable in states:
            state = state_of(total, card, usable)
            hand = f"{total}{' with an ace' if usable else ''} against {card}"
            yield measured(f"{hand}, {what} episodes", found[:, state], exact_S[state], "exact: solved")
    off = [np.sqrt(((found - exact_S[:_END])[:, _SHOWN] ** 2).mean(axis=1)) for found in (many_NS, few_NS)]
    yield ahead("error after 500,000 below that after 10,000", -off[0][:runs], -off[1], f"{_BOOK}, figure 5.1")
    sums = range(12, 22)
    for usable, words in ((True, "a usable ace"), (False, "no usable ace")):
        states_S = [state_of(total, 10, usable) for total in sums]
        lines = [
            Line("10,000 episodes", sums, few_NS[0, states_S]),
            Line("500,000 episodes", sums, many_NS[0, states_S]),
            Line("exact", sums, exact_S[states_S], whose="theirs"),
        ]
        yield Figure(f"Figure 5.1, {words}", "player's sum", "value", lines, "One run each; the dealer shows a 10.")


#: The 200 states where there is something to decide: sums from 12 to 21.
_SHOWN = np.arange(state_of(12, 1, False), _END)

#: Figure 5.2: the lowest sum on which the best player sticks, against ace, 2, … 10.
_STICKS = {True: (19, 18, 18, 18, 18, 18, 18, 18, 19, 19), False: (17, 13, 13, 12, 12, 12, 17, 17, 17, 17)}


def best_play(quick: bool) -> Iterator[Row | Figure]:
    """Figure 5.2: the best policy, here by solving the game, there by Monte Carlo with exploring starts."""
    policy = solve(blackjack().mdp).policy
    cards = np.array(_CARDS)
    for usable, printed in _STICKS.items():
        sticks = [min(t for t in range(12, 22) if policy[state_of(t, card, usable)] == STICK) for card in _CARDS]
        words = "a usable ace" if usable else "no usable ace"
        source = f"{_BOOK}, figure 5.2"
        yield exact_table(f"sticks from, {words}", np.array(sticks, np.float64), printed, source, digits=0)
        lines = [
            Line("computed", cards, sticks, form="steps"),
            Line("printed", cards, printed, form="points", whose="theirs"),
        ]
        yield Figure(f"Figure 5.2, {words}", "dealer shows", "sticks from", lines, y_limits=(10.5, 21.5))
