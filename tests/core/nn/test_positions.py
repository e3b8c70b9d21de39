"""Positions: sinusoids by the formula, rotations by their law, the end of a learned table."""

import math

import pytest
import torch

from daedalus.core.errors import UserError
from daedalus.core.nn.positions import Learned, Sinusoidal, rotate, rotation, sinusoids


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_sinusoids_are_those_of_the_paper() -> None:
    table = sinusoids(torch.arange(6, dtype=torch.float64), 8)
    for p in range(6):
        for i in range(4):
            angle = p / 10_000 ** (2 * i / 8)
            assert table[p, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-12)
            assert table[p, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-12)


def test_an_offset_continues_the_sequence() -> None:
    for spec in (Sinusoidal(), Learned(9)):
        module, x = spec.build((9, 4), seeded(0)), torch.randn(2, 9, 4, generator=seeded(1))
        parts = [module(x[:, :4]), module(x[:, 4:], offset=4)]
        torch.testing.assert_close(torch.cat(parts, dim=1), module(x))
        assert not torch.allclose(module(x[:, 4:]), parts[1])


def test_half_precision_loses_no_position(where: torch.device) -> None:
    """bfloat16 has 8 bits, so that 257 would be 256; what is added is the table, rounded once."""
    added = Sinusoidal().build((8,))(torch.zeros(1, 600, 8, dtype=torch.bfloat16, device=where))[0]
    table = sinusoids(torch.arange(600, device=where), 8).to(torch.bfloat16)
    torch.testing.assert_close(added, table, rtol=0, atol=0)


def test_rotated_scores_depend_on_the_distance_alone() -> None:
    """q at position m times k at n is the same for all m, n of one distance, and moves with the distance."""
    q, k = torch.randn(2, 1, 1, 1, 16, generator=seeded(0), dtype=torch.float64)
    by = rotation(torch.arange(40, dtype=torch.float64), 16)
    turned_q, turned_k = rotate(q.expand(1, 1, 40, 16), by), rotate(k.expand(1, 1, 40, 16), by)
    scores = (turned_q @ turned_k.transpose(-1, -2))[0, 0]
    for distance in range(-39, 40):
        diagonal = scores.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), rtol=1e-10, atol=1e-10)
    assert scores[0].std() > 0.1
    torch.testing.assert_close(turned_q.norm(dim=-1), q.norm(dim=-1).expand(1, 1, 40), rtol=1e-12, atol=1e-12)


def test_a_rotation_is_the_complex_product() -> None:
    """Su et al. 2021, eq. 15, as multiplication by e^{imθ}, θ_i = 10000^(−2i/D)."""
    x = torch.randn(2, 3, 5, 6, generator=seeded(0), dtype=torch.float64)
    got = rotate(x, rotation(torch.arange(5, dtype=torch.float64), 6))
    theta = torch.tensor([1.0, 10_000 ** (-2 / 6), 10_000 ** (-4 / 6)], dtype=torch.float64)
    turn = torch.exp(1j * torch.arange(5)[:, None] * theta)
    wanted = torch.complex(x[..., ::2], x[..., 1::2]) * turn
    torch.testing.assert_close(torch.complex(got[..., ::2], got[..., 1::2]), wanted, rtol=1e-12, atol=1e-12)
    single = rotate(x, rotation(torch.arange(5, dtype=torch.float32), 6))  # of another type: by real numbers
    torch.testing.assert_close(single, got, rtol=1e-5, atol=1e-5)


def test_wrong_sizes_are_one_clear_line() -> None:
    learned = Learned(4).build((4, 6), seeded(0))
    with pytest.raises(UserError, match="5 steps is longer than the 4 learned positions"):
        learned(torch.zeros(1, 3, 6), offset=2)
    with pytest.raises(UserError, match="even width, not 5"):
        Sinusoidal().build((4, 5))
    with pytest.raises(UserError, match="length must be at least 1"):
        Learned(0)
