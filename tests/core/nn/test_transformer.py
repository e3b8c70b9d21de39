"""The Transformer against torch's pre-norm layers, causality, padding, cache and start."""

from typing import cast

import pytest
import torch
from torch import Tensor, nn

from daedalus.core.errors import UserError
from daedalus.core.nn.dropout import supply
from daedalus.core.nn.transformer import Block, Positions, Stack, Transformer

POSITIONS: tuple[Positions, ...] = ("rotary", "learned", "sinusoidal", "none")


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def build(spec: Transformer) -> Stack:
    return spec.build((6, 8), seeded(0)).double()


def named(block: Block) -> dict[str, Tensor]:
    """Our weights by the names of torch's layers."""
    rename = {"widen": "linear1", "narrow": "linear2", "attention_norm": "norm1"}
    attentions, norms = {"attention": "self_attn"}, {"forward_norm": "norm2"}
    if block.context_attention is not None:
        rename["context_norm"] = "norm2"
        attentions["context_attention"], norms = "multihead_attn", {"forward_norm": "norm3"}
    own, found = dict(block.named_parameters()), {}
    for ours, theirs in (rename | norms).items():
        found |= {f"{theirs}.{kind}": own[f"{ours}.{kind}"] for kind in ("weight", "bias")}
    for ours, theirs in attentions.items():
        for kind in ("weight", "bias"):
            to = ("query", "key_value") if ours == "context_attention" else ("query_key_value",)
            packed = torch.cat([own[f"{ours}.{part}.{kind}"] for part in to])
            found |= {f"{theirs}.in_proj_{kind}": packed, f"{theirs}.out_proj.{kind}": own[f"{ours}.out.{kind}"]}
    return found


@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_the_encoder_is_torchs(activation: str, where: torch.device) -> None:
    """Outputs and gradients of a block, with and without a causal mask."""
    for causal in (False, True):
        spec = Transformer(heads=2, activation=activation, causal=causal, positions="none")  # type: ignore[arg-type]
        block = cast(Block, build(spec).to(where).blocks[0])
        layer = nn.TransformerEncoderLayer(8, 2, 32, 0.0, activation, batch_first=True, norm_first=True)
        _compare(block, layer.double().to(where), causal, where)


def test_the_decoder_is_torchs(where: torch.device) -> None:
    spec = Transformer(heads=2, causal=True, positions="none", context=8)
    block = cast(Block, build(spec).to(where).blocks[0])
    layer = nn.TransformerDecoderLayer(8, 2, 32, 0.0, "gelu", batch_first=True, norm_first=True)
    _compare(block, layer.double().to(where), True, where)


