"""The cliff of Sutton & Barto, example 6.6: α = .5, ε = .1, 500 episodes, against independent measurements."""

import numpy as np
import pytest

from daedalus.agents.table_config import TableConfig
from daedalus.agents.table_population import TablePopulation
from daedalus.agents.table_rules import EXPECTED_SARSA, Q_LEARNING, SARSA
from daedalus.core.spec import parse_spec
from daedalus.envs import load_problem

RUNS = 300


@pytest.mark.parametrize(
    ("rule", "first", "last"),
    [(SARSA, -71.4, -26.9), (Q_LEARNING, -80.5, -50.2), (EXPECTED_SARSA, -57.5, -20.8)],
    ids=["sarsa", "q_learning", "expected_sarsa"],
)
def test_cliff(rule, first, last):
    """Mean return over episodes 1-100 and 401-500; 1.5 is about 4 standard errors of 300 runs. Seeds are fixed."""
    cliff = load_problem(parse_spec("daedalus/Cliff-v0")).within(None)
    population = TablePopulation(cliff, rule, TableConfig(alpha=0.5, gamma=1.0, epsilon=0.1), range(RUNS))
    rows = population.run_logged(20_000)
    assert population.now.episodes.min() >= 500
    episode, returns = rows["episode"], rows["return"]
    assert np.mean(returns[episode < 100]) == pytest.approx(first, abs=1.5)
    assert np.mean(returns[(episode >= 400) & (episode < 500)]) == pytest.approx(last, abs=1.5)
