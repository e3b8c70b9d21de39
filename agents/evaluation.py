"""What a policy is worth: exactly on a finite world, by shared rollouts anywhere else."""

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints
from daedalus.core.planning import evaluation_horizon, policy_values_within, truth
from daedalus.core.rng import stream_key
from daedalus.core.world import OpenWorld, Prospects, World

from .rollouts import sampled_value

if TYPE_CHECKING:
    import gymnasium

#: Episodes of a sampled evaluation.
EVALUATION_EPISODES = 10

#: Transitions in which the exact value of one policy must be found, else it is sampled: some tenths of a second.
EVALUATION_BUDGET = 300_000_000

#: Steps after which a sampled episode is cut where neither the world nor the experiment names a limit.
ROLLOUT_LIMIT = 10_000

#: How many inputs a network is asked for at once when its policy is read off (numbers, not rows).
_BATCH_NUMBERS = 2**24


def greedy_values(world: World, policies: Ints, horizon: int | None) -> tuple[Floats, Bools]:
    """The evaluation value (N,) of each policy, (N, S) actions, and whether it is exact (N,).

    Expected undiscounted return from the start distribution under the world's time limit, else under `horizon`,
    else under 10·S steps. Where that would cost too much, the mean over `evaluation_seeds` (`sampled_value`).
    """
    limit = evaluation_horizon(world, horizon)
    value_N = policy_values_within(world.mdp, policies, limit, budget=EVALUATION_BUDGET)
    exact_N = ~np.isnan(value_N)
    for n in np.flatnonzero(~exact_N):
        value_N[n] = sampled_value(world.mdp, policies[n], limit, evaluation_seeds())
    return value_N, exact_N


def known_values(world: World, horizon: int | None) -> tuple[float, float]:
    """The best and the random evaluation value; NaN where computing one would cost minutes."""
    known = truth(world, horizon)
    return (
        np.nan if known.optimum is None else known.optimum,
        np.nan if known.random_value is None else known.random_value,
    )


def state_policy(world: World, predict: Callable[[Ints], Ints], inputs: int | None = None) -> Ints:
    """Read a policy off as a table, (S,) actions.

    `predict` maps state indices (B,) to actions (B,). It is asked for every state an agent can meet, in as few
    batches as memory allows (`state_batches`); states behind them (absorbing ones that an import added) get action 0.
    """
    policy_S = np.zeros(world.mdp.states, dtype=np.int64)
    for states_B in state_batches(world, inputs):
        policy_S[states_B] = predict(states_B)
    return policy_S


def state_batches(world: World, inputs: int | None = None) -> list[Ints]:
    """Every state that an agent can meet, in few batches that a network can take.

    `inputs` is how many numbers a network takes for a state; by default as many as there are states, one-hot.
    """
    batches = max(1, -(-(world.states * (inputs or world.states)) // _BATCH_NUMBERS))
    return np.array_split(np.arange(world.states, dtype=np.int64), batches)


def evaluation_seeds(episodes: int = EVALUATION_EPISODES) -> tuple[int, ...]:
    """The environment seeds that every sampled evaluation uses, of every strategy and every learner seed."""
    return tuple(stream_key(episode, "evaluation") % 2**31 for episode in range(episodes))


def rollout_value(
    make_env: "Callable[[], gymnasium.Env[Any, Any]]",
    act: Callable[[list[Any]], Sequence[Any]],
    seeds: Sequence[int],
    horizon: int | None,
) -> float:
    """The mean undiscounted return over one episode per seed, lived side by side.

    `act` maps the observations of the episodes still running, in the seeds' order, to their actions, so that a
    network answers them in one batch. The environment's own time limit applies. `horizon` cuts an episode only where
    the environment's spec names no limit; without both, `ROLLOUT_LIMIT` does, so that evaluation always ends.
    """
    envs = [make_env() for _ in seeds]
    try:
        observations = {n: env.reset(seed=seed)[0] for n, (env, seed) in enumerate(zip(envs, seeds, strict=True))}
        returns = np.zeros(len(envs))
        for _ in range(episode_limit(envs[0], horizon)):
            for n, action in zip(list(observations), act(list(observations.values())), strict=True):
                observation, reward, terminated, truncated, _ = envs[n].step(action)
                observations[n] = observation
                returns[n] += float(reward)
                if terminated or truncated:
                    del observations[n]
            if not observations:
                break
        return float(returns.mean())
    finally:
        for env in envs:
            env.close()


def open_columns(
    worlds: Sequence[OpenWorld], act: Callable[[int, Any], Sequence[Any]], horizon: int | None
) -> dict[str, Any]:
    """What a curve says of policies in open worlds, one in each: by their prospects where known, else by rollouts.

    `act(i, observations)` maps a batch of what world i shows to the actions of its policy.
    """
    known = [world.prospects for world in worlds if world.prospects]
    if known:
        return prospective(known, [one.value(act(i, one.shown)) for i, one in enumerate(known)])
    seeds = evaluation_seeds()
    values = [rollout_value(world.make, functools.partial(act, i), seeds, horizon) for i, world in enumerate(worlds)]
    return {"value": values, "exact": False}


def prospective(known: Sequence[Prospects], values: Sequence[float]) -> dict[str, Any]:
    """What a curve says of policies of those values, where the prospects of each are known."""
    optimum_N = np.array([one.optimum for one in known])
    return {
        "value": values,
        "exact": [one.exact for one in known],
        "optimum": optimum_N,
        "random_value": [one.random_value for one in known],
        "regret": optimum_N - values,
    }


def episode_limit(env: "gymnasium.Env[Any, Any]", horizon: int | None) -> int:
    """After how many steps a sampled episode is cut: by the environment's spec, else `horizon`, else our own limit."""
    own = None if env.spec is None else env.spec.max_episode_steps
    return own or horizon or ROLLOUT_LIMIT
