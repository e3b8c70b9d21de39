"""Files of data sets: where they are looked for, and what is said when they are not what was meant."""

import hashlib
import os
from pathlib import Path

import pytest
import requests

from daedalus.core.data import DATA_FOLDER
from daedalus.core.errors import MissingData, UserError
from daedalus.core.lab.cli import main
from daedalus.generative.data.fetching import SOURCES, Source, fetched

NAMES = b"ada\nbo\ncy\n"


@pytest.fixture
def empty(tmp_path, monkeypatch) -> Path:
    """No folder, an empty cache, and a network that nothing answers on."""
    monkeypatch.delenv(DATA_FOLDER, raising=False)
    monkeypatch.setenv("DAEDALUS_CACHE", str(tmp_path / "cache"))
    meant = Source("https://nowhere.invalid/names.txt", hashlib.sha256(NAMES).hexdigest())
    monkeypatch.setitem(SOURCES, "names.txt", meant)
    answering(monkeypatch, requests.ConnectionError("nothing there"))
    return tmp_path


def answering(monkeypatch, answer) -> list[str]:
    """The network gives these bytes, or raises; returns the addresses that were asked for."""
    asked = []

    class Response:
        headers = {"content-length": "0"}  # noqa: RUF012

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def close(self):
            return None

        def raise_for_status(self):
            return None

        def iter_content(self, chunk_size):
            yield answer

    def get(url, **_):
        asked.append(url)
        if isinstance(answer, Exception):
            raise answer
        return Response()

    monkeypatch.setattr(requests, "get", get)
    return asked


def status(command: list[str]) -> int:
    with pytest.raises(SystemExit) as stop:
        main(command)
    return stop.value.code or 0


def test_a_folder_comes_first_then_the_cache_then_the_network(empty, monkeypatch):
    asked = answering(monkeypatch, NAMES)
    kept = fetched("names.txt")
    assert (kept.read_bytes(), asked) == (NAMES, ["https://nowhere.invalid/names.txt"])
    assert kept.parent == empty / "cache" / "data"
    assert fetched("names.txt") == kept
    assert len(asked) == 1  # from the cache
    folder = empty / "mine"
    folder.mkdir()
    monkeypatch.setenv(DATA_FOLDER, str(folder))
    assert fetched("names.txt") == kept  # the folder lacks it
    (folder / "names.txt").write_bytes(NAMES)
    assert fetched("names.txt") == folder / "names.txt"


def test_missing_data_without_a_network_say_what_to_do_in_a_line(empty, monkeypatch):
    with pytest.raises(
        MissingData, match=r"names.txt is not in .*cannot be reached .*--data-dir or DAEDALUS_DATA"
    ) as e:
        fetched("names.txt")
    assert "\n" not in str(e.value)
    (empty / "mine").mkdir()
    monkeypatch.setenv(DATA_FOLDER, str(empty / "mine"))
    with pytest.raises(MissingData, match=r"names.txt is not in .*mine, not in the cache"):
        fetched("names.txt")
    monkeypatch.setenv(DATA_FOLDER, str(empty / "nowhere"))
    with pytest.raises(UserError, match=r"there is no folder .*nowhere"):
        fetched("names.txt")


def test_a_wrong_checksum_is_told_of_a_file_of_one_s_own_and_of_a_fetched_one(empty, monkeypatch):
    answering(monkeypatch, b"something else")
    with pytest.raises(UserError, match="another SHA-256"):
        fetched("names.txt")
    assert not list((empty / "cache" / "data").iterdir())  # what is wrong is not kept
    monkeypatch.setenv(DATA_FOLDER, str(empty))
    (empty / "names.txt").write_bytes(b"something else")
    found = hashlib.sha256(b"something else").hexdigest()
    with pytest.raises(
        UserError, match=f"is not the names.txt that is meant: its SHA-256 begins with {found[:12]}, not"
    ):
        fetched("names.txt")


def test_the_same_content_packed_otherwise_is_taken_from_a_folder(empty, monkeypatch):
    monkeypatch.setenv(DATA_FOLDER, str(empty))
    (empty / "names.txt").write_bytes(b"packed")
    also = (hashlib.sha256(b"packed").hexdigest(),)
    monkeypatch.setitem(SOURCES, "names.txt", Source("https://nowhere.invalid", "0" * 64, also))
    assert fetched("names.txt").read_bytes() == b"packed"


def test_a_cache_that_cannot_be_written_is_told(empty, monkeypatch):
    (empty / "file").write_bytes(b"")
    monkeypatch.setenv("DAEDALUS_CACHE", str(empty / "file"))
    with pytest.raises(UserError, match=r"cannot write to the cache .*file/data: .*; set DAEDALUS_CACHE"):
        fetched("names.txt")
    monkeypatch.setenv("DAEDALUS_CACHE", str(empty))
    answering(monkeypatch, OSError(28, "No space left on device"))
    with pytest.raises(UserError, match=r"cannot write to the cache .*No space left on device; set DAEDALUS_CACHE"):
        fetched("names.txt")


def test_an_unknown_file_is_named():
    with pytest.raises(UserError, match=r"did you mean 'names\.txt'"):
        fetched("name.txt")


def test_the_command_line_names_the_folder(empty, monkeypatch, capsys):
    monkeypatch.setenv(DATA_FOLDER, "")  # so that what the command sets is put back
    (empty / "names.txt").write_bytes(b"something else")
    command = ["fit", "ngram", "--data", "names", "--steps", "1", "--out", str(empty / "runs")]
    assert status([*command, "--data-dir", str(empty)]) == 2
    assert capsys.readouterr().err.startswith(f"daedalus: {empty / 'names.txt'} is not the names.txt that is meant")
    assert os.environ[DATA_FOLDER] == str(empty)  # which workers inherit
    assert status([*command, "--data-dir", str(empty / "none")]) == 2
    assert capsys.readouterr().err == f"daedalus: --data-dir: there is no folder {empty / 'none'}\n"


def test_real_files_are_those_that_are_meant(real_data):
    for name in SOURCES:
        assert fetched(name) == real_data / name
