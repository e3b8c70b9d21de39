"""What tests of windows, terminals and recordings share."""

import os
import shutil
from collections.abc import Callable

import pytest


@pytest.fixture
def program() -> Callable[[str], str]:
    """The path of a program by its name; where it is missing the test is skipped, in CI it fails."""

    def path(name: str) -> str:
        found = shutil.which(name)
        if found is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{name} is not installed: run `make programs`")
        return str(found)

    return path
