"""Table learners."""

from . import table_rules
from .table_config import TableConfig


class QLearning:
    """Q-learning."""

    config_class = TableConfig
    rule = table_rules.Q_LEARNING


class Sarsa:
    """Sarsa."""

    config_class = TableConfig
    rule = table_rules.SARSA


class ExpectedSarsa:
    """Expected Sarsa."""

    config_class = TableConfig
    rule = table_rules.EXPECTED_SARSA
