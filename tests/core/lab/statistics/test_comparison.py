import json
import math

import numpy as np
import pytest
from scipy import stats

from daedalus.core.errors import UserError
from daedalus.core.files import write_json
from daedalus.core.lab.experiment import CURVE, Experiment, Group, Plan, Record, evaluation_steps
from daedalus.core.lab.statistics.comparison import Comparison, Result, plain, summarise
from daedalus.core.lab.statistics.measures import Estimate, holm
from daedalus.core.lab.store.run import Run, block_at
from daedalus.core.lab.store.writer import BlockWriter
from daedalus.core.spec import Spec, parse_spec

STEPS = 100


def curve(experiment, values, optimum=math.nan, random_value=math.nan, **more):
    """Rows at every evaluation step; the value rises from 0 to the given final one."""
    steps = np.array([step for step in evaluation_steps(experiment.steps) if step > 0])
    seeds = np.arange(len(values))
    columns = {name: np.zeros(len(seeds) * len(steps), dtype) for name, dtype in CURVE.items()}
    columns["seed"] = np.repeat(seeds, len(steps))
    columns["step"] = np.tile(steps, len(seeds))
    columns["value"] = np.repeat(values, len(steps)) * columns["step"] / experiment.steps
    columns["optimum"] = np.full(columns["seed"].size, optimum)
    columns["random_value"] = np.full(columns["seed"].size, random_value)
    columns["regret"] = columns["optimum"] - columns["value"]
    columns["exact"] = np.isfinite(columns["optimum"])
    return columns | more


def make_run(folder, worlds, seeds=20, kind="finite"):
    """A run whose final values are `worlds[world][label]`; `truth` under a world is (optimum, random value)."""
    groups = []
    for world, table in worlds.items():
        optimum, random_value = table.get("truth", (math.nan, math.nan))
        agents = tuple((label, parse_spec(label)) for label in table if label != "truth")
        groups.append(Group((Spec(world),), agents, seeds, STEPS))
        for label, spec in agents:
            values = np.asarray(table[label], dtype=float)
            experiment = Experiment(Spec(world), spec, label, len(values), STEPS)
            write_block(folder, experiment, curve(experiment, values, optimum, random_value), kind)
    plan = Plan(tuple(groups))
    if len({group.agents for group in groups}) == 1:
        plan = Plan((Group(tuple(Spec(world) for world in worlds), groups[0].agents, seeds, STEPS),))
    return Run(folder, plan, {})


def write_block(folder, experiment, columns, kind="finite", settings=None):
    run = Run(folder, Plan((Group((experiment.world,), ((experiment.label, experiment.agent),), 1, STEPS),)), {})
    member = run.members()[0]
    writer = BlockWriter(block_at(member.folder, range(experiment.seeds)), experiment, "test")
    writer.add(Record("curve", columns))
    writer.finish(None)
    write_json(member.folder / "config.json", {"settings": settings or {}})
    card = {"kind": kind, "states": 1, "actions": 1, "horizon": 1, "scene": None}
    write_json(member.folder.parent / "world.json", card)


def test_results_read_the_last_step_only(tmp_path):
    values = np.random.default_rng(0).normal(-20, 3, 20)
    run = make_run(tmp_path, {"w": {"q_learning": values, "sarsa:alpha=0.5": values - 1, "truth": (-10.0, -60.0)}})
    first, second = summarise(run).results
    assert (first.world, first.agent, first.label) == ("w", "q_learning", "q_learning")
    assert (second.agent, second.label) == ("sarsa", "sarsa:alpha=0.5")
    assert (first.seeds, first.steps) == (20, STEPS)
    assert first.mean == pytest.approx(values.mean())
    assert first.iqm == pytest.approx(stats.trim_mean(values, 0.25))
    assert first.iqm_low < first.iqm < first.iqm_high
    assert first.optimum == -10
    assert first.regret == pytest.approx(-10 - values.mean())
    assert first.reward_last_tenth is None
    assert first.optimal_rate_last_tenth is None


