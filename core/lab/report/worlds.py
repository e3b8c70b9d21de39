"""One world of a report: its plots and pictures, from the members of a run that lived in it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.lab.numerals import count, decimals_apart, number
from daedalus.core.lab.statistics.comparison import Comparison, Result
from daedalus.core.lab.statistics.measures import Estimate, profile
from daedalus.core.lab.words import Words, bounds_of, measure_of, words_of

from .bandits import arm_shares, bandit_curves
from .bands import Band, band, matrix, tagged
from .bounds import Bound, bound, moving_bound
from .figures import Plot
from .fits import fit_curves, fit_facts
from .lives import life_curves
from .plots import Curves, band_note, change_words, curves
from .studies import Study, setting_of, studies
from .style import INK, Style, learners
from .summary import Row, Rows, intervals, profiles

if TYPE_CHECKING:
    import pyarrow as pa

    from daedalus.core.lab.store.run import Member

_ALL_PAIRS = 10  # so many pairs are drawn; of more, only those with the best agent


@dataclass(frozen=True, eq=False)
class Lived:
    """A member of a run with its records read."""

    member: "Member"
    curve: "pa.Table"

    @cached_property
    def scalars(self) -> Mapping[str, Band]:
        """The mean over seeds of every tag in the scalars' table, with its interval."""
        return tagged(self.member.scalars())

    @property
    def label(self) -> str:
        """The agent's label."""
        return self.member.label

    @property
    def agent(self) -> str:
        """The agent's name, without parameters."""
        return self.member.experiment.agent.name


@dataclass(frozen=True, eq=False)
class Household:
    """All that lived in one world under one group's settings."""

    key: str
    world: str
    lived: Sequence[Lived]
    results: Sequence[Result]
    looks: Mapping[str, Style]

    @cached_property
    def card(self) -> dict[str, Any]:
        """What is known of the world."""
        return self.lived[0].member.card

    @property
    def bandit(self) -> bool:
        """Whether the world is a bandit."""
        return bool(self.card.get("kind") == "bandit")

    @cached_property
    def measure(self) -> str | None:
        """What a data set judges its models by; None in worlds."""
        return measure_of(self.card)

    @property
    def words(self) -> Words:
        """What things are called here."""
        return words_of(self.measure)

    @property
    def final(self) -> str:
        """The axis of final scores."""
        return "reward per pull" if self.bandit else self.words.final

    @property
    def contextual(self) -> bool:
        """Whether the world is a contextual bandit; unless its spec gives a seed, each seed meets its own."""
        return bool(self.card.get("kind") == "contextual")

    @property
    def changes(self) -> Sequence[int]:
        """The steps at which the world changes."""
        since = self.card.get("since")
        return since[1:] if isinstance(since, list) else []

    @property
    def drifts(self) -> bool:
        """Whether the world is a bandit whose true means change."""
        return self.bandit and bool(self.card.get("changing"))

    @property
    def own_layouts(self) -> bool:
        """Whether each seed lives in a layout of its own."""
        return bool(self.card.get("layout") == "per_seed")

    def bound(self, column: str, agent: str, words: str) -> Bound | None:
        """What a column that all members share says, under the label of the agent that stands for it."""
        label = next((one.label for one in self.lived if one.agent == agent), words)
        curves = [one.curve for one in self.lived]
        if self.drifts:
            return moving_bound(label, curves, column)
        return bound(label, curves, column, (0, *self.changes))

    @cached_property
    def studies(self) -> list[Study]:
        """The parameter studies among its learners."""
        learning = set(learners((one.label for one in self.lived), self.looks))
        return studies(
            {one.label: setting_of(one.agent, one.member.settings) for one in self.lived if one.label in learning}
        )

    @property
    def note(self) -> str:
        """What lines and bands are."""
        return band_note(max(result.seeds for result in self.results))

    @cached_property
    def ceiling(self) -> Bound | None:
        """The optimum."""
        return self.bound("optimum", "optimal", self.words.best)

    @cached_property
    def floor(self) -> Bound | None:
        """Random actions, or a constant guess."""
        return self.bound("random_value", "random", self.words.random)

    def bands(self, column: str, without: Sequence[Bound | None] = ()) -> dict[str, Band]:
        """Every member's curve of a column, but for those drawn as bounds."""
        drawn = {one.label for one in without if one}
        return {one.label: band(one.curve, column) for one in self.lived if one.label not in drawn}

    @property
    def bounds(self) -> tuple[float, float]:
        """Between which numbers every score lies by the measure of a data set."""
        return bounds_of(self.card)


