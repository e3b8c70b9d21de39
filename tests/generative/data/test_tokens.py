"""Text as tokens: there and back, learnt from the training part alone, and kept."""

import os
import subprocess
import sys

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.spec import Spec
from daedalus.generative.data import tokens
from daedalus.generative.data.tokens import BPE, Char, Characters, tokenised

TEXT = "the cat sat on the mat, the rat sat on the cat's hat;\n\n  thé end  "


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DAEDALUS_CACHE", str(tmp_path))
    return tmp_path / "tokens"


@pytest.mark.parametrize("kind", [Char(), BPE(40), BPE(300)])
def test_there_and_back(kind):
    vocabulary = kind.learn(TEXT)
    found = vocabulary.encode(TEXT)
    assert vocabulary.decode(found) == TEXT
    assert found.dtype == np.int64
    assert 0 <= found.min() <= found.max() < vocabulary.size
    again = kind.read(vocabulary.text())
    assert again.size == vocabulary.size
    np.testing.assert_array_equal(again.encode(TEXT), found)


def test_characters_are_numbered_in_the_order_of_unicode():
    vocabulary = Char().learn("baéa")
    assert (vocabulary.symbols, vocabulary.size) == ("abé", 3)
    assert vocabulary.encode("ébba").tolist() == [2, 1, 1, 0]
    assert Characters("bca").encode("abc").tolist() == [2, 0, 1]  # in whatever order they are given


def test_an_example_of_its_own_begins_and_ends():
    vocabulary = Characters(".ab", end=0)
    assert vocabulary.encode("ab").tolist() == [0, 1, 2]
    assert vocabulary.decode(np.array([0, 1, 2, 0, 0])) == vocabulary.decode(np.array([1, 2, 0, 1])) == "ab"
    assert vocabulary.decode(np.array([0, 0])) == ""
    with pytest.raises(UserError, match=r"the vocabulary lacks '\.'"):
        vocabulary.encode("a.b")  # it is no character of a text


def test_the_most_frequent_pair_is_joined_first_but_never_across_words():
    vocabulary = BPE(size=7).learn("abab abab ab c")  # 4 characters; then ab, a space and ab, abab with its space
    pieces = [vocabulary.decode(np.array([token])) for token in range(vocabulary.size)]
    assert pieces[:5] == [" ", "a", "b", "c", "ab"]
    assert " ab" in pieces
    assert all(" " not in piece[1:] for piece in pieces)
    assert len(vocabulary.encode("abab")) < 4


@pytest.mark.parametrize("kind", [Char(), BPE(40)])
def test_what_the_vocabulary_lacks_is_told(kind):
    vocabulary = kind.learn(TEXT)
    with pytest.raises(UserError, match=r"the vocabulary lacks 'Z'; its \d+ characters are") as error:
        vocabulary.encode("the Zzz")
    assert "\n" not in str(error.value)
    for wrong in (vocabulary.size, -1):
        with pytest.raises(UserError, match=f"tokens must lie between 0 and {vocabulary.size - 1}"):
            vocabulary.decode(np.array([0, wrong]))


def test_a_vocabulary_is_of_the_training_part_alone():
    parts = {"train": "abab" * 9 + "c", "validation": "abc", "test": "cccc" * 99}
    vocabulary, found = tokenised("made", parts, Spec("bpe", (("size", 4),)))
    assert vocabulary.size == 4  # c is never joined to c
    assert len(found["test"]) == 4 * 99
    with pytest.raises(UserError, match="the vocabulary lacks 'd'"):
        tokenised("made", parts | {"test": "abcd"}, Spec("char"))


def test_tokens_are_kept_and_lie_where_they_are_read(cache, monkeypatch):
    parts = {"train": TEXT, "validation": TEXT[:9], "test": TEXT[9:20]}
    vocabulary, found = tokenised("made", parts, Spec("char"))
    assert all(isinstance(one, np.memmap) for one in found.values())
    assert {part: vocabulary.decode(one) for part, one in found.items()} == parts
    monkeypatch.setattr(tokens, "_write", None)  # not made again
    again, _ = tokenised("made", parts, Spec("char"))
    assert again == vocabulary
    (folder,) = cache.iterdir()
    assert folder.name.startswith("made-")
    monkeypatch.undo()
    monkeypatch.setenv("DAEDALUS_CACHE", str(cache.parent))
    tokenised("made", parts, Spec("bpe", (("size", 30),)))
    tokenised("made", parts | {"test": TEXT[:5]}, Spec("char"))
    assert len(list(cache.iterdir())) == 3  # other tokens and other texts lie elsewhere


def test_a_damaged_cache_is_made_anew(cache):
    parts = {"train": TEXT, "validation": TEXT, "test": TEXT}
    tokenised("made", parts, Spec("char"))
    (folder,) = cache.iterdir()
    for name, content in (("train.npy", b"\x93NUMPY\x01"), ("test.npy", b""), ("vocabulary.json", b"{")):
        (folder / name).write_bytes(content)
        vocabulary, found = tokenised("made", parts, Spec("char"))
        assert vocabulary.decode(found["train"]) == TEXT


def test_byte_pairs_are_the_same_in_every_process():
    code = (
        "from daedalus.generative.data.tokens import BPE; import hashlib; "
        "text = ' '.join(f'{n * n % 997}ab{n % 13}' for n in range(2000)); "
        "print(hashlib.sha256(BPE(200).learn(text).text().encode()).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | own
        ).stdout
        for own in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2", "TOKENIZERS_PARALLELISM": "true"})
    }
    assert len(found) == 1
