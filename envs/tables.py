"""Whether an environment's table tells the truth about it."""

import copy
from operator import index
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Discrete

#: Steps for which a table is held against the environment that carries it, and the longest episode among them.
_TRIED, _EPISODE = 400, 50

_FACE = {"step", "reset"}


def has_table(env: Any) -> bool:
    """Whether the unwrapped `env` carries a table `P` that tells its whole dynamics.

    States and actions must be 0…S-1 and 0…A-1, one class alone must say how to step and to reset (a subclass that
    overrides either may do anything), and a class that is not Gymnasium's must be seen to follow its table. Taxi with
    a fickle passenger does not: its passenger changes plans beside the table.
    """
    if not isinstance(getattr(env, "P", None), dict) or not hasattr(env, "initial_state_distrib"):
        return False
    if getattr(env, "fickle_passenger", False):
        return False
    counts = (len(env.P), len(env.P[0]) if isinstance(env.P.get(0), dict) else 0)
    spaces = (getattr(env, "observation_space", None), getattr(env, "action_space", None))
    if any(not isinstance(s, Discrete) or (s.start, s.n) != (0, n) for s, n in zip(spaces, counts, strict=True)):
        return False
    authors = [cls for cls in type(env).__mro__ if cls is not gymnasium.Env and _FACE & vars(cls).keys()]
    if len(authors) != 1 or not vars(authors[0]).keys() >= _FACE or _FACE & vars(env).keys():
        return False
    return _is_own(authors[0]) or _follows_table(env)


def own_kind(env: Any) -> str:
    """The name of `env`'s class if it is one of Gymnasium's own, else ""."""
    return type(env).__name__ if _is_own(type(env)) else ""


def _is_own(cls: type) -> bool:
    return cls.__module__.startswith("gymnasium.envs.toy_text.")


def _follows_table(env: Any) -> bool:
    """Whether a copy of `env`, stepped at random, does only what its table says."""
    choices = np.random.Generator(np.random.Philox(0))
    try:
        env = copy.deepcopy(env)
        env.render_mode = None
        elapsed = _EPISODE
        for t in range(_TRIED):
            if elapsed == _EPISODE:
                state, elapsed = index(env.reset(seed=t)[0]), 0
                if not env.initial_state_distrib[state] > 0:
                    return False
            action = int(choices.integers(len(env.P[0])))
            reached, reward, done, cut, _ = env.step(action)
            seen = (index(reached), float(reward), bool(done))
            row = env.P[state][action]
            if cut or not any(chance > 0 and (to, float(paid), bool(end)) == seen for chance, to, paid, end in row):
                return False
            state, elapsed = seen[0], _EPISODE if done else elapsed + 1
    except Exception:  # a stranger's code: whatever it raises, its table is not to be trusted
        return False
    return True
