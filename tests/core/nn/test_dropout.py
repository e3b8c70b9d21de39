"""Dropout: its mean, its masks, and where its numbers come from."""

import copy
import math

import pytest
import torch
from torch import nn

from daedalus.core.errors import UserError
from daedalus.core.nn.dropout import Dropout, supply


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_numbers_are_dropped_or_scaled(where: torch.device) -> None:
    """The kept share has 4 standard errors of room: false alarm below 1 in 10,000."""
    drop = Dropout(0.3).build()
    supply(drop, seeded(0))
    x = torch.ones(200, 100, device=where)
    y = drop(x)
    kept = y != 0
    assert torch.allclose(y[kept], torch.tensor(1 / 0.7, device=where))
    assert abs(kept.float().mean().item() - 0.7) < 4 * math.sqrt(0.3 * 0.7 / x.numel())


def test_the_generator_decides() -> None:
    module, x = nn.Sequential(nn.Identity(), Dropout(0.5).build()), torch.ones(50)
    results = []
    for seed in (1, 1, 2):
        supply(module, seeded(seed))
        results.append(module(x))
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


def test_channels_fall_as_a_whole() -> None:
    drop = Dropout(0.5, shared=2).build()
    supply(drop, seeded(3))
    y = drop(torch.ones(4, 8, 3, 5))
    assert set(y.sum((-2, -1)).unique().tolist()) == {0.0, 30.0}


def test_gradient_passes_where_numbers_were_kept() -> None:
    drop = Dropout(0.5).build()
    supply(drop, seeded(3))
    x = torch.ones(64, requires_grad=True)
    y = drop(x)
    y.sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, y.detach())  # dy/dx = mask/(1 − p) = y at x = 1


def test_evaluation_and_zero_change_nothing() -> None:
    x = torch.randn(5, generator=seeded(0))
    assert Dropout(0.5).build().eval()(x) is x
    assert Dropout(0.0).build()(x) is x


def test_a_slot_draws_what_it_draws_alone() -> None:
    x = torch.ones(3, 7, 5)
    drop = Dropout(0.4).build()
    supply(drop, [seeded(n) for n in range(3)])
    together = [drop(x) for _ in range(2)]
    for n in range(3):
        supply(drop, seeded(n))
        for y in together:
            assert torch.equal(drop(x[n]), y[n])


def test_a_copy_is_made(where: torch.device) -> None:
    """Target networks are copies; a copy draws its own numbers."""
    drop = Dropout(0.4).build().to(where)
    supply(drop, seeded(0))
    twin = copy.deepcopy(drop)
    x = torch.ones(9, device=where)
    assert torch.equal(drop(x), twin(x))


def test_bad_settings() -> None:
    for p in (-0.1, 1.0, math.nan):
        with pytest.raises(UserError, match=r"\[0, 1\)"):
            Dropout(p).build()
    drop = Dropout(0.5).build()
    with pytest.raises(UserError, match="supply"):
        drop(torch.ones(3))
    supply(drop, [seeded(0), seeded(1)])
    with pytest.raises(UserError, match="2 generators were supplied for a population of 3"):
        drop(torch.ones(3, 2))
