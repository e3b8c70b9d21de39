"""Devices: resolved once, refused in one line that names what there is."""

import pytest
import torch
from torch import nn

from daedalus.core import device as devices
from daedalus.core.device import Numerics, device, numerics, threads, torch_generator
from daedalus.core.errors import UserError


@pytest.fixture
def two_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine as torch would show one with two CUDA devices."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)


@pytest.mark.usefixtures("two_cards")
def test_auto_takes_cuda_first_and_bfloat16_there() -> None:
    assert device() == torch.device("cuda:0") == device("cuda")
    assert device("cuda:1") == torch.device("cuda:1")
    assert devices.devices()[:2] == ("cuda:0", "cuda:1")
    assert numerics().autocast is torch.bfloat16
    assert numerics(precision="float32").autocast is None
    assert numerics("cpu").autocast is None
    with pytest.raises(UserError, match=r"'cuda:2' is not available; this machine has cuda:0, cuda:1, (mps, )?cpu"):
        device("cuda:2")


def test_mps_comes_before_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert device() == torch.device("mps")
    assert numerics().autocast is None


def test_without_accelerators_there_is_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert device() == torch.device("cpu") == device("cpu:0")
    for name, said in {"cuda": "is not available", "mps": "is not available", "tpu9": "unknown device"}.items():
        with pytest.raises(UserError, match=f"{said}.*|this machine has cpu") as refused:
            device(name)
        assert name in str(refused.value)
        assert str(refused.value).endswith("; this machine has cpu")


def test_precision_is_checked_and_cast_narrows_products(where: torch.device) -> None:
    with pytest.raises(UserError, match="precision must be auto, float32 or bfloat16, not 'half'"):
        numerics("cpu", "half")  # type: ignore[arg-type]
    ones = torch.ones(2, 2, device=where)
    with numerics(str(where), "bfloat16").cast():
        assert (ones @ ones).dtype is torch.bfloat16
    with numerics(str(where), "float32").cast():
        assert (ones @ ones).dtype is torch.float32


def test_compiling_without_a_compiler_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(UserError, match=r"needs a C\+\+ compiler"):
        numerics("cpu", compile=True)


def test_place_moves_and_compiles_in_place(where: torch.device, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[nn.Module] = []
    monkeypatch.setattr(nn.Module, "compile", lambda module: compiled.append(module))
    module = nn.Linear(2, 2)
    Numerics(where).place(module)
    assert module.weight.device == where
    assert not compiled
    Numerics(where, compile=True).place(module)
    assert compiled == [module]


def test_threads_are_put_back() -> None:
    before = torch.get_num_threads()
    with threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
    with pytest.raises(ZeroDivisionError), threads(before + 1):
        raise ZeroDivisionError
    assert torch.get_num_threads() == before
    with pytest.raises(UserError, match="at least 1"), threads(0):
        pass


def test_generators_are_named_streams(where: torch.device) -> None:
    def draw(seed: int, role: str) -> torch.Tensor:
        return torch.rand(4, generator=torch_generator(seed, role, where), device=where)

    assert torch.equal(draw(1, "init"), draw(1, "init"))
    assert not torch.equal(draw(1, "init"), draw(2, "init"))
    assert not torch.equal(draw(1, "init"), draw(1, "dropout"))
