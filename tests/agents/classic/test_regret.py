"""Regret against what theory says of it: nobody is left out, and no bound is higher than the worst that can happen."""

import math

from daedalus.agents.bandits.entries import BANDITS
from daedalus.agents.classic import regret


def test_every_strategy_is_held_against_lai_and_robbins():
    tables = *regret._OPTIMAL.values(), *regret._OTHERS.values(), regret._EXPLORERS, regret._SETTLERS
    held = {agent.partition(":")[0] for table in tables for agent in table.values()}
    assert held == {entry.name for entry in BANDITS if entry.kind == "agent"}


def test_the_bound_of_moss_can_be_missed():
    gap = regret._APART.means.max() - regret._APART.means.min()
    for last in (10_000, 100_000):
        assert 49 * math.sqrt(2 * last) < gap * last
