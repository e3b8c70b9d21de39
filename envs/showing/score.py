"""How a game stands, and the two looks it may have."""

from dataclasses import dataclass
from typing import Literal

from daedalus.core.lab.numerals import number

ThemeName = Literal["light", "dark"]


@dataclass
class Score:
    """Steps, their rewards, and whether the game is over."""

    steps: int = 0
    total: float = 0.0
    over: bool = False

    def add(self, reward: float, over: bool) -> None:
        """Count one step."""
        self.steps += 1
        self.total += reward
        self.over = over


def counted(score: Score) -> str:
    """The score in words."""
    steps = "1 step" if score.steps == 1 else f"{score.steps:,} steps"
    return f"score {number(score.total)} in {steps}"
