"""Contextual bandits: which arm is best depends on what is seen."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError, unknown
from daedalus.core.mdp import check_size
from daedalus.core.rng import generator
from daedalus.core.world import Prospects
from daedalus.envs.naming import at_least, typed

if TYPE_CHECKING:
    import gymnasium

    from daedalus.envs.contextual_env import ContextualEnv
    from daedalus.envs.contextual_rules import Features, Truth
    from daedalus.envs.vector.contextual import ContextualKernel

Kind = Literal["linear", "logistic"]

_POINTS, _NUMBERS = 2**14, 2**24  # contexts, and numbers in all of them, over which a policy is judged
_MOST_FEATURES = 21_201  # for which SciPy has Sobol's direction numbers
_FAR = 9.0  # from 53 random bits no normal number is further out than √(106 ln 2)


@dataclass(frozen=True, eq=False)
class ContextualBandit:
    """Arm a in context x has the score w_a · x: its mean reward if linear, the log-odds of a reward of 1 if logistic.

    Contexts are drawn from N(0, I), or evenly from the rows of `contexts`, of which only the number is shown.
    """

    name: str
    kind: Kind
    weights: Floats  # (A, d)
    noise: float = 1.0  # the standard deviation of linear rewards
    contexts: "Features | None" = None  # (n, d)

    def __post_init__(self) -> None:
        weights = np.array(self.weights, dtype=np.float64)
        if weights.ndim != 2 or len(weights) < 2 or not weights.shape[1] or not np.all(np.isfinite(weights)):
            raise UserError(f"{self.name}: weights must have shape (at least 2 arms, features) and be finite")
        if self.kind not in ("linear", "logistic"):
            raise unknown(f"{self.name}: kind", self.kind, ("linear", "logistic"))
        if not 0 <= self.noise < np.inf:
            raise UserError(f"{self.name}: noise must be at least 0 and finite, not {self.noise}")
        arrays: dict[str, Any] = {"weights": weights}
        if self.contexts is None and weights.shape[1] > _MOST_FEATURES:
            raise UserError(
                f"{self.name}: beyond {_MOST_FEATURES:,} features nobody can tell what the best arm earns; "
                "give fewer features, or a number of contexts"
            )
        if self.contexts is not None:
            contexts = np.array(self.contexts, dtype=np.float32)
            if contexts.ndim != 2 or contexts.shape[1] != weights.shape[1] or not len(contexts):
                raise UserError(f"{self.name}: contexts must have shape (contexts, {weights.shape[1]})")
            arrays["contexts"] = contexts
        for name, array in arrays.items():
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def arms(self) -> int:
        """A, the number of arms."""
        return len(self.weights)

    @property
    def features(self) -> int:
        """d, the length of a context."""
        return int(self.weights.shape[1])

    def means(self, contexts: Any) -> Floats:
        """The true means of all arms in contexts (..., d), (..., A)."""
        scores: Floats = np.asarray(contexts, dtype=np.float64) @ self.weights.T
        return scores if self.kind == "linear" else 1.0 / (1.0 + np.exp(-scores))

    def best_mean(self, points: int = 2**18) -> float:
        """What the best arm of each context earns per pull in expectation.

        Exact over a number of contexts. Over N(0, I) the mean over so many `even_contexts`. With the default number the
        error is below 1e-4 where a context has up to 5 features, and below 2e-3 where it has up to 200.
        """
        contexts = self.even_contexts(points) if self.contexts is None else self.contexts
        return float(self.means(contexts).max(axis=1).mean())

    def even_contexts(self, points: int) -> Floats:
        """Points that cover N(0, I) evenly, a power of two of them, (points, d).

        Sobol points and their mirror images through the inverse normal distribution (quasi-Monte Carlo).
        """
        from scipy.special import ndtri
        from scipy.stats import qmc

        half = ndtri(qmc.Sobol(self.features, scramble=False).random(points // 2) + 1.0 / points)
        return np.concatenate([half, -half])

    def prospects(self) -> Prospects:
        """What every arm earns: in each of a number of contexts, else over even ones (so that all agents meet them)."""
        if self.contexts is None:
            points = min(_POINTS, 2 ** int(np.log2(_NUMBERS / self.features)))
            return Prospects(self.even_contexts(points).astype(np.float32), self.means, exact=False)
        contexts = self.contexts
        return Prospects(np.arange(len(contexts)), lambda numbers: self.means(contexts[numbers]), exact=True)

    def truth(self) -> "Truth":
        """The same, laid out for compiled code."""
        from daedalus.envs.contextual_rules import Truth

        nothing = np.empty((0, self.features), dtype=np.float32)
        contexts = nothing if self.contexts is None else np.array(self.contexts)
        return Truth(np.array(self.weights), contexts, self.kind == "logistic", float(self.noise))

    def observation_space(self) -> "gymnasium.Space[Any]":
        """`Discrete(n)`, or `Box` of d numbers."""
        from gymnasium.spaces import Box, Discrete

        if self.contexts is not None:
            return Discrete(len(self.contexts))
        return Box(-_FAR, _FAR, (self.features,), dtype=np.float32)

    def environment(self, render_mode: str | None = None) -> "ContextualEnv":
        """Its Gymnasium environment."""
        from daedalus.envs.contextual_env import ContextualEnv

        return ContextualEnv(self, render_mode)

    def kernel(self, num_envs: int) -> "ContextualKernel":
        """Many of them at once."""
        from daedalus.envs.vector.contextual import ContextualKernel

        return ContextualKernel(self, num_envs)


def contextual_bandit(
    kind: Kind = "linear",
    arms: int = 5,
    features: int = 5,
    contexts: int | None = None,
    noise: float = 1.0,
    seed: int = 0,
) -> ContextualBandit:
    """A bandit that shows a context before every pull; which arm is best depends on it.

    ## Description
    Every episode shows one context x and takes one pull. Each arm has weights w, drawn once at construction, and a
    score w · x. `kind="linear"`: the score is the arm's mean reward, and its rewards are Gaussian; over contexts, the
    scores have standard deviation 1. `kind="logistic"`: the arm pays 1 with probability 1 / (1 + exp(−score)), else
    0; the scores have standard deviation 2. Contexts come from N(0, I), or with `contexts=n` from n fixed draws of it,
    of which only the number is shown.

    ## Action Space
    `Discrete(arms)`: the arm to pull.

    ## Observation Space
    `Box(-9, 9, (features,), float32)`: the context (no normal number drawn here lies beyond 8.6); with `contexts=n`
    its number, `Discrete(n)`.

    ## Starting State
    A context, drawn anew for each episode.

    ## Rewards
    Linear: N(w · x, noise²). Logistic: 0 or 1.

    ## Episode End
    Every pull terminates its episode. `info` tells `best`, the highest mean of all arms in this context, and `mean`,
    that of the arm pulled (before the pull the same as `best`): their difference is the regret of the pull.

    ## Arguments
    - `kind`: "linear" or "logistic".
    - `arms`: at least 2.
    - `features`: the length of a context, at least 1.
    - `contexts`: how many contexts there are, or none: always a new one.
    - `noise`: the standard deviation of linear rewards; it goes with `kind="linear"`.
    - `seed`: draws the weights and the fixed contexts, not what `reset` and `step` draw. In a comparison that gives
      no seed, seed i of every agent meets those of `seed=i`.

    ## References
    L. Li, W. Chu, J. Langford and R. Schapire, A contextual-bandit approach to personalized news article
    recommendation, WWW 2010.

    ## Version History
    - v0: first version.
    """
    given = {"kind": kind, "arms": arms, "features": features, "contexts": contexts, "noise": noise, "seed": seed}
    name = typed("daedalus/ContextualBandit-v0", contextual_bandit, given)
    at_least(name, 2, arms=arms)
    at_least(name, 1, features=features, contexts=1 if contexts is None else contexts)
    at_least(name, 0, seed=seed)
    if kind == "logistic" and noise != 1.0:
        raise UserError(f"{name}: noise belongs to kind=linear; a logistic arm pays 0 or 1")
    check_size(arms + (contexts or 0), features, 1)
    rng = generator(seed, "arms")
    weights = rng.standard_normal((arms, features)) * (1.0 if kind == "linear" else 2.0) / np.sqrt(features)
    shown = None if contexts is None else rng.standard_normal((contexts, features)).astype(np.float32)
    return ContextualBandit(name, kind, weights, noise, shown)
