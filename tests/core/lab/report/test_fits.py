"""What the report says of scalars: a plot a tag, layers in their order, and in words what is wrong with gradients."""

import numpy as np
import pytest

from daedalus.core.lab.experiment import DEAD, GRADIENTS, SIGNALS, WEIGHTS, Record, scalars_record
from daedalus.core.lab.report.bands import tagged
from daedalus.core.lab.report.page import render
from daedalus.core.lab.statistics.comparison import summarise
from daedalus.core.lab.store.run import block_at, open_run
from daedalus.core.lab.store.writer import BlockWriter
from daedalus.core.lab.words import bounds_of, measure_of, words_of


def with_scalars(run, signal):
    """The first member told two tags, and two layers of which the first gets `signal` of what the last does."""
    member = run.members()[0]
    block = block_at(member.folder, range(member.experiment.seeds))
    writer = BlockWriter(block, member.experiment, "made")
    table = block.table("curve")
    names = [name for name in table.column_names if name not in ("world", "agent", "label")]
    writer.add(Record("curve", {name: table[name].to_numpy() for name in names}))
    for seed in range(member.experiment.seeds):
        for step in (0, 500, 1000):
            layers = {
                f"{group}{layer}": value
                for layer, size in (("first", signal), ("last", 1.0))
                for group, value in ((GRADIENTS, size), (WEIGHTS, 2.0), (SIGNALS, size), (DEAD, 0.1))
            }
            writer.add(scalars_record(seed, step, {"rollout/ep_rew_mean": float(step), "train/n": seed, **layers}))
    writer.finish(None)
    return open_run(run.path)


@pytest.mark.parametrize(
    ("signal", "words"), [(1.0, "Gradients neither vanish nor explode"), (1e-7, "Gradients vanish: from layer")]
)
def test_layers_are_diagnosed_in_words_and_tags_are_drawn(made_run, group, signal, words):
    made = made_run(group("CartPole-v1", {"dqn": "random"}, seeds=3, steps=1000))
    run = with_scalars(made, signal)
    page = render(run, summarise(run))
    assert words in page
    for title in ("rollout/ep_rew_mean", "train/n", "Gradients of dqn", "Weights of dqn", "first", "last"):
        assert title in page
    assert "signal/first" not in page  # only told in words


def test_tags_are_means_over_seeds_in_the_order_they_came():
    columns = {"seed": [0, 0, 1, 1], "step": [5, 5, 5, 5], "tag": ["b", "a", "b", "a"], "value": [1.0, 3.0, 2.0, 3.0]}
    found = tagged({name: np.array(values) for name, values in columns.items()})
    assert list(found) == ["b", "a"]
    assert found["b"].mean.tolist() == [1.5]
    assert tagged(None) == {}


def test_words_of_a_measure():
    card = {"measure": {"words": "log-likelihood", "unit": "nats per example", "most": None}}
    words = words_of(measure_of(card))
    assert words.earns.format("-0.2") == "reaches a log-likelihood of -0.2 nats per example"
    assert words.final == "test log-likelihood, nats per example"
    assert bounds_of(card) == (-np.inf, np.inf)
    assert bounds_of({"measure": {"words": "accuracy", "unit": "", "least": 0.0, "most": 1.0}}) == (0, 1)
    assert bounds_of({"kind": "finite"}) == (-np.inf, np.inf)
    assert words_of(measure_of({"kind": "finite"})).agents == "agents"
