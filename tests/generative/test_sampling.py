"""`daedalus sample`: what is drawn from stored models, what it is written as, and what is refused."""

import numpy as np
import pytest
import torch
from PIL import Image

from daedalus.core.device import torch_generator
from daedalus.core.errors import UserError
from daedalus.core.generating import Condition
from daedalus.core.lab import open_run
from daedalus.core.lab.cli import main
from daedalus.core.lab.fits import judge, stored
from daedalus.core.lab.sampling import Asked, draw

from .running import run_here

_BACKWARDS = "reversal:length=3,examples=50,tested=20"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Small finished runs: of two models of bits, of text, and of a model that is no distribution."""
    out = tmp_path_factory.mktemp("runs")
    run_here("mazes:n=2,tested=10", "made:width=8,batch=4,vae:width=8,latent=2,batch=4", 5, out, "bits", seeds=2)
    run_here(_BACKWARDS, "ngram:n=2", 5, out, "text", seeds=2)
    run_here("mazes:n=2,tested=10", "autoencoder:width=8,latent=2,batch=4", 5, out, "codes", seeds=2)
    return out


def status(arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


def test_samples_are_those_of_the_stored_weights(runs):
    one = stored(open_run(runs / "bits"), "made", 1)
    with torch.no_grad():
        expected = one.fitted.sample(7, Condition(), torch_generator(3, "samples"))
    assert torch.equal(draw(one, Asked(7, seed=3)), expected)
    weights = one.member.final()
    name = next(name for name in weights if name.startswith("weights/"))
    held = one.fitted.objective.module.state_dict()[name.removeprefix("weights/")]
    np.testing.assert_array_equal(held.numpy(), weights[name][1])


def test_many_samples_are_drawn_a_block_at_a_time(runs):
    one = stored(open_run(runs / "text"))
    assert len(draw(one, Asked(300))) == 300


def test_pictures_text_and_numbers_are_written(runs, tmp_path, capsys):
    bits = str(runs / "bits")
    assert status(["sample", bits, "--model", "made", "-n", "4", "-o", str(tmp_path / "s.png")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 's.png'}\n"
    with Image.open(tmp_path / "s.png") as picture:
        assert min(picture.size) > 8
    assert status(["sample", bits, "--model", "made", "-n", "4", "-o", str(tmp_path / "s.npz")]) == 0
    x = np.load(tmp_path / "s.npz")["x"]
    assert x.shape == (4, 4)
    assert x.dtype == np.uint8
    capsys.readouterr()
    assert status(["sample", str(runs / "text"), "-n", "3", "--prompt", "ab"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 3
    assert all(line.startswith("ab") for line in printed)
    assert status(["sample", str(runs / "text"), "-n", "3", "--prompt", "ab", "-o", str(tmp_path / "s.txt")]) == 0
    assert (tmp_path / "s.txt").read_text().splitlines() == printed


@pytest.mark.parametrize(
    ("run", "arguments", "said"),
    [
        ("bits", ["-o", "x.gif"], "-o must end in .png, .txt or .npz, not 'x.gif'"),
        ("bits", ["-o", "nowhere/x.png"], "there is no folder nowhere"),
        ("bits", [], "holds several models"),
        ("bits", ["--model", "mad"], "did you mean 'made"),
        ("bits", ["--model", "made", "-n", "0"], "-n must be at least 1 sample, not 0"),
        ("bits", ["--model", "made", "-o", "x.txt"], "are pictures: write them to x.png"),
        ("bits", ["--model", "made", "--prompt", "a"], "mazes is no text"),
        ("bits", ["--model", "made", "--label", "1"], "mazes has no classes"),
        ("bits", ["--model", "made", "--which", "5"], "has seeds 0 to 1, not 5"),
        ("bits", ["--model", "vae", "--set", "top_k=2"], "unknown parameter of vae's samples 'top_k'"),
        ("text", ["--prompt", "ax"], "'x'"),
        ("text", ["--prompt", ""], "--prompt is empty"),
        ("text", ["-o", "x.png"], "are text: write them to x.txt"),
        ("codes", [], "autoencoder cannot be sampled: it models no distribution"),
    ],
)
def test_what_cannot_be_sampled_is_told_in_a_line(runs, tmp_path, monkeypatch, capsys, run, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert status(["sample", str(runs / run), *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_evaluate_tells_the_stored_score_and_what_else_a_model_says(runs):
    for one in judge(open_run(runs / "bits")):
        assert one.test["log_likelihood"] == pytest.approx(one.stored, abs=1e-9)
        assert {"bits_per_dimension", "perfect"} <= set(one.test)


def test_a_model_that_counts_says_the_same_at_every_point(runs):
    curve = open_run(runs / "text").members()[0].curve()
    assert np.unique(np.asarray(curve["value"])).size == 1


def test_a_run_of_agents_holds_no_models(tmp_path):
    run_here("daedalus/Bandit-v0", "random", 10, tmp_path, "r")
    with pytest.raises(UserError, match="is a run of agents in worlds and holds no models"):
        stored(open_run(tmp_path / "r"))
