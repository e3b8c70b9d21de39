"""Recurrent networks against torch's own, their state, their masks, and the identity's running sum."""

import pytest
import torch
from torch import nn

from daedalus.core.errors import UserError
from daedalus.core.nn.dropout import supply
from daedalus.core.nn.recurrent import GRU, LSTM, RNN, Recurrent, State, detached
from daedalus.core.nn.sequences import mask_of

SPECS = {
    "tanh": (RNN(5, 2), lambda: nn.RNN(3, 5, 2, batch_first=True)),
    "relu": (RNN(5, 2, activation="relu"), lambda: nn.RNN(3, 5, 2, batch_first=True, nonlinearity="relu")),
    "lstm": (LSTM(5, 2), lambda: nn.LSTM(3, 5, 2, batch_first=True)),
    "gru": (GRU(5, 2), lambda: nn.GRU(3, 5, 2, batch_first=True)),
}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pair(name: str, where: torch.device) -> tuple[Recurrent, nn.RNNBase]:
    """Ours, and torch's own with the same weights."""
    spec, make = SPECS[name]
    ours = spec.build((7, 3), seeded(0)).double().to(where)
    theirs = make().double().to(where)
    with torch.no_grad():
        for index, layer in enumerate(ours.layers):
            for key, weight in layer.named_parameters():
                getattr(theirs, key.replace("l0", f"l{index}")).copy_(weight)
    return ours, theirs


