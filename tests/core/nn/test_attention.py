"""Attention against torch's own, its masks, and its cache."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from daedalus.core.errors import UserError
from daedalus.core.nn.attention import Attention, MultiHeadAttention, attend
from daedalus.core.nn.positions import rotation


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def copied(ours: MultiHeadAttention) -> nn.MultiheadAttention:
    """Torch's module with our weights."""
    theirs = nn.MultiheadAttention(
        ours.width, ours.heads, kdim=ours.context, vdim=ours.context, batch_first=True, dtype=torch.float64
    ).to(ours.out.weight.device)
    with torch.no_grad():
        if ours.query_key_value is not None:
            theirs.in_proj_weight.copy_(ours.query_key_value.weight)
            theirs.in_proj_bias.copy_(ours.query_key_value.bias)
        else:
            for name, part in zip("qkv", [ours.query.weight, *ours.key_value.weight.chunk(2)], strict=True):
                getattr(theirs, f"{name}_proj_weight").copy_(part)
            theirs.in_proj_bias.copy_(torch.cat([ours.query.bias, ours.key_value.bias]))
        theirs.out_proj.load_state_dict(ours.out.state_dict())
    return theirs


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize(("causal", "context"), [(False, None), (True, None), (False, 6)])
def test_outputs_and_gradients_are_torchs(causal: bool, padded: bool, context: int | None, where: torch.device) -> None:
    ours = Attention(2, context).build((5, 8), seeded(0)).double().to(where)
    theirs = copied(ours)
    x, c = random(3, 5, 8, seed=1).to(where).requires_grad_(), random(3, 7, 6, seed=2).to(where).requires_grad_()
    keys, inputs = (c, [x, c]) if context else (x, [x])
    mask = torch.arange(keys.shape[1], device=where) < torch.tensor([[keys.shape[1]], [2], [4]], device=where)
    seen = mask if padded else None
    mine = ours(x, c if context else None, causal=causal, mask=seen)
    ahead = torch.ones(5, 5, dtype=torch.bool, device=where).triu(1) if causal else None
    its, _ = theirs(x, keys, keys, key_padding_mask=~mask if padded else None, attn_mask=ahead, need_weights=False)
    torch.testing.assert_close(mine, its, rtol=1e-9, atol=1e-9)
    found = torch.autograd.grad((mine**2).sum(), [*inputs, *ours.parameters()])
    wanted = torch.autograd.grad((its**2).sum(), [*inputs, *theirs.parameters()])
    names = dict(zip((name for name, _ in ours.named_parameters()), found[len(inputs) :], strict=True))
    theirs_named = dict(zip((name for name, _ in theirs.named_parameters()), wanted[len(inputs) :], strict=True))
    pairs = [
        *zip(found[: len(inputs)], wanted[: len(inputs)], strict=True),
        (names["out.weight"], theirs_named["out_proj.weight"]),
        (names["out.bias"], theirs_named["out_proj.bias"]),
    ]
    if context:
        key_value = torch.cat([theirs_named["k_proj_weight"], theirs_named["v_proj_weight"]])
        pairs += [(names["query.weight"], theirs_named["q_proj_weight"]), (names["key_value.weight"], key_value)]
        biases = torch.cat([names["query.bias"], names["key_value.bias"]])
    else:
        pairs.append((names["query_key_value.weight"], theirs_named["in_proj_weight"]))
        biases = names["query_key_value.bias"]
    pairs.append((biases, theirs_named["in_proj_bias"]))
    for got, wanted_one in pairs:
        torch.testing.assert_close(got, wanted_one, rtol=1e-9, atol=1e-9)


def test_attend_is_the_softmax_by_hand() -> None:
    """Two queries over three keys: the causal ones are the last two steps."""
    q, k, v = random(1, 1, 2, 4, seed=0), random(1, 1, 3, 4, seed=1), random(1, 1, 3, 4, seed=2)
    scores = (q @ k.transpose(-1, -2))[0, 0] / 2.0
    first, second = torch.softmax(scores[0, :2], 0) @ v[0, 0, :2], torch.softmax(scores[1], 0) @ v[0, 0]
    torch.testing.assert_close(attend(q, k, v, causal=True)[0, 0], torch.stack((first, second)), rtol=1e-12, atol=1e-12)
    plain = functional.scaled_dot_product_attention(q, k, v)
    assert torch.equal(attend(q, k, v), plain)


