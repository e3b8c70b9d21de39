"""One look for each label, the same in every plot of a report."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

#: Colours are stand-ins that `figures.to_svg` replaces by CSS variables, so that a plot follows the page's theme.
INK, MUTED, GRID, PAPER = "#010203", "#010204", "#010205", "#010206"
SERIES = tuple(f"#0a00{slot:02x}" for slot in range(8))
VARIABLES = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", PAPER: "var(--paper)"} | {
    colour: f"var(--s{slot})" for slot, colour in enumerate(SERIES)
}
#: What the page's light theme makes of them (templates/report.css), for a picture that stands outside of the page.
PRINTED = {INK: "#1e1d1b", MUTED: "#68645d", GRID: "#e9e6df", PAPER: "#fbfaf7"} | dict(
    zip(
        SERIES,
        ("#0068a8", "#d15300", "#008563", "#b8448f", "#9a7000", "#3a97d3", "#6848a8", "#7c4420"),
        strict=True,
    )
)

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = ("-", (0, (7, 2)), (0, (7, 2, 1.5, 2)), (0, (3, 1.5)))


@dataclass(frozen=True)
class Style:
    """How a label is drawn. `key` is its CSS class; markers and dashes tell labels apart without colour."""

    key: str
    colour: str
    marker: str
    dash: str | tuple[int, tuple[float, ...]]
    role: str = "learner"  # or "ceiling" (optimal), "floor" (random)

    @property
    def variable(self) -> str:
        """The colour as CSS."""
        return VARIABLES[self.colour]

    @property
    def dasharray(self) -> str:
        """The dashes as SVG."""
        if isinstance(self.dash, str):
            return ""
        return " ".join(f"{2 * length:g}" for length in self.dash[1])


CEILING = Style("ceiling", INK, "", (0, (4, 2.5)), "ceiling")
FLOOR = Style("floor", MUTED, "", (0, (1, 1.8)), "floor")


def styles(groups: Iterable[Sequence[tuple[str, str]]]) -> dict[str, Style]:
    """A style for every label, from the (label, agent name) pairs of each group.

    A label keeps its style across groups; within a group no two labels look alike, up to 32 of them.
    """
    slots: dict[str, int] = {}
    special: dict[str, Style] = {}
    for group in groups:
        fixed = {"optimal": CEILING, "random": FLOOR}
        taken = {slots[label] for label, _ in group if label in slots}
        for label, agent in group:
            if label in slots or label in special:
                continue
            if agent in fixed:
                special[label] = fixed.pop(agent)
                continue
            slot = next(slot for slot in range(len(taken) + 1) if slot not in taken)
            taken.add(slot)
            slots[label] = slot
    return {label: slot_style(slot) for label, slot in slots.items()} | special


def slot_style(slot: int) -> Style:
    """The look of a place in a legend: no two of the first 32 are alike."""
    turn, place = divmod(slot, len(SERIES))
    return Style(
        f"series-{slot}", SERIES[place], MARKERS[(place + 3 * turn) % len(MARKERS)], DASHES[turn % len(DASHES)]
    )


def widened(low: float, high: float) -> tuple[float, float]:
    """Limits so far apart that ticks of four digits differ: half a percent of their size, a tenth of it for a point."""
    size = max(abs(low), abs(high)) or 1.0
    missing = (0.1 if low == high else 0.005) * size - (high - low)
    return (low - missing / 2, high + missing / 2) if missing > 0 else (low, high)


def learners(labels: Iterable[str], looks: Mapping[str, Style]) -> list[str]:
    """The labels that are neither ceiling nor floor."""
    return [label for label in labels if looks[label].role == "learner"]
