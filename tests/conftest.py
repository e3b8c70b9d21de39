"""One thread of torch in each test process, as in the lab's workers, and tests on every device that there is."""

import os

import pytest

# Set before torch is imported: tests in several processes do not wait for one another's threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `where`, and is not told where, runs on the CPU and, where there is a GPU, there too."""
    told = any("where" in str(mark.args[0]) for mark in metafunc.definition.iter_markers("parametrize"))
    if "where" in metafunc.fixturenames and not told:
        import torch

        there = [torch.device("cpu"), *([torch.device("cuda:0")] if torch.cuda.is_available() else [])]
        metafunc.parametrize("where", there, ids=str)
