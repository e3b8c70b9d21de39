"""Laws of a population: slot n begins and trains as it does alone, bit by bit on the CPU."""

import copy
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from daedalus.core.errors import UserError
from daedalus.core.nn.cnn import CNN
from daedalus.core.nn.dropout import supply
from daedalus.core.nn.heads import Dueling, Headed, Q
from daedalus.core.nn.mlp import MLP
from daedalus.core.nn.population import put_slot, slots, stack, take_slot
from daedalus.core.nn.stacked import affine

from .oracle import close, seeded

Spec = MLP | CNN | Headed


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As in a worker: the law holds for one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trained(spec: Spec, shape: tuple[int, ...], seeds: range, batch: int, steps: int = 3) -> list[Tensor]:
    """The parameters and buffers of a population after some steps of Adam on data of their own, and its last answer."""
    module = spec.build_population(shape, seeded(*seeds))
    supply(module, seeded(*seeds))
    # not the fused form, whose last numbers are rounded otherwise: the engine packs parameters for it
    optimiser = torch.optim.Adam(module.parameters(), lr=0.01, foreach=True)
    drawers = seeded(*(1000 + seed for seed in seeds))
    for _ in range(steps):
        x = torch.stack([torch.randn(batch, *shape, generator=drawer) for drawer in drawers])
        y = module(x)
        optimiser.zero_grad()
        (y - x.flatten(2).sum(-1, keepdim=True)).square().mean((1, 2)).sum().backward()
        optimiser.step()
    return [y.detach(), *(value.detach() for value in module.state_dict().values())]


PERCEPTRONS = [
    (MLP((33, 5), outputs=3, dropout=0.2), (7,)),
    (MLP((120, 84), outputs=2), (4,)),
    (MLP((1, 17), outputs=1, activation="tanh"), (1,)),
    (MLP((9,), outputs=2, activation="silu", norm="layer"), (3,)),
    (MLP((10, 7), outputs=2, activation="elu", norm="batch"), (3, 2)),
    (MLP((12,), outputs=4, activation="gelu", norm="group", groups=3), (5,)),
    (MLP((13,), outputs=5, activation="sigmoid", norm="rms"), (5,)),
    (Headed(MLP((21,), activation="softplus"), Dueling(3, width=11)), (6,)),
    (Headed(MLP((64, 64)), Q(4)), (64,)),
]
CONVOLUTIONS = [
    (CNN((3, 5), width=7, outputs=3, channel_dropout=0.2), (2, 5, 6)),
    (CNN((8, 4), pooling="average", width=None, outputs=3, activation="tanh"), (1, 9, 9)),
    (CNN((6,), norm="batch", pooling="max", blocks=1, outputs=2, width=16, activation="silu"), (2, 5, 5)),
    (CNN((6,), norm="group", groups=2, blocks=1, residual="post", outputs=2, width=16), (2, 5, 5)),
    (CNN((4, 6), (4, 3), (2, 1), padding=False, width=9, outputs=2, norm="rms", activation="mish"), (4, 12, 12)),
]


def named(value: object) -> str | None:
    return None if isinstance(value, int) else repr(value).replace("outputs", "")[:48]


@pytest.mark.parametrize("batch", [2, 7, 128])
@pytest.mark.parametrize(("spec", "shape"), PERCEPTRONS, ids=named)
def test_a_slot_trains_as_it_does_alone(spec: Spec, shape: tuple[int, ...], batch: int) -> None:
    agree_with_single_ones(spec, shape, batch)


@pytest.mark.parametrize("batch", [3, 32])
@pytest.mark.parametrize(("spec", "shape"), CONVOLUTIONS, ids=named)
def test_a_convolutional_slot_too(spec: Spec, shape: tuple[int, ...], batch: int) -> None:
    agree_with_single_ones(spec, shape, batch)


def agree_with_single_ones(spec: Spec, shape: tuple[int, ...], batch: int) -> None:
    together = trained(spec, shape, range(4), batch)
    for seed in (0, 3):
        for ours, alone in zip(together, trained(spec, shape, range(seed, seed + 1), batch), strict=True):
            assert torch.equal(ours[seed], alone[0])


