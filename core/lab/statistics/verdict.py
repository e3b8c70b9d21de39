"""What a comparison allows to be said, in plain words, world by world."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from daedalus.core.lab.numerals import count, digits_of, in_words, number

from .measures import least_p, seeds_needed
from .pairs import Pair, competitors
from .scores import Scores

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

    @property
    def text(self) -> str:
        """The headline and the statements as one paragraph."""
        return " ".join((self.headline, *self.statements))


def pronounce(world: Sequence[Scores], pairs: Sequence[Pair]) -> Verdict:
    """Put one world's scores and tested pairs into words."""
    field = sorted(competitors(world), key=lambda scores: -float(scores.value.mean()))
    warnings = _warnings(world, field, pairs)
    if not field:
        return Verdict(world[0].world, "There is nothing to rank here.", (), warnings)
    headline = f"{_ranking(field, pairs)}{_bounds(field[0])}."
    said = [*_statements(field, pairs), *_against_random(world), *_how_tested(pairs)]
    return Verdict(world[0].world, headline, tuple(said), warnings)


def _ranking(field: Sequence[Scores], pairs: Sequence[Pair]) -> str:
    """Who is best, and how firmly that stands."""
    best, words = field[0], field[0].words
    mean = f"{_levels(best)[0]}{' per pull' if best.bandit else ''}"
    earns = f"{best.label} {words.earns.format(mean)} on average"
    if len(field) == 1:
        return earns
    rivals = [pair for pair in pairs if best.label in (pair.first, pair.second)]
    equal = [_other(pair, best.label) for pair in rivals if pair.equal]
    unclear = [_other(pair, best.label) for pair in rivals if not _differs(pair) and not pair.equal]
    if equal:
        earns = f"{names([best.label, *equal])} {words.earn.format(mean)} on average, equal on every seed"
    if len(equal) == len(rivals):
        return f"No best: {earns}"
    if unclear:
        it = "they" if equal else "it"
        return f"Highest: {earns}, but {it} cannot be told apart from {names(unclear, 'or')}"
    return f"Best: {earns}, ahead of every other {words.agent} by more than chance explains"


def _bounds(best: Scores) -> str:
    words, (_, optimum, floor) = best.words, _levels(best)
    own = " on average" if not best.bandit and np.ptp(best.optimum) > 0 else ""  # a layout for each seed
    parts = [f"the {words.optimum} is {optimum}{own}"] if optimum else []
    parts += [f"{words.random_earns} {floor}"] if floor else []
    return f" ({', '.join(parts)})" if parts else ""


def _levels(best: Scores) -> list[str]:
    """The best agent's mean, the optimum and random actions with the same decimals; empty where unknown.

    The first two decide how many: beside 1.526, 0.0000288 is 0.
    """
    levels = [float(np.mean(column)) for column in (best.value, best.optimum, best.random_value)]
    mean, optimum, floor = (abs(level) if math.isfinite(level) else 0.0 for level in levels)
    decimals = digits_of(max(mean, optimum, floor / 100))
    return [in_words(level, decimals) if math.isfinite(level) else "" for level in levels]


def _statements(field: Sequence[Scores], pairs: Sequence[Pair]) -> list[str]:
    """A sentence per pair, or with many agents the best against the rest and a count of the others.

    Agents that are equal on every seed are named once and then stand for each other.
    """
    groups = _equals(field, pairs)
    if len(groups) <= EVERY_PAIR:
        rank = {group[0]: place for place, group in enumerate(groups)}
        shown = {group[0]: f"{group[0]} (and its equals)" if len(group) > 1 else group[0] for group in groups}
        told = [pair for pair in pairs if pair.first in rank and pair.second in rank]
        told.sort(key=lambda pair: sorted((rank[pair.first], rank[pair.second])))
        same = [f"{names(group)} are equal on every seed." for group in groups if len(group) > 1]
        return same + [_sentence(pair, shown, len(pairs)) for pair in told]
    best = field[0].label
    rivals = [pair for pair in pairs if best in (pair.first, pair.second)]
    beaten = [pair for pair in rivals if _differs(pair)]
    level_with = [pair for pair in rivals if not _differs(pair) and not pair.equal]
    equal = [_other(pair, best) for pair in rivals if pair.equal]
    said = []
    if beaten:
        worst = p_text(max(pair.p_adjusted for pair in beaten), at_most=True)
        said.append(f"{best} is better than {names([_other(pair, best) for pair in beaten])} (each {worst}).")
    if level_with:
        level_names = names([_other(pair, best) for pair in level_with], "or")
        needed = max(_needed(pair, len(pairs)) for pair in level_with)
        take = _would_take(needed, "every difference")
        said.append(f"No difference between {best} and {level_names} can be concluded; {take}.")
    if equal:
        said.append(f"{best} and {names(equal)} are equal on every seed.")
    rest = [pair for pair in pairs if best not in (pair.first, pair.second)]
    differing = sum(_differs(pair) for pair in rest)
    said.append(f"Among the others, {differing} of {len(rest)} pairs differ.")
    return said


