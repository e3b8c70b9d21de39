"""The table of mazes: rows are judged as they say, and what cannot be is seen."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from daedalus.core.data import load_data
from daedalus.core.spec import parse_spec
from daedalus.generative.data.trees import log_trees
from daedalus.generative.metrics.levels import every_maze
from daedalus.generative.studies.mazes import ENTRANTS, SIZES, Entrant, _figure, _goal, _rows, examined, known

MADE = next(one for one in ENTRANTS if one.label == "MADE")
GOAL = Entrant("sequence", "Transformer", "gpt", (1, 1, 1), goal=True)


class Sure:
    """It draws a share of all trees, and says of every one how likely it is."""

    exact = True
    options_class = None

    def __init__(self, log_p: float, trees: int, others: float = 0.0) -> None:
        self.module, self.objective, self.log_p, self.others = torch.nn.Identity(), self, log_p, others
        self.trees = torch.from_numpy(every_maze(parse_spec("maze(rows=3,columns=3,layout=edges)")))[:trees]

    def log_prob(self, batch, generator):
        return torch.full((len(batch["x"]),), self.log_p)

    def sample(self, n, condition, generator):
        x = self.trees[torch.randint(len(self.trees), (n,), generator=generator)]
        return x * (torch.rand(n, 1, generator=generator) >= self.others)  # a share of them is all walls


def told(sure, entrant=GOAL):
    return examined(entrant, 3, load_data(parse_spec("mazes:n=3,tested=50")), sure, quick=True)


def test_a_quick_look_at_a_model_passes_its_rows():
    found = known(MADE, 3, quick=True)
    nll, perfect, modes = _rows(found)
    assert nll.passed
    assert nll.ours == pytest.approx(log_trees(3, 3) + found.above)
    assert nll.standard_error == 0  # of all mazes
    assert perfect.passed
    assert perfect.theirs == found.mass
    assert modes.passed


def test_the_uniform_model_is_at_the_floor_and_covers_all():
    found = told(Sure(-math.log(192), 192))
    assert found.above == pytest.approx(0, abs=1e-6)
    assert found.mass == pytest.approx(1, abs=1e-6)
    assert found.modes > 100  # of 250 samples
    assert all(row.passed for row in _rows(found))


def test_what_is_below_the_floor_or_draws_otherwise_than_it_says_is_seen():
    below, *_ = _rows(told(Sure(-math.log(190), 192)))
    assert not below.passed
    _, otherwise, _ = _rows(told(Sure(-math.log(192), 192, others=0.1)))
    assert not otherwise.passed
    _, _, modes = _rows(told(Sure(-math.log(192), 40)))
    assert not modes.passed


def test_the_goal_is_judged_of_the_better_of_the_two():
    rng = np.random.default_rng(0)
    base, floor = told(Sure(-math.log(192), 192)), log_trees(3, 3)
    good = replace(base, nll=floor + 0.2 + 0.1 * rng.standard_normal(500), perfect=np.r_[np.zeros(10), np.ones(990)])
    bad = replace(good, nll=good.nll + 0.2, perfect=np.r_[np.zeros(100), np.ones(900)])
    other = replace(good, entrant=MADE, nll=good.nll - 0.1)  # not asked of it
    nll, perfect = _goal([bad, good, other])
    assert nll.passed
    assert perfect.passed
    assert nll.ours == pytest.approx(good.nll.mean())
    assert not any(row.passed for row in _goal([bad]))


def test_the_figure_has_a_point_for_each_likelihood():
    base = told(Sure(-math.log(150), 192))
    drawn = _figure(3, [base, replace(base, nll=None)])
    assert [line.label for line in drawn.lines] == ["Transformer", "single edges"]
    assert "Transformer: 100.0% perfect" in drawn.caption


def test_every_entrant_has_steps_for_every_size():
    assert all(len(one.steps) == len(SIZES) for one in ENTRANTS)
    assert sum(one.goal for one in ENTRANTS) == 2
