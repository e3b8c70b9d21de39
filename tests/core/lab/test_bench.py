"""`daedalus bench`: the same rows on the terminal and as JSON."""

import importlib
import json
import sys
import textwrap

import pytest

from daedalus.core.errors import UserError
from daedalus.core.lab.bench import Row, bench, rate

#: A package that steps like each of the peers, and one that cannot be imported.
PEERS = {
    "envpool": """
        import numpy as np
        print("a word of welcome on stdout")
        class Env:
            def reset(self):
                pass
            def step(self, actions):
                assert actions.dtype == np.int32 and actions.shape == (1024,) and set(actions) == set(range(4))
        def make_gymnasium(name, num_envs, num_threads):
            assert (name, num_envs, num_threads) == ("FrozenLake-v1", 1024, 1)
            return Env()
    """,
    "pufferlib/ocean": """
        import gymnasium
        class Squared:
            single_action_space = gymnasium.spaces.Discrete(5)
            def __init__(self, num_envs=1):
                self.num_agents = num_envs
            def reset(self, seed=0):
                return None, []
            def step(self, actions):
                assert actions.shape == (self.num_agents,) and actions.max() == 4
        def env_creator(name):
            assert name == "puffer_squared"
            return Squared
    """,
    "minigrid": """
        import gymnasium
        class FourRooms(gymnasium.Env):
            observation_space = gymnasium.spaces.Discrete(2)
            action_space = gymnasium.spaces.Discrete(7)
            def reset(self, *, seed=None, options=None):
                super().reset(seed=seed)
                return 0, {}
            def step(self, action):
                return 1, 0.0, action == 6, False, {}
        gymnasium.register("MiniGrid-FourRooms-v0", FourRooms, disable_env_checker=True)
    """,
    "broken": "raise OSError('a library is missing')",
}


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put stand-ins of packages where Python finds them, before any that is really there."""
    from gymnasium.envs.registration import registry

    monkeypatch.syspath_prepend(tmp_path)
    before = set(registry)

    def install(name, source):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(textwrap.dedent(source))
        if folder.parent != tmp_path:
            (folder.parent / "__init__.py").touch()
        importlib.invalidate_caches()

    tops = {name.split("/")[0] for name in PEERS}
    kept = {name: module for name, module in sys.modules.items() if name.split(".")[0] in tops}
    for name in kept:
        monkeypatch.delitem(sys.modules, name)
    yield install
    for name in [name for name in sys.modules if name.split(".")[0] in tops]:
        del sys.modules[name]
    sys.modules.update(kept)
    for name in set(registry) - before:
        del registry[name]


def test_envs_are_measured(capsys):
    bench("envs", as_json=True, quick=True)
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) >= 10
    assert {(row["name"], row["peer"]) for row in rows} >= {
        ("one frozen lake, step", "Gymnasium's FrozenLake-v1"),
        ("one cliff, step", "Gymnasium's CliffWalking-v1"),
    }
    for row in rows:
        assert list(row) == ["name", "ours_per_second", "peer", "peer_per_second", "ratio"]
        assert row["ratio"] == pytest.approx(row["ours_per_second"] / row["peer_per_second"])
        assert row["ours_per_second"] > 0


def test_installed_peers_have_rows_and_broken_ones_a_note(install, capsys):
    from daedalus.envs import bench as measured

    for name in ("envpool", "pufferlib/ocean", "minigrid"):
        install(name, PEERS[name])
    rows = list(measured._others(quick=True))
    assert [row.peer.split("'")[0].split("-")[0] for row in rows] == ["MiniGrid", "envpool", "PufferLib"]
    assert all(row.ratio > 0 for row in rows)
    out, err = capsys.readouterr()
    assert out == ""
    assert "a word of welcome" in err


@pytest.mark.parametrize("name", ["minigrid", "envpool", "pufferlib"])
def test_a_peer_that_cannot_be_imported_is_told_and_left_out(install, capsys, name):
    from daedalus.envs import bench as measured

    others = {"minigrid": "minigrid", "envpool": "envpool", "pufferlib": "pufferlib/ocean"}
    for other, folder in others.items():
        install(folder, PEERS["broken"] if other == name else PEERS[folder])
    assert len(list(measured._others(quick=True))) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{name} is installed but does not run, and its row is left out: OSError('a library is missing')" in err


def test_rows_on_the_terminal(capsys, monkeypatch):
    from daedalus.envs import bench as measured

    monkeypatch.setattr(measured, "bench_envs", lambda quick: [Row("stepping", 3_000_000.0, "theirs", 6_000.0)])
    bench("envs")
    printed = capsys.readouterr().out
    assert "One thread" in printed
    assert "stepping" in printed
    assert "500 ×" in printed


def test_unknown_names_are_told():
    with pytest.raises(UserError, match="unknown bench 'env'; did you mean 'envs'"):
        bench("env")


def test_a_rate_counts_units():
    calls = []
    assert rate(lambda: calls.append(1), 10, quick=True) > 0
    assert len(calls) > 5
