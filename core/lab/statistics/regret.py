"""How little regret a bandit allows at best."""

from collections.abc import Sequence

import numpy as np
from scipy import special

from daedalus.core.arrays import Floats
from daedalus.core.world import Law

#: The laws whose divergences are known here.
BOUNDED: tuple[Law, ...] = ("bernoulli", "gaussian")


def lai_robbins(laws: Sequence[str], means_NA: Floats, spread_NA: Floats) -> Floats | None:
    """The coefficient of ln t in the least regret (N,) that a consistent strategy can have after many pulls.

    Σ over the arms a below the best of Δ_a / KL(a, a with the best arm's mean) (Lai & Robbins 1985, "Asymptotically
    efficient adaptive allocation rules", theorem 2). KL is p ln(p/q) + (1-p) ln((1-p)/(1-q)) between Bernoulli arms
    and Δ² / 2σ² between Gaussian ones of known σ. An arm that one pull can tell apart for certain costs nothing.

    `laws` are those of the A arms, `spread_NA` their σ. None unless all arms have one law, and that is in `BOUNDED`.
    """
    if len(set(laws)) != 1 or laws[0] not in BOUNDED:
        return None
    best_N1 = means_NA.max(axis=1, keepdims=True)
    gap_NA = best_N1 - means_NA
    if laws[0] == "bernoulli":
        divergence_NA = special.rel_entr(means_NA, best_N1) + special.rel_entr(1 - means_NA, 1 - best_N1)
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            divergence_NA = gap_NA**2 / (2 * spread_NA**2)
    cost_NA = np.divide(gap_NA, divergence_NA, out=np.zeros_like(gap_NA), where=(gap_NA > 0) & (divergence_NA > 0))
    total: Floats = cost_NA.sum(axis=1)
    return total
