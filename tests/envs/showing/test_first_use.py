"""A first use compiles, and says so at a terminal."""

import os
import pty
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("used", [False, True])
def test_it_is_said_once(tmp_path, used):
    cache = tmp_path / "cache"
    code = (
        "from daedalus.core.compiled import cache_folder\n"
        f"{'cache_folder().mkdir(parents=True)' if used else ''}\n"
        "from daedalus.envs.showing.commands import _say_if_cold\n"
        "_say_if_cold()\n"
    )
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover - another process
        os.environ["DAEDALUS_CACHE"] = str(cache)
        os.execv(sys.executable, [sys.executable, "-c", code])
    seen = b""
    while True:
        try:
            seen += os.read(terminal, 1024)
        except OSError:  # the other end is closed
            break
    assert os.waitpid(child, 0)[1] == 0
    assert (b"first use" in seen) != used
    assert Path(cache).exists() == used