def world_facts(house: Household) -> list[str]:
    """What the world is, in a few words each."""
    card = house.card
    if house.measure:
        return fit_facts(house)
    kinds = {
        "finite": "finite world, solved exactly",
        "changing": "finite world that changes, solved exactly",
        "bandit": "bandit whose true means change" if house.drifts else "bandit",
        "contextual": "contextual bandit, what its arms earn is known",
        "open": "open world, no exact truth",
    }
    facts = [kinds.get(str(card.get("kind")), "world")]
    for key, noun in (("states", "state"), ("actions", "arm" if house.bandit else "action")):
        amount = card.get(key)
        if isinstance(amount, int) and not (house.bandit and key == "states"):
            facts.append(count(amount, noun))
    if isinstance(card.get("horizon"), int):
        facts.append(f"time limit {card['horizon']:,} steps")
    if house.changes:
        of = "its true means change" if house.bandit else "changes"
        then = "" if house.bandit else "; final results and pictures are of its last phase"
        facts.append(f"{of} {change_words(house.changes)}{then}")
    if house.own_layouts:
        facts.append("a layout for each seed; bounds are means over them, pictures show the first seed")
    bounds = [(words, one) for words, one in (("best possible", house.ceiling), ("random", house.floor)) if one]
    told = [(words, (one.level,) if one.averaged else one.levels) for words, one in bounds]
    decimals = decimals_apart([level for _, heights in told for level in heights])
    for words, heights in told:
        levels = [number(level, decimals) for level in heights]
        then = f", at the end {levels[-1]}" if levels[0] != levels[-1] else ""
        facts.append(f"{words} {levels[0]}{then}")
    if made := card.get("made"):
        facts.append("levels of a model: " + ", ".join(f"{many:,} {what}" for what, many in made.items()))
    return [*facts, *map(str, card.get("notes", []))]


def world_plots(house: Household, comparison: Comparison) -> list[Plot]:
    """Curves first, then the final intervals and the pairs; a plot without a number is left out."""
    if house.measure:
        wanted = fit_curves(house)
    else:
        wanted = bandit_curves(house) if house.bandit else [*_value_curves(house), *life_curves(house)]
    made = [curves(what) for what in wanted if _any(what)]
    if arms := arm_shares(house):
        made.append(arms)
    if any(result.iqm is not None for result in house.results):
        made.append(_final(house))
    made += [plot for plot in (_profile(house), _improvement(house, comparison)) if plot]
    return made


def _any(what: Curves) -> bool:
    return any(one.known and one.steps.size > 1 for one in what.bands.values())


def _value_curves(house: Household) -> list[Curves]:
    bounds = (house.ceiling, house.floor)
    exact = all(bool(np.all(np.asarray(one.curve["exact"]))) for one in house.lived)
    how = (
        "Exact expected return of the greedy policy, computed, not sampled."
        if exact
        else "Mean return of the greedy policy on evaluation seeds that all agents share."
    )
    best = house.ceiling.label if house.ceiling else ""
    values = house.bands("value", bounds)
    if house.contextual and not exact:
        how = "Mean reward of the greedy policy over even contexts that all agents share, computed from the true means."
    if exact and house.ceiling and not (house.own_layouts or house.contextual):
        values = {label: one.within(high=house.ceiling.at(one.steps)) for label, one in values.items()}
    least = 0.0 if exact else -math.inf
    regret = {label: one.within(low=least) for label, one in house.bands("regret").items() if label != best}
    limited = house.card.get("horizon") is not None
    moves = " Dotted upright lines mark where the world changes." if house.changes else ""
    changes = house.changes
    of_moment = " of the moment; the mean over all points is the dynamic regret" if changes else ""
    return [
        Curves(
            f"{house.key}-value",
            "Learning curves",
            "value of the policy",
            values,
            house.looks,
            f"{how} {house.note}{moves}",
            *bounds,
            changes=changes,
        ),
        Curves(
            f"{house.key}-regret",
            "Exact regret" if exact else "Regret",
            "optimum − value",
            regret,
            house.looks,
            f"How far the policy is from the best possible{of_moment}. {house.note}{moves}",
            scale="log",
            changes=changes,
        ),
        Curves(
            f"{house.key}-return",
            "Return while learning",
            "return per episode",
            house.bands("return", (house.ceiling,) if limited else ()),
            house.looks,
            f"Mean return of the episodes that ended since the previous point, exploration included.{moves}",
            house.ceiling if limited else None,
            changes=changes,
        ),
    ]


