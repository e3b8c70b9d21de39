"""Convolutional networks beside ones written out in torch's own modules; the sizes of their stages by hand."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from daedalus.core.errors import UserError
from daedalus.core.nn.cnn import CNN, atari
from daedalus.core.nn.convolution import Pool, StackedConv
from daedalus.core.nn.residual import ResidualBlock
from daedalus.core.spec import fill, parse_spec

from .oracle import answers, close, close_modules, seeded


def test_torch_computes_the_same(where: torch.device) -> None:
    spec = CNN((3, 5), (3, 2), (2, 1), pooling="max", width=7, outputs=2, norm="batch", activation="elu")
    ours = spec.build((2, 12, 10), *seeded(0)).to(where)
    torchs = nn.Sequential(
        *(nn.Conv2d(2, 3, 3, 2, 1), nn.BatchNorm2d(3), nn.ELU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(3, 5, 2, 1, 1), nn.BatchNorm2d(5), nn.ELU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(5 * 2 * 1, 7), nn.ELU(), nn.Linear(7, 2)),
    ).to(where)
    for mine, theirs in zip(ours.parameters(), torchs.parameters(), strict=True):
        theirs.data.copy_(mine.data)
    assert spec.grids((2, 12, 10)) == [(2, 12, 10), (3, 3, 2), (5, 2, 1)]
    close_modules(ours, torchs, torch.randn(4, 2, 12, 10, generator=seeded(1)[0]).to(where))


@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (4, 2)])
@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
@pytest.mark.parametrize("padding", [(0, 0), (1, 2)])
def test_stacked_convolutions_are_those_of_torch(
    kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int], where: torch.device
) -> None:
    singles = [nn.Conv2d(2, 3, kernel, stride, padding, device=where) for _ in range(2)]
    for n, single in enumerate(singles):
        nn.init.normal_(single.weight.data, generator=seeded(n)[0])
        nn.init.normal_(single.bias.data, generator=seeded(n)[0])  # type: ignore[union-attr]
    stacked = StackedConv.of(singles)
    x = torch.randn(2, 3, 2, 7, 8, generator=seeded(5)[0]).to(where)

    def ours(x: Tensor) -> Tensor:
        return stacked(x.permute(0, 1, 3, 4, 2)).permute(0, 1, 4, 2, 3)

    def torchs(x: Tensor) -> Tensor:
        return torch.stack([single(part) for single, part in zip(singles, x, strict=True)])

    close(answers(ours, x), answers(torchs, x))
    assert torch.equal(stacked.take(1).weight, singles[1].weight)
    stacked.put(1, singles[0])
    assert torch.equal(stacked.take(1).weight, singles[0].weight)


def test_pools_by_hand() -> None:
    x = torch.tensor([[1.0, 2, 5, 9], [3, 6, 7, 7], [0, 0, 0, 0]]).reshape(1, 1, 3, 4)
    assert Pool("max")(x).flatten().tolist() == [6, 9]
    assert Pool("average")(x).flatten().tolist() == [3, 7]
    with pytest.raises(UserError, match="did you mean 'average'"):
        Pool("avrage")


def test_the_network_of_mnih_et_al() -> None:
    """84 → (84 − 8)/4 + 1 = 20 → (20 − 4)/2 + 1 = 9 → 7; 1,684,128 weights and biases before the outputs."""
    spec = atari(outputs=4)
    assert spec.grids((4, 84, 84)) == [(4, 84, 84), (32, 20, 20), (64, 9, 9), (64, 7, 7)]
    network = spec.build((4, 84, 84), *seeded(0))
    hidden = 8 * 8 * 4 * 32 + 32 + 4 * 4 * 32 * 64 + 64 + 3 * 3 * 64 * 64 + 64 + 7 * 7 * 64 * 512 + 512
    assert hidden == 1_684_128
    assert sum(parameter.numel() for parameter in network.parameters()) == hidden + 512 * 4 + 4
    picture = torch.full((1, 4, 84, 84), 51, dtype=torch.uint8)
    assert torch.allclose(network(picture), network(torch.full((1, 4, 84, 84), 51.0)))  # bytes are divided by 255
    assert torch.allclose(network[0](picture), torch.tensor(0.2))


def test_weights_begin_by_their_fan_in() -> None:
    network = CNN((64,), outputs=1).build((32, 5, 5), *seeded(0))
    weight = network.get_submodule("conv0").weight
    assert isinstance(weight, Tensor)
    assert 0.99 / math.sqrt(32 * 9) < weight.abs().max().item() <= 1 / math.sqrt(32 * 9)


@pytest.mark.parametrize("shape", [(4,), (4, 5, 6)], ids=["vector", "grid"])
@pytest.mark.parametrize("order", ["pre", "post"])
def test_residual_blocks_by_their_formula(order: str, shape: tuple[int, ...], where: torch.device) -> None:
    block = ResidualBlock(order, norm="layer").build(shape, *seeded(0)).to(where)  # type: ignore[arg-type]
    first, second, norm0, norm1 = (block.body.get_submodule(name) for name in ("layer0", "layer1", "norm0", "norm1"))

    def oracle(x: Tensor) -> Tensor:
        if order == "pre":
            return x + second(functional.relu(norm1(first(functional.relu(norm0(x))))))
        return functional.relu(x + norm1(second(functional.relu(norm0(first(x))))))

    x = torch.randn(3, *shape, generator=seeded(1)[0]).to(where)
    close(answers(block, x), answers(oracle, x))


@pytest.mark.parametrize(
    ("spec", "shape", "message"),
    [
        (CNN(), (4,), r"\(channels, rows, columns\), not \(4,\); use MLP"),
        (CNN(), (4, 0, 5), "not \\(4, 0, 5\\)"),
        (CNN(channels=()), (1, 5, 5), "at least one channel"),
        (CNN(channels=(4, 0)), (1, 5, 5), "at least one channel"),
        (CNN(kernels=(3, 3)), (1, 9, 9), "3 stages: kernels needs a number of at least 1 for each"),
        (CNN(strides=0), (1, 9, 9), "strides needs a number of at least 1"),
        (atari(), (4, 9, 9), "a kernel of 4 is larger .* 1 cells of \\(4, 9, 9\\)"),
        (CNN(pooling="max"), (1, 7, 7), r"pooling needs 2 cells, but 1 of the picture \(1, 7, 7\) is left"),
        (CNN(pooling="mean"), (1, 9, 9), "unknown pooling 'mean'"),  # type: ignore[arg-type]
        (CNN(width=0), (1, 9, 9), "width of at least 1"),
        (CNN(outputs=0), (1, 9, 9), "outputs of at least 1"),
        (CNN(dropout=1.5), (1, 9, 9), r"in \[0, 1\)"),
        (CNN(channel_dropout=-1.0), (1, 9, 9), r"in \[0, 1\)"),
        (CNN(norm="group", groups=5), (1, 9, 9), "32 channels do not part into 5"),
        (CNN(activation="tan"), (1, 9, 9), "did you mean 'tanh'"),
        (CNN(blocks=1, residual="per"), (1, 9, 9), "did you mean 'pre'"),  # type: ignore[arg-type]
        (CNN(divisor=0.0), (1, 9, 9), "divisor above 0"),
    ],
)
def test_what_does_not_fit_is_said(spec: CNN, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        spec.build(shape, *seeded(0))


def test_a_block_that_would_change_the_size_is_refused() -> None:
    with pytest.raises(UserError, match="kernel must be odd, not 4"):
        ResidualBlock(kernel=4).build((3, 5, 5), *seeded(0))
    with pytest.raises(UserError, match=r"\(F,\) or \(C, H, W\), not \(3, 5\)"):
        ResidualBlock().build((3, 5), *seeded(0))


def test_stages_can_be_typed() -> None:
    asked = parse_spec("cnn(channels=(3,5),kernels=(3,2),strides=1)")
    assert fill(CNN, asked.mapping, "cnn") == CNN((3, 5), (3, 2), 1)
