"""Going on token by token: what is remembered gives what reading everything again gives."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from daedalus.core.device import torch_generator
from daedalus.core.errors import UserError
from daedalus.core.generating import Condition
from daedalus.generative.data.tasks import reversal
from daedalus.generative.sequence.generating import Choice, Reader, beginnings, chances, continued, drawn

from .models import CAUSAL, built, images, small_mazes, text

EVERY = pytest.mark.parametrize("name", CAUSAL)


@EVERY
@torch.no_grad()
def test_steps_that_remember_give_the_logits_of_the_full_pass(name):
    network = built(name, text(length=20)).network.double()
    tokens = torch.randint(5, (3, 20), generator=torch_generator(0, "tokens"))
    whole, nothing = network(tokens)
    assert nothing is None
    memory, found = network.begin(3), []
    for piece in tokens.split([5, 1, 1, 6, 1, 6], dim=1):  # a prompt, steps, and more at a time
        logits, memory = network(piece, memory)
        found.append(logits)
    torch.testing.assert_close(torch.cat(found, 1), whole, rtol=0, atol=1e-12)
    torch.testing.assert_close(network(tokens, last=True)[0], whole[:, -1:])


@EVERY
@torch.no_grad()
def test_in_single_precision_too(name):
    network = built(name, text(length=20), scale=1.0).network
    tokens = torch.randint(5, (3, 20), generator=torch_generator(0, "tokens"))
    memory, found = network.begin(3), []
    for token in tokens.split(1, dim=1):
        logits, memory = network(token, memory)
        found.append(logits)
    torch.testing.assert_close(torch.cat(found, 1), network(tokens)[0], rtol=0, atol=1e-5)


@EVERY
def test_with_memory_and_without_the_same_tokens_are_drawn_even_beyond_the_room(name):
    network = built(name, text(length=8)).network.double()
    first = torch.tensor([[1, 2], [3, 0]])
    with_memory, without = (
        continued(network, first, 30, Choice(), torch_generator(1, "samples"), remember) for remember in (True, False)
    )
    assert torch.equal(with_memory, without)
    assert torch.equal(with_memory[:, :2], first)
    assert len(with_memory.unique()) > 3


@EVERY
def test_samples_have_the_chances_that_the_model_says(name):
    """χ² of 4,000 samples against the exact chances of 81 pictures: above 131 in one of 5,000 such tests."""
    fitted = built(name, images(), scale=1.5)
    samples = fitted.sample(4000, Condition(), torch_generator(2, "samples"))
    assert (samples.shape, samples.dtype) == ((4000, 1, 2, 2), torch.uint8)
    every = torch.cartesian_prod(*[torch.arange(3)] * 4).to(torch.uint8).reshape(-1, 1, 2, 2)
    with torch.no_grad():
        expected = 4000 * fitted.log_prob({"x": every}, torch_generator(0, "none")).exp().double().numpy()
    code = samples.flatten(1).long() @ torch.tensor([27, 9, 3, 1])
    seen = np.bincount(code.numpy(), minlength=81)
    rare = expected < 5
    groups_seen = np.append(seen[~rare], seen[rare].sum())
    groups_expected = np.append(expected[~rare], expected[rare].sum() + 1e-9)
    assert len(groups_seen) > 8
    assert ((groups_seen - groups_expected) ** 2 / groups_expected).sum() < 131


def test_chances_by_hand():
    logits = torch.tensor([[1.0, 3.0, 2.0, 0.0]])
    p = logits.softmax(-1)
    torch.testing.assert_close(chances(logits, Choice()), p)
    torch.testing.assert_close(chances(logits, Choice(temperature=0.5)), (2 * logits).softmax(-1))
    assert chances(logits, Choice(temperature=0)).tolist() == [[0, 1, 0, 0]]
    two = torch.tensor([[0.0, float(p[0, 1]), float(p[0, 2]), 0.0]])
    torch.testing.assert_close(chances(logits, Choice(top_k=2)), two / two.sum())
    # e³, e², e, 1 of their sum: 0.644, 0.237, 0.087, 0.032; two make 0.881, three 0.968
    for top_p, kept in ((0.5, 1), (0.644, 2), (0.88, 2), (0.9, 3), (0.99, 4), (1.0, 4)):
        assert int((chances(logits, Choice(top_p=top_p)) > 0).sum()) == kept
    found = chances(logits, Choice(top_p=0.88))
    torch.testing.assert_close(found / found.sum(), two / two.sum())
    assert chances(logits, Choice(top_k=9)).tolist() == p.tolist()


def test_what_is_drawn_has_its_chances_and_never_none():
    """χ² of 20,000 draws: with four tokens above 21 in one of 10,000 such tests."""
    p = torch.tensor([0.5, 0.0, 0.3, 0.15, 0.05])
    counts = drawn(p.expand(20_000, -1), torch_generator(0, "samples")).bincount(minlength=5)
    assert counts[1] == 0
    kept = p > 0
    assert ((counts - 20_000 * p)[kept] ** 2 / (20_000 * p)[kept]).sum() < 21


def test_what_is_continued_may_go_into_training():
    network = built("gpt", text(length=8)).network
    tokens = continued(network, torch.zeros(2, 1, dtype=torch.int64), 8, Choice(), torch_generator(0, "samples"))
    logits, _ = network(tokens)
    logits.sum().backward()
    assert network.embedding.weight.grad.any()


def test_a_prompt_is_followed_and_its_length_counts():
    fitted = built("gpt", text(length=6))
    prompt = torch.tensor([4, 0, 3])
    samples = fitted.sample(5, Condition(prompt=prompt), torch_generator(0, "samples"))
    assert samples.shape == (5, 7)
    assert torch.equal(samples[:, :3], prompt.expand(5, -1))
    longer = fitted.sample(2, Condition(prompt=prompt, options=Choice(length=40)), torch_generator(0, "samples"))
    assert longer.shape == (2, 40)
    short = fitted.sample(2, Condition(prompt=prompt, options=Choice(length=2)), torch_generator(0, "samples"))
    assert short.shape == (2, 3)


def test_without_a_prompt_it_begins_as_the_data_does_with_the_task_that_is_given():
    data = reversal(length=3, symbols=4)
    fitted = built("lstm", data)
    samples = fitted.sample(50, Condition(), torch_generator(0, "samples"))
    assert samples.shape == (50, 7)
    assert (samples[:, 3] == 4).all()  # the sign
    assert (samples[:, :3] < 4).all()
    assert len(samples[:, :3].unique(dim=0)) > 20
    assert beginnings(text().train, 9, 1, torch_generator(0, "samples")).shape == (9, 1)


def test_greedy_tokens_draw_nothing_and_the_same_generator_gives_the_same():
    fitted = built("gru", text())
    greedy = [
        fitted.sample(3, Condition(prompt=torch.tensor([1]), options=Choice(temperature=0)), torch_generator(seed, "s"))
        for seed in (0, 1)
    ]
    assert torch.equal(*greedy)
    drawn = [fitted.sample(3, Condition(), torch_generator(seed, "s")) for seed in (0, 0, 1)]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_a_reader_begins_again_with_the_last_half_when_its_room_is_used_up():
    network, seen = built("gpt", text(length=6)).network, []
    forward = network.forward

    def spy(read, memory=None, last=False):
        seen.append(read.shape[1])
        return forward(read, memory, last)

    network.forward = spy
    reader = Reader(network, 1)
    tokens = torch.zeros(1, 12, dtype=torch.int64)
    with torch.no_grad():
        for steps in range(1, 12):
            reader.logits(tokens[:, :steps])
    assert seen == [1, 1, 1, 1, 1, 1, 3, 1, 1, 1, 3]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"temperature": -1.0}, "temperature must be at least 0"),
        ({"temperature": float("inf")}, "temperature must be at least 0"),
        ({"top_k": 0}, "top_k must be at least 1"),
        ({"length": 0}, "length must be at least 1"),
        ({"top_p": 0.0}, r"top_p is a share in \(0, 1\]"),
        ({"top_p": 1.5}, r"top_p is a share in \(0, 1\]"),
    ],
)
def test_bad_choices_are_refused(options, said):
    with pytest.raises(UserError, match=said):
        Choice(**options)


@pytest.mark.parametrize(
    ("data", "condition", "said"),
    [
        (text(), Condition(y=torch.zeros(2, dtype=torch.int64)), "knows no classes"),
        (small_mazes(), Condition(prompt=torch.tensor([1])), "are no sequences"),
        (small_mazes(), Condition(options=Choice(length=3)), "are no sequences"),
    ],
)
def test_what_cannot_be_followed_is_refused(data, condition, said):
    with pytest.raises(UserError, match=said):
        built("gru", data).sample(2, condition, torch_generator(0, "samples"))


def test_samples_are_judged_and_shown():
    data = replace(small_mazes(), sort="sampling")
    fitted = built("gru", data)
    generator = torch_generator(0, "samples")
    assert 0 <= fitted.judge_samples(data.test, generator)["perfect"] <= 1
    assert [exhibit.name for exhibit in fitted.exhibits(generator)] == ["samples", "real"]


def test_a_transformer_shows_where_it_looks():
    fitted = built("gpt", text(length=9), scale=1.0)
    samples, seen = fitted.exhibits(torch_generator(0, "samples"))
    assert (samples.name, seen.name) == ("samples", "looks")
    high, wide, _ = seen.pixels.shape
    assert high == wide  # two blocks of two heads
    square = seen.pixels[2 : high // 2 - 1, 2 : wide // 2 - 1, 0]
    assert square[-1, 0] > square[0, -1]  # nothing that comes later is seen
    assert square[0, 0] == 250  # the first step has itself alone
