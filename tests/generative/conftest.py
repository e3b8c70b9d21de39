"""Real data where they are at hand, and small texts and pictures that stand for them where they are not."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from daedalus.core.data import DATA_FOLDER


@pytest.fixture
def real_data() -> Path:
    """The folder with the real files; a test that asks for it is skipped where there is none."""
    named = os.environ.get(DATA_FOLDER, "")
    if not named or not Path(named).is_dir():
        pytest.skip(
            f"real data is missing: set {DATA_FOLDER} to a folder with mnist.npz, tinyshakespeare.txt, names.txt"
        )
    return Path(named)


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], Path]:
    """Puts bytes of a test's own in place of a file that is fetched, with a cache of its own."""
    from daedalus.generative.data import fetching

    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv(DATA_FOLDER, str(folder))
    monkeypatch.setenv("DAEDALUS_CACHE", str(tmp_path / "cache"))

    def put(name: str, content: bytes) -> Path:
        (folder / name).write_bytes(content)
        source = fetching.Source("https://nowhere.invalid/file", hashlib.sha256(content).hexdigest())
        monkeypatch.setitem(fetching.SOURCES, name, source)
        return folder / name

    return put
