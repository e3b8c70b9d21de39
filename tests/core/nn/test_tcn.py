"""The temporal convolution network: causality and receptive field by the Jacobian, convolutions by hand."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from daedalus.core.errors import UserError
from daedalus.core.nn.dropout import supply
from daedalus.core.nn.tcn import TCN, CausalConv


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("weight_norm", [False, True])
@pytest.mark.parametrize(("kernel", "depth", "field"), [(1, 2, 1), (2, 3, 15), (3, 2, 13), (3, 3, 29)])
def test_the_jacobian_is_causal_and_as_wide_as_the_field(
    weight_norm: bool, kernel: int, depth: int, field: int, where: torch.device
) -> None:
    """Weights and inputs above 0 keep every ReLU open, so that each path through the network counts."""
    spec = TCN(4, depth, kernel, weight_norm)
    network = spec.build((34, 2), seeded(0)).double().to(where)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    x = torch.rand(1, 34, 2, generator=seeded(1), dtype=torch.float64).to(where)
    jacobian = torch.autograd.functional.jacobian(lambda x: network(x).sum((0, 2)), x)[:, 0].sum(-1)  # (out, in)
    delay = torch.arange(34)[:, None] - torch.arange(34)
    reached = (delay >= 0) & (delay < field)
    assert spec.receptive_field == network.receptive_field == field
    assert torch.equal(jacobian.cpu() > 0, reached)
    assert not jacobian.cpu()[~reached].any()


@pytest.mark.parametrize("weight_norm", [False, True])
def test_a_convolution_is_the_sum_over_its_past(weight_norm: bool) -> None:
    """By hand, and against torch's Conv1d (under torch's weight norm), outputs and gradients."""
    ours = CausalConv(2, 3, 2, 4, weight_norm, seeded(0)).double()
    if ours.gain is not None:  # float32 rounded it
        ours.gain.data = ours.weight.detach().norm(dim=(1, 2), keepdim=True)
    x = torch.randn(5, 2, 9, generator=seeded(1), dtype=torch.float64, requires_grad=True)
    mine = ours(x)
    past = torch.cat((torch.zeros(5, 2, 4), x[:, :, :-4]), dim=2)
    by_hand = sum(torch.einsum("oc,bct->bot", ours.weight[:, :, k], z) for k, z in enumerate((past, x)))
    torch.testing.assert_close(mine, by_hand + ours.bias[:, None], rtol=1e-12, atol=1e-12)
    theirs = nn.Conv1d(2, 3, 2, dilation=4, padding=4, dtype=torch.float64)
    theirs.load_state_dict({"weight": ours.weight.detach(), "bias": ours.bias.detach()})
    if weight_norm:
        theirs = parametrizations.weight_norm(theirs)
    its = theirs(x)[..., :9]
    torch.testing.assert_close(mine, its, rtol=1e-12, atol=1e-12)
    found = dict(zip("xwbg", torch.autograd.grad((mine**2).sum(), [x, *ours.parameters()]), strict=False))
    named = dict(theirs.named_parameters())
    path = "parametrizations.weight.original"
    order = [named["bias"], *([named[f"{path}1"], named[f"{path}0"]] if weight_norm else [named["weight"]])]
    wanted = dict(zip("xbwg", torch.autograd.grad((its**2).sum(), [x, *order]), strict=False))
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-9, atol=1e-9)


def test_a_block_is_the_papers() -> None:
    """relu(skip(x) + relu(conv(relu(conv(x))))), written out."""
    network = TCN(4, 2).build((9, 2), seeded(0))
    x = torch.randn(3, 2, 9, generator=seeded(1))
    y, (first, second) = x, network.blocks
    for block in (first, second):
        y = torch.relu(block.skip(y) + torch.relu(block.second(torch.relu(block.first(y)))))
    torch.testing.assert_close(network(x.transpose(1, 2)), y.transpose(1, 2))
    assert [block.second.dilation for block in network.blocks] == [1, 2]
    assert isinstance(second.skip, nn.Identity)


def test_padding_changes_nothing() -> None:
    """In front and at the end, a padded sequence gives what it gives alone."""
    network = TCN(4, 2, weight_norm=True).build((9, 2), seeded(0)).double()
    x = torch.randn(2, 9, 2, generator=seeded(1), dtype=torch.float64)
    mask = torch.tensor([[False] * 4 + [True] * 5, [True] * 6 + [False] * 3])
    x[~mask] = 1e3
    output = network(x, mask)
    assert not output[~mask].any()
    torch.testing.assert_close(output[:1, 4:], network(x[:1, 4:]), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(output[1:, :6], network(x[1:, :6]), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(output[1:, :6], network(x)[1:, :6], rtol=1e-12, atol=1e-12)


def test_the_generators_alone_decide() -> None:
    before = torch.get_rng_state()
    network, same = (TCN(4, 2, dropout=0.4).build((9, 2), seeded(0)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), same.parameters(), strict=True))
    outputs = []
    for seed in (1, 1, 2):
        supply(network, seeded(seed))
        outputs.append(network(torch.ones(2, 9, 2)))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


def test_wrong_input_is_one_clear_line() -> None:
    with pytest.raises(UserError, match=r"takes \(batch, steps, 2\), not \(9, 2\)"):
        TCN(4).build((9, 2), seeded(0))(torch.zeros(9, 2))
    with pytest.raises(UserError, match="tcn: kernel must be at least 1, not 0"):
        TCN(kernel=0)
