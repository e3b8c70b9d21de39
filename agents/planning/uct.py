"""UCT, compiled for finite worlds: before each action, imagine games from here and see which action did best.

In the tree, an action is chosen by UCB1 on the returns met below it, one not yet tried first; beyond the tree, at
random; each game adds one node.

    argmax_a  Q(n, a) + c · R · √(ln N(n) / N(n, a))        (Kocsis & Szepesvári 2006, with R = 1 for returns in [0, 1])

Details: R is the range of the returns met so far in the search, so that c need not know the world's rewards; c = √2 is
UCB1's own. A node is a history of actions and outcomes from the root, not a state, and every search starts with an
empty tree. The action taken is the one tried most, of those the one of highest Q, of those the lowest. Returns are
discounted and end with the game or after `depth` steps. The games' chances are drawn from a stream of the decision,
which the world never reads: what is imagined says nothing of what will really happen.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from daedalus.agents.exploring.basics import private
from daedalus.agents.tables.loop import Move, Population, live
from daedalus.agents.tables.method import Method, Nothing
from daedalus.core.arrays import Floats, Ints
from daedalus.core.compiled import bind, inlined, lean
from daedalus.core.draws import bits, uniform
from daedalus.core.sampling import Tables, step_outcome, tables
from daedalus.core.world import World

from .config import UCTConfig


class Numbers(NamedTuple):
    """The settings."""

    simulations: int
    c: float
    depth: int
    gamma: float


class Tree(NamedTuple):
    """Room for one search: a node for each game, the root first, and the game that is being played."""

    tries: Ints  # (M + 1, A)
    mean: Floats  # (M + 1, A), of the returns from here on
    child: Ints  # (M + 1, A, K), 0 where none has grown yet
    node: Ints  # (D,), the nodes that the game went through
    action: Ints  # (D,), and what was done in each
    reward: Floats  # (D,), of each step


class Search(NamedTuple):
    """The rule in a world."""

    numbers: Numbers
    world: Tables
    tree: Tree


def numbers(config: UCTConfig) -> Numbers:
    """The numbers of those settings."""
    return Numbers(config.simulations, config.c, config.depth, config.gamma)


def ready(world: World, config: UCTConfig) -> Search:
    """All that a search in that world needs."""
    _, actions, outcomes = world.mdp.next_state.shape
    nodes, depth = config.simulations + 1, config.depth
    tree = Tree(
        np.zeros((nodes, actions), np.int64),
        np.zeros((nodes, actions)),
        np.zeros((nodes, actions, outcomes), np.int64),
        np.zeros(depth, np.int64),
        np.zeros(depth, np.int64),
        np.zeros(depth),
    )
    return Search(numbers(config), tables(world.mdp), tree)


def enter(rule: Any, own: Any, config: UCTConfig, world: World) -> Search:
    """In each world, plan with the model of that world."""
    return ready(world, config)


@lean
def clear(tree: Tree, node: int) -> None:
    """A node where nothing was tried."""
    tree.tries[node] = 0
    tree.mean[node] = 0.0
    for action in range(tree.child.shape[1]):
        for k in range(tree.child.shape[2]):
            tree.child[node, action, k] = 0


@lean
def select(tree: Tree, node: int, width: float, draw: float) -> int:
    """UCB1 in a node; of those not yet tried, one at random (Auer, Cesa-Bianchi & Fischer 2002)."""
    untried, total, actions = 0, 0, tree.tries.shape[1]
    for action in range(actions):
        total += tree.tries[node, action]
        untried += tree.tries[node, action] == 0
    left = int(draw * untried)
    best, highest = 0, -math.inf
    for action in range(actions):
        tries = tree.tries[node, action]
        if untried > 0:
            if tries == 0:
                if left == 0:
                    return action
                left -= 1
        else:
            bound = tree.mean[node, action] + width * math.sqrt(math.log(total) / tries)
            if bound > highest:
                best, highest = action, bound
    return best


@lean
def imagine(rule: Search, state: int, stream: np.uint64, nodes: int, width: float) -> tuple[int, int]:
    """Play one game from the root; return its steps, and how many of them lay in the tree, which grows by a node."""
    world, tree = rule.world, rule.tree
    node, inside, steps = 0, 0, 0
    growing = True
    while steps < rule.numbers.depth and not world.terminal[state]:
        draw = uniform(stream, np.uint64(2) * np.uint64(steps) + np.uint64(1))
        if growing:
            action = select(tree, node, width, draw)
            tree.node[steps], tree.action[steps] = node, action
            inside = steps + 1
        else:
            action = int(draw * tree.tries.shape[1])
        k = step_outcome(world, state, action, stream, steps)
        tree.reward[steps] = world.reward[state, action, k]
        state = int(world.next_state[state, action, k])
        steps += 1
        if growing:
            if tree.child[node, action, k] == 0:
                clear(tree, nodes)
                tree.child[node, action, k] = nodes
                growing = False
            node = tree.child[node, action, k]
    return steps, inside


@lean
def search(rule: Search, state: int, key: np.uint64) -> int:
    """The action of a state, by so many games with draws of that key; the root's values stay in the tree."""
    tree, setting = rule.tree, rule.numbers
    low, high = math.inf, -math.inf
    clear(tree, 0)
    nodes = 1
    for game in range(setting.simulations):
        width = setting.c * (high - low if high > low else 1.0)
        steps, inside = imagine(rule, state, bits(key, np.uint64(game)), nodes, width)
        nodes += 1
        gain = 0.0
        for step in range(steps - 1, -1, -1):
            gain = tree.reward[step] + setting.gamma * gain
            if step < inside:
                node, action = tree.node[step], tree.action[step]
                tree.tries[node, action] += 1
                tree.mean[node, action] += (gain - tree.mean[node, action]) / tree.tries[node, action]
                low, high = min(low, gain), max(high, gain)
    return foremost(tree)


@inlined
def foremost(tree: Tree) -> int:
    """The action tried most at the root; of those the one of highest mean, of those the lowest."""
    best = 0
    for action in range(1, tree.tries.shape[1]):
        more = tree.tries[0, action] - tree.tries[0, best]
        if more > 0 or (more == 0 and tree.mean[0, action] > tree.mean[0, best]):
            best = action
    return best


@inlined
def decide(rule: Search, now: Population, own: Nothing, i: int, row: np.uint64, key: np.uint64, t: int) -> int:
    """Search from here; the table shows what the last search in each state found."""
    state = int(row) - i * (now.q.shape[0] // now.t.size)
    action = search(rule, state, private(key, t))
    for other in range(now.q.shape[1]):
        now.q[row, other] = rule.tree.mean[0, other]
    return action


@inlined
def learn(rule: Search, now: Population, own: Nothing, move: Move) -> int:
    """Nothing is learnt; the visit counts."""
    now.visits[move.row, move.action] += 1
    return -1


run = bind(live, __name__, decide=decide, learn=learn)
METHOD = Method("uct", numbers, decide, learn, run, enter=enter)


@lean
def walk(rule: Search, world_key: np.uint64, policy_key: np.uint64, steps: int, place: Ints, total: Floats) -> None:
    """Live up to `steps` more, until the end; `place` holds the state and the steps taken, `total` (1,) the return."""
    state, first = place[0], place[1]
    t = first
    while t < first + steps and not rule.world.terminal[state]:
        action = search(rule, state, private(policy_key, t))
        k = step_outcome(rule.world, state, action, world_key, t)
        total[0] += rule.world.reward[state, action, k]
        state = rule.world.next_state[state, action, k]
        t += 1
    place[0], place[1] = state, t