def _final(house: Household) -> Plot:
    ranked = sorted(house.results, key=lambda result: -(result.iqm if result.iqm is not None else -math.inf))
    rows = [
        Row(one.label, Estimate(_nan(one.iqm), _nan(one.iqm_low), _nan(one.iqm_high)), house.looks[one.label])
        for one in ranked
    ]
    seeds = {result.seeds for result in ranked}
    over = f"{min(seeds):,}" if len(seeds) == 1 else f"{min(seeds):,} to {max(seeds):,}"
    caption = f"Interquartile mean over {over} seeds; bars are 95\u00a0% bootstrap intervals."
    if seeds == {1}:
        caption = "One seed: no interval can be given."
    mark = (house.words.optimum, house.ceiling.level) if house.ceiling else None
    if mark:
        which = " (its mean over the layouts)" if house.own_layouts else ""
        which = " of the last phase" if house.changes and not house.bandit else which
        caption += f" Upright strokes mark the {house.words.optimum}{which}."
    if house.measure:
        caption += " Chance here is that of fitting: all runs are tested on the same examples."
    return intervals(Rows(f"{house.key}-final", "Final results", house.final, rows, caption, mark))


def _nan(value: float | None) -> float:
    return math.nan if value is None else value


def _improvement(house: Household, comparison: Comparison) -> Plot | None:
    labels = {one.label for one in house.lived}
    pairs = [pair for pair in comparison.pairs if pair.world == house.world and {pair.first, pair.second} <= labels]
    if not pairs:
        return None
    values = {result.label: _nan(result.mean) for result in house.results}
    note = (
        "Chance that a run of the first scores above one of the second, ties counted half, with 95\u00a0% intervals. "
        "Strokes mark even odds."
    )
    if len(pairs) > _ALL_PAIRS:
        best = max((label for pair in pairs for label in (pair.first, pair.second)), key=lambda label: values[label])
        pairs = [pair for pair in pairs if best in (pair.first, pair.second)]
        note += " Only pairs with the highest mean are shown."
    rows = []
    for pair in pairs:
        first, second, chance = pair.first, pair.second, pair.improvement
        if values[second] > values[first]:
            first, second = second, first
            chance = Estimate(1 - chance.value, 1 - chance.high, 1 - chance.low)
        rows.append(Row(first, chance, _dot(house.looks[first]), over=second))
    rows.sort(key=lambda row: -row.estimate.value)
    return intervals(
        Rows(
            f"{house.key}-improvement",
            "Probability of improvement",
            "chance of the higher score",
            rows,
            note,
            ("even chance", 0.5),
            limits=(-0.02, 1.02),
            percent=True,
        )
    )


def _dot(style: Style) -> Style:
    return style if style.marker else Style(style.key, INK, "o", "-")


def _profile(house: Household) -> Plot | None:
    """The profile of final values, over the range of what learns and the optimum."""
    scores = {one.label: values for one in house.lived if (values := final_scores(one)).size}
    if all(values.size < 2 for values in scores.values()):
        return None  # a run alone has no profile
    learning = learners(scores, house.looks) or list(scores)
    pooled = np.concatenate([scores[label] for label in learning])
    low, high = float(pooled.min()), float(pooled.max())
    if house.ceiling and not house.bandit:
        high = max(high, house.ceiling.level)
    if low == high:
        return None
    thresholds = np.linspace(low - 0.03 * (high - low), high, 151)
    shares = {label: profile(values, thresholds) for label, values in scores.items()}
    note = "How many runs end above each value; higher and further right is better. Bands are 95\u00a0%."
    return profiles(f"{house.key}-profile", shares, house.looks, house.final, note, "Performance profile")


def final_scores(one: Lived) -> Floats:
    """The finite evaluation values (N,) at the last step."""
    _, values = matrix(one.curve, "value")
    last = np.asarray(values[:, -1], dtype=np.float64) if values.size else np.empty(0)
    return last[np.isfinite(last)]
