"""Masked layers: their masks by hand, and nothing seen that is hidden."""

import pytest
import torch

from daedalus.core.errors import UserError
from daedalus.core.nn.masked import MaskedConvolution, MaskedLinear, causal_mask, channel_degrees, visible

from .oracle import seeded


def test_masks_by_hand() -> None:
    degrees, hidden = torch.tensor([3, 1, 2]), torch.tensor([2, 1])
    assert visible(degrees, hidden).tolist() == [[False, True, True], [False, True, False]]
    assert visible(hidden, degrees, strict=True).tolist() == [[True, True], [False, False], [False, True]]


def test_several_masks_share_the_weights() -> None:
    one, other = torch.tensor([[1, 2, 3], [3, 2, 1]]), torch.tensor([[1, 2], [1, 2]])
    layer = MaskedLinear(one, other, *seeded(0))
    x = torch.randn(5, 3, generator=seeded(1)[0])
    for number in (0, 1):
        expected = torch.zeros(5, 2) + layer.bias
        for o in range(2):
            for i in range(3):
                if one[number, i] <= other[number, o]:
                    expected[:, o] += layer.weight[o, i] * x[:, i]
        torch.testing.assert_close(layer(x, number), expected)
    assert not torch.equal(layer.masked(0), layer.masked(1))


def test_a_convolution_sees_what_its_mask_lets_it() -> None:
    rgb = channel_degrees(6, 3)
    assert rgb.tolist() == [0, 0, 1, 1, 2, 2]
    mask = causal_mask(torch.arange(3), rgb, above=1, width=3, beside=1, strict=True)
    layer = MaskedConvolution(mask, *seeded(0))
    x = torch.randn(1, 3, 2, 3, requires_grad=True, generator=seeded(1)[0])
    for unit in range(6):
        (slope,) = torch.autograd.grad(layer(x)[0, unit, 0, 0], x, retain_graph=True)
        assert (slope[0] != 0).equal(mask[unit])
        assert slope[0, :, 1, 1].ne(0).tolist() == [colour < rgb[unit] for colour in range(3)]
        assert slope[0, :, 1, 2].eq(0).all()
        assert slope[0, :, 0].ne(0).all()


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UserError, match=r"not \(3,\) and \(1, 2\)"):
        MaskedLinear(torch.arange(3), torch.ones(1, 2), *seeded(0))
    with pytest.raises(UserError, match=r"\(out, in, height, width\), not \(3, 3\)"):
        MaskedConvolution(torch.ones(3, 3), *seeded(0))
