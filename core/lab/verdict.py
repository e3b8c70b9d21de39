"""What a comparison allows to be said, in plain words, world by world."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .pairs import Pair, competitors
from .scores import Scores
from .statistics import least_p, seeds_needed

#: Holm-adjusted p-values below this are called a difference.
LEVEL = 0.05
#: With fewer seeds than this a warning is given.
FEW = 10
#: Up to so many competitors every pair gets a sentence; beyond, only those with the best.
EVERY_PAIR = 4
_NAMED = 4  # names in a list before "and 9 others"
_COUNTLESS = 100_000


@dataclass(frozen=True)
class Verdict:
    """The words for one world: a ranking sentence, what may and may not be concluded, and warnings."""

    world: str
    headline: str
    statements: tuple[str, ...]
    warnings: tuple[str, ...]


def pronounce(world: Sequence[Scores], pairs: Sequence[Pair]) -> Verdict:
    """Put one world's scores and tested pairs into words."""
    field = sorted(competitors(world), key=lambda scores: -float(scores.value.mean()))
    warnings = _warnings(world, field, pairs)
    if not field:
        return Verdict(world[0].world, "There is nothing to rank here.", (), warnings)
    headline = f"{_ranking(field, pairs)}{_bounds(field[0])}."
    return Verdict(world[0].world, headline, (*_statements(field, pairs), *_against_random(world)), warnings)


def _ranking(field: Sequence[Scores], pairs: Sequence[Pair]) -> str:
    """Who is best, and how firmly that stands."""
    best = field[0]
    earns = f"{best.label} earns {number(float(best.value.mean()))}{' per pull' if best.bandit else ''} on average"
    if len(field) == 1:
        return earns
    rivals = [pair for pair in pairs if best.label in (pair.first, pair.second)]
    if rivals and all(pair.equal for pair in rivals):
        return f"No best: {names([scores.label for scores in field])} are equal on every seed, and {earns}"
    level_with = [_other(pair, best.label) for pair in rivals if not _differs(pair)]
    if not level_with:
        return f"Best: {earns}, more than every other agent"
    return f"Highest: {earns}, but it cannot be told apart from {names(level_with, 'or')}"


def _bounds(best: Scores) -> str:
    optimum, floor = float(np.mean(best.optimum)), float(np.mean(best.random_value))
    parts = [f"the optimum is {number(optimum)}"] if math.isfinite(optimum) else []
    if math.isfinite(floor):
        parts.append(f"random actions earn {number(floor)}")
    return f" ({', '.join(parts)})" if parts else ""


def _statements(field: Sequence[Scores], pairs: Sequence[Pair]) -> list[str]:
    """A sentence per pair, or with many agents the best against the rest and a count of the others."""
    if len(field) <= EVERY_PAIR:
        rank = {scores.label: place for place, scores in enumerate(field)}
        ordered = sorted(pairs, key=lambda pair: sorted((rank[pair.first], rank[pair.second])))
        return [_sentence(pair, len(pairs)) for pair in ordered]
    best = field[0].label
    rivals = [pair for pair in pairs if best in (pair.first, pair.second)]
    beaten = [pair for pair in rivals if _differs(pair)]
    level_with = [pair for pair in rivals if not _differs(pair) and not pair.equal]
    equal = [_other(pair, best) for pair in rivals if pair.equal]
    said = []
    if beaten:
        worst = max(pair.p_adjusted for pair in beaten)
        beaten_names = names([_other(pair, best) for pair in beaten])
        said.append(
            f"{best} is better than {beaten_names} (each {p_text(worst, at_most=True)}, {_test(beaten, len(pairs))})."
        )
    if level_with:
        level_names = names([_other(pair, best) for pair in level_with], "or")
        needed = max(_needed(pair, len(pairs)) for pair in level_with)
        said.append(
            f"No difference between {best} and {level_names} can be concluded "
            f"({_test(level_with, len(pairs))}); {_would_take(needed, 'differences')}."
        )
    if equal:
        said.append(f"{best} and {names(equal)} are equal on every seed.")
    rest = [pair for pair in pairs if pair not in rivals]
    differing = sum(_differs(pair) for pair in rest)
    said.append(f"Among the others, {differing} of {len(rest)} pairs differ.")
    return said