def test_result_fields_are_the_promised_json_keys():
    keys = "world agent label seeds steps mean iqm iqm_low iqm_high optimum regret"
    rates = "reward_last_tenth optimal_rate_last_tenth dynamic_regret measure"
    assert list(Result.__dataclass_fields__) == [*keys.split(), *rates.split()]


def test_without_truth_optimum_and_regret_are_null_and_nothing_is_aggregated(tmp_path):
    comparison = summarise(make_run(tmp_path, {"CartPole-v1": {"a": [1.0, 2.0, 3.0], "b": [2.0, 3.0, 4.0]}}))
    assert comparison.results[0].optimum is None
    assert comparison.results[0].regret is None
    assert comparison.aggregates == []


def test_one_seed_has_no_interval(tmp_path):
    comparison = summarise(make_run(tmp_path, {"w": {"a": [1.0], "b": [2.0], "truth": (3.0, 0.0)}}))
    assert comparison.results[0].iqm == 1
    assert (comparison.results[0].iqm_low, comparison.results[0].iqm_high) == (None, None)
    assert [pair.p for pair in comparison.pairs] == [1.0]


def test_equal_scores_have_a_zero_width_interval_at_the_optimum(tmp_path):
    result = summarise(make_run(tmp_path, {"w": {"a": [-13.0] * 20, "truth": (-13.0, -60.0)}})).results[0]
    assert (result.iqm_low, result.iqm, result.iqm_high) == (-13, -13, -13)


def test_no_interval_of_a_finite_world_passes_the_optimum(tmp_path):
    values = [-13.0, -13, -14, -17, -30]
    result = summarise(make_run(tmp_path, {"w": {"a": values, "truth": (-13.0, -60.0)}})).results[0]
    assert result.iqm_high == -13


def test_only_sampled_scores_may_pass_the_optimum(tmp_path):
    experiment = Experiment(Spec("w"), Spec("a"), "a", 5, STEPS)
    columns = curve(experiment, [-13.0, -13, -14, -17, -30], -13.0, -60.0, exact=np.zeros(250, dtype=bool))
    write_block(tmp_path, experiment, columns)
    group = Group((experiment.world,), (("a", experiment.agent),), 5, STEPS)
    comparison = summarise(Run(tmp_path, Plan((group,)), {}))
    assert comparison.results[0].iqm_high > -13
    assert comparison.aggregates[0].iqm.high > 1
    assert comparison.aggregates[0].optimality_gap.low == 0  # no gap is below none, however it was measured


def test_no_aggregate_of_exact_scores_passes_1(tmp_path):
    worlds = {world: {"a": [-10.0, -10, -10, -11, -30], "truth": (-10.0, -60.0)} for world in ("v", "w")}
    (one,) = summarise(make_run(tmp_path, worlds)).aggregates
    assert [one.iqm.high, one.median.high, one.mean.high, one.optimality_gap.low] == [1, 1, 1, 0]
    assert one.iqm.low < one.iqm.value < 1


def test_a_learner_that_never_updated_is_told(tmp_path):
    group = Group((Spec("w"),), (("ppo", Spec("sb3/ppo")), ("a2c", Spec("sb3/a2c"))), 3, STEPS)
    for (label, spec), rollout in zip(group.agents, (STEPS + 1, STEPS), strict=True):
        experiment = Experiment(group.worlds[0], spec, label, 3, STEPS)
        write_block(tmp_path, experiment, curve(experiment, [1.0, 2.0, 3.0]), "open", {"n_steps": rollout})
    warnings = summarise(Run(tmp_path, Plan((group,)), {})).verdicts[0].warnings
    assert [warning for warning in warnings if "did not learn" in warning] == [
        "ppo did not learn: its first update comes after n_steps=101 steps, and there were 100."
    ]