def _compare(block: Block, layer: nn.Module, causal: bool, where: torch.device) -> None:
    weights = named(block)
    layer.load_state_dict({name: weight.detach() for name, weight in weights.items()})
    x = random(2, 6, 8, seed=1).to(where).requires_grad_()
    context = random(2, 4, 8, seed=2).to(where) if block.context_attention is not None else None
    ahead = torch.ones(6, 6, dtype=torch.bool, device=where).triu(1) if causal else None
    mine = block(x, context=context)
    its = layer(x, context, tgt_mask=ahead) if context is not None else layer(x, src_mask=ahead)
    torch.testing.assert_close(mine, its, rtol=1e-9, atol=1e-9)
    names = list(weights)
    found = torch.autograd.grad((mine**2).sum(), [x, *block.parameters()])
    wanted = torch.autograd.grad((its**2).sum(), [x, *(layer.get_parameter(name) for name in names)])
    torch.testing.assert_close(found[0], wanted[0], rtol=1e-9, atol=1e-9)
    for parameter, gradient in zip(block.parameters(), found[1:], strict=True):
        parameter.grad = gradient
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.copy_(parameter.grad)  # type: ignore[arg-type]
        for name, gradient in named(block).items():
            torch.testing.assert_close(gradient, wanted[1 + names.index(name)], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("positions", POSITIONS)
def test_a_causal_stack_sees_no_later_step_and_its_cache_gives_the_full_pass(positions: Positions) -> None:
    length = 6 if positions == "learned" else None
    stack = build(Transformer(heads=2, causal=True, positions=positions, length=length))
    x = random(2, 6, 8, seed=1)
    changed = x.clone()
    changed[:, 3:] = random(2, 3, 8, seed=2)
    with torch.no_grad():
        whole = stack(x)
        assert torch.equal(stack(changed)[:, :3], whole[:, :3])
        assert not torch.allclose(stack(changed)[:, 3], whole[:, 3])
        caches = stack.caches(2, 6)
        parts = [stack(piece, caches=caches) for piece in x.split([2, 1, 1, 2], dim=1)]
        with pytest.raises(UserError, match=r"7 steps|not 7"):
            stack(x[:, :1], caches=caches)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("positions", POSITIONS)
def test_only_positions_tell_the_order(positions: Positions) -> None:
    """Without positions an encoder treats a sequence as a set; rotations alone let it be moved as a whole."""
    stack = build(Transformer(heads=2, positions=positions, length=6 if positions == "learned" else None))
    x = random(1, 6, 8, seed=1)
    turned = torch.allclose(stack(x.flip(1)).flip(1), stack(x), rtol=1e-9, atol=1e-9)
    assert turned == (positions == "none")


def test_padding_changes_nothing_outside() -> None:
    stack = build(Transformer(heads=2, context=5))
    x, context = random(2, 6, 8, seed=1), random(2, 4, 5, seed=2)
    mask = torch.tensor([[True] * 6, [True] * 3 + [False] * 3])
    seen = torch.tensor([[True] * 4, [True] * 2 + [False] * 2])
    padded = stack(x, mask, context, seen)
    torch.testing.assert_close(padded[:1], stack(x[:1], context=context[:1]), rtol=1e-12, atol=1e-12)
    alone = stack(x[1:, :3], context=context[1:, :2])
    torch.testing.assert_close(padded[1:, :3], alone, rtol=1e-12, atol=1e-12)


def test_the_start_comes_from_the_generator_and_branches_begin_small() -> None:
    before = torch.get_rng_state()
    spec = Transformer(width=16, depth=8)
    one, same = spec.build((6, 3), seeded(0)), spec.build((6, 3), seeded(0))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert one(torch.zeros(2, 6, 3)).shape == (2, 6, 16)
    narrow = cast(Block, one.blocks[0]).narrow.weight
    assert narrow.abs().max().item() == pytest.approx(1 / 64**0.5 / 4, rel=0.01)  # U(±1/√fan-in)/√(2·8)


def test_dropout_draws_from_the_generator_alone() -> None:
    stack, x = Transformer(heads=2, dropout=0.3).build((6, 8), seeded(0)), torch.ones(2, 6, 8)
    before, outputs = torch.get_rng_state(), []
    for seed in (1, 1, 2):
        supply(stack, seeded(seed))
        outputs.append(stack(x))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


def test_wrong_input_is_one_clear_line() -> None:
    with pytest.raises(UserError, match="3 heads do not divide a width of 8"):
        Transformer(heads=3).build((6, 8), seeded(0))
    with pytest.raises(UserError, match="even width, not 1"):
        Transformer(heads=8).build((6, 8), seeded(0))
    with pytest.raises(UserError, match="length is the number of learned positions"):
        Transformer(positions="learned")
    with pytest.raises(UserError, match="6 steps is longer than the 4 learned positions"):
        Transformer(positions="learned", length=4).build((6, 8), seeded(0))
    with pytest.raises(UserError, match="7 steps is longer than the 6 learned positions"):
        build(Transformer(positions="learned", length=6))(random(1, 7, 8))
    with pytest.raises(UserError, match=r"takes \(batch, steps, 8\)"):
        build(Transformer())(random(1, 7, 9))
    with pytest.raises(UserError, match="names the context's width"):
        build(Transformer())(random(1, 6, 8), context=random(1, 4, 8))
    with pytest.raises(UserError, match="a cache is for causal"):
        build(Transformer()).caches(1, 6)


def test_layers_begin_by_the_rule() -> None:
    """GPT-2's: N(0, 0.02²), the last layer of each branch by √(2·depth) smaller, biases 0."""
    stack = Transformer(width=64, depth=2, weights="normal").build((6, 32), seeded(0))
    for name, parameter in stack.named_parameters():
        if "norm" in name:
            continue
        if name.endswith("bias"):
            assert not parameter.any()
            continue
        wanted = 0.02 / 2 if name.endswith((".out.weight", ".narrow.weight")) else 0.02
        assert float(parameter.detach().std()) == pytest.approx(wanted, rel=0.08)  # 2,048 numbers: five deviations
    with pytest.raises(UserError, match="did you mean 'normal'"):
        Transformer(weights="norml")
