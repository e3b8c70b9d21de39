"""The kernels' cache: another process compiles nothing, and no edit is ever missed."""

import os
import subprocess
import sys
import time

from daedalus.core import compiled as subject

LEARN = """
import sys
from gymnasium.wrappers import TransformReward
from daedalus.agents import {learner}
from daedalus.core import draws, sampling
from daedalus.agents.bandits import loop
from daedalus.agents.exploring import rules
from daedalus.agents.tables import q_learning
{learner}({world!r}).learn(10)
if "Cliff" in {world!r}:  # behind a wrapper that nobody can see through it is learnt step by step
    import gymnasium
    {learner}(TransformReward(gymnasium.make({world!r}), lambda reward: reward)).learn(10)
kernels = [v for m in (draws, sampling, rules, loop, q_learning) for v in vars(m).values()]
kernels += [q_learning.run.common, q_learning.run.other]
stats = [kernel.stats for kernel in kernels if hasattr(kernel, "stats")]
print(sum(sum(s.cache_hits.values()) for s in stats), sum(sum(s.cache_misses.values()) for s in stats))
print(len(q_learning.learn.signatures))
"""


def python(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | environment
    )
    return done.stdout.split()


def test_a_second_process_compiles_nothing():
    """Table kernels take named tuples of arrays, bandit kernels strategies as pairs: both must be found again."""
    for learner, world in (("QLearning", "daedalus/Cliff-v0"), ("UCB", "daedalus/Bandit-v0")):
        code = LEARN.format(learner=learner, world=world)
        python(code)  # compiles, unless an earlier test has
        hits, misses, ways = python(code)
        assert int(hits) > 0
        assert int(misses) == 0
        assert int(ways) <= 1  # step by step it is the same compiled function that learns


RULE = """
from daedalus.core.compiled import compiled, inlined

@inlined
def rule(x):
    return x + {number}
"""
KERNEL = """
from daedalus.core.compiled import compiled
from rule_of_test import rule

@compiled
def kernel(x):
    return rule(x)
"""
CALL = """
import sys
from pathlib import Path
from daedalus.core import compiled
sys.path.insert(0, {folder!r})
compiled._floors = lambda: [Path({folder!r})]
import kernel_of_test
print(kernel_of_test.kernel(1), sum(kernel_of_test.kernel.stats.cache_hits.values()))
"""


def test_an_edit_in_another_file_is_noticed(tmp_path):
    """Numba alone would go on using the old rule: it looks only at the file of the kernel that calls it."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "kernel_of_test.py").write_text(KERNEL)
    call, cache = CALL.format(folder=str(source)), str(tmp_path / "cache")
    for number, expected in ((10, ["11", "0"]), (10, ["11", "1"]), (20, ["21", "0"])):
        (source / "rule_of_test.py").write_text(RULE.format(number=number))
        assert python(call, DAEDALUS_CACHE=cache, PYTHONDONTWRITEBYTECODE="1") == expected


@subject.compiled
def smaller(x, y):
    return x if subject.likely(x < y) else y


def test_what_is_likely_is_the_condition_itself():
    assert [smaller(1, 2), smaller(2, 1), smaller(1.5, 0.5)] == [1, 1, 0.5]


LOOP = """
from daedalus.core.compiled import bind, inlined

@inlined
def one(x):
    return x + 1

@inlined
def ten(x):
    return x + 10

def body(x):
    raise NotImplementedError

def loop(x):
    return body(x)

ones = bind(loop, __name__, body=one)
tens = bind(loop, __name__, body=ten)
"""
BOTH = """
import sys
from pathlib import Path
from daedalus.core import compiled
sys.path.insert(0, {folder!r})
compiled._floors = lambda: [Path({folder!r})]
import loop_of_test as loops
print(*(f(2) for f in (loops.ones, loops.tens)), *(sum(f.stats.cache_hits.values()) for f in (loops.ones, loops.tens)))
"""


def test_two_copies_of_one_loop_are_told_apart_in_the_cache(tmp_path):
    """Of one module and one signature: neither is found in the place of the other, and both are found again."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "loop_of_test.py").write_text(LOOP)
    call, cache = BOTH.format(folder=str(source)), str(tmp_path / "cache")
    assert python(call, DAEDALUS_CACHE=cache) == ["3", "12", "0", "0"]
    assert python(call, DAEDALUS_CACHE=cache) == ["3", "12", "1", "1"]


def test_the_folder_is_named_by_all_kernel_sources(tmp_path, monkeypatch):
    monkeypatch.setattr(subject, "_floors", lambda: [tmp_path])
    (tmp_path / "kernel.py").write_text("from .compiled import compiled\nA = 1\n")
    (tmp_path / "plain.py").write_text("A = 1\n")

    def folder():
        return subject.cache_folder.__wrapped__()

    first = folder()
    (tmp_path / "plain.py").write_text("A = 2\n")
    assert folder() == first
    (tmp_path / "kernel.py").write_text("from .compiled import compiled\nA = 2\n")
    assert folder() != first


def test_where_the_cache_is(monkeypatch):
    monkeypatch.setenv("DAEDALUS_CACHE", "/a")
    assert str(subject.cache_root()) == "/a"
    monkeypatch.delenv("DAEDALUS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    assert str(subject.cache_root()) == "/b/daedalus"


def test_folders_long_unused_go_when_a_new_one_comes(tmp_path, monkeypatch):
    source, cache = tmp_path / "source", tmp_path / "cache"
    source.mkdir()
    monkeypatch.setattr(subject, "_floors", lambda: [source])
    monkeypatch.setenv("DAEDALUS_CACHE", str(cache))
    subject.cache_folder.__wrapped__()  # where there is no cache yet
    month_ago = time.time() - 31 * 24 * 3600
    for name in ("kernels-old", "kernels-recent", "else"):
        (cache / name / "index").mkdir(parents=True)
        os.utime(cache / name, (month_ago, month_ago) if name != "kernels-recent" else None)
    (cache / "kernels-link").symlink_to(cache / "else")
    mine = subject.cache_folder.__wrapped__()
    assert sorted(path.name for path in cache.iterdir()) == ["else", "kernels-link", "kernels-recent"]
    mine.mkdir()
    os.utime(mine, (month_ago, month_ago))
    (cache / "kernels-older").mkdir()
    os.utime(cache / "kernels-older", (month_ago, month_ago))
    assert subject.cache_folder.__wrapped__() == mine
    assert mine.stat().st_mtime > month_ago + 1000  # in use, so it is young again
    assert (cache / "kernels-older").exists()  # removed with the next new folder
