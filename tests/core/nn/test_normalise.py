"""Normalisations against torch's own, gradients and running statistics included."""

import pytest
import torch
from torch import nn

from daedalus.core.errors import UserError
from daedalus.core.nn.normalise import Normalise, StackedNormalise

from .oracle import close, close_modules, seeded


def shaken(module: nn.Module) -> nn.Module:
    """Gains and offsets that are not 1 and 0."""
    for number, parameter in enumerate(module.parameters()):
        nn.init.uniform_(parameter, 0.5, 2, generator=seeded(number)[0])
    return module


@pytest.mark.parametrize(
    ("kind", "torchs", "shape"),
    [
        ("batch", nn.BatchNorm1d(6), (5, 6)),
        ("batch", nn.BatchNorm2d(6), (5, 6, 3, 4)),
        ("layer", nn.LayerNorm(6), (5, 6)),
        ("layer", nn.GroupNorm(1, 6), (5, 6, 3, 4)),
        ("group", nn.GroupNorm(3, 6), (5, 6)),
        ("group", nn.GroupNorm(3, 6), (5, 6, 3, 4)),
        ("rms", nn.RMSNorm(6, eps=1e-5), (5, 6)),
    ],
    ids=lambda value: str(value).split("(")[0],
)
def test_torch_normalises_the_same(kind: str, torchs: nn.Module, shape: tuple[int, ...], where: torch.device) -> None:
    ours, torchs = shaken(Normalise(kind, 6, groups=3)).to(where), shaken(torchs).to(where)
    for seed in range(3):
        close_modules(ours, torchs, (torch.randn(shape, generator=seeded(seed)[0]) * 3 + 1).to(where))
    close(
        [value for name, value in ours.named_buffers()],
        [value for name, value in torchs.named_buffers() if name.startswith("running")],
    )
    close_modules(ours.eval(), torchs.eval(), torch.randn(shape, generator=seeded(9)[0]).to(where))


def test_rms_of_a_grid_by_hand() -> None:
    """Each cell by itself, over its channels: 3/√((9 + 16)/2) and 4/√12.5."""
    y = Normalise("rms", 2)(torch.tensor([3.0, 4.0]).reshape(1, 2, 1, 1))
    assert y.flatten().tolist() == pytest.approx([3 / 12.5**0.5, 4 / 12.5**0.5], rel=1e-5)


def test_bad_settings() -> None:
    with pytest.raises(UserError, match="did you mean 'layer'"):
        Normalise("layr", 4)
    with pytest.raises(UserError, match="6 channels do not part into 4 equal groups"):
        Normalise("group", 6, groups=4)
    for kind, features, shape in (("group", 6, (1, 6)), ("layer", 1, (1, 1)), ("group", 6, (2, 6, 1, 1))):
        one = Normalise(kind, features, groups=6)
        with pytest.raises(UserError, match="in as many groups leave nothing; take fewer groups"):
            one(torch.ones(shape))
    with pytest.raises(UserError, match="take fewer groups"):
        StackedNormalise([Normalise("group", 6, groups=6)] * 2)(torch.ones(2, 1, 6))
    with pytest.raises(UserError, match="at least two examples"):
        Normalise("batch", 4)(torch.zeros(1, 4))
