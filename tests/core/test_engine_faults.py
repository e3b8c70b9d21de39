"""What goes wrong in training: it is said, what to try too, and nothing is left half-done."""

import numpy as np
import pytest
import torch

from daedalus.core.device import torch_generator
from daedalus.core.engine import Diverged, Engine, Remedies, Training
from daedalus.core.errors import UserError
from daedalus.core.optim.averaging import EMA
from daedalus.core.optim.optimisers import SGD, Adam, RMSProp

from .objectives import CPU, Regression, batches, duel, engine, net, noisy, population, same


@pytest.mark.parametrize("kind", ["network", "population"])
def test_numbers_that_are_not_finite_stop_training_and_change_nothing(kind: str) -> None:
    make, lead = (noisy, (8,)) if kind == "network" else (lambda: population(range(3)), (3, 8))
    trained = engine(make(), Training(ema=EMA()))
    good, bad = batches(2, *lead)
    trained.step(good)
    before = trained.arrays()
    bad["x"][(-1, 0) if kind == "population" else (0,)] = torch.inf
    with pytest.raises(Diverged, match="'x' of the batch holds numbers that are not finite: clean the data") as stopped:
        trained.step(bad)
    error = stopped.value
    assert error.step == 2
    assert error.slots == ((2,) if kind == "population" else ())
    assert ("of slot 2 is" in str(error)) == (kind == "population")
    after = trained.arrays()
    for arrays in (before, after):
        arrays.pop("generators")  # dropout drew
    assert same(before, after)
    trained.step(good)


def test_divergence_says_what_to_try() -> None:
    trained = engine(net(), Training(SGD(lr=1e30)))
    (batch,) = batches(1, 8)
    trained.step(batch)
    with pytest.raises(Diverged, match=r"the (loss|gradient) is not finite \(gradient norm \w+\)") as stopped:
        trained.step(batch)
    assert "try a lower learning rate than 1e+30, or clip the gradient (clip_norm=1)" in str(stopped.value)
    assert stopped.value.step == 2
    assert all(torch.isfinite(parameter).all() for parameter in trained.objective.module.parameters())


def test_a_phase_that_diverges_takes_earlier_ones_back() -> None:
    trained = engine(duel(), {"critic": Training(Adam()), "maker": Training(SGD())})
    (good,) = batches(1, 8)
    for _ in range(2):  # the first time, the critic's optimiser has no state to go back to
        before = trained.arrays()
        with pytest.raises(Diverged):
            trained.step({**good, "scale": torch.tensor(torch.nan)})
        after = trained.arrays()
        for arrays in (before, after):
            arrays.pop("generators")
        assert same(before, after)
        trained.step(good)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: not enough memory: you tried to …"),
    ],
    ids=["cuda", "cpu"],
)
def test_out_of_memory_says_what_to_lower(error: RuntimeError, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = engine(net())
    before = trained.arrays()

    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(trained.objective, "loss", fails)
    with pytest.raises(
        UserError, match="too little memory for this batch; lower the batch size or the network's width"
    ):
        trained.step(batches(1, 8)[0])
    assert same(before, trained.arrays())
    error.args = ("something else",)


def test_remedies_are_named_in_the_words_of_the_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    (batch,) = batches(1, 8)
    remedies = Remedies(diverged="set max_grad_norm=1", memory="lower batch_size")
    trained = Engine(Regression(net()), Training(SGD(lr=1e30)), CPU, torch_generator(0, "noise"), remedies)
    trained.step(batch)
    with pytest.raises(Diverged, match=r"lower learning rate than 1e\+30, or set max_grad_norm=1$"):
        trained.step(batch)
    monkeypatch.setattr(trained.objective, "loss", lambda *_: torch.empty(10**14))  # beyond any address
    with pytest.raises(UserError, match=r"too little memory for this batch; lower batch_size$"):
        trained.step(batch)


def test_a_batch_that_no_memory_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    trained = engine(net())
    monkeypatch.setattr(trained.objective, "loss", lambda *_: torch.empty(10**14))  # beyond any address
    with pytest.raises(UserError, match="too little memory for this batch"):
        trained.step(batches(1, 8)[0])


def test_other_errors_pass_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    trained = engine(net())

    def fails(*_: object) -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr(trained.objective, "loss", fails)
    with pytest.raises(RuntimeError, match="something else"):
        trained.step(batches(1, 8)[0])


def test_losses_of_odd_shapes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    trained = engine(net())
    made = {"each": lambda x: (x.sum(-1), {}), "none": lambda x: (x.detach().sum(), {})}
    said = {"each": r"the loss has shape \(8,\); give its mean", "none": "depends on no parameter"}
    for name, loss in made.items():
        monkeypatch.setattr(
            trained.objective, "loss", lambda p, b, g, loss=loss: loss(trained.objective.module(b["x"]))
        )
        with pytest.raises(UserError, match=said[name]):
            trained.step(batches(1, 8)[0])
    with pytest.raises(UserError, match="a batch without tensors"):
        trained.step([])


def test_what_does_not_fit_is_not_taken_up() -> None:
    trained = engine(net(), Training(ema=EMA()))
    trained.step(batches(1, 8)[0])
    arrays = trained.arrays()
    fresh = engine(net(1), Training(ema=EMA()))
    before = fresh.arrays()
    other = engine(net(), Training(RMSProp(), ema=EMA()))
    other.step(batches(1, 8)[0])
    wide = np.zeros((9, 9), dtype=np.float32)
    broken = {
        "'0.weight' has shape (9, 9) where (7, 5) is wanted": arrays | {"module/0.weight": wide},
        "is of another optimiser ('exp_avg')": other.arrays(),
        "lacks '2.bias'": {path: array for path, array in arrays.items() if path != "module/2.bias"},
        "has 'more', which is not wanted": arrays | {"module/more": wide},
        "optimiser/0.weight/exp_avg (9, 9) fits no parameter": arrays
        | {"phase/train/optimiser/0.weight/exp_avg": wide},
        "lacks average/0.bias": {path: array for path, array in arrays.items() if "average/0.bias" not in path},
        "'generators' is missing": {path: array for path, array in arrays.items() if path != "generators"},
    }
    for said, given in broken.items():
        with pytest.raises(UserError) as refused:
            fresh.take_up(given)
        assert said in str(refused.value)
        assert same(before, fresh.arrays())
    fresh.take_up(arrays)
    assert same(arrays, fresh.arrays())


def test_every_phase_needs_a_training() -> None:
    with pytest.raises(UserError, match="no training is given for the phase 'critic'; given: maker"):
        engine(duel(), {"maker": Training()})
    for wrong in ({"clip_norm": 0.0}, {"clip_value": -1.0}, {"accumulate": 0}, {"l1": -1.0}, {"bound": 0.0}):
        with pytest.raises(UserError, match=next(iter(wrong))):
            Training(**wrong)  # type: ignore[arg-type]
