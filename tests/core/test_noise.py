"""Noise: torch's own numbers, and for each slot those that it would draw alone."""

import pytest
import torch

from daedalus.core.errors import UserError
from daedalus.core.noise import Noise


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_one_generator_gives_torchs_numbers() -> None:
    noise, by_hand = Noise(seeded(0)), seeded(0)
    assert torch.equal(noise.normal(3, 5), torch.randn(3, 5, generator=by_hand))
    assert torch.equal(noise.uniform(7), torch.rand(7, generator=by_hand))
    assert torch.equal(noise.below(4, 2, 9), torch.randint(4, (2, 9), generator=by_hand))
    assert torch.equal(noise.ones(0.3, 11), torch.empty(11).bernoulli_(0.3, generator=by_hand))
    assert noise.single.get_state().equal(by_hand.get_state())


@pytest.mark.parametrize("size", [3, 16, 33])
def test_a_slot_draws_what_it_draws_alone(size: int) -> None:
    together, alone = Noise([seeded(n) for n in range(3)]), [Noise([seeded(n)]) for n in range(3)]
    for draw in ("normal", "uniform"):
        whole = getattr(together, draw)(3, 4, size)
        for n in range(3):
            assert torch.equal(whole[n], getattr(alone[n], draw)(1, 4, size)[0])


def test_what_does_not_fit_is_said() -> None:
    two = Noise([seeded(0), seeded(1)])
    for shape in ((3, 4), ()):
        with pytest.raises(UserError, match="2 generators were supplied for a population of"):
            two.normal(*shape)
    with pytest.raises(UserError, match="draws for one network, not for a population of 2"):
        _ = two.single
    with pytest.raises(UserError, match="noise needs a generator"):
        Noise([])
