"""What `daedalus bench deep` measures us against: the same learning elsewhere, and the parts that bound it.

Each function makes ready and returns a `work` that lives on for a burst, with the steps or updates of one call.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import gymnasium
import numpy as np
import torch
from torch import Tensor, nn

from daedalus.core.device import torch_generator
from daedalus.core.rng import generator

from .config import DQNConfig

Work = tuple[Callable[[], object], int]


def stable_baselines3(world: str, config: DQNConfig, burst: int) -> Work:
    """Its DQN with the same settings, past the random beginning."""
    from stable_baselines3 import DQN

    model = DQN(
        "MlpPolicy", gymnasium.make(world), learning_rate=config.learning_rate, buffer_size=config.buffer_size,
        learning_starts=config.learning_starts, batch_size=config.batch_size, gamma=config.gamma,
        train_freq=config.train_freq, gradient_steps=config.gradient_steps,
        target_update_interval=config.target_update_interval, exploration_fraction=1e-9,
        exploration_final_eps=config.exploration_final_eps, seed=0, device="cpu",
        policy_kwargs={"net_arch": list(config.widths)},
    )  # fmt: skip
    model.learn(config.learning_starts + config.train_freq)
    return lambda: model.learn(burst, reset_num_timesteps=False, log_interval=2**31), burst


def plain_loop(world: str, config: DQNConfig, burst: int) -> Work:
    """One seed as single-file implementations have it: a vector of one environment, arrays, torch's own modules."""
    envs = gymnasium.vector.SyncVectorEnv([lambda: gymnasium.wrappers.RecordEpisodeStatistics(gymnasium.make(world))])
    rng, old, new = generator(0, "policy"), network((4, *config.widths, 2)), network((4, *config.widths, 2))
    old.load_state_dict(new.state_dict())
    optimiser = torch.optim.Adam(new.parameters(), lr=config.learning_rate)
    size = config.buffer_size
    obs, obs_next = np.zeros((2, size, 4), np.float32)
    action, reward, ended = np.zeros((size, 1), np.int64), np.zeros(size, np.float32), np.zeros(size, np.float32)
    shown, _ = envs.reset(seed=0)
    over, kept, t = False, 0, 0

    def update() -> None:
        rows = rng.integers(min(kept, size), size=config.batch_size)
        with torch.no_grad():
            best = old(torch.as_tensor(obs_next[rows])).max(dim=1).values
            target = torch.as_tensor(reward[rows]) + config.gamma * best * (1 - torch.as_tensor(ended[rows]))
        q = new(torch.as_tensor(obs[rows])).gather(1, torch.as_tensor(action[rows])).squeeze(1)
        loss = nn.functional.mse_loss(q, target)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    def live(steps: int) -> None:
        nonlocal shown, over, kept, t
        for _ in range(steps):
            if t < config.learning_starts or rng.random() < config.exploration_final_eps:
                acts = np.array([envs.single_action_space.sample() for _ in range(envs.num_envs)])
            else:
                with torch.no_grad():
                    acts = torch.argmax(new(torch.as_tensor(shown)), dim=1).numpy()
            reached, rewards, terminated, truncated, _ = envs.step(acts)
            if not over:  # the step after an end only begins the next episode
                at = kept % size
                obs[at], obs_next[at], action[at], reward[at] = shown[0], reached[0], acts[0], rewards[0]
                ended[at] = terminated[0]
                kept += 1
            over, shown, t = bool(terminated[0] or truncated[0]), reached, t + 1
            if t > config.learning_starts:
                if t % config.train_freq == 0:
                    update()
                if t % config.target_update_interval == 0:
                    old.load_state_dict(new.state_dict())

    live(config.learning_starts + config.train_freq)
    return lambda: live(burst), burst


def bare_update(layers: tuple[int, ...], batch: dict[str, Tensor]) -> Work:
    """The sequence of torch's own calls: forward, Huber's loss, backward, fused Adam."""
    q_network = network((4, *layers, 2))
    optimiser = torch.optim.Adam(q_network.parameters(), lr=2.5e-4, fused=True)

    def work() -> None:
        q = q_network(batch["seen"]).gather(1, batch["action"].unsqueeze(1)).squeeze(1)
        loss = nn.functional.smooth_l1_loss(q, batch["target"])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    return work, 1


def one_batch(size: int) -> dict[str, Tensor]:
    """A batch of made-up transitions, of four numbers and two actions."""
    draws = torch_generator(0, "batch")
    return {
        "seen": torch.randn(size, 4, generator=draws),
        "action": torch.randint(2, (size,), generator=draws),
        "target": torch.randn(size, generator=draws),
    }


def network(sizes: tuple[int, ...]) -> nn.Sequential:
    """A perceptron of torch's own layers, with ReLU between them; its weights begin as these numbers fall."""
    layers: list[nn.Module] = []
    for ins, outs in pairwise(sizes):
        layers += [nn.Linear(ins, outs), nn.ReLU()]
    made, draws = nn.Sequential(*layers[:-1]), torch_generator(0, "init")
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.uniform_(-(parameter.shape[-1] ** -0.5), parameter.shape[-1] ** -0.5, generator=draws)
    return made


def products(sizes: tuple[int, ...], batch: int) -> Work:
    """The matrix products of one update alone: forward twice (targets too), gradients by weights and by activations."""
    layers = list(pairwise(sizes))
    x = [torch.ones(batch, ins) for ins, _ in layers]
    w = [torch.ones(outs, ins) for ins, outs in layers]
    y = [torch.ones(batch, outs) for _, outs in layers]

    def work() -> None:
        for n in range(len(layers)):
            torch.mm(x[n], w[n].T)
            torch.mm(x[n], w[n].T)
            torch.mm(y[n].T, x[n])
            if n:
                torch.mm(y[n], w[n])

    return work, 1


def steps_alone(world: str) -> Work:
    """The environment's own steps, with random actions."""
    env, rng, steps = gymnasium.make(world), generator(0, "policy"), 500
    env.reset(seed=0)
    actions: list[Any] = rng.integers(env.action_space.n, size=steps).tolist()  # type: ignore[attr-defined]

    def work() -> None:
        for action in actions:
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()

    return work, steps