@pytest.mark.parametrize("rows", [1, 2, 7, 16, 100, 128])
def test_products_of_any_size_keep_their_bits(rows: int) -> None:
    """Forward and backward, wherever in memory the tensors of one slot begin."""
    generator = seeded(rows)[0]
    for inputs in (1, 3, 33, 64, 256):
        for outputs in (1, 2, 33, 84, 120):
            shapes = (3, rows, inputs), (3, inputs, outputs), (3, 1, outputs), (3, rows, outputs)
            x, weight, bias, g = (torch.randn(shape, generator=generator) for shape in shapes)
            every = product(x, weight, bias, g)
            for n in (0, 2):
                single = product(
                    *(displaced(tensor[n : n + 1], n) for tensor in (x, weight, bias)), g[n : n + 1].clone()
                )
                assert all(torch.equal(ours[n], alone[0]) for ours, alone in zip(every, single, strict=True))


def product(x: Tensor, weight: Tensor, bias: Tensor, g: Tensor) -> list[Tensor]:
    x, weight, bias = (tensor.requires_grad_() for tensor in (x, weight, bias))
    y = affine(x, weight, bias)
    return [y, *torch.autograd.grad(y, (x, weight, bias), g)]


def displaced(tensor: Tensor, n: int) -> Tensor:
    """The same numbers n·4 bytes off a cache line."""
    room = torch.empty(tensor.numel() + n)
    return room[n:].view(tensor.shape).copy_(tensor)


@pytest.mark.parametrize(("spec", "shape"), [*PERCEPTRONS[:-1], *CONVOLUTIONS], ids=named)
def test_a_slot_is_the_single_network(spec: Spec, shape: tuple[int, ...], where: torch.device) -> None:
    """It begins with the same numbers, and torch's own layers give the same answers and gradients."""
    module = spec.build_population(shape, seeded(0, 1)).to(where).double()
    x = torch.randn(2, 5, *shape, generator=seeded(9)[0]).to(where).double()
    supply(module, seeded(0, 1))
    x.requires_grad_()
    y = module(x)
    y.square().sum().backward()
    assert x.grad is not None
    for n in range(2):
        single = spec.build(shape, *seeded(n)).to(where).double()
        assert str(single) == str(take_slot(module, n))
        for fresh, taken in zip(single.parameters(), take_slot(module, n).parameters(), strict=True):
            assert torch.equal(fresh, taken)
        supply(single, seeded(n))
        mine = x[n].detach().requires_grad_()
        answer = single(mine)
        answer.square().sum().backward()
        assert mine.grad is not None
        close([y[n], x.grad[n]], [answer, mine.grad])
        taken = take_slot(module, n)
        close(list(taken.buffers()), list(single.buffers()))
        close([taken.eval()(x[n]), module.eval()(x)[n]], [single.eval()(x[n])] * 2)
        module.train()
        moved = take_slot(copy_of_gradients(module), n)
        close(list(moved.parameters()), [given.grad for given in single.parameters() if given.grad is not None])


def copy_of_gradients(module: nn.Module) -> nn.Module:
    """The population with its gradients for weights: slots are taken of them in the single layers' shapes."""
    twin = copy.deepcopy(module)
    for parameter, mine in zip(twin.parameters(), module.parameters(), strict=True):
        assert mine.grad is not None
        parameter.data = mine.grad.clone()
    return twin


@pytest.mark.parametrize("spec", [MLP(5, outputs=2), CNN((3,), width=4, outputs=2, norm="batch")], ids=named)
def test_slots_are_taken_and_put(spec: Spec) -> None:
    shape = (4,) if isinstance(spec, MLP) else (2, 4, 4)
    module, other = spec.build_population(shape, seeded(0, 1, 2)), spec.build(shape, *seeded(7))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    put_slot(module, 1, other)
    assert slots(module) == 3
    for name, value in take_slot(module, 1).state_dict().items():
        assert torch.equal(value, other.state_dict()[name])
    for name, value in module.state_dict().items():
        assert torch.equal(value[[0, 2]], before[name][[0, 2]])
    put_slot(module, 1, spec.build(shape, *seeded(1)))
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_a_slot_taken_has_numbers_of_its_own() -> None:
    module = MLP(5).build_population((4,), seeded(0, 1))
    before = module.state_dict()["linear0.weight"].clone()
    for parameter in take_slot(module, 0).parameters():
        parameter.data.zero_()
    assert torch.equal(module.state_dict()["linear0.weight"], before)


