"""Whether samples are the training examples again."""

import torch
from torch import Tensor

_ROWS = 128  # whose distances are held at a time


def nearest(x_ND: Tensor, to_MD: Tensor) -> Tensor:
    """The Euclidean distance of each x to its nearest of the others, (N,)."""
    exact = "donot_use_mm_for_euclid_dist"  # so that the distance of equals is 0
    found = [torch.cdist(x, to_MD, compute_mode=exact).amin(dim=1) for x in torch.split(x_ND, _ROWS)]
    return torch.cat(found)


def memorised(x_ND: Tensor, train_MD: Tensor, test_KD: Tensor) -> dict[str, float]:
    """How near samples are to what was trained on, held against how near test examples are to it.

    "nearer_than_test" is the chance that a sample lies nearer than a test example does, a half where nothing is copied
    and 1 where everything is: the Mann–Whitney statistic of Meehan, Chaudhuri & Dasgupta (2020). "near_copies" are
    nearer than the nearest tenth of all test examples, one in ten where nothing is copied; "copies" equal an example.
    """
    own_N, test_K = nearest(x_ND, train_MD), nearest(test_KD, train_MD)
    less, equal = own_N[:, None] < test_K, own_N[:, None] == test_K
    return {
        "nearer_than_test": float(less.double().mean() + equal.double().mean() / 2),
        "near_copies": float((own_N < test_K.quantile(0.1)).double().mean()),
        "copies": float((own_N == 0).double().mean()),
        "test_copies": float((test_K == 0).double().mean()),
    }
