"""What `daedalus bench models` measures: the peer is the same Transformer, and a device is asked for by name."""

import json

import numpy as np
import pytest
import torch

from daedalus.core.device import devices, torch_generator
from daedalus.core.errors import UserError
from daedalus.core.lab.bench import bench
from daedalus.generative import bench as bench_module
from daedalus.generative.bench_peers import PlainGPT
from daedalus.generative.sequence.gpt import GPT, GPTConfig

SMALL = bench_module.Recipe("small", GPTConfig(positions="learned", batch=2, width=8, depth=2, heads=2), 6, 10, 1.0)


def copied(network) -> PlainGPT:
    """The plain Transformer with our weights."""
    plain = PlainGPT(65, 6, 8, 2, 2).double()
    own = dict(network.named_parameters())
    rename = {
        "tokens.weight": "embedding.weight", "positions.weight": "body.network.positions.weight",
        "norm": "body.network.norm", "first": "attention_norm", "second": "forward_norm",
        "attention": "attention.query_key_value", "out": "attention.out", "forward_layers.0": "widen",
        "forward_layers.2": "narrow",
    }  # fmt: skip
    with torch.no_grad():
        for name, weight in plain.named_parameters():
            ours = rename.get(name)
            if name.startswith("blocks."):
                _, number, rest = name.split(".", 2)
                part, _, kind = rest.rpartition(".")
                ours = f"body.network.blocks.{number}.{rename[part]}.{kind}"
            elif ours is None:
                part, _, kind = name.rpartition(".")
                ours = f"{rename.get(part, part)}.{kind}"
            weight.copy_(own.pop(ours))
    assert not own
    return plain


def test_the_plain_transformer_is_ours():
    data = bench_module._random(SMALL)
    network = GPT.build(data, SMALL.config, torch_generator(0, "init")).network.double().eval()
    x = torch.from_numpy(data.train.take(np.arange(2))["x"])
    with torch.no_grad():
        torch.testing.assert_close(copied(network)(x), network(x)[0], rtol=1e-10, atol=1e-12)


def test_every_row_has_rates(monkeypatch, capsys):
    monkeypatch.setattr(bench_module, "_CPU", SMALL)
    monkeypatch.setattr(bench_module, "_GENERATING", SMALL)
    bench("models", as_json=True, quick=True)
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == [
        "small: tokens trained on",
        "small, rotary: tokens trained on",
        "1 × 256 tokens generated",
        "8 × 256 tokens generated",
    ]
    assert all(row["ours_per_second"] > 0 and row["peer_per_second"] > 0 for row in rows)


def test_a_device_is_asked_for_by_name():
    with pytest.raises(UserError, match="bench envs runs on the CPU alone"):
        bench("envs", quick=True, device="cpu")
    if not any(name.startswith("cuda") for name in devices()):
        with pytest.raises(UserError, match="'cuda' is not available"):
            bench("models", quick=True, device="cuda")
