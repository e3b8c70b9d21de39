"""Laws of a population: slot n begins and trains as it does alone, bit by bit on the CPU."""

from collections.abc import Iterator

import pytest
import torch
from torch import nn

from daedalus.core.errors import UserError
from daedalus.core.nn.heads import Dueling, Headed, Q
from daedalus.core.nn.mlp import MLP
from daedalus.core.nn.population import put_slot, slots, stack, take_slot


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As in a worker: the law holds for one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def seeded(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def trained(spec: MLP | Headed, shape: tuple[int, ...], seeds: range, batch: int, steps: int = 4) -> list[torch.Tensor]:
    """The parameters and buffers of a population after some steps of Adam on data of their own, and its last answer."""
    module = spec.build_population(shape, seeded(*seeds))
    optimiser = torch.optim.Adam(module.parameters(), lr=0.01)
    drawers = seeded(*(1000 + seed for seed in seeds))
    for _ in range(steps):
        x = torch.stack([torch.randn(batch, *shape, generator=drawer) for drawer in drawers])
        y = module(x)
        optimiser.zero_grad()
        (y - x.flatten(2).sum(-1, keepdim=True)).square().mean((1, 2)).sum().backward()
        optimiser.step()
    return [y.detach(), *(value.detach() for value in module.state_dict().values())]


ODD = [
    (MLP((33, 5), outputs=3), (7,)),
    (MLP((120, 84), outputs=2), (4,)),
    (MLP((1, 17), outputs=1, activation="tanh"), (1,)),
    (MLP((9,), outputs=2, activation="silu", norm="layer"), (3,)),
    (MLP((10, 7), outputs=2, activation="elu", norm="batch"), (3, 2)),
    (MLP((12,), outputs=4, activation="gelu", norm="group", groups=3), (5,)),
    (MLP((13,), outputs=5, activation="sigmoid", norm="rms"), (5,)),
    (Headed(MLP((21,), activation="softplus"), Dueling(3, width=11)), (6,)),
    (Headed(MLP((64, 64)), Q(4)), (64,)),
]


@pytest.mark.parametrize("batch", [2, 7, 32, 100, 128])
@pytest.mark.parametrize(("spec", "shape"), ODD, ids=lambda value: repr(value)[:60])
def test_a_slot_trains_as_it_does_alone(spec: MLP | Headed, shape: tuple[int, ...], batch: int) -> None:
    together = trained(spec, shape, range(5), batch)
    for seed in (0, 3, 4):
        for ours, alone in zip(together, trained(spec, shape, range(seed, seed + 1), batch), strict=True):
            assert torch.equal(ours[seed], alone[0])
