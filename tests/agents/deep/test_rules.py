"""Targets, masks, losses and coins by hand."""

import numpy as np
import pytest
import torch

from daedalus.agents.deep.exploration import Coins, picked
from daedalus.agents.deep.objective import LOSSES
from daedalus.agents.deep.targets import allowed, q_target
from daedalus.core.draws import uniform
from daedalus.core.rng import stream_keys


def test_targets_by_hand():
    q_next_BA = torch.tensor([[1.0, 3.0], [5.0, 2.0], [-1.0, -4.0]])
    target = q_target(q_next_BA, torch.tensor([1.0, 0.5, 2.0]), torch.tensor([0.9, 0.9, 0.0]))
    torch.testing.assert_close(target, torch.tensor([1 + 0.9 * 3, 0.5 + 0.9 * 5, 2.0]))


def test_forbidden_actions_are_no_part_of_a_maximum():
    q_BA, mask_BA = torch.tensor([[9.0, 1.0, 2.0]]), torch.tensor([[0, 1, 1]], dtype=torch.uint8)
    assert allowed(q_BA, mask_BA).tolist() == [[-float("inf"), 1.0, 2.0]]
    assert q_target(allowed(q_BA, mask_BA), torch.zeros(1), torch.ones(1)).item() == 2.0
    nothing = torch.zeros(1, 3)
    assert allowed(q_BA, nothing).tolist() == q_BA.tolist()  # something must be chosen


@pytest.mark.parametrize(("name", "losses", "slopes"), [("huber", [0.5 * 0.25, 2.5], [0.5, 1.0]),
                                                       ("squared", [0.5 * 0.25, 4.5], [0.5, 3.0])])  # fmt: skip
def test_losses_and_their_slopes_by_hand(name, losses, slopes):
    """Errors of ½ and 3: Huber's slope is the clipped error of Mnih et al., half a square's is the error."""
    q = torch.tensor([1.5, 4.0], requires_grad=True)
    loss = LOSSES[name](q, torch.tensor([1.0, 1.0]))
    assert loss.tolist() == pytest.approx(losses)
    loss.sum().backward()
    assert q.grad.tolist() == pytest.approx(slopes)


def test_coins_are_the_numbers_of_their_streams():
    keys = stream_keys((3, 4), "policy")
    coins = Coins(keys)
    for t in (0, 255, 256, 1000, 7):  # blocks ahead and back
        coin_N, pick_N = coins.at(t)
        assert coin_N.tolist() == [uniform(key, np.uint64(2 * t)) for key in keys]
        assert pick_N.tolist() == [uniform(key, np.uint64(2 * t + 1)) for key in keys]


def test_random_actions_are_uniform_and_allowed():
    pick_N = (np.arange(600) + 0.5) / 600
    assert np.bincount(picked(pick_N, 3, None)).tolist() == [200, 200, 200]
    mask_NA = np.tile(np.array([1, 0, 1], np.uint8), (600, 1))
    assert np.bincount(picked(pick_N, 3, mask_NA)).tolist() == [300, 0, 300]
    assert np.bincount(picked(pick_N, 3, 0 * mask_NA)).tolist() == [200, 200, 200]