def test_padding_changes_nothing_outside() -> None:
    """What padded keys hold is moot, in front and at the end; a query with no key left gives the bias and no NaN."""
    module = Attention(2).build((6, 8), seeded(0)).double()
    x = random(2, 6, 8, seed=1)
    mask = torch.tensor([[True] * 4 + [False] * 2, [False] * 2 + [True] * 4])
    other = x.clone()
    other[~mask] = 1e3
    for causal in (False, True):
        one, two = (module(data, causal=causal, mask=mask) for data in (x, other))
        torch.testing.assert_close(one[mask], two[mask], rtol=0, atol=0)
        alone = module(x[:1, :4], causal=causal), module(x[1:, 2:], causal=causal)
        torch.testing.assert_close(one[mask], torch.cat(alone).flatten(0, 1), rtol=1e-12, atol=1e-12)
    leaf = x.clone().requires_grad_()
    output = module(leaf, causal=True, mask=mask)
    torch.testing.assert_close(output[1, 0], module.out.bias, rtol=0, atol=0)
    output.sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.isfinite().all()
    assert not leaf.grad[0, 4:].isnan().any()


@torch.no_grad()
def test_a_cache_gives_the_full_pass() -> None:
    """In pieces of 1, 3, 1 and 2 steps, rotated, with padding in front of one sequence."""
    module = Attention(2).build((7, 8), seeded(0)).double()
    x, mask = random(2, 7, 8, seed=1), torch.ones(2, 7, dtype=torch.bool)
    mask[1, :2] = False
    by = rotation(torch.arange(7, dtype=torch.float64), 4)
    for given in (None, mask):
        whole, cache, parts, start = module(x, causal=True, mask=given, rotation=by), module.cache(2, 7), [], 0
        for end in (1, 4, 5, 7):
            turn, seen = by[start:end], None if given is None else given[:, :end]
            parts.append(module(x[:, start:end], causal=True, mask=seen, rotation=turn, cache=cache))
            start = end
        torch.testing.assert_close(torch.cat(parts, dim=1)[mask], whole[mask], rtol=1e-12, atol=1e-12)
    with pytest.raises(UserError, match="room for 7 steps, not 8"):
        module(x[:, :1], cache=cache)
    with pytest.raises(UserError, match="batch of 2, not 1"):
        module(x[:1, :1], cache=module.cache(2, 7))


def test_rotated_attention_may_be_moved_as_a_whole(where: torch.device) -> None:
    """Only distances count: positions 0…5 give what 30…35 give, which positions 0, 2, 4, … do not."""
    module, x = Attention(2).build((6, 8), seeded(0)).double().to(where), random(2, 6, 8, seed=1).to(where)
    positions = torch.arange(6, dtype=torch.float64, device=where)
    here, there, wider = (module(x, rotation=rotation(at, 4)) for at in (positions, positions + 30, 2 * positions))
    torch.testing.assert_close(here, there, rtol=1e-11, atol=1e-11)
    assert not torch.allclose(here, wider, rtol=1e-3)


def test_where_it_looks_is_what_it_takes_values_by() -> None:
    module, x = Attention(2).build((6, 8), seeded(0)).double(), random(2, 6, 8, seed=1)
    by = rotation(torch.arange(6, dtype=torch.float64), 4)
    for causal in (False, True):
        looks = module.looks(x, causal, by)
        assert looks.triu(1).any() != causal
        torch.testing.assert_close(looks.sum(-1), torch.ones_like(looks[..., 0]), rtol=1e-12, atol=1e-12)
        assert module.query_key_value is not None
        values = module.query_key_value(x).chunk(3, dim=-1)[2].unflatten(-1, (2, 4)).transpose(1, 2)
        by_hand = module.out((looks @ values).transpose(1, 2).flatten(2))
        torch.testing.assert_close(module(x, causal=causal, rotation=by), by_hand, rtol=1e-12, atol=1e-12)


def test_wrong_input_is_one_clear_line() -> None:
    with pytest.raises(UserError, match="3 heads do not divide a width of 8"):
        Attention(3).build((5, 8), seeded(0))
    module = Attention(2, context=6).build((5, 8), seeded(0))
    with pytest.raises(UserError, match=r"takes \(batch, steps, 8\), not \(1, 5, 7\)"):
        module(torch.zeros(1, 5, 7))
    with pytest.raises(UserError, match=r"context takes \(batch, steps, 6\), not \(1, 5, 8\)"):
        module(torch.zeros(1, 5, 8), torch.zeros(1, 5, 8))
    with pytest.raises(UserError, match="a context has no order"):
        module(torch.zeros(1, 5, 8), torch.zeros(1, 5, 6), causal=True)
    own = Attention(2).build((5, 8), seeded(0))
    with pytest.raises(UserError, match="built to be of its own input"):
        own(torch.zeros(1, 5, 8), torch.zeros(1, 5, 8))
    with pytest.raises(UserError, match="built to be to a context of 6 features"):
        module(torch.zeros(1, 5, 8))
    with pytest.raises(UserError, match=r"mask must be bool of shape \(1, 5\), not \(5, 5\)"):
        own(torch.zeros(1, 5, 8), mask=torch.ones(5, 5, dtype=torch.bool))
    with pytest.raises(UserError, match="no gradients"):
        own(torch.zeros(1, 5, 8), cache=own.cache(1, 5))