def _sentence(pair: Pair, family: int) -> str:
    if pair.equal:
        return f"{pair.first} and {pair.second} are equal on every seed ({pair.seeds} paired seeds)."
    better, worse = (pair.first, pair.second) if pair.difference >= 0 else (pair.second, pair.first)
    evidence = f"{p_text(pair.p_adjusted)}, {_test([pair], family)}"
    if _differs(pair):
        return f"{better} is better than {worse}: mean difference {number(abs(pair.difference))}, {evidence}."
    return (
        f"No difference between {better} and {worse} can be concluded from {seeds_text(pair.seeds)}: mean difference "
        f"{number(abs(pair.difference))}, {evidence}; {_would_take(_needed(pair, family), 'a difference')}."
    )


def _test(pairs: Sequence[Pair], family: int) -> str:
    counts = sorted({pair.seeds for pair in pairs})
    seeds = f"{counts[0]} paired seeds" if len(counts) == 1 else f"{counts[0]} to {counts[-1]} paired seeds"
    return f"Holm-adjusted over {family} pairs, {seeds}" if family > 1 else seeds


def _needed(pair: Pair, family: int) -> float:
    """Seeds for 80 % power at the level of Holm's first step; always more than were not enough."""
    if pair.seeds < 2:
        return math.inf
    return max(float(pair.seeds + 1), seeds_needed(pair.difference, pair.deviation, LEVEL / family))


def _would_take(needed: float, what: str) -> str:
    if not math.isfinite(needed):
        return "how many seeds it would take cannot be said"
    if needed > _COUNTLESS:
        return f"more than {_COUNTLESS:,} seeds would be needed to see {what} of the size observed"
    return f"about {rounded_up(needed)} seeds would be needed to see {what} of the size observed with 80 % power"


def _against_random(world: Sequence[Scores]) -> list[str]:
    """Learners whose mean is no higher than the value of random actions."""
    learners = [scores for scores in world if scores.finite and not scores.reference]
    lost = [scores.label for scores in learners if float(scores.value.mean()) <= float(scores.random_value.mean())]
    return [f"No better than random actions on average: {names(lost)}."] if lost else []


def _warnings(world: Sequence[Scores], field: Sequence[Scores], pairs: Sequence[Pair]) -> tuple[str, ...]:
    said = []
    broken = [scores.label for scores in world if not scores.finite]
    if broken:
        said.append(f"Left out, because some scores are not finite numbers: {names(broken)}.")
    counts = sorted({int(scores.seeds.size) for scores in field})
    if not counts:
        return tuple(said)
    if len(counts) > 1:
        said.append(f"The agents have {counts[0]} to {counts[-1]} seeds; each pair is tested on those that both have.")
    if counts[0] < FEW:
        said.append(f"Only {seeds_text(counts[0])}: intervals are wide and rough; take at least {FEW}.")
    if pairs:
        said += _too_few_for_p(min(pair.seeds for pair in pairs), len(pairs))
    return tuple(said)


def _too_few_for_p(seeds: int, family: int) -> list[str]:
    smallest = least_p(seeds) * family
    if smallest < LEVEL:
        return []
    enough = math.floor(math.log2(2 * family / LEVEL)) + 1
    over = f" with Holm's correction over {family} pairs" if family > 1 else ""
    can = "seed can" if seeds == 1 else "paired seeds can"
    return [
        f"{seeds} {can} never give p < {LEVEL}{over}: the smallest possible p is {min(1.0, smallest):.3g}. "
        f"It takes at least {enough} seeds."
    ]


def _differs(pair: Pair) -> bool:
    return pair.p_adjusted < LEVEL


def _other(pair: Pair, label: str) -> str:
    return pair.second if pair.first == label else pair.first


def names(labels: Sequence[str], word: str = "and") -> str:
    """A list of names as a person writes it; a long one is cut to "A, B, C, D and 9 others"."""
    if len(labels) > _NAMED + 1:
        return f"{', '.join(labels[:_NAMED])} {word} {len(labels) - _NAMED} others"
    return f"{', '.join(labels[:-1])} {word} {labels[-1]}" if len(labels) > 1 else "".join(labels)


def number(value: float) -> str:
    """Four significant digits without an exponent, and a real minus sign."""
    if value == 0:
        return "0"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:.{min(digits, 6)}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")


def p_text(p: float, at_most: bool = False) -> str:
    """A p-value in words: `p = 0.012`, `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p {'≤' if at_most else '='} {p:.2g}"


def seeds_text(seeds: int) -> str:
    """`1 seed`, `20 seeds`."""
    return f"{seeds} seed" if seeds == 1 else f"{seeds} seeds"


def rounded_up(count: float) -> int:
    """A whole number rounded up to two significant digits."""
    step: int = 10 ** max(0, math.floor(math.log10(count)) - 1)
    return math.ceil(count / step) * step