def _equals(field: Sequence[Scores], pairs: Sequence[Pair]) -> list[list[str]]:
    """The agents, best first, those that are equal on every seed together."""
    equal = {frozenset((pair.first, pair.second)) for pair in pairs if pair.equal}
    groups: list[list[str]] = []
    for scores in field:
        home = next((group for group in groups if frozenset((group[0], scores.label)) in equal), None)
        if home is None:
            groups.append([scores.label])
        else:
            home.append(scores.label)
    return groups


def _sentence(pair: Pair, shown: Mapping[str, str], family: int) -> str:
    first, second = shown[pair.first], shown[pair.second]
    better, worse = (first, second) if pair.difference >= 0 else (second, first)
    found = f"mean difference {number(abs(pair.difference))}, {p_text(pair.p_adjusted)}"
    if _differs(pair):
        return f"{better} is better than {worse}: {found}."
    return (
        f"No difference between {better} and {worse} can be concluded from {count(pair.seeds, 'seed')} ({found}); "
        f"{_would_take(_needed(pair, family), 'a difference')}."
    )


def _how_tested(pairs: Sequence[Pair]) -> list[str]:
    """One line that says what every p is."""
    if not pairs or all(pair.equal for pair in pairs):
        return []
    counts = sorted({pair.seeds for pair in pairs})
    seeds = count(counts[0], "seed") if len(counts) == 1 else f"{counts[0]} to {counts[-1]} seeds"
    holm = f", with Holm's correction over {len(pairs)} pairs" if len(pairs) > 1 else ""
    return [f"Every p is from a paired permutation test on {seeds}{holm}."]


def _needed(pair: Pair, family: int) -> float:
    """Seeds for 80 % power at the level of Holm's first step; always more than were not enough."""
    if pair.seeds < 2:
        return math.inf
    return max(float(pair.seeds + 1), seeds_needed(pair.difference, pair.deviation, LEVEL / family))


def _would_take(needed: float, what: str) -> str:
    """`what` is the thing to be seen: "a difference" or "every difference"."""
    if not math.isfinite(needed):
        return "how many seeds it would take cannot be said"
    count = f"more than {_COUNTLESS:,}" if needed > _COUNTLESS else f"about {rounded_up(needed):,}"
    return f"{count} seeds would be needed to see {what} of the size observed with 80 % power"


def _against_random(world: Sequence[Scores]) -> list[str]:
    """Learners whose mean is no higher than the value of random actions."""
    learners = [scores for scores in world if scores.finite and not scores.reference]
    lost = [scores.label for scores in learners if float(scores.value.mean()) <= float(scores.random_value.mean())]
    return [f"No better than {world[0].words.random} on average: {names(lost)}."] if lost else []


def _warnings(world: Sequence[Scores], field: Sequence[Scores], pairs: Sequence[Pair]) -> tuple[str, ...]:
    said = []
    broken = [scores.label for scores in world if not scores.finite]
    if broken:
        said.append(f"Left out, because some scores are not finite numbers: {names(broken)}.")
    said += [
        f"{scores.label} did not learn: its first update comes after n_steps={scores.rollout:,} steps, "
        f"and there were {scores.steps:,}."
        for scores in world
        if scores.rollout > scores.steps
    ]
    counts = sorted({int(scores.seeds.size) for scores in field})
    if not counts:
        return tuple(said)
    if len(counts) > 1:
        who = f"The {field[0].words.agents} have {counts[0]} to {counts[-1]} seeds"
        said.append(f"{who}; each pair is tested on those that both have.")
    if counts[0] == 1:
        said.append(f"One seed says nothing about chance, so there is no interval; take at least {FEW}.")
    elif counts[0] < FEW:
        said.append(f"Only {count(counts[0], 'seed')}: intervals are wide and rough; take at least {FEW}.")
    if pairs:
        said += _too_few_for_p(min(pair.seeds for pair in pairs), len(pairs))
    return tuple(said)


def _too_few_for_p(seeds: int, family: int) -> list[str]:
    smallest = least_p(seeds) * family
    if smallest < LEVEL:
        return []
    enough = math.floor(math.log2(2 * family / LEVEL)) + 1
    over = f" with Holm's correction over {family} pairs" if family > 1 else ""
    can = "One seed can" if seeds == 1 else f"{seeds} paired seeds can"
    return [
        f"{can} never give p < {LEVEL}{over}: the smallest possible p is {min(1.0, smallest):.3g}. "
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


def p_text(p: float, at_most: bool = False) -> str:
    """A p-value in words: `p = 0.012`, `p < 0.001`."""
    if p < 0.001:
        return "p < 0.001"
    text = f"{p:.2g}"
    if float(text) == LEVEL:  # 0.0496 must not read as 0.05
        text = f"{p:.3g}"
    return f"p {'≤' if at_most else '='} {text}"


def rounded_up(count: float) -> int:
    """A whole number rounded up to two significant digits."""
    step: int = 10 ** max(0, math.floor(math.log10(count)) - 1)
    return math.ceil(count / step) * step
