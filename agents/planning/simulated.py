"""UCT in any environment that takes snapshots: games are played in it, and it is put back where it stood.

The same search as `uct.py`, which says how it goes. Each game runs in another future (`restore` with a stream of its
own), so that what will really happen is not foreseen.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import gymnasium
import numpy as np

from daedalus.core.draws import bits
from daedalus.envs import restore, snapshot

from .config import UCTConfig

Env = gymnasium.Env[Any, Any]


@dataclass
class Node:
    """A place in the tree; its children by what was done and then seen."""

    tries: list[int]
    mean: list[float]
    children: dict[tuple[int, Any], "Node"] = field(default_factory=dict)


def plan(env: Env, key: int, config: UCTConfig) -> int:
    """The action where `env` stands; it stands there afterwards too. Raises `UserError` where it takes no snapshots."""
    taken, space = snapshot(env), env.action_space
    assert isinstance(space, gymnasium.spaces.Discrete)
    actions, first = int(space.n), int(space.start)
    root, low, high = Node([0] * actions, [0.0] * actions), math.inf, -math.inf
    try:
        for game in range(config.simulations):
            stream = int(bits(np.uint64(key), np.uint64(game)))
            restore(env, taken, stream % 2**63)
            draws = np.random.Generator(np.random.Philox(key=stream))
            width = config.c * (high - low if high > low else 1.0)
            path, rewards = _imagine(env, root, draws, width, config.depth, first)
            gain = 0.0
            for step in range(len(rewards) - 1, -1, -1):
                gain = rewards[step] + config.gamma * gain
                if step < len(path):
                    node, action = path[step]
                    node.tries[action] += 1
                    node.mean[action] += (gain - node.mean[action]) / node.tries[action]
                    low, high = min(low, gain), max(high, gain)
    finally:
        restore(env, taken)
    return max(range(actions), key=lambda action: (root.tries[action], root.mean[action], -action)) + first


def _imagine(
    env: Env, node: Node, draws: np.random.Generator, width: float, depth: int, first: int
) -> tuple[list[tuple[Node, int]], list[float]]:
    """One game: where it went through the tree, and what each step paid."""
    path: list[tuple[Node, int]] = []
    rewards: list[float] = []
    growing, ended = True, False
    while len(rewards) < depth and not ended:
        action = _select(node, width, draws) if growing else int(draws.integers(len(node.tries)))
        seen, reward, terminated, truncated, _ = env.step(action + first)
        rewards.append(float(reward))
        ended = bool(terminated or truncated)
        if growing:
            path.append((node, action))
            after = action, np.asarray(seen).tobytes() if isinstance(seen, np.ndarray) else seen
            growing = after in node.children
            node = node.children.setdefault(after, Node([0] * len(node.tries), [0.0] * len(node.tries)))
    return path, rewards


def _select(node: Node, width: float, draws: np.random.Generator) -> int:
    untried = [action for action, tries in enumerate(node.tries) if tries == 0]
    if untried:
        return untried[int(draws.integers(len(untried)))]
    log_total = math.log(sum(node.tries))
    bounds = [m + width * math.sqrt(log_total / n) for m, n in zip(node.mean, node.tries, strict=True)]
    return bounds.index(max(bounds))
