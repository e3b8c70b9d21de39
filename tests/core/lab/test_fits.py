"""Models through the lab: the same store, resume, verdict and report as agents; and judged again from the store."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from daedalus.core.data import load_data
from daedalus.core.errors import UserError
from daedalus.core.lab import compare, open_run
from daedalus.core.lab.cli import main
from daedalus.core.lab.experiment import Experiment, Final, Record, Snapshot
from daedalus.core.lab.fits import fit, judge
from daedalus.core.lab.plan import make_plan
from daedalus.core.lab.resolve import resolve
from daedalus.core.lab.worker import run_block
from daedalus.core.spec import Spec, parse_spec

DATA = "moons:examples=200,tested=300"
EXPERIMENT = Experiment(parse_spec(DATA), parse_spec("mlp:width=8,batch=20,patience=40"), "A", 2, 60)


def timeless(items: list[Any]) -> list[Any]:
    """Records and the end as plain lists, clock times aside; NaN equals NaN."""
    return [
        {
            name: repr(column.tolist())
            for name, column in (item.columns if isinstance(item, Record) else item.arrays).items()
            if not name.startswith("seconds")
        }
        for item in items
        if isinstance(item, Record | Final)
    ]


def test_a_trial_goes_on_from_any_snapshot_with_the_records_of_one_that_was_not_interrupted():
    whole = list(fit(EXPERIMENT, [1], None))
    stops = [n for n, item in enumerate(whole) if isinstance(item, Snapshot)]
    for stop in (stops[0], stops[20], stops[-1]):
        again = list(fit(EXPERIMENT, [1], whole[stop]))
        assert timeless(again) == timeless(whole[stop + 1 :])


def test_between_two_evaluations_it_rests_and_goes_on(monkeypatch):
    from daedalus.core.lab import fits

    whole = timeless(list(fit(EXPERIMENT, [0], None)))
    monkeypatch.setattr(fits, "_REST_SECONDS", 0.0)
    monkeypatch.setattr(fits, "_STRIDE", 1)
    monkeypatch.setattr(fits, "evaluation_steps", lambda steps: [0, 30, 60])
    long = list(fit(EXPERIMENT, [0], None))
    rests = [item.step for item in long if isinstance(item, Snapshot)]
    assert len(rests) > 20
    middle = next(item for item in long if isinstance(item, Snapshot) and 30 < item.step < 60)
    at = next(n for n, item in enumerate(long) if item is middle)
    assert timeless(list(fit(EXPERIMENT, [0], middle))) == timeless(long[at + 1 :])
    assert whole[-1].keys() == timeless(long)[-1].keys()


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two models on two data sets, made in this process: the workers' start costs seconds."""
    out = tmp_path_factory.mktemp("runs")
    models = "logistic,mlp:width=8,batch=20,ema=.9"
    made = run_here([DATA, "iris"], models, 2, 60, out, "both")
    assert made == out / "both"
    return made


def run_here(worlds: Any, models: str, seeds: int, steps: int, out: Path, name: str) -> Path:
    from daedalus.core.lab.runner import open_tasks
    from daedalus.core.lab.store.folder import hold_run

    resolved = resolve(make_plan(worlds, models, seeds=seeds, steps=steps, name=name))
    with hold_run(out, resolved, "here") as folder:
        for task in list(open_tasks(folder)):
            run_block(json.loads(task.to_json()), lambda message: None)
        folder.close()
    return out / name


def test_the_report_speaks_of_models_and_data_sets(stored):
    comparison = compare([DATA, "iris"], "logistic,mlp:width=8,batch=20,ema=.9", 2, 60, out=stored.parent, name="both")
    first = comparison.results[0]
    assert first.measure == "accuracy"
    assert first.optimum == pytest.approx(load_data(parse_spec(DATA)).ceiling)
    assert all(result.iqm_high <= 1 for result in comparison.results)
    assert "accuracy" in comparison.verdicts[0].headline
    page = (stored / "report.html").read_text()
    for words in ("Accuracy on the test part", "optimiser steps", "2 data sets, 2 models", "Gradients, layer by layer"):
        assert words in page
    for words in ("random actions", "value of the policy", "Agent<", "return per episode"):
        assert words not in page
    assert "neither vanish nor explode" in page


