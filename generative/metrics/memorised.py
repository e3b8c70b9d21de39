"""Whether samples are the training examples again."""

import numpy as np
import torch
from torch import Tensor

from daedalus.core.arrays import Bools

_ROWS = 128  # whose distances are held at a time


def nearest(x_ND: Tensor, to_MD: Tensor) -> Tensor:
    """The Euclidean distance of each x to its nearest of the others, (N,)."""
    return torch.cat([torch.cdist(x, to_MD).amin(dim=1) for x in torch.split(x_ND, _ROWS)])


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
        "copies": float(equals(x_ND, train_MD).mean()),
        "test_copies": float(equals(test_KD, train_MD).mean()),
    }


def equals(x_ND: Tensor, others_MD: Tensor) -> Bools:
    """Which x equal one of the others, (N,)."""
    row = np.dtype((np.void, x_ND.shape[1] * x_ND.element_size()))
    own, others = (np.ascontiguousarray(some.numpy() + 0.0).view(row)[:, 0] for some in (x_ND, others_MD))  # no -0
    return np.isin(own, others)
