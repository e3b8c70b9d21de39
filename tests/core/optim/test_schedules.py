"""Schedules by hand and against torch's."""

import pytest
import torch
from torch.optim import lr_scheduler

from daedalus.core.errors import UserError
from daedalus.core.optim.schedules import Constant, Cosine, Hearing, Linear, Plateau, Stairs, over, schedule


def test_factors_by_hand() -> None:
    assert [Constant(warm_up=4).factor(t) for t in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]
    assert [Linear(steps=4, end=0.2).factor(t) for t in range(6)] == pytest.approx([1, 0.8, 0.6, 0.4, 0.2, 0.2])
    assert [Linear(steps=6, warm_up=2).factor(t) for t in range(7)] == pytest.approx([0.5, 1, 1, 0.75, 0.5, 0.25, 0])
    assert [Cosine(steps=4, end=0.5).factor(t) for t in (0, 2, 4, 9)] == pytest.approx([1, 0.75, 0.5, 0.5])
    assert [Stairs(every=2, times=0.1).factor(t) for t in range(5)] == pytest.approx([1, 1, 0.1, 0.1, 0.01])
    assert [Stairs(every=2, times=0.1, warm_up=2).factor(t) for t in range(5)] == pytest.approx([0.5, 1, 1, 1, 0.1])


THEIRS = {
    "cosine": (Cosine(steps=9, end=0.1), lambda o: lr_scheduler.CosineAnnealingLR(o, 9, eta_min=0.1)),
    "linear": (Linear(steps=9, end=0.1), lambda o: lr_scheduler.LinearLR(o, 1.0, 0.1, 9)),
    "stairs": (Stairs(every=3, times=0.5), lambda o: lr_scheduler.StepLR(o, 3, 0.5)),
}


@pytest.mark.parametrize("name", THEIRS)
def test_factors_are_torchs(name: str) -> None:
    ours, make = THEIRS[name]
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = make(optimiser)
    for step in range(10):
        assert ours.factor(step) == pytest.approx(theirs.get_last_lr()[0], abs=1e-12)
        optimiser.step()
        theirs.step()


def test_plateau_is_torchs() -> None:
    scores = [1, 2, 2, 1, 2.05, 3, 3, 3, 3, 3, 3, 3, 4, 0, 0, 0, 0, 0, 0]
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = lr_scheduler.ReduceLROnPlateau(
        optimiser, "max", factor=0.5, patience=2, threshold=0.1, threshold_mode="abs", min_lr=0.2
    )
    ours = Hearing(Plateau(patience=3, times=0.5, least=0.1, floor=0.2))  # torch waits for one more than its patience
    seen = []
    for score in scores:
        ours.tell(score)
        theirs.step(score)
        assert ours.factor(0) == pytest.approx(theirs.get_last_lr()[0])
        seen.append(ours.factor(0))
    assert sorted(set(seen)) == [0.2, 0.25, 0.5, 1.0]


def test_what_was_heard_is_taken_up() -> None:
    one, other = (Hearing(Plateau(patience=2, times=0.5, warm_up=2)) for _ in range(2))
    for score in (3, 1, 1, 2):
        one.tell(score)
    other.take_up(one.state())
    for hearing in (one, other):
        hearing.tell(0)
    assert other.state() == one.state() == (3, 0, 0.25)
    assert one.factor(0) == 0.125
    silent = Hearing(Constant())
    silent.tell(1)
    assert silent.factor(5) == 1


def test_specs_are_read_from_words_and_end_with_the_run() -> None:
    assert schedule("cosine(steps=2000,end=.1,warm_up=100)") == Cosine(2000, 0.1, 100)
    assert schedule("plateau") == Plateau()
    assert schedule(Stairs()) == Stairs()
    assert over(schedule("cosine(warm_up=3)"), 50) == Cosine(50, warm_up=3)
    assert over(Linear(9), 50) == Linear(9)
    assert over(Constant(), 50) == Constant()


@pytest.mark.parametrize(
    ("asked", "said"),
    {
        "cosinus": "unknown schedule 'cosinus'; did you mean 'cosine'?",
        "cosine(steps=10,warm_up=10)": "cosine: steps must be more than warm_up, not 10 with warm_up=10",
        "linear(steps=0)": "linear: its steps must be at least 1, not 0",
        "linear(end=2)": r"linear: its share of the rate must lie in \[0, 1\], not 2",
        "stairs(every=0)": "stairs: its steps must be at least 1",
        "plateau(patience=0)": "plateau: its steps must be at least 1",
        "plateau(floor=2)": r"plateau: its share of the rate must lie in \[0, 1\], not 2",
        "plateau(least=-1)": "plateau: least must be at least 0, not -1",
        "constant(warm_up=-1)": "constant: warm_up must be at least 0",
    }.items(),
)
def test_bad_settings_are_refused(asked: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        schedule(asked)


def test_an_end_must_be_known() -> None:
    with pytest.raises(UserError, match=r"say at which step, as in cosine\(steps=2000\)"):
        Cosine().factor(3)
