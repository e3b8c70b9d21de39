"""Posterior sampling (PSRL): before each episode draw one world from what is believed, and live by its best policy.

    P(·|s, a) ~ Dirichlet(c + counts),  r(s, a) ~ N(mean, variance) of a normal posterior,
    Q = the optimal action values of the world drawn                (Strens 2000; Osband, Russo & Van Roy 2013)

Details: outcomes are the S states and the end of the world, each with prior weight c = `prior` / (S + 1); the prior of
a mean reward is N(`reward_mean`, `reward_spread`²), rewards are taken to be N(r, `noise`²) around it, and it does not
depend on s'. The greedy policy, which is judged, is that of the world drawn last. A first world is drawn after the
very first step, which is random; another when an episode ends, and where that takes long, whenever its steps have
doubled the number lived before it (as Abbasi-Yadkori & Szepesvári 2015 do, roughly). Q is solved by value iteration in
place until no value moves by more than 1e-4, or after 1000 sweeps.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, final

import numpy as np

from daedalus.agents.exploring.posteriors import gamma_draw
from daedalus.agents.exploring.rules import greedy, highest
from daedalus.agents.exploring.strategies import Greedy, Strategy
from daedalus.core.arrays import Floats, Ints
from daedalus.core.compiled import bind, inlined, lean
from daedalus.core.draws import bits, normal, uniform
from daedalus.core.errors import UserError

from .learner import TableLearner
from .loop import Move, Population, live
from .method import Method, Shape
from .room import check_bytes

if TYPE_CHECKING:
    from daedalus.agents.face import Place

_SWEEPS, _EXACT = 1000, 1e-4


@dataclass(frozen=True)
class PosteriorConfig:
    """The prior of the worlds that may be, and the discount."""

    gamma: float = 0.99  # in [0, 1]
    prior: float = 1.0  # how many visits it weighs
    reward_mean: float = 0.0
    reward_spread: float = 1.0
    noise: float = 0.5  # the standard deviation of a reward around its mean

    def __post_init__(self) -> None:
        if not 0 <= self.gamma <= 1:
            raise UserError(f"gamma must lie in [0, 1], not {self.gamma}")
        if not math.isfinite(self.reward_mean):
            raise UserError(f"reward_mean must be a finite number, not {self.reward_mean}")
        for name in ("prior", "reward_spread", "noise"):
            if not 0 < getattr(self, name) < math.inf:
                raise UserError(f"{name} must be above 0 and finite, not {getattr(self, name)}")

    @property
    def initial(self) -> float:
        """Values before a world is drawn."""
        return 0.0

    def strategy(self) -> Strategy:
        """It explores by what it draws alone."""
        return Greedy()


class PosteriorRule(NamedTuple):
    """The numbers of posterior sampling."""

    gamma: float
    prior: float
    reward_mean: float
    reward_precision: float
    noise_precision: float


class Belief(NamedTuple):
    """What was met, and the world drawn last."""

    paid: Floats  # (N, S, A), the sum of rewards
    counts: Floats  # (N, S, A, S + 1), outcomes; the last is the end
    chance: Floats  # (N, S, A, S + 1), the probabilities of the world drawn
    reward: Floats  # (N, S, A), its mean rewards
    value: Floats  # (N, S + 1), its optimal values, and 0 for the end
    drawn: Ints  # (N,), after how many steps it was drawn


def fresh(shape: Shape, config: PosteriorConfig) -> Belief:
    """The prior. Raises `UserError` where it would not fit in memory."""
    outcomes = shape.states + 1
    check_bytes("posterior_sampling", shape, 16 * outcomes, "make the world smaller, or take r_max")
    dense = (*shape, outcomes)
    return Belief(
        np.zeros(shape),
        np.zeros(dense),
        np.zeros(dense),
        np.zeros(shape),
        np.zeros((shape.seeds, outcomes)),
        np.zeros(shape.seeds, np.int64),
    )


@lean
def draw_chances(counts: Floats, chance: Floats, prior: float, key: np.uint64) -> None:
    """Write into chance (K,) a draw of Dirichlet(prior / K + counts (K,))."""
    total = 0.0
    for k in range(counts.size):
        chance[k] = gamma_draw(prior / counts.size + counts[k], np.uint64(bits(key, np.uint64(k))))
        total += chance[k]
    if total == 0.0:  # all too small for a float: then one of them is nearly all, and each as likely
        total = 1.0
        chance[int(uniform(key, np.uint64(counts.size)) * counts.size)] = 1.0
    for k in range(chance.size):
        chance[k] /= total


@inlined
def reward_posterior(rule: PosteriorRule, paid: float, visits: int) -> tuple[float, float]:
    """Mean and standard deviation of a mean reward after so many visits that paid so much in all."""
    precision = rule.reward_precision + visits * rule.noise_precision
    mean = (rule.reward_precision * rule.reward_mean + rule.noise_precision * paid) / precision
    return mean, 1.0 / math.sqrt(precision)


@lean
def draw_world(rule: PosteriorRule, now: Population, own: Belief, i: int, key: np.uint64) -> None:
    """Draw the world that seed i lives by. Each pair has a stream of its own."""
    states, actions = now.q.shape[0] // now.t.size, now.q.shape[1]
    for state in range(states):
        for action in range(actions):
            row, pair = i * states + state, np.uint64(bits(key, np.uint64(state * actions + action)))
            mean, deviation = reward_posterior(rule, own.paid[row, action], now.visits[row, action])
            own.reward[row, action] = mean + deviation * normal(pair, np.uint64(0))
            chances = own.chance[i, state, action]
            draw_chances(own.counts[i, state, action], chances, rule.prior, np.uint64(bits(pair, np.uint64(2))))


@lean
def solve(rule: PosteriorRule, now: Population, own: Belief, i: int) -> None:
    """The optimal values of the world drawn, from those of the one before."""
    states = now.q.shape[0] // now.t.size
    value = own.value[i]
    for _ in range(_SWEEPS):
        change = 0.0
        for state in range(states):
            row = i * states + state
            for action in range(now.q.shape[1]):
                ahead = expected(own.chance[i, state, action], value)
                now.q[row, action] = own.reward[row, action] + rule.gamma * ahead
            best = highest(now.q, row)
            change = max(change, abs(best - value[state]))
            value[state] = best
        if change <= _EXACT:
            return


@lean
def expected(chance: Floats, value: Floats) -> float:
    """Σ_k chance (K,) · value (K,), in four sums, which do not wait for each other."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    whole = chance.size // 4 * 4
    for k in range(0, whole, 4):
        a += chance[k] * value[k]
        b += chance[k + 1] * value[k + 1]
        c += chance[k + 2] * value[k + 2]
        d += chance[k + 3] * value[k + 3]
    for k in range(whole, chance.size):
        a += chance[k] * value[k]
    return (a + b) + (c + d)


