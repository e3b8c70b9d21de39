"""n-grams: by hand, by a second way, against what others measured, and normalised."""

import itertools
from collections import Counter, defaultdict

import numpy as np
import pytest
import torch
from scipy import stats

from daedalus.core.data import LOG_PROBABILITY, PER_TOKEN, SLICED_WASSERSTEIN, Column, Data, Held, Made, load_data
from daedalus.core.device import numerics, torch_generator
from daedalus.core.errors import UserError
from daedalus.core.fitting import Fit, load, score, weights_of
from daedalus.core.generating import Condition, Likelihood, SampleJudge, Sampler
from daedalus.core.spec import parse_spec
from daedalus.generative.data.tokens import Char
from daedalus.generative.data.windows import Windows, fields
from daedalus.generative.sequence import ngram
from daedalus.generative.sequence.generating import Choice
from daedalus.generative.sequence.ngram import NGram, NGramConfig

V = 3


def drawn(*shape: int) -> np.ndarray:
    return np.random.Generator(np.random.Philox(5)).integers(0, V, shape)


def stream(n: int = 200, length: int = 7) -> Data:
    """A text of three tokens, in which what follows hangs on what came before."""
    steps = drawn(n)
    tokens = np.cumsum(np.where(drawn(n) > 0, steps, 1)) % V
    train, held = Windows(tokens[: n // 2], length, True), Windows(tokens[n // 2 :], length)
    return Data("stream", "sequence", fields(length, V), train, held, held, PER_TOKEN, vocabulary=Char().learn("abc"))


def images(shape: tuple[int, ...] = (1, 2, 2), sort: str = "density") -> Data:
    x = (drawn(30, *shape) > 0).astype(np.uint8)
    x[:, 0, 0, 0] = x[:, 0, 1, 1]
    part = Held({"x": x})
    measure = LOG_PROBABILITY if sort == "density" else SLICED_WASSERSTEIN
    return Data("images", sort, {"x": Column(shape, "uint8", 2)}, part, part, part, measure)


def built(data: Data, n: int, **settings):
    return NGram.build(data, NGramConfig(n=n, **settings), torch.Generator())


def batch_of(data: Data, part: str = "test") -> dict[str, torch.Tensor]:
    held = data.parts[part]
    return {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in held.take(np.arange(held.size)).items()}


class Plain:
    """Witten–Bell by dictionaries, as the equation stands."""

    def __init__(self, n: int, values: int) -> None:
        self.n, self.values = n, values
        self.after: dict[tuple, Counter] = defaultdict(Counter)

    def count(self, before: list, said: list) -> None:
        """Contexts as long as there are, which end before each of what is said."""
        both = [*before, *said]
        for place in range(len(before), len(both)):
            for length in range(min(self.n, place + 1)):
                self.after[tuple(both[place - length : place])][both[place]] += 1

    def p(self, context: tuple, token: int) -> float:
        context = context[-(self.n - 1) :] if self.n > 1 else ()
        shorter = self.p(context[1:], token) if context else 1 / self.values
        if context not in self.after:
            return shorter
        counts = self.after[context]
        return (counts[token] + len(counts) * shorter) / (counts.total() + len(counts))


def test_by_hand():
    tokens = np.array([0, 1, 0, 1, 1])  # said are 1, 0, 1, 1; after 0: 1, 1; after 1: 0, 1
    part = Windows(tokens, 2)
    data = Data("hand", "sequence", fields(2, 2), part, part, part, PER_TOKEN)
    # one token: N = 4, T = 2, p(1) = (3 + 2 · 1/2) / 6 = 2/3
    assert built(data, 1).log_prob({"x": t([0, 0]), "y": t([1, 0]), "w": torch.ones(1, 2)}, None).exp().item() == (
        pytest.approx(2 / 3 * 1 / 3)
    )
    # after 0: N = 2, T = 1, p(1 | 0) = (2 + 2/3) / 3 = 8/9; after 1: N = 2, T = 2, p(0 | 1) = (1 + 2/3) / 4 = 5/12
    found = built(data, 2).log_prob({"x": t([0, 1]), "y": t([1, 0]), "w": torch.ones(1, 2)}, None)
    assert found.exp().item() == pytest.approx(8 / 9 * 5 / 12)


def t(tokens: list[int]) -> torch.Tensor:
    return torch.tensor([tokens])


@pytest.mark.parametrize("n", [1, 2, 4, 10])
def test_a_text_is_counted_as_a_whole_and_windows_know_what_is_in_them(n):
    data, plain = stream(), Plain(n, V)
    text = data.train.stream.tolist()
    plain.count(text[:1], text[1:])
    model, batch = built(data, n), batch_of(data)
    expected = [
        sum(np.log(plain.p(tuple(x[: k + 1]), y[k])) for k in range(7) if w[k])
        for x, y, w in zip(*(batch[name].tolist() for name in ("x", "y", "w")), strict=True)
    ]
    np.testing.assert_allclose(model.log_prob(batch, None), expected, rtol=1e-10)
    held = data.test.stream.tolist()
    whole = np.mean([np.log(plain.p(tuple(held[:k]), held[k])) for k in range(1, len(held))])
    assert model.examine(data.test, torch.Generator()) == {
        "log_likelihood_per_token_of_the_whole": pytest.approx(whole, rel=1e-10)
    }


@pytest.mark.parametrize("n", [1, 3, 6])
def test_examples_begin_with_a_token_of_their_own_as_often_as_is_asked_for(n):
    data, plain = images(), Plain(n, 2)
    rows = data.train.arrays["x"].reshape(30, -1).tolist()
    for row in rows:
        plain.count(["begin"] * (n - 1), row)
    expected = [sum(np.log(plain.p((*["begin"] * n, *row[:k]), row[k])) for k in range(4)) for row in rows]
    model = built(data, n)
    found = model.log_prob(batch_of(data), None)
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    bits = model.examine(data.test, torch.Generator())["bits_per_dimension"]
    assert bits == pytest.approx(-np.mean(expected) / (4 * np.log(2)))


def test_what_does_not_count_is_not_counted():
    data = stream()
    held = {name: array.numpy() for name, array in batch_of(data).items()}
    held["w"] = (drawn(*held["w"].shape) > 0).astype(np.float32)
    part = Held(held)
    data = Data("some", "sequence", data.fields, part, part, part, PER_TOKEN)
    plain = Plain(3, V)
    for x, y, w in zip(held["x"].tolist(), held["y"].tolist(), held["w"], strict=True):
        both = ["begin", "begin", *x, y[-1]]
        for k in np.flatnonzero(w):
            for length in range(3):
                plain.after[tuple(both[k + 3 - length : k + 3])][both[k + 3]] += 1
    x, y, w = (held[name][2].tolist() for name in ("x", "y", "w"))
    expected = sum(np.log(plain.p(("begin", "begin", *x[: k + 1]), y[k])) for k in range(7) if w[k])
    assert built(data, 3).log_prob(batch_of(data), None)[2] == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_the_chances_of_all_images_sum_to_one(n):
    data = images((1, 3, 4))
    every = torch.tensor(list(itertools.product((0, 1), repeat=12)), dtype=torch.uint8).reshape(-1, 1, 3, 4)
    log_p = built(data, n).log_prob({"x": every}, None)
    assert len(log_p) == 2**12
    assert log_p.exp().sum().item() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("n", [1, 3, 7])
def test_the_chances_of_all_tokens_sum_to_one_after_contexts_seen_and_unseen(n):
    model = built(stream(), n)
    read = ngram.padded(torch.from_numpy(drawn(100, 6)), n, -1)[:, -n:]
    log_p = model.module(read, torch.arange(V).expand(100, -1))
    np.testing.assert_allclose(log_p.exp().sum(1), 1, rtol=1e-12)
    assert torch.isfinite(log_p).all()


def test_it_is_counted_alike_however_much_at_a_time(monkeypatch):
    for data in (images((1, 3, 3)), stream()):
        whole = weights_of(built(data, 4).module)
        with monkeypatch.context() as patch:
            patch.setattr(ngram, "_AT_ONCE", 20)
            for name, array in weights_of(built(data, 4).module).items():
                np.testing.assert_array_equal(array, whole[name])


def test_of_examples_without_end_so_many_are_counted(monkeypatch):
    x = images().train.arrays["x"]
    part = Made(lambda indices: {"x": x[indices % 30]}, None)
    data = Data("endless", "density", {"x": Column((1, 2, 2), "uint8", 2)}, part, Held({"x": x}), Held({"x": x}),
                LOG_PROBABILITY)  # fmt: skip
    thirty, few = built(data, 3, counted=30), built(data, 3, counted=7)
    torch.testing.assert_close(thirty.log_prob({"x": torch.from_numpy(x)}, None),
                               built(images(), 3).log_prob({"x": torch.from_numpy(x)}, None))  # fmt: skip
    assert few.module.levels[0].totals.item() == 28
    monkeypatch.setattr(ngram, "_COUNTED", 40)
    assert built(data, 3).module.levels[0].totals.item() == built(images(), 3).module.levels[0].totals.item() == 40


def test_samples_are_as_frequent_as_they_are_likely():
    data = images()
    model = built(data, 3)
    found = model.sample(4_000, Condition(), torch_generator(1, "samples"))
    assert (found.shape, found.dtype) == ((4_000, 1, 2, 2), torch.uint8)
    every = torch.tensor(list(itertools.product((0, 1), repeat=4)), dtype=torch.uint8).reshape(-1, 1, 2, 2)
    p = model.log_prob({"x": every}, None).exp().numpy()
    numbers = found.reshape(-1, 4).numpy() @ np.array([8, 4, 2, 1])
    # chi-square over 16 images: a false alarm is 1 in 10,000
    assert stats.chisquare(np.bincount(numbers, minlength=16), 4_000 * p / p.sum()).pvalue > 1e-4


def test_a_text_goes_on_from_its_prompt():
    data = stream()
    model = built(data, 3)
    prompt = torch.tensor([2, 0, 1, 1])
    found = model.sample(5, Condition(prompt=prompt, options=Choice(length=20)), torch_generator(1, "samples"))
    assert found.shape == (5, 20)
    assert (found[:, :4] == prompt).all()
    again = model.sample(5, Condition(prompt=prompt, options=Choice(length=20)), torch_generator(1, "samples"))
    assert torch.equal(found, again)
    assert not torch.equal(found[0], found[1])
    greedy = model.sample(2, Condition(prompt=prompt, options=Choice(temperature=0)), torch_generator(2, "samples"))
    assert greedy.shape == (2, 8)  # what a window reads and says
    likeliest = prompt.tolist()
    for _ in range(4):
        read = ngram.padded(torch.tensor([likeliest]), 3, -1)[:, -3:]
        likeliest.append(int(model.module(read, torch.arange(V)[None]).argmax()))
    assert greedy[0].tolist() == greedy[1].tolist() == likeliest
    begun = model.sample(2_000, Condition(), torch_generator(3, "samples"))[:, 0]
    counts = np.bincount(data.train.stream, minlength=V) / 100
    np.testing.assert_allclose(np.bincount(begun, minlength=V) / 2_000, counts, atol=0.07)  # 6 deviations


def test_twenty_steps_are_ten_and_ten_more_and_change_nothing():
    data, config = stream(), NGramConfig(n=3)
    whole, first, second = (Fit(data, NGram, config, 0, 20) for _ in range(3))
    counted = whole.weights()
    whole.run(20)
    first.run(10)
    second.take_up({name: array.copy() for name, array in first.arrays().items()})
    second.run(20)
    assert not whole.learns
    assert str(second.measure()) == str(whole.measure())  # as text, for there are NaNs
    assert np.isnan(whole.measure().loss)
    for one in (whole, second):
        for name, array in one.weights().items():
            np.testing.assert_array_equal(array, counted[name])


def test_saved_counts_say_the_same_again():
    data = stream()
    model, other = built(data, 4), built(data, 4)
    for buffer in other.module.buffers():
        buffer.zero_()
    load(other.module, weights_of(model.module))
    assert torch.equal(model.log_prob(batch_of(data), None), other.log_prob(batch_of(data), None))


def test_it_offers_what_it_has():
    model = built(stream(), 2)
    for protocol in (Likelihood, Sampler, SampleJudge):
        assert isinstance(model, protocol)
    assert model.exact
    sampled = built(images(sort="sampling"), 2)
    assert -1 <= sampled.judge_samples(sampled.data.test, torch_generator(0, "s"))["minus_sliced_wasserstein"] <= 0
    assert sampled.exhibits(torch_generator(0, "s"))


@pytest.mark.parametrize(("n", "counted"), [(0, None), (11, None), (3, 0)])
def test_bad_settings_are_refused_in_a_line(n, counted):
    with pytest.raises(UserError, match="counted must be" if counted == 0 else "n must lie between 1 and 10"):
        NGramConfig(n=n, counted=counted)


def test_what_it_cannot_read_or_follow_is_refused():
    with pytest.raises(UserError, match="ngram reads tokens, and digits has real numbers"):
        NGram.check(load_data(parse_spec("digits:task=sampling")), NGramConfig())
    text, pictures, g = built(stream(), 2), built(images(), 2), torch.Generator()
    with pytest.raises(UserError, match="knows no classes"):
        text.sample(1, Condition(y=torch.zeros(1)), g)
    with pytest.raises(UserError, match="no sequences"):
        pictures.sample(1, Condition(prompt=torch.zeros(1)), g)
    with pytest.raises(UserError, match="no sequences"):
        pictures.sample(1, Condition(options=Choice(length=3)), g)


def test_shakespeare_is_as_likely_as_others_measured(real_data, tmp_path, monkeypatch):
    monkeypatch.setenv("DAEDALUS_CACHE", str(tmp_path))
    data = load_data(parse_spec("shakespeare:whole=true"))
    model = built(data, 7)
    for n, nats in reversed(list(enumerate((3.347, 2.486, 2.049, 1.774, 1.669, 1.698, 1.779), start=1))):
        model.module.levels, model.module.n = model.module.levels[:n], n  # a shorter one is the begin of a longer one
        found = model.examine(data.test, torch.Generator())
        assert -found["log_likelihood_per_token_of_the_whole"] == pytest.approx(nats, abs=5e-4)


def test_names_are_as_likely_as_others_measured(real_data):
    data = load_data(parse_spec("names"))
    for n, nats in enumerate((2.821, 2.453, 2.221, 2.075, 2.042, 2.102), start=1):
        found = score(built(data, n), data.measure, data.validation, numerics("cpu"), torch.Generator())
        assert -found["log_likelihood_per_token"] == pytest.approx(nats, abs=5e-4)
