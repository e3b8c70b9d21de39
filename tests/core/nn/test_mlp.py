"""The perceptron beside one written out in torch's own modules."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional

from daedalus.core.errors import UserError
from daedalus.core.nn.activations import ACTIVATIONS, activation
from daedalus.core.nn.dropout import supply
from daedalus.core.nn.embedding import Embedding
from daedalus.core.nn.mlp import MLP

from .oracle import answers, close, close_modules, seeded


def test_torch_computes_the_same(where: torch.device) -> None:
    ours = MLP((5, 3), outputs=2, activation="tanh", norm="layer").build((4,), *seeded(0)).to(where)
    torchs = nn.Sequential(
        *(nn.Linear(4, 5), nn.LayerNorm(5), nn.Tanh(), nn.Linear(5, 3), nn.LayerNorm(3), nn.Tanh(), nn.Linear(3, 2))
    ).to(where)
    for mine, theirs in zip(ours.parameters(), torchs.parameters(), strict=True):
        theirs.data.copy_(mine.data)
    close_modules(ours, torchs, torch.randn(7, 4, generator=seeded(1)[0]).to(where))


def test_names_of_parameters_are_stable() -> None:
    """They are the keys of checkpoints."""
    assert list(MLP(3, outputs=1, norm="batch").build((2,), *seeded(0)).state_dict()) == [
        *("linear0.weight", "linear0.bias"),
        *("norm0.weight", "norm0.bias", "norm0.running_mean", "norm0.running_var"),
        *("linear1.weight", "linear1.bias"),
        *("norm1.weight", "norm1.bias", "norm1.running_mean", "norm1.running_var"),
        *("outputs.weight", "outputs.bias"),
    ]


def test_weights_come_from_the_generator_alone() -> None:
    before = torch.random.get_rng_state()
    one, again, other = (MLP().build((4,), *seeded(seed)).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    for name, value in one.items():
        assert torch.equal(value, again[name])
        assert not torch.equal(value, other[name])


@pytest.mark.parametrize(
    ("spec", "shape", "features"),
    [
        (MLP(7), (4,), 7),
        (MLP(7, outputs=2), (4,), 2),
        (MLP((7, 9)), (2, 3, 4), 9),
        (MLP(depth=0, outputs=5), (3,), 5),
        (MLP(depth=0), (3,), 3),
    ],
)
def test_features_tell_what_comes_out(spec: MLP, shape: tuple[int, ...], features: int) -> None:
    assert spec.features(shape) == features
    assert spec.build(shape, *seeded(0))(torch.zeros(6, *shape)).shape == (6, features)


def test_an_index_is_its_one_hot_vector(where: torch.device) -> None:
    dense = MLP(5, outputs=3).build((11,), *seeded(0)).to(where)
    looked_up = MLP(5, outputs=3, one_hot=True).build((11,), *seeded(0)).to(where)
    index = torch.tensor([3, 10, 0, 3], device=where)
    vectors = functional.one_hot(index, 11).float()
    assert torch.equal(dense(vectors), looked_up(index))
    gradients = []
    for module, x in ((dense, vectors), (looked_up, index)):
        module(x).square().sum().backward()
        gradients.append([parameter.grad for parameter in module.parameters()])
    gradients[1][0] = gradients[1][0].T
    close(gradients[0], gradients[1])


def test_dropout_falls_on_hidden_units_only() -> None:
    """With inverted dropout the mean answer of a linear network is its answer without: 4 standard errors."""
    network = MLP(200, depth=1, outputs=1, activation="identity", dropout=0.5).build((3,), *seeded(0))
    supply(network, *seeded(1))
    x = torch.ones(1, 3)
    drawn = torch.cat([network(x) for _ in range(400)])
    assert drawn.std() > 0
    expected = network.eval()(x)
    assert abs((drawn.mean() - expected).item()) < 4 * drawn.std().item() / 20
    assert torch.equal(network(x), expected)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_those_of_torch(name: str, where: torch.device) -> None:
    x = torch.linspace(-3, 3, 37, device=where)
    steep = {"leaky_relu_0.2": partial(functional.leaky_relu, negative_slope=0.2)}
    oracle = steep.get(name) or getattr(functional, name, lambda x: x)
    close(answers(activation(name), x), answers(oracle, x))


def test_an_embedding_looks_rows_up() -> None:
    rows = Embedding(1000, 32, std=0.5).build((), *seeded(0))
    assert torch.equal(rows(torch.tensor([[3, 999]])), rows.weight[[3, 999]][None])
    assert rows.weight.std().item() == pytest.approx(0.5, rel=0.016)  # 4 standard errors of 32,000 numbers
    assert torch.equal(rows.weight, Embedding(1000, 32, std=0.5).build((), *seeded(0)).weight)
    with pytest.raises(UserError, match="count and width of at least 1"):
        Embedding(0).build((), *seeded(0))


@pytest.mark.parametrize(
    ("spec", "shape", "message"),
    [
        (MLP(0), (4,), "at least 1"),
        (MLP((5, 0)), (4,), "at least 1"),
        (MLP(outputs=0), (4,), "at least 1"),
        (MLP(depth=-1), (4,), "depth of at least 0"),
        (MLP(), (), r"at least one number, not of shape \(\)"),
        (MLP(), (3, 0), r"at least one number, not of shape \(3, 0\)"),
        (MLP(activation="rleu"), (4,), "did you mean 'relu'"),
        (MLP(dropout=1.0), (4,), r"in \[0, 1\), not 1.0"),
        (MLP(norm="bacth"), (4,), "did you mean 'batch'"),
        (MLP(weights="ortogonal"), (4,), "did you mean 'orthogonal'"),
        (MLP(one_hot=True), (4, 2), r"shape \(S,\), not examples of shape \(4, 2\)"),
    ],
)
def test_what_does_not_fit_is_said(spec: MLP, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        spec.build(shape, *seeded(0))
