"""What a policy is worth: exactly on a finite world, by shared rollouts anywhere else."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from daedalus.core.arrays import Floats, Ints
from daedalus.core.planning import evaluation_horizon, policy_values_within
from daedalus.core.rng import stream_key
from daedalus.core.world import World

if TYPE_CHECKING:
    import gymnasium

#: Episodes of a sampled evaluation.
EVALUATION_EPISODES = 10

#: Steps after which a sampled episode is cut where neither the world nor the experiment names a limit.
ROLLOUT_LIMIT = 10_000

#: How many one-hot inputs a network is asked for at once when its policy is read off (numbers, not rows).
_BATCH_NUMBERS = 2**24


def greedy_values(world: World, policies: Ints, horizon: int | None) -> Floats:
    """The exact evaluation value of each policy, (N, S) actions -> (N,).

    Expected undiscounted return from the start distribution under the world's time limit, else under `horizon`,
    else under 10·S steps.
    """
    return policy_values_within(world.mdp, policies, evaluation_horizon(world, horizon))


def state_policy(world: World, predict: Callable[[Ints], Ints]) -> Ints:
    """Read a policy off as a table, (S,) actions.

    `predict` maps state indices (B,) to actions (B,). It is asked for every state an agent can meet, in as few
    batches as memory allows; states behind them (absorbing ones that an import added) get action 0.
    """
    policy_S = np.zeros(world.mdp.states, dtype=np.int64)
    for states_B in state_batches(world):
        policy_S[states_B] = predict(states_B)
    return policy_S


def state_batches(world: World) -> list[Ints]:
    """Every state that an agent can meet, in few batches that a network can take as one-hot rows."""
    batches = max(1, -(-(world.states**2) // _BATCH_NUMBERS))
    return np.array_split(np.arange(world.states, dtype=np.int64), batches)


def evaluation_seeds(episodes: int = EVALUATION_EPISODES) -> tuple[int, ...]:
    """The environment seeds that every sampled evaluation uses, of every strategy and every learner seed."""
    return tuple(stream_key(episode, "evaluation") % 2**31 for episode in range(episodes))


def rollout_value(
    make_env: "Callable[[], gymnasium.Env[Any, Any]]",
    act: Callable[[Any], Any],
    seeds: Sequence[int],
    horizon: int | None,
) -> float:
    """The mean undiscounted return of `act` (observation -> action) over one episode per seed.

    The environment's own time limit applies. `horizon` cuts an episode only where the environment's spec names no
    limit; without both, `ROLLOUT_LIMIT` does, so that evaluation always ends.
    """
    env = make_env()
    limit = None if env.spec is None else env.spec.max_episode_steps
    if limit is None:
        limit = horizon or ROLLOUT_LIMIT
    try:
        return float(np.mean([_episode_return(env, act, seed, limit) for seed in seeds]))
    finally:
        env.close()


def _episode_return(env: "gymnasium.Env[Any, Any]", act: Callable[[Any], Any], seed: int, limit: int) -> float:
    observation, _ = env.reset(seed=seed)
    total = 0.0
    for _ in range(limit):
        observation, reward, terminated, truncated, _ = env.step(act(observation))
        total += float(reward)
        if terminated or truncated:
            break
    return total
