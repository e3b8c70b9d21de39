"""What a report shows of a bandit: rewards, the best arm's share, regret beside its lower bound, pulls of each arm."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from daedalus.core.arrays import Floats
from daedalus.core.lab.numerals import number
from daedalus.core.lab.statistics.regret import lai_robbins

from .bands import Band, over_seeds
from .bounds import Bound
from .figures import Mark, Plot, Size, both, name_axes
from .plots import Curves, decades, draw_line, log_axis
from .style import INK, Style
from .text import short

if TYPE_CHECKING:
    from .worlds import Household

LEAST = Style("least", INK, "", (0, (5, 1.5, 1, 1.5)), "ceiling")
_LEAST = "Lai–Robbins bound"


def bandit_curves(house: "Household") -> list[Curves]:
    """Rewards, the best arm's share and the regret over pulls."""
    bounds = (house.ceiling, house.floor)
    rate = {label: one.scaled(100.0).within(0, 100) for label, one in house.bands("optimal_rate").items()}
    best = next((one.label for one in house.lived if one.agent == "optimal"), "best possible")
    rate.pop(best, None)
    moves = " Dotted upright lines mark where the true means change." if house.changes else ""
    return [
        Curves(
            f"{house.key}-reward",
            "Learning curves",
            "reward per pull",
            house.bands("reward", bounds),
            house.looks,
            f"Mean reward per pull since the previous point. {house.note}{moves}",
            *bounds,
            x="pulls",
            changes=house.changes,
        ),
        Curves(
            f"{house.key}-rate",
            "Best arm",
            "% best arm",
            rate,
            house.looks,
            f"Share of pulls of the best arm since the previous point. {house.note}{moves}",
            Bound(best, 100.0),
            limits=(-2.0, 104.0),
            x="pulls",
            changes=house.changes,
        ),
        _regret(house, best, moves),
    ]


def _regret(house: "Household", best: str, moves: str) -> Curves:
    """Cumulative regret; where the law is simple and nothing changes, what no strategy can beat for long beside it."""
    regret = {label: one.scaled(one.steps).within(0) for label, one in house.bands("regret").items() if label != best}
    looks, told = house.looks, ""
    if regret and (coefficient := _coefficient(house)):
        steps = next(iter(regret.values())).steps
        regret[_LEAST] = Band(steps, coefficient * np.log(np.maximum(steps, 1.0)), *np.full((2, steps.size), np.nan))
        looks = {**looks, _LEAST: LEAST}
        told = (
            f" The {_LEAST}, {number(coefficient)}\u00a0ln\u00a0t on average over the runs’ arms, is asymptotic: no "
            "strategy that is good at every such bandit stays below it for ever; in few pulls many do."
        )
    moment = " of the moment" if house.drifts else ""
    return Curves(
        f"{house.key}-regret",
        "Cumulative regret",
        "regret so far",
        regret,
        looks,
        f"What the best arm{moment} would have earned more, in true means (pseudo-regret), summed over all pulls so "
        f"far. {house.note}{told}{moves}",
        x="pulls",
        changes=house.changes,
    )


def _coefficient(house: "Household") -> float | None:
    """The mean over the runs of Lai and Robbins' coefficient of ln t; None where it is not known."""
    final, law = house.lived[0].member.final(), house.card.get("law")
    if house.drifts or law is None or not {"means", "spread"} <= set(final):
        return None
    each = lai_robbins([law] if isinstance(law, str) else law, final["means"], final["spread"])
    return None if each is None else float(each.mean())


def arm_shares(house: "Household") -> Plot | None:
    """How the pulls were shared among the arms, from the best to the worst; None where the means change."""
    if house.drifts:
        return None
    found: dict[str, Band] = {}
    for one in house.lived:
        final = one.member.final()
        if one.agent != "optimal" and {"pulls", "means"} <= set(final):
            share = 100 * shares_by_rank(final["pulls"], final["means"])
            found[one.label] = over_seeds(np.arange(1.0, share.shape[1] + 1), share).within(0, 100)
    if not found:
        return None
    logarithmic = decades(found)

    def paint(axes: Axes, size: Size) -> None:
        last = max(one.steps[-1] for one in found.values())
        axes.set_xlim(1 - 0.03 * (last - 1), last + 0.03 * (last - 1))
        if logarithmic:
            log_axis(axes, found)
        else:
            axes.set_ylim(0, 1.06 * max(float(one.mean.max()) for one in found.values()))
        axes.xaxis.set_major_locator(MaxNLocator(5 if size.narrow else 10, integer=True, min_n_ticks=1))
        axes.xaxis.set_major_formatter(FuncFormatter(short))
        for label, one in found.items():
            draw_line(axes, one, house.looks[label], size)
        name_axes(axes, "arm, from the best to the worst", "% of pulls")

    key, title = f"{house.key}-arms", "Pulls per arm"
    wide, narrow = both(key, paint)
    caption = (
        "How a run’s pulls are shared among its arms, ordered by their true means: 1 is the best. Steep is sure of "
        f"itself, flat explores. {house.note}"
    )
    said = [f"{label} {number(float(one.mean[0]))} and {number(float(one.mean[-1]))}" for label, one in found.items()]
    alt = f"{title}, % of all pulls that the best and the worst arm got: {'; '.join(said)}."
    return Plot(key, title, caption, alt, wide, narrow, [Mark(label, house.looks[label]) for label in found])


def shares_by_rank(pulls_NA: Floats, means_NA: Floats) -> Floats:
    """The share (N, A) of each run's pulls that its best arm, its second best, … got; lower numbers first in ties."""
    order = np.argsort(-means_NA, axis=1, kind="stable")
    ranked = np.take_along_axis(np.asarray(pulls_NA, dtype=np.float64), order, axis=1)
    return np.asarray(ranked / np.maximum(ranked.sum(axis=1, keepdims=True), 1.0))
