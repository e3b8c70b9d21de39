"""Checkpoints: what was saved comes back; anything else is refused in a line, and nothing in a file is run."""

import json
import pickle  # noqa: TID251  # to make what must be refused
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from daedalus.core import checkpoint
from daedalus.core.checkpoint import Card, fits, load, save
from daedalus.core.errors import UserError
from daedalus.core.files import write_arrays

ARRAYS = {
    "module/weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "generator": np.frombuffer(bytes(range(200)), dtype=np.uint8),
    "steps": np.array(7),
    "flags": np.array([True, False]),
    "none": np.zeros((0, 3)),
}
CARD = Card("dqn", "MLP(width=3)", {"steps": 7, "seeds": [1, 2]})


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "agent.safetensors"
    save(path, ARRAYS, CARD)
    return path


def refusal(path: Path, architecture: str | None = "MLP(width=3)", kind: str | None = "dqn") -> str:
    with pytest.raises(UserError) as refused:
        load(path, architecture, kind)
    said = str(refused.value)
    assert "\n" not in said
    assert str(path) in said
    return said


def forged(path: Path, header: object, body: bytes = b"", length: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + body)
    return path


def test_what_was_saved_comes_back(saved: Path) -> None:
    arrays, card = load(saved, "MLP(width=3)", "dqn")
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)
    assert card == CARD
    assert card.packages["torch"] == torch.__version__
    assert load(saved)[1].facts == {"steps": 7, "seeds": [1, 2]}
    assert list(saved.parent.iterdir()) == [saved]  # nothing half-written stays beside it


def test_a_failed_save_keeps_what_was_there(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved.read_bytes()
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(UserError, match=r"cannot write .*No space left on device"):
        save(saved, {"other": np.ones(3)}, CARD)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_another_architecture_or_kind_is_named_with_ours(saved: Path) -> None:
    assert refusal(saved, "CNN(channels=8)").endswith(
        "holds MLP(width=3), but this is CNN(channels=8); build the one that was saved"
    )
    assert "a checkpoint of kind 'dqn', not 'vae'" in refusal(saved, kind="vae")


def test_a_strangers_words_do_not_reach_the_terminal_raw(saved: Path) -> None:
    save(saved, ARRAYS, Card("dqn", "\x1b[2Jgone\n" + "x" * 10_000))
    said = refusal(saved)
    assert said.isprintable()
    assert len(said) < 500 + len(str(saved))


def test_a_newer_format_is_named(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(saved, ARRAYS, Card("dqn", "MLP(width=3)", packages={"daedalus-suite": "9.1"}, format=checkpoint.FORMAT + 1))
    said = refusal(saved)
    assert "has format 2, newer than this version's 1; update Daedalus to read it (it was saved by version 9.1)" in said


def test_missing_truncated_and_flipped_files_are_refused(saved: Path, tmp_path: Path) -> None:
    assert "No such file or directory; check the path" in refusal(tmp_path / "none.safetensors")
    assert "Is a directory" in refusal(tmp_path)
    whole = saved.read_bytes()
    for end in (0, 4, 8, 100, len(whole) - 1):
        saved.write_bytes(whole[:end])
        assert "is damaged (" in refusal(saved)
    for place in range(8, len(whole), 41):
        flipped = bytearray(whole)
        flipped[place] ^= 1
        saved.write_bytes(flipped)
        refusal(saved)
    saved.write_bytes(whole + b"more")
    assert "is damaged (" in refusal(saved)


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, ("exploded",)


def test_files_that_could_run_code_are_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "agent.pt"
    torch.save(nn.Linear(2, 2).state_dict(), path)
    assert "is a pickle (.pt, .pth, .zip): opening one can run a stranger's code, so it is not read" in refusal(path)
    for protocol in (0, 2, 4, 5):
        path.write_bytes(pickle.dumps(Bomb(), protocol))
        said = refusal(path)
        assert "is a pickle" in said or "is damaged" in said
    assert not Path("exploded").exists()


def test_hostile_headers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "hostile.safetensors"
    huge = {"dtype": "F32", "shape": [2**40, 2**20], "data_offsets": [0, 4]}
    beyond = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
    overflow = {"dtype": "F32", "shape": [2**63, 2], "data_offsets": [0, 0]}
    for header in (huge, beyond, overflow):
        assert "is damaged (" in refusal(forged(path, {"x": header}, b"\0" * 4))
    assert "is damaged (" in refusal(forged(path, {}, length=2**63))
    assert "is damaged (" in refusal(forged(path, b"[" * 100_000))
    assert "is damaged (" in refusal(forged(path, b"\xff\xfe{}"))


@pytest.mark.parametrize(
    "card",
    [
        None,
        "no JSON",
        "[1]",
        "[" * 100_000,
        json.dumps({"kind": "dqn"}),
        json.dumps({"kind": "dqn", "architecture": "a", "facts": {}, "packages": {}, "format": 1, "more": 1}),
        json.dumps({"kind": "dqn", "architecture": 3, "facts": {}, "packages": {}, "format": 1}),
        json.dumps({"kind": "dqn", "architecture": "a", "facts": [], "packages": {}, "format": 1}),
        json.dumps({"kind": "dqn", "architecture": "a", "facts": {}, "packages": {}, "format": "new"}),
        json.dumps({"kind": "dqn", "architecture": "a", "facts": {}, "packages": {}, "format": True}),
        '{"format": ' + "1" * 5000 + "}",  # more digits than Python reads
    ],
)
def test_other_safetensors_are_no_checkpoints(tmp_path: Path, card: str | None) -> None:
    path = tmp_path / "other.safetensors"
    write_arrays(path, ARRAYS, None if card is None else {"card": card})
    assert "is no checkpoint of Daedalus" in refusal(path)


def test_the_tensor_that_does_not_fit_is_named() -> None:
    wanted = nn.Linear(3, 2).state_dict()
    fits(wanted, nn.Linear(3, 2).state_dict())
    with pytest.raises(UserError, match=r"'weight' has shape \(2, 4\) where \(2, 3\) is wanted"):
        fits(nn.Linear(4, 2).state_dict(), wanted)
    with pytest.raises(UserError, match="lacks 'bias'"):
        fits(nn.Linear(3, 2, bias=False).state_dict(), wanted)
    with pytest.raises(UserError, match="has 'bias', which is not wanted"):
        fits(wanted, nn.Linear(3, 2, bias=False).state_dict())
