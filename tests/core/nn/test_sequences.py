"""Laws of every network over sequences: fewer bits, copies, and what its spec takes from the command line."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from daedalus.core.nn.recurrent import GRU, LSTM, RNN
from daedalus.core.nn.tcn import TCN
from daedalus.core.nn.transformer import Transformer
from daedalus.core.spec import fill

SPECS: list[Any] = [
    RNN(16, 2),
    LSTM(16, 2),
    GRU(16, 2),
    TCN(16, 2, weight_norm=True),
    Transformer(width=16, causal=True),
    Transformer(width=16, positions="learned", length=9),
    Transformer(width=16, positions="sinusoidal"),
]


def output(module: nn.Module, x: Tensor, mask: Tensor | None) -> Tensor:
    out = module(x, mask=mask)
    first: Tensor = out[0] if isinstance(out, tuple) else out
    return first


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{type(spec).__name__}-{getattr(spec, 'positions', '')}")
def test_bfloat16_is_near_float32(spec: Any, where: torch.device) -> None:
    """Under autocast, with and without padding, outputs within 0.06 and finite gradients for all weights."""
    module = spec.build((9, 5), torch.Generator().manual_seed(0)).to(where)
    twin = copy.deepcopy(module)
    x = torch.randn(3, 9, 5, generator=torch.Generator().manual_seed(1)).to(where)
    for mask in (None, torch.arange(9, device=where) < torch.tensor([[9], [3], [6]], device=where)):
        with torch.autocast(where.type, dtype=torch.bfloat16):
            rough = output(module, x, mask)
        torch.testing.assert_close(rough.float(), output(twin, x, mask), rtol=0.0, atol=0.06)
        rough.float().square().sum().backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in module.parameters())


@pytest.mark.parametrize("spec", SPECS[:5], ids=lambda spec: type(spec).__name__)
def test_a_spec_is_filled_with_typed_parameters(spec: Any) -> None:
    typed = {key: value for key, value in vars(spec).items() if value is not None}
    assert fill(type(spec), typed, "model") == spec
