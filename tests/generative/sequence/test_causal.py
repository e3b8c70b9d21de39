"""What holds for every causal model, exactly: causality, Σ p = 1, sums of nats, steps that go on to the bit."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from daedalus.core.device import torch_generator
from daedalus.core.errors import UserError
from daedalus.core.fitting import Fit, tensors
from daedalus.core.generating import Condition, Likelihood, Sampler
from daedalus.core.noise import Noise
from daedalus.core.objective import Phase
from daedalus.generative.data.mazes import mazes
from daedalus.generative.data.tasks import adding, copy, reversal
from daedalus.generative.sequence.gpt import GPT, GPTConfig
from daedalus.generative.sequence.recurrent import LSTM, LSTMConfig

from .models import CAUSAL, CONSTANT, built, images, small_mazes, text

EVERY = pytest.mark.parametrize("name", CAUSAL)
CPU = torch.device("cpu")


def batch_of(data, n=4):
    return tensors(data.train, np.arange(n), CPU)


def jacobian(network, x):
    """Which steps' features (T,) depend on which steps (T,) of x."""
    along = torch.randn(network.body.width, generator=torch_generator(1, "x"), dtype=torch.float64)
    return torch.autograd.functional.jacobian(lambda x: network.body(x)[0][0] @ along, x)[:, 0].abs().amax(-1) > 0


@EVERY
def test_what_is_said_depends_on_all_that_was_read_and_on_nothing_after(name):
    """The Jacobian of logits to embeddings: all zeros above its diagonal, and below it only within the field."""
    network = built(name, text(length=9)).network.double()
    x = torch.randn(1, 9, network.embedding.weight.shape[1], generator=torch_generator(0, "x"), dtype=torch.float64)
    depends = jacobian(network, x)
    ones = torch.ones(9, 9, dtype=torch.bool)
    field = 13 if name == "tcn" else 9
    assert torch.equal(depends, ones.tril() & ones.triu(1 - field))


def test_a_convolution_sees_its_receptive_field_and_no_more():
    network = built("tcn", text(length=9), depth=1).network.double()
    x = torch.randn(1, 9, 8, generator=torch_generator(0, "x"), dtype=torch.float64)
    ones = torch.ones(9, 9, dtype=torch.bool)
    assert torch.equal(jacobian(network, x), ones.tril() & ones.triu(-4))


@EVERY
@torch.no_grad()
def test_probabilities_of_all_images_sum_to_one(name):
    fitted = built(name, small_mazes())
    fitted.module.double()
    every = torch.tensor(list(itertools.product((0, 1), repeat=12)), dtype=torch.uint8)
    log_p = fitted.log_prob({"x": every}, torch_generator(0, "none"))
    assert log_p.dtype == torch.float64
    assert float(log_p.exp().sum()) == pytest.approx(1, abs=1e-12)
    assert float(log_p.std()) > 0.5  # or it would show little
    single = built(name, small_mazes()).log_prob({"x": every}, torch_generator(0, "none"))
    assert float(single.exp().sum()) == pytest.approx(1, abs=1e-5)


@EVERY
@torch.no_grad()
def test_more_than_two_values_and_more_than_one_axis(name):
    fitted = built(name, images())
    every = torch.tensor(list(itertools.product(range(3), repeat=4)), dtype=torch.uint8).reshape(-1, 1, 2, 2)
    assert float(fitted.log_prob({"x": every}, torch_generator(0, "none")).exp().sum()) == pytest.approx(1, abs=1e-5)


@torch.no_grad()
def test_a_log_probability_is_the_sum_over_what_counts_and_the_loss_is_nats_per_token():
    data = reversal(length=2, symbols=3)
    fitted, batch = built("lstm", data), batch_of(data)
    logits = fitted.network(batch["x"])[0]
    each = functional.log_softmax(logits, -1).gather(-1, batch["y"][..., None])[..., 0]
    by_hand = each[:, 2] + each[:, 3]  # the two symbols after the sign
    generator = torch_generator(0, "none")
    torch.testing.assert_close(fitted.log_prob(batch, generator), by_hand)
    scores = fitted.scores(batch, generator)
    torch.testing.assert_close(scores["log_likelihood"], by_hand)
    torch.testing.assert_close(scores["log_likelihood_per_token"], by_hand / 2)
    right = (logits.argmax(-1) == batch["y"])[:, 2:].all(1)
    assert scores["exact"].tolist() == right.float().tolist()
    loss, _ = fitted.loss(Phase(), batch, Noise(generator))
    torch.testing.assert_close(loss, -by_hand.mean() / 2)


@torch.no_grad()
def test_the_loss_of_a_density_is_nats_per_number():
    fitted, batch = built("gru", images()), batch_of(images())
    generator = torch_generator(0, "none")
    loss, _ = fitted.loss(Phase(), batch, Noise(generator))
    torch.testing.assert_close(loss, -fitted.log_prob(batch, generator).mean() / 4)
    assert list(fitted.scores(batch, generator)) == ["log_likelihood"]
    bits = fitted.examine(images().test, generator)["bits_per_dimension"]
    assert bits == pytest.approx(float(loss) / np.log(2), rel=1e-5)


def test_scores_do_not_depend_on_how_many_are_scored_at_once(monkeypatch):
    fitted, batch = built("lstm", text()), batch_of(text(), 10)
    whole = fitted.log_prob(batch, torch_generator(0, "none"))
    monkeypatch.setattr("daedalus.generative.sequence.causal._AT_ONCE", 18)
    torch.testing.assert_close(fitted.log_prob(batch, torch_generator(0, "none")), whole)


