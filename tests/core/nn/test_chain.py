"""What does not fit into a network is refused in one line; what fits passes as through `nn.Sequential`."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import nn

from daedalus.core.errors import UserError
from daedalus.core.nn.cnn import CNN
from daedalus.core.nn.heads import Headed, Q
from daedalus.core.nn.mlp import MLP
from daedalus.core.nn.population import put_slot, stack, take_slot


def seeded(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def one(spec: MLP | CNN, *shape: int) -> nn.Module:
    return spec.build(shape, *seeded(0))


def three(spec: MLP | CNN, *shape: int) -> nn.Module:
    return spec.build_population(shape, seeded(0, 1, 2))


SMALL = CNN((4,), width=None, outputs=2)


@pytest.mark.parametrize(
    ("network", "given", "said"),
    [
        (one(MLP(8), 4), torch.zeros(2, 5), r"this network takes \(B, 4\), not a tensor of shape \(2, 5\)$"),
        (one(MLP(8), 2, 3), torch.zeros(6, 3, 2), r"takes \(B, 2, 3\), not a tensor of shape \(6, 3, 2\)$"),
        (one(MLP(8), 2, 3), torch.zeros(2, 3), r"takes \(B, 2, 3\), not a tensor of shape \(2, 3\)$"),
        (one(MLP(8), 4), torch.zeros(2, 4).double(), r"takes \(B, 4\), of torch.float32, as its weights are, not of"),
        (one(MLP(8), 4), torch.zeros(2, 4).long(), r"of torch.float32, as its weights are, not of torch.int64$"),
        (one(MLP(8, one_hot=True), 4), torch.tensor([0, 4]), r"takes \(B\) of whole numbers from 0 to 3, not others$"),
        (one(MLP(8, one_hot=True), 4), torch.zeros(2), r"takes \(B\) of whole numbers from 0 to 3, not others$"),
        (three(MLP(8), 4), torch.zeros(3, 2, 5), r"this population of 3 takes \(3, B, 4\), not a tensor of shape"),
        (three(MLP(8), 4), torch.zeros(1, 1, 4), r"takes \(3, B, 4\), not a tensor of shape \(1, 1, 4\)$"),
        (three(MLP(8), 4), torch.zeros(3, 1, 1), r"takes \(3, B, 4\), not a tensor of shape \(3, 1, 1\)$"),
        (three(MLP(8), 4), torch.zeros(3, 4), r"takes \(3, B, 4\), not a tensor of shape \(3, 4\)$"),
        (three(MLP(8), 4), torch.zeros(3, 1, 4).double(), r"of torch.float32, as its weights are, not of"),
        (three(MLP(8, one_hot=True), 4), torch.zeros(2, 5).long(), r"takes \(3, B\) of whole numbers from 0 to 3, not"),
        (one(SMALL, 3, 5, 5), torch.zeros(2, 1, 5, 5), r"takes \(B, 3, 5, 5\), not a tensor of shape \(2, 1, 5, 5\)$"),
        (one(SMALL, 3, 5, 5), torch.zeros(3, 5, 5), r"takes \(B, 3, 5, 5\), not a tensor of shape \(3, 5, 5\)$"),
        (one(SMALL, 3, 5, 5), torch.zeros(2, 3, 5, 5).double(), r"of torch.float32, as its weights are"),
        (three(SMALL, 3, 5, 5), torch.zeros(2, 9, 3, 5, 5), r"population of 3 takes \(3, B, 3, 5, 5\), not a tensor"),
    ],
)
def test_what_does_not_fit_is_refused(network: nn.Module, given: torch.Tensor, said: str) -> None:
    with pytest.raises(UserError, match=said):
        network(given)


def test_another_device_is_named() -> None:
    network = one(MLP(8), 4)
    network[0].register_forward_pre_hook(lambda *_: (_ for _ in ()).throw(RuntimeError("as torch says it")))
    with pytest.raises(UserError, match=r"takes \(B, 4\), on cpu where its weights are, not on meta$"):
        network(torch.zeros(2, 4, device="meta"))


def test_what_fits_passes() -> None:
    assert one(MLP(8), 4)(torch.zeros(2, 7, 4)).shape == (2, 7, 8)  # vectors take any leading axes
    assert one(SMALL, 3, 5, 5)(torch.zeros(2, 3, 5, 5, dtype=torch.uint8)).shape == (2, 2)
    assert one(MLP(8), 4).double()(torch.zeros(2, 4).double()).dtype is torch.float64
    assert one(MLP(8), 4)[:1](torch.zeros(2, 4)).shape == (2, 8)  # a slice is of torch's making: no door


COPIES: dict[str, Callable[[nn.Module], nn.Module]] = {
    "copied": copy.deepcopy,
    "taken and stacked": lambda module: stack([take_slot(module, n) for n in range(3)]),
}


@pytest.mark.parametrize("name", COPIES)
def test_copies_know_their_slots(name: str) -> None:
    twin = COPIES[name](three(MLP(8), 4))
    assert twin(torch.zeros(3, 2, 4)).shape == (3, 2, 8)
    with pytest.raises(UserError, match=r"takes \(3, B, 4\)"):
        twin(torch.zeros(2, 2, 4))


def test_a_slot_is_one_network() -> None:
    population = Headed(MLP(8), Q(2)).build_population((4,), seeded(0, 1, 2))
    taken = take_slot(population, 1)
    put_slot(population, 0, taken)
    x = torch.ones(5, 4)
    torch.testing.assert_close(population(x.expand(3, 5, 4))[0], taken(x))
    with pytest.raises(UserError, match=r"this network takes \(B, 4\)"):
        taken(torch.zeros(2, 3))


def test_other_failures_of_torch_pass_as_they_are() -> None:
    network = one(MLP(8), 4)
    network[0] = one(MLP(8), 3)[0]
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        network(torch.zeros(2, 4))
    pictures = one(SMALL, 3, 5, 5)
    pictures.outputs = one(MLP(8), 3)[0]
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        pictures(torch.zeros(2, 3, 5, 5, dtype=torch.uint8))  # bytes are not why


def test_lists_of_sizes_are_taken_and_others_refused() -> None:
    assert MLP([4, 5]) == MLP((4, 5))  # type: ignore[arg-type]
    assert CNN([4, 8], [3, 1], strides=[1, 2]) == CNN((4, 8), (3, 1), strides=(1, 2))  # type: ignore[arg-type]
    for spec, said in ((lambda: MLP(4.5), "mlp: width takes whole numbers, not 4.5"),
                       (lambda: MLP([4, "5"]), "mlp: width takes whole numbers, not"),
                       (lambda: CNN(True), "cnn: channels takes whole numbers, not True")):  # fmt: skip
        with pytest.raises(UserError, match=said):
            spec()