def random_state(ours: Recurrent, where: torch.device) -> State:
    parts = [torch.randn(2, 4, 5, generator=seeded(9 + i), dtype=torch.float64).to(where) for i in range(2)]
    return tuple(part.requires_grad_() for part in parts[: len(ours.initial(1))])


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("masked", [False, True], ids=["fused", "loop"])
def test_outputs_and_gradients_are_torchs(name: str, masked: bool, where: torch.device) -> None:
    """The fused path and the equations in the loop (which a mask without padding takes) against torch's module."""
    ours, theirs = pair(name, where)
    state, x = random_state(ours, where), torch.randn(4, 7, 3, generator=seeded(5), dtype=torch.float64).to(where)
    mask = torch.ones(4, 7, dtype=torch.bool, device=where) if masked else None
    results = []
    for module in (ours, theirs):
        x.requires_grad_()
        if module is ours:
            output, last = ours(x, state, mask)
        else:
            output, last = theirs(x, state if len(state) == 2 else state[0])
            last = last if isinstance(last, tuple) else (last,)
        loss = (output**2).sum() + sum(((part + 0.3) ** 3).sum() for part in last)
        found = torch.autograd.grad(loss, [x, *state, *module.parameters()])
        results.append([output, *last, *found])
    for mine, its in zip(*results, strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", SPECS)
def test_windows_and_single_steps_carry_the_state(name: str) -> None:
    """A sequence in windows of 3, 1, 1 and 2 steps gives what it gives at once; detached states have no history."""
    ours, _ = pair(name, torch.device("cpu"))
    x = torch.randn(4, 7, 3, generator=seeded(1), dtype=torch.float64)
    whole, last = ours(x)
    state, parts = ours.initial(4), []
    for window in x.split([3, 1, 1, 2], dim=1):
        output, state = ours(window, detached(state))
        parts.append(output)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(state, last, rtol=1e-12, atol=1e-12)
    assert not any(part.requires_grad for part in detached(state))


@pytest.mark.parametrize("name", SPECS)
def test_padding_changes_nothing(name: str) -> None:
    """Each padded sequence gives what it gives alone: outputs, last state, gradients, whatever the padding holds."""
    ours, _ = pair(name, torch.device("cpu"))
    lengths = torch.tensor([7, 1, 4])
    mask = mask_of(lengths, 7)
    assert mask.sum(1).tolist() == [7, 1, 4]
    x = torch.randn(3, 7, 3, generator=seeded(2), dtype=torch.float64)
    x[~mask] = 1e6
    output, last = ours(x, mask=mask)
    assert not output[~mask].any()
    (output**2).sum().backward()
    padded = [parameter.grad.clone() for parameter in ours.parameters() if parameter.grad is not None]
    ours.zero_grad()
    for b, length in enumerate(lengths.tolist()):
        alone, end = ours(x[b : b + 1, :length])
        (alone**2).sum().backward()
        torch.testing.assert_close(output[b : b + 1, :length], alone, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(tuple(part[:, b : b + 1] for part in last), end, rtol=1e-9, atol=1e-9)
    for before, parameter in zip(padded, ours.parameters(), strict=True):
        torch.testing.assert_close(before, parameter.grad, rtol=1e-9, atol=1e-9)


def test_the_identity_begins_as_a_running_sum() -> None:
    """With positive input weights and inputs, h_t = W Σ x to the bit of rounding, and a gradient of 1 per step."""
    network = RNN(4, activation="relu", start="identity").build((50, 2), seeded(0)).double()
    weight = network.layers[0].weight_ih_l0
    assert torch.equal(network.layers[0].weight_hh_l0, torch.eye(4, dtype=torch.float64))
    assert weight.abs().max() < 0.005
    with torch.no_grad():
        weight.abs_()
    x = torch.rand(3, 50, 2, generator=seeded(1), dtype=torch.float64, requires_grad=True)
    output, _ = network(x)
    torch.testing.assert_close(output, x.cumsum(1) @ weight.t(), rtol=1e-12, atol=1e-12)
    (first,) = torch.autograd.grad(output[:, -1].sum(), x)
    torch.testing.assert_close(first, weight.sum(0).expand_as(first), rtol=1e-12, atol=1e-12)


def test_the_forget_gates_begin_open() -> None:
    layer = LSTM(5, forget_bias=1.5).build((3,), seeded(0)).layers[0]
    total = (layer.bias_ih_l0 + layer.bias_hh_l0).tolist()
    assert total[5:10] == [1.5] * 5
    assert all(abs(value) <= 2 / 5**0.5 for value in total[:5] + total[10:])


def test_the_generator_alone_decides_the_start() -> None:
    before = torch.get_rng_state()
    one, same, other = (GRU(5, 2).build((7, 3), seeded(seed)).state_dict() for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not torch.equal(one["layers.1.weight_hh_l0"], other["layers.1.weight_hh_l0"])
    assert max(weight.abs().max().item() for weight in one.values()) <= 5**-0.5


def test_dropout_stands_between_layers_only() -> None:
    network, x = LSTM(5, 2, dropout=0.5).build((3,), seeded(0)), torch.randn(2, 6, 3, generator=seeded(1))
    one_layer = LSTM(5, 1, dropout=0.5).build((3,), seeded(0))
    assert torch.equal(one_layer(x)[0], one_layer.eval()(x)[0])  # nothing is drawn
    outputs = []
    for seed in (1, 1, 2):
        supply(network, seeded(seed))
        outputs.append(network(x)[0])
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])
    assert torch.equal(network.eval()(x)[0], network(x)[0])


def test_wrong_input_is_one_clear_line() -> None:
    network = LSTM(5).build((7, 3), seeded(0))
    with pytest.raises(UserError, match=r"takes \(batch, steps, 3\), not \(2, 7, 4\)"):
        network(torch.zeros(2, 7, 4))
    with pytest.raises(UserError, match=r"takes \(batch, steps, 3\), not \(2, 0, 3\)"):
        network(torch.zeros(2, 0, 3))
    with pytest.raises(UserError, match=r"mask must be bool of shape \(2, 7\)"):
        network(torch.zeros(2, 7, 3), mask=torch.ones(2, 7))
    with pytest.raises(UserError, match=r"state must be 2 × \(1, 2, 5\).*begin with .initial\(2\)"):
        network(torch.zeros(2, 7, 3), network.initial(3))
    with pytest.raises(UserError, match="rnn: width must be at least 1"):
        RNN(0)
    with pytest.raises(UserError, match="activation must be one of tanh, relu, not 'gelu'"):
        RNN(activation="gelu")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="steps, features"):
        GRU().build((3, 4, 5), seeded(0))


def test_gates_begin_by_the_span_that_is_to_be_remembered():
    layer = LSTM(width=2000, span=101).build((3, 1), seeded(0)).layers[0]
    _, _, bias, other = layer.all_weights[0]
    gate_in, forget = bias[:2000], bias[2000:4000]
    assert torch.equal(gate_in, -forget)
    assert not other[:4000].any()
    steps = forget.detach().exp()  # even between 1 and 100: mean 50.5 with a standard error of .64, at 4 of them
    assert 1 <= float(steps.min()) < 2
    assert 99 < float(steps.max()) <= 100.01
    assert abs(float(steps.mean()) - 50.5) < 2.6
    with pytest.raises(UserError, match="span must be at least 3 steps, not 2"):
        LSTM(span=2)
