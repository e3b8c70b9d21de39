"""What things are called: an agent acts in a world, a model is fitted to a data set; all else is the same."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Words:
    """The nouns and verbs of one sort of problem, as verdicts, tables and plots use them."""

    agent: str
    world: str
    earns: str  # after one name, with {} for the number…
    earn: str  # …and after several
    best: str  # the best possible, as a plot names it…
    optimum: str  # …and a sentence or a table…
    regret: str  # …and how far one is from it
    random: str  # the floor…
    random_earns: str  # …with its verb
    final: str  # the axis of final scores
    step: str = "step"

    @property
    def agents(self) -> str:
        """Several of them."""
        return f"{self.agent}s"


AGENTS = Words(
    "agent",
    "world",
    "earns {}",
    "earn {}",
    "best possible",
    "optimum",
    "regret",
    "random actions",
    "random actions earn",
    "final value",
)


def models(measure: str) -> Words:
    """The words for models that are judged by a measure, such as "accuracy" or "log-likelihood, nats per example"."""
    name, _, unit = measure.partition(", ")
    after = f" {unit}" if unit else ""
    article = "an" if name[0] in "aeioR" else "a"  # R is said "ar"
    reach = f"{article} {name} of {{}}{after}"
    return Words(
        "model",
        "data set",
        f"reaches {reach}",
        f"reach {reach}",
        "ceiling",
        "ceiling",
        "gap",
        "a constant guess",
        "a constant guess reaches",
        f"test {measure}",
        "optimiser step",
    )


def words_of(measure: str | None) -> Words:
    """The words for what is judged by `measure`, or for worlds, where there is none."""
    return AGENTS if measure is None else models(measure)


def measure_of(card: Mapping[str, Any]) -> str | None:
    """What the data set of a card is judged by, with its unit; None for worlds."""
    measure = card.get("measure")
    if not isinstance(measure, Mapping):
        return None
    name, unit = str(measure.get("words", "score")), str(measure.get("unit", ""))
    return f"{name}, {unit}" if unit else name


def bounds_of(card: Mapping[str, Any]) -> tuple[float, float]:
    """Between which numbers every score lies by the measure of a card's data set; infinite where nothing is known."""
    measure = card.get("measure")
    known = measure if isinstance(measure, Mapping) else {}
    least, most = known.get("least"), known.get("most")
    return (
        float(least) if isinstance(least, int | float) else -math.inf,
        float(most) if isinstance(most, int | float) else math.inf,
    )