def test_a_slot_taken_draws_numbers_of_its_own() -> None:
    module = CNN((64,), width=None, channel_dropout=0.5).build_population((2, 4, 4), seeded(0, 1))
    supply(module, seeded(3, 4))
    x = torch.ones(2, 1, 2, 4, 4)
    expected = module(x)
    supply(module, seeded(3, 4))
    taken = take_slot(module, 0)
    supply(taken, *seeded(9))
    assert not torch.equal(taken(x[0]), expected[0])
    assert torch.equal(module(x), expected)


def test_indices_are_looked_up_slot_by_slot(where: torch.device) -> None:
    spec = MLP(5, outputs=3, one_hot=True)
    module = spec.build_population((11,), seeded(0, 1)).to(where)
    index = torch.tensor([[3, 10, 0, 3], [1, 3, 3, 10]], device=where)
    y = module(index)
    y.square().sum().backward()
    gradient = next(module.parameters()).grad
    assert gradient is not None
    for n in range(2):
        single = spec.build((11,), *seeded(n)).to(where)
        single(index[n]).square().sum().backward()
        first = next(single.parameters()).grad
        assert first is not None
        close([y[n], gradient[n]], [single(index[n]), first])


def test_a_slot_of_looked_up_rows_trains_as_it_does_alone() -> None:
    def run(seeds: list[int]) -> list[Tensor]:
        module = MLP((5,), outputs=3, one_hot=True, activation="tanh").build_population((11,), seeded(*seeds))
        optimiser = torch.optim.Adam(module.parameters(), lr=0.1, foreach=True)
        drawers = seeded(*(1000 + seed for seed in seeds))
        for _ in range(3):
            optimiser.zero_grad()
            index = torch.stack([torch.randint(11, (7,), generator=drawer) for drawer in drawers])
            module(index).square().mean((1, 2)).sum().backward()
            optimiser.step()
        return [parameter.detach() for parameter in module.parameters()]

    together = run([0, 1, 2, 3])
    for seed in range(4):
        assert all(torch.equal(ours[seed], alone[0]) for ours, alone in zip(together, run([seed]), strict=True))


@pytest.mark.parametrize("norm", ["batch", "layer", "group", "rms"])
def test_half_precision_keeps_statistics_whole(norm: str, where: torch.device) -> None:
    spec = CNN((8,), width=4, outputs=2, norm=norm)
    module = spec.build_population((2, 5, 5), seeded(0, 1)).to(where)
    x = torch.randn(2, 6, 2, 5, 5, generator=seeded(2)[0]).to(where)
    exact = module(x)
    with torch.autocast(where.type, torch.bfloat16):
        rough = module(x)
    assert rough.dtype == torch.bfloat16
    assert torch.allclose(rough.float(), exact, atol=0.05 * exact.abs().max().item())  # 8 bits of mantissa
    rough.float().sum().backward()
    assert all(p.grad is not None and p.grad.dtype == torch.float32 for p in module.parameters())


def test_gradients_of_gradients_exist() -> None:
    """Penalties of gradients need them; odd sizes go another way than even ones."""
    shapes, generator = ((2, 4, 5), (2, 5, 3), (2, 1, 3)), seeded(2)[0]
    inputs = [torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_() for shape in shapes]
    assert torch.autograd.gradgradcheck(affine, inputs)
    stacked = CNN((3,), width=None, activation="tanh").build_population((2, 4, 3), seeded(0, 1)).double()
    assert torch.autograd.gradgradcheck(
        stacked, torch.randn(2, 2, 2, 4, 3, generator=generator).double().requires_grad_()
    )


def test_what_cannot_be_stacked_is_said() -> None:
    one, other = MLP(3).build((2,), *seeded(0)), MLP(4).build((2,), *seeded(0))
    with pytest.raises(UserError, match="at least one network"):
        stack([])
    with pytest.raises(UserError, match="different architectures"):
        stack([one, other])
    with pytest.raises(UserError, match="GRU has no stacked form"):
        stack([nn.GRU(2, 3)])
    module = stack([one, one])
    with pytest.raises(UserError, match="no slot 2 in a population of 2"):
        take_slot(module, 2)
    with pytest.raises(UserError, match="another architecture"):
        put_slot(module, 0, other)
    with pytest.raises(UserError, match="one network, not a population"):
        slots(one)
