"""Real data where they are at hand, and small texts and pictures that stand for them where they are not."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from daedalus.core.data import DATA_FOLDER

#: Where a test machine has them when no folder is named.
_BESIDE = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def real_data(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the real files, named for the product too; a test that asks for it is skipped without them."""
    folder = Path(os.environ.get(DATA_FOLDER) or _BESIDE)
    if not folder.is_dir():
        pytest.skip(
            f"real data is missing: set {DATA_FOLDER} to a folder with mnist.npz, tinyshakespeare.txt and names.txt"
        )
    monkeypatch.setenv(DATA_FOLDER, str(folder))
    return folder


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
