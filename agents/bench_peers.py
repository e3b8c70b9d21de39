"""What `daedalus bench agents` measures us against: the same learning as people usually write it.

Each function makes ready and returns a `work` that lives on for a spell, with the steps of one call. All learn with
ε = 0.1, α = 0.1 and γ = 0.99, as ours do; JAX and MushroomRL are imported only when they are asked for.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import gymnasium
import numpy as np

from daedalus.core.rng import generator
from daedalus.core.sampling import tables
from daedalus.core.world import World

Work = tuple[Callable[[], object], int]

_ALPHA, _GAMMA, _EPSILON = 0.1, 0.99, 0.1


def tutorial(name: str) -> Work:
    """Q-learning as tutorials have it: a NumPy table, a Python loop, one environment of Gymnasium."""
    env, rng, steps = gymnasium.make(name), generator(0, "policy"), 500
    q = np.zeros((int(env.observation_space.n), int(env.action_space.n)))  # type: ignore[attr-defined]
    state, _ = env.reset(seed=0)

    def work() -> None:
        nonlocal state
        for _ in range(steps):
            action = int(rng.integers(q.shape[1])) if rng.random() < _EPSILON else int(np.argmax(q[state]))
            state_next, reward, terminated, truncated, _ = env.step(action)
            target = float(reward) + _GAMMA * (not terminated) * np.max(q[state_next])
            q[state, action] += _ALPHA * (target - q[state, action])
            state = env.reset()[0] if terminated or truncated else state_next

    return work, steps


def numpy_runs(world: World, runs: int) -> Work:
    """Q-learning of many runs as the rows of arrays: a Python loop over the steps alone; the world is deterministic."""
    laid, rng, steps, each = tables(world.mdp), generator(0, "policy"), 100, np.arange(runs)
    q = np.zeros((runs, world.mdp.states, world.mdp.actions))
    state = np.full(runs, int(laid.starts[0]))

    def work() -> None:
        nonlocal state
        for _ in range(steps):
            explored = rng.integers(q.shape[2], size=runs)
            action = np.where(rng.random(runs) < _EPSILON, explored, q[each, state].argmax(axis=1))
            reward, state_next = laid.reward[state, action, 0], laid.next_state[state, action, 0]
            ended = laid.terminal[state_next]
            target = reward + _GAMMA * ~ended * q[each, state_next].max(axis=1)
            q[each, state, action] += _ALPHA * (target - q[each, state, action])
            state = np.where(ended, laid.starts[0], state_next)

    return work, steps * runs


def jax_runs(world: World, runs: int) -> Work:
    """The same in JAX: one step as a function, over time by `scan`, over runs by `vmap`, compiled for the processor."""
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    laid, steps = tables(world.mdp), 2000
    reward_of, next_of = jnp.asarray(laid.reward[:, :, 0], jnp.float32), jnp.asarray(laid.next_state[:, :, 0])
    terminal, start = jnp.asarray(laid.terminal), int(laid.starts[0])

    def step(carry: Any, key: Any) -> Any:
        q, state = carry
        coin, explored = jax.random.uniform(key), jax.random.randint(jax.random.fold_in(key, 1), (), 0, q.shape[1])
        action = jnp.where(coin < _EPSILON, explored, q[state].argmax())
        state_next = next_of[state, action]
        target = reward_of[state, action] + _GAMMA * ~terminal[state_next] * q[state_next].max()
        q = q.at[state, action].add(_ALPHA * (target - q[state, action]))
        return (q, jnp.where(terminal[state_next], start, state_next)), None

    def live(q: Any, state: Any, key: Any) -> Any:
        return jax.lax.scan(step, (q, state), jax.random.split(key, steps))[0]

    run = jax.jit(jax.vmap(live), backend="cpu")
    q = jnp.zeros((runs, world.mdp.states, world.mdp.actions), jnp.float32)
    state, turn = jnp.full(runs, start), 0

    def work() -> None:
        nonlocal q, state, turn
        turn += 1
        q, state = jax.block_until_ready(run(q, state, jax.random.split(jax.random.key(turn), runs)))

    return work, steps * runs


def mushroom(world: World) -> Work:
    """MushroomRL's Q-learning in its own environment of a finite MDP."""
    steps, mdp = 500, world.mdp
    chance = np.zeros((mdp.states, mdp.actions, mdp.states))
    reward = np.zeros_like(chance)
    for s, a, k in np.ndindex(mdp.next_state.shape):
        if not mdp.terminal[s]:  # a state without a way out ends its episodes
            chance[s, a, mdp.next_state[s, a, k]] += mdp.probability[s, a, k]
            reward[s, a, mdp.next_state[s, a, k]] = mdp.reward[s, a, k]
    finite = import_module("mushroom_rl.environments.finite_mdp").FiniteMDP
    env = finite(chance, reward, mdp.start, gamma=_GAMMA, horizon=np.inf)
    parameter = import_module("mushroom_rl.utils.parameters").Parameter
    policy = import_module("mushroom_rl.policy").EpsGreedy(epsilon=parameter(_EPSILON))
    agent = import_module("mushroom_rl.algorithms.value").QLearning(env.info, policy, learning_rate=parameter(_ALPHA))
    core = import_module("mushroom_rl.core").Core(agent, env)
    return lambda: core.learn(n_steps=steps, n_steps_per_fit=1, quiet=True), steps


def testbed_loop(arms: int, pulls: int, ucb: bool) -> Work:
    """One run of the testbed as a book has it: a Python loop with NumPy's functions on ten numbers."""
    rng = generator(0, "policy")

    def work() -> None:
        means, q, n = rng.normal(size=arms), np.zeros(arms), np.zeros(arms)
        for t in range(pulls):
            if ucb:
                arm = int(np.argmax(np.where(n > 0, q + np.sqrt(2 * np.log(t + 1) / np.maximum(n, 1)), np.inf)))
            elif rng.random() < _EPSILON:
                arm = int(rng.integers(arms))
            else:
                arm = int(rng.choice(np.flatnonzero(q == q.max())))
            n[arm] += 1
            q[arm] += (rng.normal(means[arm]) - q[arm]) / n[arm]

    return work, pulls


def testbed_numpy(runs: int, arms: int, pulls: int, ucb: bool) -> Work:
    """All runs of the testbed as the rows of arrays: a Python loop over the pulls alone."""
    rng, each = generator(0, "policy"), np.arange(runs)

    def work() -> None:
        means, q, n = rng.normal(size=(runs, arms)), np.zeros((runs, arms)), np.zeros((runs, arms))
        for t in range(pulls):
            if ucb:
                bound = np.where(n > 0, q + np.sqrt(2 * np.log(t + 1) / np.maximum(n, 1)), np.inf)
                arm = bound.argmax(axis=1)
            else:
                best = (q + 1e-9 * rng.random((runs, arms))).argmax(axis=1)
                arm = np.where(rng.random(runs) < _EPSILON, rng.integers(arms, size=runs), best)
            n[each, arm] += 1
            q[each, arm] += (rng.normal(means[each, arm]) - q[each, arm]) / n[each, arm]

    return work, runs * pulls
