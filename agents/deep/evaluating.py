"""What a learner's policy is worth somewhere: exactly in a finite world, else over some episodes."""

from typing import TYPE_CHECKING, Any

import numpy as np

from daedalus.agents.evaluation import episode_limit, evaluation_seeds, greedy_values, state_policy
from daedalus.agents.face import place
from daedalus.core.world import Bandit, Schedule, World

if TYPE_CHECKING:
    import gymnasium

    from daedalus.agents.face import Place

    from .dqn import DQN


def mean_return(model: "DQN", env: "Place | str", episodes: int, deterministic: bool = True) -> float:
    """The mean undiscounted return of the learner's policy.

    The greedy policy in a finite world is computed, under the world's time limit; everything else is lived, over so
    many episodes on the seeds that every evaluation shares. Environments with masks tell them in their `info`.
    """
    where = place(env, model.seed)
    if isinstance(where, World) and deterministic:
        return _exact(model, where)
    if isinstance(where, World | Schedule | Bandit):
        from daedalus.envs.making import environment

        where = environment(where)
    lived: gymnasium.Env[Any, Any] = where
    return _lived(model, lived, episodes, deterministic)


def _exact(model: "DQN", world: World) -> float:
    from daedalus.envs.observing import action_masks, observer_of

    observer, masks = observer_of(world), action_masks(world) if world.observation.action_mask else None

    def act(states_B: Any) -> Any:
        shown = observer.batch(states_B.astype(np.int32))
        return model.predict(shown, deterministic=True, action_masks=None if masks is None else masks[states_B])[0]

    policy_S = state_policy(world, act)
    return float(greedy_values(world, policy_S[None], None)[0][0])


def _lived(model: "DQN", env: "gymnasium.Env[Any, Any]", episodes: int, deterministic: bool) -> float:
    returns = np.zeros(episodes)
    for n, seed in enumerate(evaluation_seeds(episodes)):
        shown, info = env.reset(seed=seed)
        for _ in range(episode_limit(env, None)):
            action, _ = model.predict(shown, deterministic=deterministic, action_masks=info.get("action_mask"))
            shown, reward, terminated, truncated, info = env.step(action)
            returns[n] += float(reward)
            if terminated or truncated:
                break
    return float(returns.mean())
