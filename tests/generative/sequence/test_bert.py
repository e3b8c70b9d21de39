"""Masks, what is lost and judged at them, and that it learns from both sides."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from daedalus.core.data import MASKED
from daedalus.core.device import torch_generator
from daedalus.core.errors import UserError
from daedalus.core.fitting import Fit, tensors
from daedalus.core.generating import Likelihood, Sampler
from daedalus.core.noise import Noise
from daedalus.core.objective import Phase
from daedalus.generative.data.tasks import reversal
from daedalus.generative.sequence.bert import BERT, BERTConfig, chosen, whole

from .models import CONSTANT, text

SMALL = BERTConfig(width=16, depth=1, heads=2)


def data_of(**settings):
    return reversal(task="masked", **settings)


def batch_of(data, n=4):
    return tensors(data.train, np.arange(n), torch.device("cpu"))


def test_all_that_counts_may_be_masked_but_for_the_first():
    batch = {"x": torch.tensor([[3, 1, 2]]), "y": torch.tensor([[1, 2, 0]]), "w": torch.tensor([[1.0, 1.0, 0.0]])}
    tokens, may = whole(batch)
    assert tokens.tolist() == [[3, 1, 2, 0]]
    assert may.tolist() == [[False, True, True, False]]


def test_a_share_of_what_may_be_is_masked_each_place_as_often():
    may = torch.ones(4000, 11, dtype=torch.bool)
    may[:, 0] = False
    may[2000:, 6:] = False
    masked = chosen(may, 0.15, Noise(torch_generator(0, "masks")))
    assert not (masked & ~may).any()
    assert masked[:2000].sum(1).unique().tolist() == [2]  # 1.5 of 10, rounded up
    assert masked[2000:].sum(1).unique().tolist() == [1]  # 0.75 of 5
    often = masked[:2000, 1:].sum(0)  # each has a mean of 400 and a deviation of 18: five of them
    assert int((often - 400).abs().max()) < 90
    assert not chosen(torch.zeros(2, 3, dtype=torch.bool), 0.15, Noise(torch_generator(0, "masks"))).any()


def test_of_what_is_masked_eight_in_ten_are_masks_and_one_another_token():
    fitted = BERT.build(data_of(), BERTConfig(width=8, depth=1, heads=2, masked=1.0), torch_generator(0, "init"))
    seen = []
    forward = fitted.network.forward
    fitted.network.forward = lambda read: (seen.append(read), forward(read))[1]
    batch = batch_of(data_of(), 500)
    fitted.loss(Phase(), batch, Noise(torch_generator(0, "noise")))
    tokens, may = whole(batch)
    read, true = seen[0][may], tokens[may]
    assert torch.equal(seen[0][~may], tokens[~may])
    n = len(true)  # 10,000, each share's deviation at most 0.004: five of them
    masks, same = (read == 9).sum() / n, ((read == true).sum() - 0) / n
    assert float(masks) == pytest.approx(0.8, abs=0.02)
    assert float(same) == pytest.approx(0.1 + 0.1 / 9, abs=0.02)  # one in nine drawn tokens is the same


@torch.no_grad()
def test_loss_and_score_are_nats_per_masked_token():
    fitted = BERT.build(data_of(), SMALL, torch_generator(0, "init"))
    fitted.module.eval()
    batch = batch_of(data_of(length=3))
    tokens, may = whole(batch)
    masked = chosen(may, 0.15, Noise(torch_generator(5, "masks")))
    logits = fitted.network(torch.where(masked, 9, tokens))[0]
    log_p = functional.log_softmax(logits, -1).gather(-1, tokens[..., None])[..., 0]
    scores = fitted.scores(batch, torch_generator(5, "masks"))
    torch.testing.assert_close(scores[MASKED.name], log_p[masked])  # one of six each
    assert scores["accuracy"].tolist() == (logits.argmax(-1) == tokens)[masked].float().tolist()
    assert not isinstance(fitted, Likelihood | Sampler)


def test_it_sees_both_sides():
    """What is said at the first place of a row changes with its last token."""
    fitted = BERT.build(data_of(length=3), SMALL, torch_generator(0, "init"))
    network = fitted.network.double().eval()
    x = torch.randn(1, 7, 16, generator=torch_generator(0, "x"), dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda x: network.body(x)[0][0, :, 0], x)
    assert (jacobian[:, 0].abs().amax(-1) > 0).all()


def test_twenty_steps_are_ten_and_ten_more_to_the_bit():
    config = replace(SMALL, batch=7, dropout=0.2)
    whole_fit, first, second = (Fit(data_of(), BERT, config, 3, 20) for _ in range(3))
    whole_fit.run(20)
    first.run(10)
    second.take_up({key: array.copy() for key, array in first.arrays().items()})
    second.run(20)
    for key, array in whole_fit.arrays().items():
        np.testing.assert_array_equal(array, second.arrays()[key], err_msg=key)
    assert second.measure().score == whole_fit.measure().score


def test_gaps_are_filled_from_the_mirrored_side():
    data = data_of(length=2, symbols=3, tested=300)
    fit = Fit(data, BERT, replace(SMALL, width=32, depth=2, lr=5e-3, batch=64, **CONSTANT), 0, 250)
    fit.run(250)
    told = fit.measure().numbers
    assert told["test/accuracy"] > 0.97
    assert -0.2 < fit.measure().score < 0
    (passage,) = fit.exhibits()
    seen, said = passage.text.splitlines()[:2]
    assert seen.count("_") == 1
    assert len(said) in (5, 7)


def test_what_is_no_masked_task_is_refused():
    with pytest.raises(UserError, match="the task of text is sequence; ask for task=masked"):
        BERT.check(text(), SMALL)
    with pytest.raises(UserError, match=r"masked is a share in \(0, 1\]"):
        BERTConfig(masked=0.0)