def test_bandits_average_the_last_tenth_by_steps(tmp_path):
    experiment = Experiment(Spec("bandit"), Spec("ucb"), "ucb", 2, 100)
    steps = [step for step in evaluation_steps(100) if step > 0]
    assert [step for step in steps if step > 90] == [92, 94, 96, 98, 100]
    experiment = Experiment(Spec("bandit"), Spec("ucb"), "ucb", 2, 15)  # rows after 13: 14 and 15
    rows = [step for step in evaluation_steps(15) if step > 0]
    reward = np.tile(np.where(np.array(rows) == 14, 1.0, np.where(np.array(rows) == 15, 4.0, -9.0)), 2)
    columns = curve(experiment, np.array([1.0, 2.0]), 3.0, 0.0, reward=reward, optimal_rate=reward / 10)
    write_block(tmp_path, experiment, columns, "bandit")
    group = Group((experiment.world,), (("ucb", experiment.agent),), 2, 15)
    result = summarise(Run(tmp_path, Plan((group,)), {})).results[0]
    assert result.reward_last_tenth == pytest.approx(2.5)
    assert result.optimal_rate_last_tenth == pytest.approx(0.25)


def test_rows_that_span_several_steps_weigh_as_many(tmp_path):
    experiment = Experiment(Spec("bandit"), Spec("ucb"), "ucb", 1, 20)
    columns = {name: np.zeros(4, dtype) for name, dtype in CURVE.items()}
    columns |= {"seed": np.zeros(4, int), "step": np.array([10, 18, 19, 20]), "value": np.ones(4)}
    write_block(tmp_path, experiment, columns | {"reward": np.array([0.0, 0.0, 1.0, 3.0])}, "bandit")
    group = Group((experiment.world,), (("ucb", experiment.agent),), 1, 20)
    assert summarise(Run(tmp_path, Plan((group,)), {})).results[0].reward_last_tenth == pytest.approx(2.0)
    wide = experiment.__class__(Spec("wide"), Spec("ucb"), "ucb", 1, 100)
    columns |= {"step": np.array([10, 90, 92, 100]), "reward": np.array([9.0, 9.0, 1.0, 3.0])}
    write_block(tmp_path, wide, columns, "bandit")
    group = Group((wide.world,), (("ucb", wide.agent),), 1, 100)
    result = summarise(Run(tmp_path, Plan((group,)), {})).results[0]
    assert result.reward_last_tenth == pytest.approx((2 * 1 + 8 * 3) / 10)


def test_unfinished_members_are_left_out_and_an_empty_run_is_refused(tmp_path):
    run = make_run(tmp_path, {"w": {"a": [1.0, 2.0], "truth": (3.0, 0.0)}})
    group = Group((Spec("w"),), (("a", Spec("a")), ("b", Spec("b"))), 2, STEPS)
    assert [result.label for result in summarise(Run(run.path, Plan((group,)), {})).results] == ["a"]
    empty = Group((Spec("elsewhere"),), (("a", Spec("a")),), 2, STEPS)
    with pytest.raises(UserError, match="no finished seeds"):
        summarise(Run(run.path, Plan((empty,)), {}))


def test_references_are_no_competitors_unless_one_agent_stands_alone(tmp_path):
    noise = np.random.default_rng(1).normal(size=12)
    table = {"optimal": np.zeros(12), "random": noise - 9, "a": noise, "b": noise - 1, "truth": (0.0, -9.0)}
    assert [(pair.first, pair.second) for pair in summarise(make_run(tmp_path / "1", {"w": table})).pairs] == [
        ("a", "b")
    ]
    del table["b"]
    pairs = summarise(make_run(tmp_path / "2", {"w": table})).pairs
    assert [(pair.first, pair.second) for pair in pairs] == [("random", "a")]


def test_pairs_use_the_seeds_that_both_have(tmp_path):
    pair = summarise(make_run(tmp_path, {"w": {"a": np.arange(12.0), "b": np.arange(8.0) - 1}})).pairs[0]
    assert (pair.seeds, pair.difference, pair.deviation) == (8, 1.0, 0.0)
    assert pair.p == pytest.approx(2 / 2**8)
    assert not pair.equal