def test_scalars_and_curve_say_the_same(stored):
    member = open_run(stored).members()[1]
    curve, scalars = member.curve(), member.scalars()
    assert scalars is not None
    rows = (scalars[name].to_pylist() for name in ("tag", "step", "seed", "value"))
    told = {tag: value for tag, step, seed, value in zip(*rows, strict=True) if (step, seed) == (60, 1)}
    last = np.flatnonzero((np.asarray(curve["step"]) == 60) & (np.asarray(curve["seed"]) == 1))[0]
    assert told["test/accuracy"] == curve["value"][last].as_py()
    assert told["train/loss"] == curve["loss"][last].as_py()
    assert {"validation/log_likelihood", "gradient_norm/linear0", "weight_norm/outputs"} <= set(told)


def test_stored_models_are_judged_as_they_were(stored):
    found = judge(open_run(stored))
    assert [(one.model, one.seeds) for one in found] == [("logistic", 2), ("mlp", 2)] * 2
    for one in found:
        assert one.test["accuracy"] == one.stored
        assert np.mean(one.by_seed) == pytest.approx(one.stored)


def test_a_model_starts_from_the_stored_weights_of_its_seed(stored, tmp_path):
    start = Spec("mlp", (("width", 8), ("batch", 20), ("start", str(stored))))
    with pytest.raises(UserError, match="holds 2 of mlp"):
        resolve(make_plan([DATA], [start], steps=1, seeds=1))
    one = run_here([DATA], "mlp:width=8,batch=20", 2, 40, tmp_path, "one")
    start = Spec("mlp", (("width", 8), ("batch", 20), ("start", str(one))))
    begun = next(iter(fit(Experiment(parse_spec(DATA), start, "B", 2, 10), [1], None)))
    curve = open_run(one).members()[0].curve()
    last = (np.asarray(curve["step"]) == 40) & (np.asarray(curve["seed"]) == 1)
    assert begun.columns["value"][0] == np.asarray(curve["value"])[last][0]
    wider = Spec("mlp", (("width", 9), ("start", str(one))))
    with pytest.raises(UserError, match="start: the stored weights are of another network"):
        resolve(make_plan([DATA], [wider], steps=1, seeds=1))
    other = Spec("logistic", (("start", str(one)),))
    with pytest.raises(UserError, match="holds no logistic, but mlp"):
        resolve(make_plan([DATA], [other], steps=1, seeds=1))


def test_a_changed_data_set_and_lost_weights_are_refused(stored, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(stored, copy)
    card = next(copy.glob("moons*/world.json"))
    card.write_text(card.read_text().replace(load_data(parse_spec(DATA)).fingerprint(), "0123456789abcdef"))
    with pytest.raises(UserError, match="has changed since"):
        judge(open_run(copy))


def test_evaluate_refuses_a_run_of_agents(made_run, group):
    with pytest.raises(UserError, match="is a run of agents in worlds"):
        judge(made_run(group("daedalus/Bandit-v0", {"greedy": "greedy"}, seeds=2, steps=10)))


@pytest.mark.parametrize(
    ("worlds", "models", "said"),
    [
        ("digits", "mlpp", "unknown model 'mlpp'; did you mean 'mlp'"),
        ("digit", "mlp", "unknown data set 'digit'; did you mean 'digits'"),
        ("digits", "mlp:widht=3", "did you mean 'width'"),
        ("digits", "q_learning", "q_learning is an agent, made for worlds, and cannot be fitted to digits"),
        ("daedalus/Maze-v0", "mlp", "mlp is a model, made for data sets, and cannot act in"),
        ("diabetes", "logistic", "logistic is made for data with classes, and cannot be fitted to diabetes"),
        ("iris", "cnn", "cnn takes images"),
        ("digits", "mlp:start=nowhere", "nowhere"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(worlds, models, said, tmp_path):
    with pytest.raises(UserError, match=said):
        compare(worlds, models, seeds=1, steps=10, out=tmp_path / "runs", progress=False)
    assert not (tmp_path / "runs").exists()


def test_the_commands_fit_and_evaluate(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def typed(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(words)
        return ended.value.code, *capsys.readouterr()

    settings = ("--set", "width=4", "--set", "batch=20", "--steps", "30")
    status, out, _ = typed("fit", "mlp", "--data", DATA, *settings, "--name", "r")
    assert status == 0
    assert out.splitlines()[-1] == "runs/r/report.html"
    assert "mlp:width=4,batch=20" in out
    status, out, _ = typed("evaluate", "r", "--json")
    (found,) = json.loads(out)["results"]
    assert found["test"]["accuracy"] == found["stored"]
    assert typed("evaluate", "s")[::2] == (2, "daedalus: unknown run 's'; known: r\n")
    status, _, err = typed("fit", "mlp:width=3", "--data", "digits", "--set", "width=4")
    assert (status, err) == (2, "daedalus: mlp: 'width' is given twice\n")
