"""Arrays in files come back as they were, or not at all."""

from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from daedalus.core.errors import UserError
from daedalus.core.files import read_arrays, write_arrays

ARRAYS = {
    "q": np.linspace(-1, 1, 24).reshape(2, 3, 4),
    "keys": np.array([2**64 - 1], np.uint64),
    "seconds": np.array(1.5),
    "none": np.empty((0, 3)),
    "met": np.array([True, False]),
}


def test_arrays_and_metadata_come_back(tmp_path: Path) -> None:
    write_arrays(tmp_path / "a", {**ARRAYS, "turned": ARRAYS["q"].T}, {"step": "3"})
    arrays, metadata = read_arrays(tmp_path / "a", "")
    assert metadata == {"step": "3"}
    for name, array in {**ARRAYS, "turned": ARRAYS["q"].T}.items():
        np.testing.assert_array_equal(arrays[name], array, strict=True)


def test_a_plausible_number_that_was_not_written_is_damage(tmp_path: Path) -> None:
    """Snapshots are read back into kernels that trust them: one flipped bit of a value must not pass."""
    path = tmp_path / "a"
    write_arrays(path, ARRAYS, {"step": "3"})
    data = bytearray(path.read_bytes())
    at = bytes(data).index(ARRAYS["q"].tobytes()) + 6  # within the first value's exponent and mantissa
    data[at] ^= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"damaged \(not what was written\); do this"):
        read_arrays(path, "do this")


def test_arrays_without_their_hash_are_damage(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(safetensors.numpy.save(ARRAYS))
    with pytest.raises(UserError, match="not what was written"):
        read_arrays(tmp_path / "a", "")