@inlined
def decide(rule: PosteriorRule, now: Population, own: Belief, i: int, row: np.uint64, key: np.uint64, t: int) -> int:
    """The best action in the world drawn."""
    return greedy(now.q, row, key, t)


@inlined
def learn(rule: PosteriorRule, now: Population, own: Belief, move: Move) -> int:
    """Count what happened; where an episode begins, draw a world and solve it. Nothing is chosen ahead."""
    row, action, i, steps = move.row, move.action, move.i, move.t + 1
    now.visits[row, action] += 1
    own.paid[row, action] += move.reward
    outcome = own.value.shape[1] - 1 if move.terminated else np.int64(move.state_next)
    own.counts[i, move.state, action, outcome] += 1.0
    if move.ended or steps >= 2 * own.drawn[i]:
        own.drawn[i] = steps
        draw_world(rule, now, own, i, np.uint64(bits(move.learning, np.uint64(move.t))))
        solve(rule, now, own, i)
    return -1


def rule(config: PosteriorConfig) -> PosteriorRule:
    """The rule of those settings."""
    return PosteriorRule(config.gamma, config.prior, config.reward_mean, config.reward_spread**-2, config.noise**-2)


run = bind(live, __name__, decide=decide, learn=learn)
METHOD = Method("posterior_sampling", rule, decide, learn, run, fresh)


@final
class PosteriorSampling(TableLearner):
    """Lives each episode by the best policy of a world drawn from its posterior. Strens 2000; Osband et al. 2013."""

    config_class = PosteriorConfig
    method = METHOD

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        gamma: float = 0.99,
        prior: float = 1.0,
        reward_mean: float = 0.0,
        reward_spread: float = 1.0,
        noise: float = 0.5,
    ) -> None:
        super().__init__(
            env,
            seed,
            {
                "gamma": gamma,
                "prior": prior,
                "reward_mean": reward_mean,
                "reward_spread": reward_spread,
                "noise": noise,
            },
        )
