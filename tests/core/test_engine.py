"""The engine: equal to torch by hand, to the bit after a resume and in a population, and never left half-done."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from daedalus.core.checkpoint import Card, load, save
from daedalus.core.device import Numerics, torch_generator
from daedalus.core.engine import Engine, Training
from daedalus.core.nn.mlp import MLP
from daedalus.core.noise import Noise
from daedalus.core.objective import Batch, Metrics, Phase
from daedalus.core.optim.averaging import EMA
from daedalus.core.optim.optimisers import SGD, Adam, AdamW, Optimiser, RMSProp
from daedalus.core.optim.schedules import Cosine, Plateau

from .objectives import CPU, PLAIN, Duel, Regression, batches, drawn, duel, engine, net, noisy, population, same

OPTIMISERS: dict[str, Optimiser] = {
    "sgd": SGD(lr=0.1),
    "momentum": SGD(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    "rmsprop": RMSProp(momentum=0.5, centred=True),
    "adam": Adam(weight_decay=0.1),
    "adamw": AdamW(lr=0.01),
}


def test_a_step_is_what_torch_does_by_hand(where: torch.device) -> None:
    ours, by_hand = net(), net().to(where)
    trained = engine(ours, Training(SGD(lr=0.1, momentum=0.9), clip_norm=0.5), Numerics(where))
    optimiser = torch.optim.SGD(by_hand.parameters(), lr=0.1, momentum=0.9)
    for batch in batches(5, 16):
        told = trained.step(batch)
        optimiser.zero_grad()
        loss = (by_hand(batch["x"].to(where)).squeeze(-1) - batch["y"].to(where)).square().mean()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(by_hand.parameters(), 0.5)
        optimiser.step()
        torch.testing.assert_close(told["loss"], loss.detach())
        torch.testing.assert_close(told["gradient_norm"], norm)
        assert not told["loss"].requires_grad
        assert told["worst"] >= told["loss"]
    assert trained.steps == 5
    for parameter, wanted in zip(ours.parameters(), by_hand.parameters(), strict=True):
        assert parameter.device == where
        torch.testing.assert_close(parameter, wanted)


MODULES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "network": (noisy, (8,)),
    "population": (lambda: population(range(3)), (3, 8)),
    "single slot": (lambda: population([4]), (1, 8)),
    "duel": (duel, (8,)),
}


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("kind", MODULES)
def test_ten_steps_and_ten_resumed_are_twenty(kind: str, name: str) -> None:
    make, lead = MODULES[kind]
    plan = Training(OPTIMISERS[name], Plateau(patience=2, warm_up=3), clip_norm=1.0, ema=EMA(0.9), l2=0.01)
    training = {"critic": plan, "maker": plan} if kind == "duel" else plan
    seen = batches(20, *lead)

    def run(trained: Engine, first: int, last: int) -> None:
        for t in range(first, last):
            trained.step(seen[t])
            trained.tell(-t % 7)

    whole = engine(make(), training)
    run(whole, 0, 20)
    half = engine(make(), training)
    run(half, 0, 10)
    rest = engine(drawn(make(), seed=9), training, seed=9)
    rest.take_up(half.arrays())
    assert same(rest.arrays(), half.arrays())
    run(rest, 10, 20)
    assert same(rest.arrays(), whole.arrays())
    assert not same(half.arrays(), whole.arrays())
    assert rest.steps == 20


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("sizes", [(7, 33), (4, 120), (5, 1)], ids=str)
def test_a_slot_has_the_bits_that_it_has_alone(name: str, sizes: tuple[int, int]) -> None:
    training = Training(OPTIMISERS[name], ema=EMA(), clip_norm=0.5, clip_value=0.3, l1=0.001, l2=0.01)
    seen = batches(4, 5, 13, features=sizes[0])

    def run(slots: list[int]) -> list[np.ndarray]:
        trained = engine(population(slots, *sizes), training)
        told = [trained.step({key: tensor[slots] for key, tensor in batch.items()}) for batch in seen]
        arrays = {k: v for k, v in trained.arrays().items() if v.ndim and not k.endswith(("counts", "generators"))}
        return [*arrays.values(), *(metrics[key].numpy() for metrics in told for key in ("loss", "gradient_norm"))]

    together = run([0, 1, 2, 3, 4])
    assert len(together) >= 20
    for n in range(5):
        assert all(np.array_equal(many[n], one[0]) for many, one in zip(together, run([n]), strict=True))


@pytest.mark.parametrize("kind", ["network", "population"])
def test_parts_of_a_batch_make_the_step_of_the_whole(kind: str) -> None:
    make, lead = (net, (12,)) if kind == "network" else (lambda: population(range(3)), (3, 12))
    axis = len(lead) - 1
    (batch,) = batches(1, *lead)
    weights = []
    for training, given in (
        (Training(), batch),
        (Training(accumulate=5), batch),  # 12 examples in parts of 3, 3, 2, 2, 2
        (Training(), [{k: v.narrow(axis, *span) for k, v in batch.items()} for span in ((0, 7), (7, 5))]),
    ):
        trained = engine(make(), training)
        told = trained.step(given)
        weights.append((trained.arrays(), told))
    for arrays, told in weights[1:]:
        for path, array in weights[0][0].items():
            np.testing.assert_allclose(array, arrays[path], rtol=1e-4, atol=1e-6, err_msg=path)
        torch.testing.assert_close(told["loss"], weights[0][1]["loss"])
        torch.testing.assert_close(told["gradient_norm"], weights[0][1]["gradient_norm"])
    many = engine(make(), Training(accumulate=99)).step(batch)
    torch.testing.assert_close(many["loss"], weights[0][1]["loss"])


def test_a_slot_drops_what_it_would_drop_alone() -> None:
    def run(slots: list[int]) -> dict[str, np.ndarray]:
        noise = [torch_generator(slot, "noise") for slot in slots]
        network = MLP(width=8, depth=2, outputs=1, dropout=0.4)
        module = network.build_population((5,), [torch_generator(slot, "init") for slot in slots])
        trained = Engine(Regression(module), PLAIN, CPU, noise)
        for batch in batches(4, 3, 8):
            trained.step({key: tensor[slots] for key, tensor in batch.items()})
        return trained.arrays()

    together = run([0, 1, 2])
    for n in range(3):
        alone = run([n])
        for path, array in alone.items():
            if path.startswith(("module/", "generators")):
                np.testing.assert_array_equal(array[0], together[path][n])


class Blurred(Regression):
    """A loss that draws: noise on what comes in, of three sorts."""

    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        shape = batch["x"].shape
        x = batch["x"] + 0.1 * noise.normal(*shape) + noise.uniform(*shape[:-1], 1) * noise.below(3, *shape)
        return super().loss(phase, {**batch, "x": x * noise.ones(0.7, *shape)}, noise)


def test_a_loss_draws_for_a_slot_what_it_would_draw_alone() -> None:
    def run(slots: list[int]) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
        trained = Engine(Blurred(population(slots)), PLAIN, CPU, [torch_generator(slot, "noise") for slot in slots])
        told = [trained.step({key: tensor[slots] for key, tensor in batch.items()}) for batch in batches(4, 3, 8)]
        return trained.arrays(), [one["loss"].numpy() for one in told]

    together, losses_together = run([0, 1, 2])
    for n in range(3):
        alone, losses_alone = run([n])
        for path in (path for path in alone if path.startswith(("module/", "generators"))):
            np.testing.assert_array_equal(alone[path][0], together[path][n])
        np.testing.assert_array_equal(np.stack(losses_alone)[:, 0], np.stack(losses_together)[:, n])


def test_a_checkpoint_holds_all_of_it(tmp_path: Path) -> None:
    trained, fresh = (engine(drawn(noisy(), seed), Training(ema=EMA()), seed=seed) for seed in (0, 1))
    seen = batches(4, 8)
    for batch in seen[:2]:
        trained.step(batch)
    save(tmp_path / "it.safetensors", trained.arrays(), Card("test", "noisy"))
    arrays, _ = load(tmp_path / "it.safetensors", "noisy")
    fresh.take_up(arrays)
    for one in (trained, fresh):
        for batch in seen[2:]:
            one.step(batch)
    assert same(trained.arrays(), fresh.arrays())


def test_clipping_bounds_each_slot_for_itself() -> None:
    batch = batches(1, 2, 8)[0]
    batch["y"] = batch["y"] * torch.tensor([[0.001], [100.0]])  # one slot with a huge gradient
    module = population([0, 0])
    before = [parameter.detach().clone() for parameter in module.parameters()]
    told = engine(module, Training(SGD(lr=1.0), clip_norm=1.0)).step(batch)
    moved = torch.cat([(b - p.detach()).reshape(2, -1) for b, p in zip(before, module.parameters(), strict=True)], 1)
    wanted = told["gradient_norm"].clamp(max=1.0)
    assert told["gradient_norm"][1] > 10 > 1 > told["gradient_norm"][0]
    torch.testing.assert_close(moved.norm(dim=1), wanted)


def test_values_are_clipped_before_the_norm() -> None:
    module = nn.Sequential(nn.Linear(2, 1, bias=False))
    with torch.no_grad():
        module[0].weight.zero_()
    batch = {"x": torch.tensor([[3.0, 4.0]]), "y": torch.tensor([-0.5])}  # the gradient is (3, 4)
    told = engine(module, Training(SGD(lr=1.0), clip_value=1.0, clip_norm=1.0)).step(batch)
    assert told["gradient_norm"].item() == pytest.approx(5)
    assert module[0].weight[0].tolist() == pytest.approx([-(0.5**0.5)] * 2, abs=1e-5)


def test_parameters_stay_within_their_bound_after_every_step() -> None:
    module = net()
    trained = engine(module, Training(SGD(lr=1.0), bound=0.25))
    for batch in batches(3, 8):
        trained.step(batch)
        assert max(parameter.abs().max().item() for parameter in module.parameters()) == 0.25


def test_the_schedule_sets_the_rate_of_each_step() -> None:
    module = net()
    trained = engine(module, Training(SGD(lr=1.0, momentum=0.0), Cosine(steps=4), clip_norm=1e-3))
    moved = []
    for batch in batches(6, 8):
        before = nn.utils.parameters_to_vector(module.parameters()).detach()
        trained.step(batch)
        moved.append(1e3 * (nn.utils.parameters_to_vector(module.parameters()).detach() - before).norm().item())
    assert moved == pytest.approx([1.0, 0.853553, 0.5, 0.146447, 0, 0], abs=1e-3)


def test_penalties_are_of_weights_and_in_the_loss() -> None:
    module = nn.Sequential(nn.Linear(5, 1))
    with torch.no_grad():
        module[0].weight.copy_(torch.tensor([[1.0, -2, 3, 0, 0]]))
        module[0].bias.fill_(7.0)
    batch = {"x": torch.zeros(4, 5), "y": torch.full((4,), 7.0)}  # no error, and no gradient of one
    told = engine(module, Training(SGD(lr=0.1), l1=0.5, l2=2.0)).step(batch)
    assert told["loss"].item() == pytest.approx(0.5 * 6 + 2.0 * 0.5 * 14)
    wanted = [1 - 0.1 * (0.5 + 2), -2 + 0.1 * (0.5 + 4), 3 - 0.1 * (0.5 + 6), 0, 0]
    assert module[0].weight[0].tolist() == pytest.approx(wanted)
    assert module[0].bias.item() == 7


def test_averaged_weights_are_carried_inside_alone(where: torch.device) -> None:
    module = net()
    trained = engine(module, Training(SGD(lr=0.1), ema=EMA(decay=0.5, warm_up=False)), Numerics(where))
    average = [parameter.detach().clone().to(where) for parameter in module.parameters()]
    for batch in batches(3, 8):
        trained.step(batch)
        average = [0.5 * a + 0.5 * p.detach() for a, p in zip(average, module.parameters(), strict=True)]
    own = [parameter.detach().clone() for parameter in module.parameters()]
    with trained.averaged():
        for parameter, wanted in zip(module.parameters(), average, strict=True):
            torch.testing.assert_close(parameter.detach(), wanted)
    with pytest.raises(ZeroDivisionError), trained.averaged():
        raise ZeroDivisionError
    assert all(torch.equal(p, wanted) for p, wanted in zip(module.parameters(), own, strict=True))
    with engine(net()).averaged():  # without an average there is nothing to carry
        pass


def test_frozen_parameters_stay_and_phases_train_their_part() -> None:
    module = net()
    module[0].requires_grad_(False)
    before = [parameter.detach().clone() for parameter in module.parameters()]
    engine(module).step(batches(1, 8)[0])
    assert [torch.equal(b, p) for b, p in zip(before, module.parameters(), strict=True)] == [True, True, False, False]

    both = duel()
    told = engine(both, {"critic": Training(), "maker": Training(SGD(lr=1e-9))}).step(batches(1, 8)[0])
    assert {"critic/loss", "maker/loss", "critic/gradient_norm", "maker/gradient_norm"} == set(told)
    fresh = duel()
    torch.testing.assert_close(both["maker"].state_dict(), fresh["maker"].state_dict())
    assert not torch.equal(both["critic"][0].weight, fresh["critic"][0].weight)
    assert both["maker"][0].weight.grad is not None
    alone = duel()
    maker = Duel(alone)
    maker.phases = lambda step: (Phase("maker", "maker"),)  # type: ignore[method-assign]
    told = Engine(maker, PLAIN, CPU, torch_generator(0, "noise")).step(batches(1, 8)[0])
    assert {"maker/loss", "maker/gradient_norm"} == set(told)  # by its name though it came alone
    assert all(parameter.grad is None for parameter in alone["critic"].parameters())


def test_autocast_keeps_weights_in_float32(where: torch.device) -> None:
    module = net()
    trained = engine(module, where=Numerics(where, torch.bfloat16))
    first = [trained.step(batch)["loss"] for batch in batches(1, 64) * 30]
    assert first[-1] < first[0]
    assert all(parameter.dtype is torch.float32 for parameter in module.parameters())


def test_one_batch_is_overfitted(where: torch.device) -> None:
    (batch,) = batches(1, 8)
    trained = engine(drawn(nn.Sequential(nn.Linear(5, 64), nn.Tanh(), nn.Linear(64, 1))), Training(Adam(lr=0.02)),
                     Numerics(where))  # fmt: skip
    for _ in range(200):
        told = trained.step(batch)
    assert told["loss"] < 1e-4
