"""Streams: named, independent, and the same in Python and in compiled code."""

import numpy as np
from scipy import stats

from daedalus.core import draws, rng

GAMMA, MASK = 0x9E3779B97F4A7C15, 2**64 - 1


def splitmix(key: int, counter: int) -> int:
    """An oracle in exact integers."""
    z = (key + (counter + 1) * GAMMA) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def test_known_answers() -> None:
    """SplitMix64 with state 1234567, the reference values of its author's code."""
    reference = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert [int(draws.bits(np.uint64(1234567), np.uint64(n))) for n in range(4)] == reference


def test_bits_equal_the_oracle() -> None:
    for key in (0, 1, 2**63, MASK, rng.stream_key(3, "policy")):
        for counter in (0, 1, 12345, 2**40):
            assert int(draws.bits(np.uint64(key), np.uint64(counter))) == splitmix(key, counter)


def test_streams_of_roles_and_seeds_differ() -> None:
    roles = ("world", "start", "policy", "evaluation", "layout", "arms")
    assert len({rng.stream_key(seed, role) for seed in range(200) for role in roles}) == 200 * len(roles)
    assert rng.stream_keys(range(3), "world").tolist() == [rng.stream_key(seed, "world") for seed in range(3)]


def test_a_seed_is_its_own_stream_for_ever() -> None:
    """A changed hash would silently change every published number."""
    assert rng.stream_key(0, "world") == 0x30D01D600E7594B5
    assert rng.stream_key(7, "policy") == 0x5F996A6091BE4A2D


def test_a_chance_comes_up_where_the_uniform_number_lies_below_it() -> None:
    key = np.uint64(rng.stream_key(0, "chance"))
    for probability in (0.0, 2.0**-53, 0.1, 0.25, 0.5, 1 - 2.0**-53, 1.0):
        for n in range(500):
            below = draws.uniform(key, np.uint64(n)) < probability
            assert draws.chance(key, np.uint64(n), probability) == below
    exactly = draws.uniform(key, np.uint64(7))
    assert not draws.chance(key, np.uint64(7), exactly)
    assert draws.chance(key, np.uint64(7), exactly + 2.0**-53)


def test_uniform_and_normal_have_their_laws() -> None:
    """Kolmogorov–Smirnov on 20,000 draws; a false alarm has probability 0.001 for each, once and for all."""
    key = np.uint64(rng.stream_key(0, "policy"))
    uniform = [draws.uniform(key, np.uint64(n)) for n in range(20_000)]
    normal = [draws.normal(key, np.uint64(n)) for n in range(20_000)]
    assert stats.kstest(uniform, "uniform").pvalue > 0.001
    assert stats.kstest(normal, "norm").pvalue > 0.001
    assert 0 <= min(uniform) <= max(uniform) < 1


def test_neighbouring_streams_are_uncorrelated() -> None:
    """Correlation of 20,000 pairs; its standard error is 0.007, accepted within 4 of them."""
    one, two = (np.uint64(rng.stream_key(seed, "policy")) for seed in (0, 1))
    pairs = np.array([(draws.uniform(one, np.uint64(n)), draws.uniform(two, np.uint64(n))) for n in range(20_000)])
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 4 / np.sqrt(20_000)


def test_generators_reproduce() -> None:
    assert rng.generator(1, "init").normal() == rng.generator(1, "init").normal()
    assert rng.generator(1, "init").normal() != rng.generator(2, "init").normal()
