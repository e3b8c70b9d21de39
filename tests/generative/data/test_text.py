"""Texts as data sets: where they are cut, what counts, and what is refused."""

import numpy as np
import pytest

from daedalus.core.data import MASKED, PER_TOKEN, load_data
from daedalus.core.errors import UserError
from daedalus.core.spec import parse_spec

PLAY = "".join(f"Speaker {n % 7}:\nWhat say you to {n} and {n * n}?\n\n" for n in range(200))
NAMES = ["ada", "bo", "cyril", "di"] * 25


def whole(part) -> dict[str, np.ndarray]:
    return part.take(np.arange(part.size))


def test_the_play_is_cut_by_position_and_every_token_is_predicted_once(stand_in):
    stand_in("tinyshakespeare.txt", PLAY.encode())
    data = load_data(parse_spec("shakespeare:length=16"))
    cuts = [int(0.85 * len(PLAY)), int(0.9 * len(PLAY))]
    assert data.vocabulary.decode(data.train.stream) == PLAY[: cuts[0]]
    for part, text in (("validation", PLAY[cuts[0] : cuts[1]]), ("test", PLAY[cuts[1] :])):
        held = whole(data.parts[part])
        assert data.vocabulary.decode(held["y"][held["w"] > 0]) == text[1:]
        assert data.vocabulary.decode(held["x"][held["w"] > 0]) == text[:-1]
        assert held["tokens"] == pytest.approx(held["w"].sum() / len(held["w"]))
    assert data.measure is PER_TOKEN
    assert {name: (held[name].dtype, held[name].shape[1:]) for name in held} == {
        name: (np.dtype(field.dtype), field.shape) for name, field in data.fields.items()
    }


def test_the_whole_of_the_first_nine_tenths_trains_where_that_is_asked(stand_in):
    stand_in("tinyshakespeare.txt", PLAY.encode())
    plain, whole = (load_data(parse_spec(f"shakespeare:length=16{more}")) for more in ("", ",whole=true"))
    assert whole.vocabulary.decode(whole.train.stream) == PLAY[: int(0.9 * len(PLAY))]
    for part in ("validation", "test"):
        np.testing.assert_array_equal(whole.parts[part].stream, plain.parts[part].stream)
    assert "choose" not in plain.notes[0]
    assert "stand for a validation part" in whole.notes[0]


def test_what_a_constant_guess_reaches_are_the_tokens_frequencies(stand_in):
    stand_in("tinyshakespeare.txt", PLAY.encode())
    data = load_data(parse_spec("shakespeare:length=16"))
    train, test = PLAY[: int(0.85 * len(PLAY))], PLAY[int(0.9 * len(PLAY)) :]
    size = data.vocabulary.size
    told = [np.log((train.count(c) + 0.5) / (len(train) + 0.5 * size)) for c in test[1:]]
    assert data.chance == pytest.approx(np.mean(told))
    assert load_data(parse_spec("shakespeare:length=16,task=masked")).chance is None


def test_masked_is_the_same_but_for_its_measure(stand_in):
    stand_in("tinyshakespeare.txt", PLAY.encode())
    plain, masked = (load_data(parse_spec(f"shakespeare:length=16,task={task}")) for task in ("sequence", "masked"))
    assert (masked.sort, masked.measure) == ("masked", MASKED)
    np.testing.assert_array_equal(whole(plain.test)["x"], whole(masked.test)["x"])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("length=0", "length must lie between 1 and"),
        ("length=100000", "length must lie between 1 and"),
        ("tokens=word", "unknown tokens 'word'"),
        ("tokens=bpe(size=5)", "bpe: size must lie between"),
        ("tokens=bpe(sise=5)", "did you mean 'size'"),
    ],
)
def test_bad_settings_of_the_play_are_refused_in_a_line(stand_in, settings, said):
    stand_in("tinyshakespeare.txt", PLAY.encode())
    with pytest.raises(UserError, match=said) as error:
        load_data(parse_spec(f"shakespeare:{settings}"))
    assert "\n" not in str(error.value)


def test_a_text_that_is_empty_or_no_text_or_has_new_characters_later_is_refused(stand_in):
    for content, said in (
        (b"  \n ", "holds no text"),
        (b"\xff\xfe\xfa", "no text in UTF-8"),
        (b"a b" * 500 + b" " * 180, "shakespeare: the test part of the text is empty"),
        (b"ab" * 500 + b"c", "the vocabulary lacks 'c'; its 2 characters are 'ab'"),
    ):
        stand_in("tinyshakespeare.txt", content)
        with pytest.raises(UserError, match=said):
            load_data(parse_spec("shakespeare:length=4"))


def test_names_begin_and_end_with_a_token_that_fills_them_up(stand_in):
    stand_in("names.txt", "\n".join(NAMES).encode())
    data = load_data(parse_spec("names"))
    assert [part.size for part in data.parts.values()] == [80, 10, 10]
    listed = []
    for part in data.parts.values():
        held = whole(part)
        assert held["x"].shape == held["y"].shape == (part.size, 6)  # the longest, and its end
        assert (held["x"][:, 0] == 0).all()
        np.testing.assert_array_equal(held["x"][:, 1:], held["y"][:, :-1])
        for x, y, w in zip(held["x"], held["y"], held["w"], strict=True):
            name = data.vocabulary.decode(x)
            assert data.vocabulary.decode(y) == name
            np.testing.assert_array_equal(data.vocabulary.encode(name), x[: len(name) + 1])
            np.testing.assert_array_equal(w, np.arange(6) <= len(name))  # its letters and its end
            assert not y[w == 0].any()
            listed.append(name)
        assert held["tokens"] == pytest.approx(held["w"].sum(1).mean())
    assert sorted(listed) == sorted(NAMES)


def test_real_names_are_split_as_others_split_them(real_data):
    data = load_data(parse_spec("names"))
    assert [part.size for part in data.parts.values()] == [25_626, 3_203, 3_204]
    assert data.vocabulary.size == 27
    held = whole(data.train)
    assert held["x"].shape[1] == 16
    assert [data.vocabulary.decode(x) for x in held["x"][:3]] == ["yuheng", "diondre", "xavien"]  # makemore's first
    # The bigram's own frequencies on all names: 2.45401 nats (ANCHORS)
    counts = np.zeros((27, 27))
    for part in data.parts.values():
        held = whole(part)
        np.add.at(counts, (held["x"][held["w"] > 0], held["y"][held["w"] > 0]), 1)
    share = counts / counts.sum(1, keepdims=True)
    assert -(counts[counts > 0] * np.log(share[counts > 0])).sum() / counts.sum() == pytest.approx(2.45401, abs=5e-6)


def test_the_real_play_has_65_characters(real_data, tmp_path, monkeypatch):
    monkeypatch.setenv("DAEDALUS_CACHE", str(tmp_path))
    data = load_data(parse_spec("shakespeare:whole=true"))
    assert data.vocabulary.size == 65
    assert (len(data.train.stream), len(data.test.stream)) == (1_003_854, 111_540)
    assert data.chance == pytest.approx(-3.347, abs=5e-4)
