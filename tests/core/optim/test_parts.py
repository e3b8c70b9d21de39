"""The small parts: clipping and norms, averages, packs, batches in parts."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from daedalus.core.device import torch_generator
from daedalus.core.errors import UserError
from daedalus.core.optim.averaging import EMA, Average
from daedalus.core.optim.clipping import clip_norm, clip_value, norms
from daedalus.core.optim.optimisers import Adam, groups
from daedalus.core.optim.packing import REGISTER, Pack, packed
from daedalus.core.optim.parts import cut, joined, sizes


def drawn(*shapes: tuple[int, ...], where: torch.device | str = "cpu") -> list[Tensor]:
    generator = torch_generator(0, "x")
    return [torch.randn(shape, generator=generator).to(where) for shape in shapes]


def test_norms_and_clipping_by_hand(where: torch.device) -> None:
    gradients = [torch.tensor([[3.0], [0.3]], device=where), torch.tensor([[0.0, 4], [0.4, 0]], device=where)]
    assert norms(gradients[:1] + gradients[1:]).item() == pytest.approx((25 + 0.25) ** 0.5)
    each = norms(gradients, slots=2)
    assert each.tolist() == pytest.approx([5, 0.5])
    clip_norm(gradients, each, 1.0)
    assert gradients[0].flatten().tolist() == pytest.approx([0.6, 0.3])
    assert gradients[1].flatten().tolist() == pytest.approx([0, 0.8, 0.4, 0])
    clip_value(gradients, 0.35)
    assert gradients[0].flatten().tolist() == pytest.approx([0.35, 0.3])


def test_clipping_is_torchs(where: torch.device) -> None:
    module = nn.Linear(7, 5).to(where)
    for most in (0.1, 100.0):
        for parameter, gradient in zip(module.parameters(), drawn((5, 7), (5,), where=where), strict=True):
            parameter.grad = gradient.clone()
        ours = drawn((5, 7), (5,), where=where)
        norm = norms(ours)
        torch.testing.assert_close(norm, nn.utils.clip_grad_norm_(module.parameters(), most))
        clip_norm(ours, norm, most)
        torch.testing.assert_close(ours, [parameter.grad for parameter in module.parameters()])


@pytest.mark.parametrize("slots", [2, 3, 7, 16])
def test_norms_of_slots_do_not_depend_on_how_many_there_are(slots: int) -> None:
    for width in (1, 3, 17, 33, 100, 1001):
        tensors = drawn((slots, width), (slots, 3, width), (slots,))
        many = norms(tensors, slots)
        for n in range(slots):
            assert torch.equal(many[n : n + 1], norms([tensor[n : n + 1].clone() for tensor in tensors], 1))


def test_averages_by_hand() -> None:
    weights = [torch.tensor([0.0, 8.0])]
    average = Average(EMA(decay=0.75, warm_up=False), weights)
    weights[0] += 4
    average.update(weights)
    assert average.tensors[0].tolist() == [1, 9]
    average.update(weights)
    assert average.tensors[0].tolist() == [1.75, 9.75]
    warm = Average(EMA(decay=0.75), [torch.zeros(1)])
    for _ in range(2):
        warm.update([torch.ones(1)])  # shares 9/11 and 9/12
    assert warm.tensors[0].item() == pytest.approx(1 - 2 / 11 * 3 / 12)
    assert [EMA(0.5).share(t) for t in (1, 2, 8, 9)] == pytest.approx([9 / 11, 9 / 12, 0.5, 0.5])  # 1 − (1+t)/(10+t)
    with pytest.raises(UserError, match=r"decay must lie in \[0, 1\), not 1"):
        EMA(1.0)


def test_a_pack_is_another_view_of_its_parameters() -> None:
    for slots in (1, 3):
        values = drawn((slots, 3, 5), (slots, 32), (slots,))
        pack = Pack([nn.Parameter(value.clone()) for value in values])
        assert pack.rows.shape == (slots, 3 * REGISTER)
        for parameter, view, value in zip(pack.parameters, pack.views(pack.rows), values, strict=True):
            assert torch.equal(parameter, value)
            assert torch.equal(view, value)
        for parameter in pack.parameters[:2]:
            parameter.grad = torch.ones_like(parameter)
        pack.gather()
        assert [view.unique().tolist() for view in pack.views(pack.rows.grad)] == [[1], [1], [0]]
        assert pack.rows.grad.sum() == slots * (15 + 32)  # the gaps have none
        with torch.no_grad():
            pack.rows.mul_(2)
        pack.scatter()
        assert all(torch.equal(p, 2 * value) for p, value in zip(pack.parameters, values, strict=True))


def test_a_pack_sees_weights_that_others_wrote_or_put_elsewhere() -> None:
    for slots in (1, 2):
        pack = Pack([nn.Parameter(value) for value in drawn((slots, 3), (slots, 4))])
        with torch.no_grad():
            pack.parameters[0].fill_(7.0)
        pack.parameters[1].data = torch.full((slots, 4), 9.0)
        pack.gather()
        assert [view.unique().tolist() for view in pack.views(pack.rows)] == [[7], [9]]
        with torch.no_grad():
            pack.rows.mul_(2)
        pack.scatter()
        assert [parameter.unique().tolist() for parameter in pack.parameters] == [[14], [18]]


class Stack(nn.Module):
    def __init__(self, slots: int) -> None:
        super().__init__()
        self.odd, self.even = nn.Parameter(torch.zeros(slots, 7)), nn.Parameter(torch.zeros(slots, 2, 16))
        self.bias = nn.Parameter(torch.zeros(slots, 1, 3))


def test_which_parameters_are_packed() -> None:
    names = {7: "odd", 32: "even", 3: "bias"}

    def order(module: nn.Module, weight_decay: float = 0.0) -> list[tuple[list[str], bool]]:
        asked = groups(module, weight_decay, "weights")
        return [([names[parameter[0].numel()] for parameter in group["params"]], group["packed"]) for group in asked]

    assert order(Stack(3)) == [(["even"], False), (["odd", "bias"], True)]
    assert order(Stack(1)) == [(["even", "odd", "bias"], True)]
    assert order(Stack(3), 0.1) == [(["even"], False), (["odd"], True), (["bias"], True)]
    assert order(Stack(1), 0.1) == [(["even", "odd"], True), (["bias"], True)]
    single = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))
    assert [group["packed"] for group in groups(single, 0.1, "weights")] == [False, False]
    found, packs = packed(groups(Stack(3), 0.0, "weights"))
    assert [one.rows.shape for one in packs] == [(3, 2 * REGISTER)]
    assert [len(group["params"]) for group in Adam().over(found).param_groups] == [1, 1]


def test_batches_are_cut_and_metrics_joined() -> None:
    batch = {"x": torch.arange(10).reshape(5, 2), "y": torch.arange(5), "scale": torch.tensor(3.0)}
    parts = cut(batch, 2, axis=0)
    assert [part["y"].tolist() for part in parts] == [[0, 1, 2], [3, 4]]
    assert [part["scale"].item() for part in parts] == [3, 3]
    assert [part["x"].tolist() for part in cut(batch, 2, axis=1)] == [
        [[0], [2], [4], [6], [8]],
        [[1], [3], [5], [7], [9]],
    ]
    assert [len(part["y"]) for part in cut([batch, batch], 2, axis=0)] == [3, 2, 3, 2]
    assert len(cut(batch, 99, axis=0)) == 5
    assert cut(batch, 1, axis=0) == [batch]
    assert sizes(batch) == (5, 2)
    found = joined([({"a": torch.tensor(1.0), "b": torch.tensor([1, 2])}, 0.75),
                    ({"a": torch.tensor(5.0), "b": torch.tensor([3])}, 0.25)], axes=0)  # fmt: skip
    assert found["a"].item() == 2
    assert found["b"].tolist() == [1, 2, 3]
    for empty in ([], [{}], {}):
        with pytest.raises(UserError, match="a batch without tensors"):
            cut(empty, 1, axis=0)


def test_numbers_of_a_population_are_averaged_slot_by_slot() -> None:
    parts = [({"loss": torch.tensor([1.0, 2.0])}, 0.5), ({"loss": torch.tensor([3.0, 6.0])}, 0.5)]
    np.testing.assert_allclose(joined(parts, axes=1)["loss"], [2, 4])


@pytest.mark.parametrize("lead", [(), (3,)])
def test_what_is_told_of_examples_is_put_one_after_another(lead: tuple[int, ...]) -> None:
    each = torch.arange(40.0).expand(*lead, 40).reshape(*lead, 5, 8)
    parts = [({"each": part}, part.shape[-2] / 5) for part in each.split([3, 2], -2)]
    assert torch.equal(joined(parts, axes=len(lead))["each"], each)


@pytest.mark.parametrize(("axis", "shape"), [(0, (0, 3)), (1, (2, 0, 3))])
def test_a_batch_without_examples_is_refused(axis: int, shape: tuple[int, ...]) -> None:
    empty, one = {"x": torch.zeros(shape)}, {"x": torch.zeros(2, 1, 3)}
    for batch in (empty, [one, empty]):
        for count in (1, 3):
            with pytest.raises(UserError, match="without examples"):
                cut(batch, count, axis)
