"""Initialisers against torch's formulas, and under a generator."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from daedalus.core.errors import UserError
from daedalus.core.nn import initialise
from daedalus.core.nn.initialise import INITIALISERS, initialiser


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn(rule: Callable[[Tensor, torch.Generator], object], *shape: int, seed: int = 0) -> Tensor:
    tensor = torch.empty(shape)
    rule(tensor, seeded(seed))
    return tensor


@pytest.mark.parametrize("name", INITIALISERS)
def test_the_generator_decides(name: str) -> None:
    rule = initialiser(name)
    one, again, other = (drawn(rule, 7, 5, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert torch.equal(one, other) == (name == "zeros")


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("uniform_fan_in", 1 / math.sqrt(40 * 9)),  # torch.nn.Conv2d's documentation: √(1/(in·∏kernel))
        ("xavier", math.sqrt(6 / (40 * 9 + 60 * 9))),  # Glorot & Bengio, eq. 16
    ],
)
def test_uniform_rules_fill_their_interval(name: str, bound: float) -> None:
    tensor = drawn(initialiser(name), 60, 40, 3, 3)
    assert tensor.abs().max() <= bound
    assert tensor.abs().max() > 0.999 * bound
    # 21,600 numbers: the mean square of U(±b) is b²/3 within 0.9 % × 4; false alarm below 1 in 10,000
    assert tensor.square().mean().item() == pytest.approx(bound**2 / 3, rel=0.025)


@pytest.mark.parametrize(
    ("name", "std"),
    [
        ("he", math.sqrt(2 / (40 * 9))),
        ("normal", 0.02),
        ("truncated_normal", 0.02 * 0.87962566103423978),  # SciPy's truncnorm.std(-2, 2)
    ],
)
def test_normal_rules_have_their_deviation(name: str, std: float) -> None:
    tensor = drawn(initialiser(name), 60, 40, 3, 3)
    assert tensor.std().item() == pytest.approx(std, rel=0.02)  # 4 standard errors
    assert abs(tensor.mean().item()) < 4.5 * std / math.sqrt(tensor.numel())
    if name == "truncated_normal":
        assert tensor.abs().max() <= 2 * 0.02


@pytest.mark.parametrize("shape", [(6, 11), (11, 6), (8, 3, 2, 2)])
def test_orthogonal_has_orthonormal_rows_or_columns(shape: tuple[int, ...]) -> None:
    matrix = drawn(initialiser("orthogonal_relu"), *shape).flatten(1)
    if matrix.shape[0] > matrix.shape[1]:
        matrix = matrix.T
    assert torch.allclose(matrix @ matrix.T, 2 * torch.eye(matrix.shape[0]), atol=1e-5)


def test_torch_draws_the_same_numbers() -> None:
    """The default of nn.Linear, weight and then bias, from one generator."""
    weight, bias = torch.empty(5, 3), torch.empty(5)
    initialise.affine(weight, bias, seeded(4))
    generator = seeded(4)
    oracle = torch.nn.init.kaiming_uniform_(torch.empty(5, 3), a=math.sqrt(5), generator=generator)
    assert torch.allclose(weight, oracle, rtol=1e-6)
    assert torch.allclose(bias, torch.nn.init.uniform_(bias.clone(), -(3**-0.5), 3**-0.5, generator=generator))
    initialise.affine(weight, bias, seeded(4), initialise.he)
    assert not bias.any()


def test_identity_and_zeros() -> None:
    assert drawn(lambda tensor, generator: initialise.identity(tensor, generator, gain=0.5), 2, 3).tolist() == [
        [0.5, 0, 0],
        [0, 0.5, 0],
    ]
    with pytest.raises(UserError, match="identity fills a matrix"):
        initialise.identity(torch.empty(3))


def test_a_layout_changes_no_number() -> None:
    """A transposed view, as stacked layers keep their weights, begins as a contiguous tensor does."""
    view = torch.empty(3, 5).T
    initialise.orthogonal(view, seeded(2))
    assert torch.equal(view, drawn(initialise.orthogonal, 5, 3, seed=2))


def test_bad_names_and_shapes() -> None:
    with pytest.raises(UserError, match="did you mean 'xavier'"):
        initialiser("xavir")
    with pytest.raises(UserError, match=r"at least two axes.*\(3,\)"):
        initialise.uniform_fan_in(torch.empty(3), seeded(0))
