import numpy as np
import pytest

from daedalus.core import draws, indexed


def test_words_are_those_of_compiled_code():
    key = np.uint64(0xFEDCBA9876543210)
    counters = np.array([0, 1, 5, 2**62 - 1])
    expected = [draws.bits(key, np.uint64(counter)) for counter in counters]
    assert indexed.words(int(key), counters).tolist() == [int(word) for word in expected]
    keys = indexed.keys(7, counters)
    assert indexed.uniform(keys, 3, first=2)[1, 1] == draws.uniform(keys[1], np.uint64(3))


def test_numbers_have_their_law():
    keys = indexed.keys(3, np.arange(20_000))
    uniform, normal = indexed.uniform(keys, 2), indexed.normal(keys, 2)
    assert 0 <= uniform.min() < uniform.max() < 1
    assert uniform.mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.01)  # 4.9 deviations, of a fixed seed
    assert normal.mean(axis=0) == pytest.approx([0, 0], abs=0.035)
    assert np.cov(normal.T) == pytest.approx(np.eye(2), abs=0.05)


def test_normal_numbers_come_in_pairs():
    with pytest.raises(ValueError, match="in pairs, not 3"):
        indexed.normal(indexed.keys(0, np.arange(2)), 3)
