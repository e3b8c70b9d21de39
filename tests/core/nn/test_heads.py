"""Heads by numbers computed by hand."""

import math

import pytest
import torch
from torch import nn

from daedalus.core.errors import UserError
from daedalus.core.nn.heads import (
    Categorical,
    Dueling,
    Gaussian,
    Head,
    Headed,
    Q,
    Quantile,
    Value,
    duel,
    midpoints,
)
from daedalus.core.nn.mlp import MLP

from .oracle import seeded


def set_linear(layer: nn.Module, weight: list[list[float]], bias: list[float]) -> None:
    assert isinstance(layer, nn.Linear)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        layer.bias.copy_(torch.tensor(bias))


def test_duel_subtracts_the_mean_advantage() -> None:
    """V = 2, A = (1, 2, 6) of mean 3: Q = (0, 1, 5)."""
    assert duel(torch.tensor([[2.0]]), torch.tensor([[1.0, 2.0, 6.0]])).tolist() == [[0, 1, 5]]


def test_dueling_head_by_hand() -> None:
    """Features (1, 2): V = 1·3 + 2·1 − 1 = 4, A = (1, 4) of mean 2.5, Q = (2.5, 5.5)."""
    head = Dueling(2).build((2,), *seeded(0))
    set_linear(head.value, [[3, 1]], [-1])
    set_linear(head.advantage, [[1, 0], [0, 2]], [0, 0])
    assert head(torch.tensor([[1.0, 2.0]])).tolist() == [[2.5, 5.5]]


def test_streams_of_a_dueling_head_are_rectified() -> None:
    head = Dueling(3, width=5).build((4,), *seeded(0))
    x = torch.randn(6, 4, generator=seeded(1)[0])
    value, advantage = head.value, head.advantage
    assert isinstance(value, nn.Sequential)
    assert isinstance(advantage, nn.Sequential)
    v, a = value[2](value[0](x).clamp(min=0)), advantage[2](advantage[0](x).clamp(min=0))
    assert torch.allclose(head(x), v + a - a.mean(1, keepdim=True))
    assert torch.allclose(head(x).mean(1, keepdim=True), v, atol=1e-6)


def test_categorical_by_hand() -> None:
    """Logits (ln 1, ln 3, ln 4): chances 1/8, 3/8, 1/2."""
    head = Categorical(3).build((1,), *seeded(0))
    set_linear(head.logits, [[0], [0], [0]], [0, math.log(3), math.log(4)])
    choice = head(torch.ones(1, 1))
    assert choice.log_prob(torch.tensor([1])).item() == pytest.approx(math.log(3 / 8))
    entropy = -sum(p * math.log(p) for p in (1 / 8, 3 / 8, 1 / 2))
    assert choice.entropy().item() == pytest.approx(entropy)


def test_a_forbidden_choice_has_no_chance() -> None:
    head = Categorical(3).build((1,), *seeded(0))
    set_linear(head.logits, [[0], [0], [0]], [0, math.log(3), math.log(4)])
    choice = head(torch.ones(1, 1), torch.tensor([[True, True, False]]))
    assert choice.probs.tolist()[0] == pytest.approx([1 / 4, 3 / 4, 0])
    assert choice.entropy().item() == pytest.approx(-(0.25 * math.log(0.25) + 0.75 * math.log(0.75)))


@pytest.mark.parametrize("by_state", [False, True])
def test_gaussian_by_hand(by_state: bool) -> None:
    """Means (1, −1), deviations (2, 2), at (3, −1): −½(1 + 0) − 2 ln 2 − ln 2π; entropy ln 2πe + 2 ln 2."""
    head = Gaussian(2, by_state=by_state, log_std=math.log(2)).build((1,), *seeded(0))
    set_linear(head.mean, [[0], [0]], [1, -1])
    if isinstance(head.log_std, nn.Module):
        set_linear(head.log_std, [[0], [0]], [math.log(2)] * 2)
    number = head(torch.ones(1, 1))
    log_prob = number.log_prob(torch.tensor([[3.0, -1.0]])).item()
    assert log_prob == pytest.approx(-0.5 - 2 * math.log(2) - math.log(2 * math.pi))
    assert number.entropy().item() == pytest.approx(math.log(2 * math.pi * math.e) + 2 * math.log(2))


def test_gaussian_keeps_its_deviation_in_bounds() -> None:
    head = Gaussian(1, by_state=False, log_std=50, high=2).build((1,), *seeded(0))
    assert head(torch.ones(1, 1)).stddev.item() == pytest.approx(math.exp(2))


def test_quantiles_of_each_action() -> None:
    head = Quantile(2, quantiles=3).build((1,), *seeded(0))
    set_linear(head.outputs, [[1]] * 6, [0, 1, 2, 10, 11, 12])
    assert head(torch.zeros(4, 5, 1))[3, 4].tolist() == [[0, 1, 2], [10, 11, 12]]
    assert midpoints(4).tolist() == [0.125, 0.375, 0.625, 0.875]


def test_value_and_q_are_linear(where: torch.device) -> None:
    x = torch.randn(5, 4, generator=seeded(0)[0]).to(where)
    for head, outputs in ((Value(), 1), (Q(3), 3)):
        module = head.build((4,), *seeded(1)).to(where)
        assert torch.allclose(module(x), x @ module.weight.T + module.bias, atol=1e-6)
        assert module(x).shape == (5, outputs)


def test_a_head_stands_on_its_body() -> None:
    network = Headed(MLP(6), Q(3)).build((4,), *seeded(0))
    generator = seeded(0)[0]
    body, head = MLP(6).build((4,), generator), Q(3).build((6,), generator)
    x = torch.randn(2, 4, generator=seeded(1)[0])
    assert torch.equal(network(x), head(body(x)))
    assert {name.partition(".")[0] for name in network.state_dict()} == {"body", "head"}


@pytest.mark.parametrize(
    ("head", "shape", "message"),
    [
        (Q(0), (4,), "actions must be at least 1"),
        (Q(2), (4, 3), r"features of shape \(F,\), not \(4, 3\)"),
        (Dueling(2, width=0), (4,), "width must be at least 1"),
        (Quantile(2, quantiles=0), (4,), "quantiles must be at least 1"),
        (Categorical(-1), (4,), "choices must be at least 1"),
        (Gaussian(1, low=3, high=2), (4,), "low < high"),
        (Value(weights="hee"), (4,), "did you mean 'he'"),
    ],
)
def test_what_does_not_fit_is_said(head: Head, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        head.build(shape, *seeded(0))
