"""Settings: what is refused, what ε is, and that the face has the same ones."""

import inspect

import pytest

from daedalus.agents.deep.config import DQNConfig, settings
from daedalus.agents.deep.dqn import DQN
from daedalus.core.errors import UserError


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"learning_rate": 0.0}, "learning_rate must be a finite number above 0, not 0.0"),
        ({"learning_rate": float("inf")}, "learning_rate must be a finite number"),
        ({"buffer_size": 0}, "buffer_size must be at least 1, not 0"),
        ({"learning_starts": -1}, "learning_starts must be at least 0"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"tau": 1.5}, r"tau must be in \[0, 1\]"),
        ({"tau": 0.0}, "tau must be a finite number above 0"),
        ({"gamma": 1.1}, r"gamma must be in \[0, 1\]"),
        ({"train_freq": 0}, "train_freq must be at least 1"),
        ({"gradient_steps": 0}, "gradient_steps must be at least 1"),
        ({"gradient_steps": -2}, "gradient_steps must be at least 1"),
        ({"target_update_interval": 0}, "target_update_interval must be at least 1"),
        ({"exploration_fraction": 2.0}, r"exploration_fraction must be in \[0, 1\]"),
        ({"exploration_initial_eps": -0.1}, "exploration_initial_eps"),
        ({"exploration_initial_eps": 0.1, "exploration_final_eps": 0.2}, "must not exceed"),
        ({"max_grad_norm": 0.0}, "max_grad_norm"),
        ({"width": 0}, "width must be at least 1"),
        ({"width": (8, 0)}, "width must be at least 1"),
        ({"width": ()}, "width must be at least 1"),
        ({"depth": -1}, "depth must be at least 0"),
    ],
)
def test_what_is_refused(given, says):
    with pytest.raises(UserError, match=says) as error:
        DQNConfig(**given)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"network": "rnn"}, "network"),
        ({"loss": "hubber"}, "did you mean 'huber'"),
        ({"optimiser": "adamm"}, "did you mean 'adam'"),
        ({"replay": 1}, "replay must be true or false"),
        ({"network": "cnn"}, "network=cnn takes pictures or planes"),
        ({"gamma": float("nan")}, "gamma is NaN"),
        ({"buffer_size": 10**15}, "bytes"),
    ],
)
def test_what_the_face_refuses(given, says):
    with pytest.raises(UserError, match=says):
        DQN("daedalus/Maze-v0:rows=3,columns=3", **given)


def test_the_face_has_every_setting_with_its_default():
    given = {name: one.default for name, one in inspect.signature(DQN).parameters.items()}
    assert {name: given[name] for name in settings(DQNConfig())} == settings(DQNConfig())


def test_epsilon_falls_in_a_straight_line_and_stays():
    config = DQNConfig(exploration_fraction=0.5, exploration_initial_eps=1.0, exploration_final_eps=0.2)
    assert [config.epsilon(step, 100) for step in (0, 25, 50, 99)] == pytest.approx([1.0, 0.6, 0.2, 0.2])
    assert DQNConfig(exploration_fraction=0.0).epsilon(0, 100) == DQNConfig().exploration_final_eps


def test_updates_are_as_many_as_steps_where_that_is_asked():
    assert DQNConfig(train_freq=7, gradient_steps=-1).updates == 7
    assert DQNConfig(train_freq=7, gradient_steps=3).updates == 3