def test_holms_family_is_all_pairs_of_a_world(tmp_path):
    rng = np.random.default_rng(3)
    table = {label: rng.normal(mean, 1, 12) for label, mean in (("a", 0.0), ("b", 0.8), ("c", 1.6))}
    pairs = summarise(make_run(tmp_path, {"w": table, "v": table})).pairs
    assert len(pairs) == 6
    for world in (pairs[:3], pairs[3:]):
        assert [pair.p_adjusted for pair in world] == pytest.approx(holm([pair.p for pair in world]))
    assert any(pair.p_adjusted > pair.p for pair in pairs)


def test_scores_that_are_not_finite_are_left_out_and_said(tmp_path):
    comparison = summarise(make_run(tmp_path, {"w": {"a": [1.0, math.nan], "b": [1.0, 2.0], "c": [1.0, 2.0]}}))
    assert (comparison.results[0].mean, comparison.results[0].iqm) == (None, None)
    assert [(pair.first, pair.second) for pair in comparison.pairs] == [("b", "c")]
    assert any("not finite" in warning and " a." in warning for warning in comparison.verdicts[0].warnings)


def test_aggregates_put_random_at_0_and_the_optimum_at_1(tmp_path):
    worlds = {
        "near": {"best": [-10.0] * 8, "half": [-15.0] * 8, "truth": (-10.0, -20.0)},
        "far": {"best": [100.0] * 8, "half": [-50.0] * 8, "truth": (100.0, 0.0)},
    }
    best, half = summarise(make_run(tmp_path, worlds)).aggregates
    assert best.worlds == ("near", "far")
    assert (best.iqm, best.optimality_gap) == (Estimate(1, 1, 1), Estimate(0, 0, 0))
    assert half.mean.value == pytest.approx(0.0)  # 0.5 and -0.5
    assert half.optimality_gap.value == pytest.approx(1.0)
    assert best.profile.share[0] == 1
    assert best.profile.thresholds[-1] == 1


def test_worlds_where_random_is_already_optimal_are_not_aggregated(tmp_path):
    worlds = {"flat": {"a": [5.0, 5.0], "truth": (5.0, 5.0)}, "real": {"a": [1.0, 2.0], "truth": (2.0, 0.0)}}
    assert [one.worlds for one in summarise(make_run(tmp_path, worlds)).aggregates] == [("real",)]


def test_worlds_that_one_agent_has_not_finished_are_not_aggregated(tmp_path):
    both = {"a": [1.0, 2.0], "b": [1.0, 1.0], "truth": (2.0, 0.0)}
    run = make_run(tmp_path, {"whole": both, "half": {"a": [1.0, 2.0], "truth": (2.0, 0.0)}})
    group = Group((Spec("whole"), Spec("half")), (("a", Spec("a")), ("b", Spec("b"))), 2, STEPS)
    aggregates = summarise(Run(run.path, Plan((group,)), {})).aggregates
    assert [(one.label, one.worlds) for one in aggregates] == [("a", ("whole",)), ("b", ("whole",))]


def test_the_same_store_gives_the_same_numbers_and_json_knows_no_nan(tmp_path):
    rng = np.random.default_rng(2)
    worlds = {
        "w": {"a": rng.normal(size=20), "b": rng.normal(size=20), "truth": (4.0, -4.0)},
        "v": {"a": rng.normal(size=20), "b": [math.inf] * 20},
        "u": {"a": [1.0], "b": [2.0]},
    }
    first, second = (summarise(make_run(tmp_path, worlds)) for _ in range(2))
    assert isinstance(first, Comparison)
    text = json.dumps(first.to_dict(), allow_nan=False)
    assert text == json.dumps(second.to_dict(), allow_nan=False)
    assert list(json.loads(text)) == ["run", "report", "results", "pairs", "aggregates", "verdicts"]
    assert json.loads(text)["run"] == str(tmp_path)


def test_plain_turns_what_json_cannot_say_into_none():
    assert plain(Estimate(1.0, math.nan, math.inf)) == {"value": 1.0, "low": None, "high": None}
    assert plain({"a": np.float64(2), "b": np.arange(2), "c": (True, np.int64(3))}) == {
        "a": 2.0,
        "b": [0, 1],
        "c": [True, 3],
    }