@EVERY
def test_a_number_is_said_at_the_last_step(name):
    data = adding(length=8)
    fitted, batch = built(name, data), batch_of(data)
    scores = fitted.scores(batch, torch_generator(0, "none"))
    said = fitted.module(batch["x"])
    assert said.shape == (4,)
    torch.testing.assert_close(scores["minus_squared_error"], -((said - batch["y"]) ** 2))
    torch.testing.assert_close(scores["r_squared"], 1 - (said - batch["y"]) ** 2 * 6)
    assert not isinstance(fitted, Likelihood | Sampler)


@EVERY
def test_answers_that_do_not_follow_are_not_continued(name):
    fitted = built(name, copy(length=3, copied=2))
    assert isinstance(fitted, Likelihood)
    assert fitted.exact
    assert not isinstance(fitted, Sampler)


@EVERY
@pytest.mark.parametrize("order", ["shuffled", "streamed"])
def test_twenty_steps_are_ten_and_ten_more_to_the_bit(name, order):
    model, config = CAUSAL[name]
    data = text()
    carry = {"carry": True} if hasattr(config, "carry") and order == "streamed" else {}
    config = replace(config, batch=7, dropout=0.2, ema=0.9, order=order, **carry)
    whole = Fit(data, model, config, 3, 20)
    whole.run(20)
    first = Fit(data, model, config, 3, 20)
    first.run(10)
    first.measure()
    second = Fit(data, model, config, 3, 20)
    second.take_up({key: array.copy() for key, array in first.arrays().items()})
    second.run(20)
    for key, array in whole.arrays().items():
        if not key.startswith(("sum/", "times/")):
            np.testing.assert_array_equal(array, second.arrays()[key], err_msg=key)
    assert second.measure().score == whole.measure().score


def test_the_carried_state_is_that_of_the_whole_text_and_evaluation_begins_with_zeros():
    config = LSTMConfig(width=8, batch=4, order="streamed", carry=True, lr=1e-30)
    data = text()
    fit = Fit(data, LSTM, config, 0, 5)
    fit.run(3)
    network = fit.fitted.network
    rows = torch.from_numpy(data.train.arrays["x"].reshape(4, 60))  # each row's stretch, ten windows
    with torch.no_grad():
        _, state = network(rows[:, :18], network.begin(4))
    torch.testing.assert_close(network.carried, torch.stack(state))
    before = network.carried.clone()
    fit.measure()
    assert torch.equal(network.carried, before)
    batch = batch_of(data)
    logits = network.eval()(batch["x"])[0]
    by_hand = functional.log_softmax(logits, -1).gather(-1, batch["y"][..., None]).sum((1, 2))
    torch.testing.assert_close(fit.fitted.log_prob(batch, torch_generator(0, "none")), by_hand)


@pytest.mark.parametrize(
    ("data", "settings", "said"),
    [
        (text(), {}, "carry=true needs order=streamed"),
        (text(), {"order": "streamed", "batch": 0}, "batch must lie between 1 and 40"),
        (text(), {"order": "streamed", "batch": 41}, "batch must lie between 1 and 40"),
        (text(), {"order": "streamed", "batch": 4, "accumulate": 2}, "leave accumulate at 1"),
        (images(), {"order": "streamed", "batch": 4}, "examples of pictures do not go on from each other"),
        (reversal(length=2, examples=50), {"order": "streamed", "batch": 4}, "do not go on from each other"),
        (mazes(n=3), {"order": "streamed", "batch": 4}, "do not go on from each other"),
    ],
)
def test_a_state_is_carried_only_where_it_makes_sense(data, settings, said):
    with pytest.raises(UserError, match=said):
        LSTM.check(data, LSTMConfig(carry=True, **settings))
    assert not hasattr(GPTConfig(), "carry")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"width": 0}, "width must be at least 1"),
        ({"dropout": 1.0}, r"dropout is a chance in \[0, 1\)"),
        ({"depth": 0}, "depth must be at least 1"),
        ({"width": 10, "heads": 4}, "4 heads do not divide a width of 10"),
    ],
)
def test_bad_settings_are_refused_in_a_line(settings, said):
    with pytest.raises(UserError, match=said):
        GPT.check(text(), GPTConfig(**settings))


def test_real_numbers_are_refused():
    data = replace(images(), fields={"x": replace(images().fields["x"], values=None, dtype="float32")})
    with pytest.raises(UserError, match="gpt reads tokens, and pictures has real numbers"):
        GPT.check(data, GPTConfig())


def test_another_seed_is_another_model_and_the_same_the_same():
    first, again, other = (
        GPT.build(text(), GPTConfig(width=8, depth=1, heads=2), torch_generator(seed, "init")) for seed in (0, 0, 1)
    )
    for name, weight in first.module.state_dict().items():
        assert torch.equal(weight, again.module.state_dict()[name])
    assert not torch.equal(first.network.embedding.weight, other.network.embedding.weight)


def test_a_model_learns_what_follows():
    """The text's next token is the sum of the last two nine times in ten: 0.1·ln 5-ish nats of surprise, and ln 5."""
    fit = Fit(text(size=200), LSTM, LSTMConfig(width=32, lr=1e-2, **CONSTANT), 0, 150)
    begin = -fit.measure().score
    fit.run(150)
    assert begin > 1.5
    assert -fit.measure().score < 0.9


def test_reversal_is_learnt_exactly():
    data = reversal(length=4, symbols=4, tested=500)
    fit = Fit(data, GPT, GPTConfig(width=32, depth=2, heads=2, lr=5e-3), 0, 300)
    fit.run(300)
    assert fit.measure().numbers["test/exact"] > 0.99
    answered = fit.fitted.sample(20, Condition(), torch_generator(0, "samples"))
    assert torch.equal(answered[:, :4], answered[:, 5:].flip(1))
