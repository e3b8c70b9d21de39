"""A life beside Stable-Baselines3's: the same coins and the same draws of the memory, rule by rule."""

from itertools import pairwise

import gymnasium
import numpy as np
import pytest
import torch

from daedalus.agents.deep.exploration import Coins, picked
from daedalus.core.nn.population import take_slot
from daedalus.core.rng import stream_keys

stable_baselines3 = pytest.importorskip("stable_baselines3")

SEED, LIMIT, STEPS = 3, 12, 352
COMMON = {
    "learning_rate": 2.3e-3, "batch_size": 16, "buffer_size": 90, "learning_starts": 50,
    "exploration_fraction": 0.5, "exploration_final_eps": 0.04,
}  # fmt: skip
RECIPES = {
    "copied": {"train_freq": 16, "gradient_steps": 10, "target_update_interval": 10, "gamma": 0.99},
    "clipped": {
        "train_freq": 8, "gradient_steps": -1, "target_update_interval": 3, "tau": 0.3, "gamma": 0.9,
        "max_grad_norm": 0.05,
    },
}  # fmt: skip


def cart():
    """Poles fall before the time limit now and then, so episodes end in both ways."""
    return gymnasium.make("CartPole-v1", max_episode_steps=LIMIT)


def ours(opened, settings, events):
    """A life of a population of one: the population, its decisions, and all that it drew from its memory."""
    population = opened(cart, [SEED], span=STEPS, width=16, depth=2, **COMMON, **settings)
    follow, step, sample = population._follow, population.engine.step, population.memory.sample
    drawn, actions = [], []

    def sampled(size, keys, t):
        batch = sample(size, keys, t)
        whole = {name: tensor[0].numpy().copy() for name, tensor in batch.items()}
        drawn.extend({n: a[k : k + 16] for n, a in whole.items()} for k in range(0, size, 16))
        return batch

    def stepped(batch):
        events.append(("update", population.t))
        return step(batch)

    def followed():
        events.append(("follow", population.t))
        follow()

    population._follow, population.engine.step, population.memory.sample = followed, stepped, sampled
    first = [tensor.detach().clone() for tensor in take_slot(population.network, 0).parameters()]
    while population.t < STEPS:
        events.append(("act", population.t, population.epsilon))
        action_N, moved = population.live()
        actions.append((int(action_N[0]), moved.terminated[0], moved.truncated[0]))
        population.learn()
    return population, actions, drawn, first


def theirs(monkeypatch, settings, first, drawn, events):
    """The same life of Stable-Baselines3's learner: its rules, on our coins, from our weights and draws."""
    from stable_baselines3.dqn import dqn as module

    policy = {"net_arch": [16, 16]}
    model = module.DQN("MlpPolicy", cart(), seed=SEED, device="cpu", policy_kwargs=policy, **COMMON, **settings)
    with torch.no_grad():
        for net in (model.q_net, model.q_net_target):
            for tensor, start in zip(net.parameters(), first, strict=True):
                tensor.copy_(start)
    coins, buffer, given = Coins(stream_keys([SEED], "policy")), model.replay_buffer, iter(drawn)
    actions, ages, rows = [], [], {}

    def randomly():
        events.append(("act", model.num_timesteps, model.exploration_rate))
        return float(coins.at(model.num_timesteps)[0][0])

    def any_action():
        if model.num_timesteps < COMMON["learning_starts"]:
            randomly()
        return int(picked(coins.at(model.num_timesteps)[1], 2, None)[0])

    add, step, polyak = buffer.add, model.policy.optimizer.step, module.polyak_update

    def added(obs, next_obs, action, reward, done, infos):
        rows[obs[0].tobytes()] = len(rows)
        truncated = infos[0]["TimeLimit.truncated"]
        actions.append((int(action[0]), bool(done[0]) and not truncated, truncated))
        add(obs, next_obs, action, reward, done, infos)

    def sampled(batch_size, env=None):
        batch = next(given)
        number = np.array([rows[obs.tobytes()] for obs in batch["obs"]])
        ages.extend(len(rows) - 1 - number)
        known = buffer._get_samples(number % buffer.buffer_size)
        told = {"obs": known.observations, "next_obs": known.next_observations, "action": known.actions[:, 0],
                "reward": known.rewards[:, 0], "discount": (1 - known.dones[:, 0]) * model.gamma}  # fmt: skip
        for name, tensor in told.items():
            np.testing.assert_array_equal(tensor.numpy(), batch[name], err_msg=name)
        return known

    def stepped(*args, **kwargs):
        events.append(("update", model.num_timesteps))
        return step(*args, **kwargs)

    def followed(old, new, tau):
        old, new = list(old), list(new)
        if new:  # it is called for running statistics too, of which there are none
            events.append(("follow", model.num_timesteps))
            polyak(old, new, tau)

    buffer.add, buffer.sample, model.policy.optimizer.step = added, sampled, stepped
    model.action_space.sample = any_action
    monkeypatch.setattr(np.random, "rand", randomly)
    monkeypatch.setattr(module, "polyak_update", followed)
    model.learn(STEPS)
    assert next(given, None) is None
    return model, actions, np.array(ages)


@pytest.mark.parametrize("name", RECIPES)
def test_the_same_life(name, opened, monkeypatch):
    """Decisions, ε, episodes, the order of storing, following and training, and all weights are theirs."""
    settings = RECIPES[name]
    our_events, their_events = [], []
    population, our_actions, drawn, first = ours(opened, settings, our_events)
    model, their_actions, ages = theirs(monkeypatch, settings, first, drawn, their_events)
    assert our_actions == their_actions
    assert sum(terminated for _, terminated, _ in our_actions) > 5
    assert sum(truncated for _, _, truncated in our_actions) > 5
    assert [event[:2] for event in our_events] == [event[:2] for event in their_events]
    starts = COMMON["learning_starts"]  # before, ε is told and not heeded
    our_eps, their_eps = ([e[2] for e in events if e[0] == "act"][starts:] for events in (our_events, their_events))
    np.testing.assert_allclose(our_eps, their_eps, atol=1e-12)
    assert all(later <= sooner for sooner, later in pairwise(our_eps))
    assert (ages.min(), ages.max()) == (0, COMMON["buffer_size"] - 1)  # all that is kept is drawn, nothing older
    network = take_slot(population.network, 0)
    for tensor, known in zip(network.parameters(), model.q_net.parameters(), strict=True):
        np.testing.assert_allclose(tensor.detach().numpy(), known.detach().numpy(), atol=1e-5)
    for tensor, known in zip(
        take_slot(population._target, 0).parameters(), model.q_net_target.parameters(), strict=True
    ):
        np.testing.assert_allclose(tensor.detach().numpy(), known.detach().numpy(), atol=1e-5)


def test_weights_begin_alike(opened):
    """As torch's layers do: uniform within 1/√(numbers in), biases too. 10 000 draws of a width within 3 %."""
    network = take_slot(opened(cart, [SEED], width=100, depth=2).network, 0)
    bounds = [0.5, 0.5, 0.1, 0.1, 0.1, 0.1]  # of 4 and 100 numbers
    for tensor, bound in zip(network.parameters(), bounds, strict=True):
        assert tensor.abs().max() <= bound
    assert float(list(network.parameters())[2].detach().std()) == pytest.approx(0.1 / 3**0.5, rel=0.03)
