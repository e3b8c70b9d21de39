"""Means that forget, for arms that drift: a memory of sums and counts, discounted or over a window of samples.

    discounted   sum_b ← γ·sum_b,  count_b ← γ·count_b for every b, then the new sample is added to its own
    window       the sums and counts of the last τ samples of the row

(Garivier & Moulines 2011, sections 3.1 and 3.2; the same for Thompson sampling: Raj & Kalyani 2017, Trovò et al. 2020.)
With γ = 1 nothing is forgotten. A row of memory (R, M) holds the sums (A), the counts (A) and, for a window, how many
samples there were, then the actions (τ) and the values (τ) of the last τ, in a ring.
"""

from daedalus.core.arrays import Floats, Row
from daedalus.core.compiled import inlined, lean


def kept(actions: int, window: int) -> int:
    """M, the length of a row of such a memory; window 0 is none."""
    return 2 * actions + (1 + 2 * window if window else 0)


@lean
def remember_discounted(memory: Floats, row: Row, actions: int, action: int, sample: float, discount: float) -> None:
    """Fade what is remembered of a row of `actions` and add a sample. Garivier & Moulines 2011, section 3.1."""
    for place in range(2 * actions):
        memory[row, place] *= discount
    memory[row, action] += sample
    memory[row, actions + action] += 1.0


@lean
def remember_window(memory: Floats, row: Row, actions: int, action: int, sample: float, window: int) -> None:
    """Add a sample and drop the one that leaves the window. Garivier & Moulines 2011, section 3.2."""
    seen = int(max(memory[row, 2 * actions], 0.0))
    place = 2 * actions + 1 + seen % window
    if seen >= window:
        old = int(min(max(memory[row, place], 0.0), actions - 1.0))  # whatever a file may say, it is an action
        memory[row, actions + old] -= 1.0
        memory[row, old] -= memory[row, place + window]
        if memory[row, actions + old] == 0.0:
            memory[row, old] = 0.0  # no rounding is left behind
    memory[row, place], memory[row, place + window] = action, sample
    memory[row, action] += sample
    memory[row, actions + action] += 1.0
    memory[row, 2 * actions] = seen + 1.0


@inlined
def remembered(memory: Floats, row: Row, actions: int) -> float:
    """How many samples of a row are remembered: Σ counts."""
    total = 0.0
    for action in range(actions):
        total += memory[row, actions + action]
    return total
