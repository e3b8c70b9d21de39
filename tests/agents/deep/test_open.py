"""Any Gymnasium environment: vectors, numbers, pictures, masks; what is not finite; environments taken down."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete

from daedalus.agents.deep.judges import OpenJudge
from daedalus.agents.deep.plain_data import pack, unpack
from daedalus.agents.deep.seeing import eye_of
from daedalus.core.errors import UserError
from daedalus.core.world import OpenWorld


class Choosing(gymnasium.Env):
    """Episodes of three steps; of three actions, counted from 5, one in turn is forbidden. 5 pays 1."""

    action_space = Discrete(3, start=5)
    observation_space = Discrete(3, start=2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = 0
        return 2, self._info()

    def _info(self):
        mask = np.ones(3, np.int8)
        mask[self.at % 3] = 0
        return {"action_mask": mask}

    def step(self, action):
        assert action - 5 != self.at % 3, "a forbidden action was taken"
        self.at += 1
        return 2 + self.at % 3, float(action == 5), False, self.at == 3, self._info()


class Painting(gymnasium.Env):
    """A picture whose brighter half, left or right, is the action that pays."""

    action_space = Discrete(2)
    observation_space = Box(0, 255, (10, 8, 3), np.uint8)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self._draw(), {}

    def _draw(self):
        self.side = int(self.np_random.integers(2))
        picture = np.zeros((10, 8, 3), np.uint8)
        picture[:, 4 * self.side : 4 * self.side + 4] = 250
        return picture

    def step(self, action):
        paid = float(action == self.side)
        return self._draw(), paid, True, False, {}


class Broken(gymnasium.Env):
    """Pays or shows NaN at its fifth step."""

    action_space = Discrete(2)
    observation_space = Box(-1, 1, (2,), np.float32)

    def __init__(self, what):
        self.what, self.steps = what, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action):
        self.steps += 1
        bad = self.steps == 5
        shown = np.full(2, np.nan if bad and self.what == "obs" else 0.5, np.float32)
        return shown, np.nan if bad and self.what == "reward" else 1.0, False, False, {}


def same_weights(left, right, n):
    return all(np.array_equal(left.weights()[name][n], array[0]) for name, array in right.weights().items())


@pytest.mark.parametrize("make", [lambda: gymnasium.make("CartPole-v1"), Choosing], ids=["CartPole", "Choosing"])
def test_a_seed_learns_alone_what_it_learns_among_others(opened, make):
    together, alone = opened(make, (3, 8)), opened(make, (8,))
    for population in (together, alone):
        population.run(120)
    assert same_weights(together, alone, 1)
    assert together.tally.episodes[1] == alone.tally.episodes[0] > 2


def test_masks_of_infos_are_kept(opened):
    """Choosing fails where a forbidden action is taken; what the judge lives there is masked, too."""
    population = opened(Choosing, (0, 1), 300, gamma=0.5, learning_rate=1e-2)
    population.run(300)
    judge = OpenJudge([OpenWorld("choosing", Choosing)] * 2, None, 5)
    assert judge.columns(population, 300)["value"] == [2.0, 2.0]  # 5 is forbidden in the first of three steps
    drawn = population.memory.sample(16, population._replay_keys, 0)
    assert (drawn["mask"].sum(-1) == 2).all()
    assert torch.equal(drawn["next_mask"].argmin(-1), drawn["next_obs"].long() % 3)


def test_pictures_go_through_convolutions_as_bytes(opened):
    population = opened(Painting, (0,), 200, learning_rate=3e-3, train_freq=1)
    assert population.living.sense.eye.seen == (3, 10, 8)
    assert population.living.frame["obs"].dtype == np.uint8
    seen = population.living.sense.see({"obs": torch.from_numpy(population.living.frame["obs"]).unsqueeze(1)})
    assert seen.max() == pytest.approx(250 / 255)
    population.run(200)
    assert OpenJudge([OpenWorld("painting", Painting)], None, 0).columns(population, 200)["value"] == [1.0]


@pytest.mark.parametrize("what", ["reward", "obs"])
def test_what_is_not_finite_is_told_in_one_line(opened, what):
    population = opened(lambda: Broken(what), (0,))
    with pytest.raises(UserError, match="finite numbers") as error:
        population.run(10)
    assert "\n" not in str(error.value)
    assert all(np.isfinite(array).all() for array in population.weights().values())


@pytest.mark.parametrize(
    "name",
    [
        "CartPole-v1",
        "Acrobot-v1",
        "MountainCar-v0",
        "daedalus/Maze-v0:rows=3,columns=3,layout=per_episode,observation=symbolic",
    ],
)
def test_environments_that_can_be_taken_down_go_on(opened, name):
    from daedalus.core.spec import parse_spec
    from daedalus.envs.loading import load_problem

    make = load_problem(parse_spec(name)).make if ":" in name else lambda: gymnasium.make(name)
    whole, part, fresh = (opened(make, (0, 1)) for _ in range(3))
    whole.run(130)
    part.run(77)
    fresh.restore(part.arrays())
    fresh.run(130)
    left, right = whole.arrays(), fresh.arrays()
    assert left.keys() == right.keys()
    for key, array in left.items():
        assert array.tobytes() == right[key].tobytes(), key


def test_other_environments_cannot(opened):
    assert opened(Choosing, (0,)).arrays() is None


def test_plain_data_is_packed_to_the_bit():
    value = {
        "a": np.array([[1.5, -0.0]], np.float32), "b": (np.float64(1 / 3), 2**100), "c": [None, True, "é"],
        "d": {"e": float("inf"), "f": np.zeros((0, 2), np.int8), "g": np.bool_(True)},
    }  # fmt: skip
    read = unpack(pack(value))
    assert read["a"].tobytes() == value["a"].tobytes()
    assert read["a"].dtype == np.float32
    assert read["b"] == value["b"]
    assert type(read["b"][0]) is np.float64
    assert read["c"] == value["c"]
    assert read["d"]["e"] == float("inf")
    assert read["d"]["f"].shape == (0, 2)
    for broken in (b"{", b'{"array": ["O", [1], ""]}', b'{"x": 1}', b'{"a": 1, "b": 2}'):
        with pytest.raises(UserError, match="cannot be read"):
            unpack(np.frombuffer(broken, np.uint8))
    with pytest.raises(UserError, match="cannot be taken down"):
        pack({"a": object()})


@pytest.mark.parametrize("space", [Dict({"a": Discrete(2)}), MultiDiscrete([2, 2])])
def test_spaces_that_are_not_taken(space):
    with pytest.raises(UserError, match="FlattenObservation"):
        eye_of(space, "test")


def test_box_actions_are_refused():
    from daedalus.agents import DQN

    with pytest.raises(UserError, match="Discrete actions; those of Pendulum-v1 are Box"):
        DQN("Pendulum-v1")
