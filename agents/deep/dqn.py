"""The public face of deep Q-networks, as people know it from Stable-Baselines3; importing it imports no torch."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, final

import numpy as np

from daedalus.agents.face import place, whole
from daedalus.core.arrays import Ints
from daedalus.core.errors import UserError
from daedalus.core.spec import fill
from daedalus.core.world import LONGEST, Bandit, OpenWorld, Problem

from .config import DQNConfig, Loss, NetworkName, OptimiserName
from .logger import Logger

if TYPE_CHECKING:
    from daedalus.agents.face import Place

    from .body import Body
    from .callbacks import Hooks

    MaybeCallback = Hooks | Sequence[Hooks] | Callable[..., bool | None] | None


@final
class DQN:
    """Deep Q-network, Mnih et al. 2015, "Human-level control through deep reinforcement learning".

    A network is trained towards r + γ·max_a Q⁻(s', a) on transitions drawn uniformly from a buffer of what was lived;
    Q⁻ is a target network that follows it now and then. Differences from the paper:

    - The optimiser is Adam, not RMSProp (`optimiser=rmsprop`), the loss Huber's on the mean of the batch, whose slope
      is the paper's clipped error (`loss=squared` does not clip).
    - Gradients are clipped to a norm of `max_grad_norm` (none in the paper).
    - ε falls over a share of all steps, not over the first million, and stays at `exploration_final_eps`, by which
      nobody is evaluated: policies are judged greedily, not with ε = 0.05.
    - The target network is copied after so many steps, which the paper counts in updates; `tau` below 1 moves it
      softly (Lillicrap et al. 2016).
    - Time limits are bootstrapped through, where the paper has none; a lost life ends nothing.
    - Rewards are not clipped, frames neither skipped nor stacked: wrap the environment for that.
    - Observations may be vectors, numbers (one-hot) or grids; a perceptron takes those of one axis. The convolutions
      are the paper's for pictures of 36 pixels and more, smaller ones for grids.
    - Forbidden actions (`info["action_mask"]`) are neither explored, nor chosen, nor part of a target's maximum.
    - Weights begin as torch's layers do, biases too, drawn by the learner's own stream.

    With `replay=False` and `target_network=False` it is plain Q-learning with a network, on what was just lived.
    """

    config_class: ClassVar[type[Any]] = DQNConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        learning_rate: float = DQNConfig.learning_rate,
        buffer_size: int = DQNConfig.buffer_size,
        learning_starts: int = DQNConfig.learning_starts,
        batch_size: int = DQNConfig.batch_size,
        tau: float = DQNConfig.tau,
        gamma: float = DQNConfig.gamma,
        train_freq: int = DQNConfig.train_freq,
        gradient_steps: int = DQNConfig.gradient_steps,
        target_update_interval: int = DQNConfig.target_update_interval,
        exploration_fraction: float = DQNConfig.exploration_fraction,
        exploration_initial_eps: float = DQNConfig.exploration_initial_eps,
        exploration_final_eps: float = DQNConfig.exploration_final_eps,
        max_grad_norm: float | None = DQNConfig.max_grad_norm,
        width: int | tuple[int, ...] = DQNConfig.width,
        depth: int = DQNConfig.depth,
        network: NetworkName = DQNConfig.network,
        loss: Loss = DQNConfig.loss,
        optimiser: OptimiserName = DQNConfig.optimiser,
        replay: bool = DQNConfig.replay,
        target_network: bool = DQNConfig.target_network,
        tensorboard_log: str | Path | None = None,
        device: str = "auto",
    ) -> None:
        given: dict[str, Any] = {
            "learning_rate": learning_rate,
            "buffer_size": buffer_size,
            "learning_starts": learning_starts,
            "batch_size": batch_size,
            "tau": tau,
            "gamma": gamma,
            "train_freq": train_freq,
            "gradient_steps": gradient_steps,
            "target_update_interval": target_update_interval,
            "exploration_fraction": exploration_fraction,
            "exploration_initial_eps": exploration_initial_eps,
            "exploration_final_eps": exploration_final_eps,
            "max_grad_norm": max_grad_norm,
            "width": width,
            "depth": depth,
            "network": network,
            "loss": loss,
            "optimiser": optimiser,
            "replay": replay,
            "target_network": target_network,
        }
        _refuse_policy(env)
        self.seed = whole(seed, "seed")
        plain = {key: value.item() if isinstance(value, np.generic) else value for key, value in given.items()}
        self.config = fill(DQNConfig, plain, "DQN")
        self.tensorboard_log, self._device = tensorboard_log, device
        self.logger = Logger()
        self._predictions = 0
        self._live(env)

    def _live(self, env: "Place | str") -> None:
        """Begin there, with a fresh network."""
        from .body import embodied

        where = place(env, self.seed)
        self._env: Place | None = where if isinstance(env, str) else env
        self._body: Body = embodied(where, self.config, self.seed, self._device)

    @classmethod
    def check(cls, problem: Problem) -> None:
        """Refuse, before anything is run, a world whose spaces do not fit. Raises `UserError`."""
        if isinstance(problem, Bandit):
            raise UserError(f"dqn learns from what it sees, and {problem.name} is a bandit; take epsilon_greedy there")
        if isinstance(problem, OpenWorld):
            from .open import open_spaces

            with closing(problem.make()) as env:
                open_spaces(env, problem.name)

    @property
    def num_timesteps(self) -> int:
        """Steps learnt from so far."""
        return self._body.t

    @property
    def exploration_rate(self) -> float:
        """ε of the next decision."""
        return self._body.epsilon

    def learn(
        self,
        total_timesteps: float,
        callback: "MaybeCallback" = None,
        log_interval: int | None = 4,
        tb_log_name: str = "DQN",
        progress_bar: bool = False,
    ) -> Self:
        """Learn for exactly `total_timesteps` more steps (1e6 will do); an episode they cut goes on with the next call.

        ε falls over `exploration_fraction` of all steps up to the end of this call. Numbers are told to `logger`
        after every `log_interval` episodes, and go to TensorBoard where the learner has a `tensorboard_log`.
        """
        steps = whole(total_timesteps, "total_timesteps")
        if not 1 <= steps < LONGEST:
            raise UserError(f"total_timesteps must be at least 1, not {total_timesteps}")
        if log_interval is not None and whole(log_interval, "log_interval") < 1:
            raise UserError(f"log_interval must be at least 1 episode, or None, not {log_interval}")
        from .learning import learn

        learn(self, self._body, steps, callback, log_interval, tb_log_name, progress_bar)
        return self

    def predict(
        self,
        obs: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
        action_masks: Any = None,
    ) -> tuple[Ints | np.int64, Any]:
        """Actions for an array of observations, or one for one, and `state` as it came (there is none to keep).

        Deterministic: the best action, the lowest among ties. Otherwise it explores with the ε of the moment, from a
        random stream of its own, so that predicting changes nothing that is learnt. `action_masks`, of the same
        leading shape, say which actions are allowed. Raises `UserError` for what is no observation.
        """
        del episode_start
        actions = self._body.predict(obs, action_masks, None if deterministic else self._predictions)
        self._predictions += not deterministic
        return actions, state

    def get_env(self) -> "Place | None":
        """Where it lives: the environment as it was given, or the world that its name stands for; None: nowhere."""
        return self._env

    def get_vec_normalize_env(self) -> None:
        """None: nothing is normalised. Stable-Baselines3's `EvalCallback` asks."""

    def set_env(self, env: "Place | str") -> None:
        """Move to another environment with all that is learnt, as `load(path, env)` does."""
        where = place(env, self.seed)
        self._body = self._body.moved(where)
        self._env = where if isinstance(env, str) else env

    def save(self, path: str | Path) -> None:
        """Write the learner to one file, whole or not at all: weights, optimiser, memory, and where it stands."""
        from .storing import save

        save(Path(path), self._body, self._predictions)

    @classmethod
    def load(
        cls,
        path: str | Path,
        env: "Place | str | None" = None,
        device: str = "auto",
        tensorboard_log: str | Path | None = None,
    ) -> Self:
        """Read a saved learner. With `env` it can learn on: in the world it left, as if never interrupted, where that
        can be taken down; elsewhere from a new episode, and with an empty memory where states are other ones.

        Raises `UserError` for a file that is damaged or holds something else, and for an environment whose
        observations or actions are others.
        """
        from .storing import load

        self = cls.__new__(cls)
        self._body, self._predictions = load(Path(path), device)
        self.config, self.seed = self._body.config, self._body.seed
        self.tensorboard_log, self._device, self.logger, self._env = tensorboard_log, device, Logger(), None
        if env is not None:
            self.set_env(env)
        return self


def _refuse_policy(env: Any) -> None:
    """What Stable-Baselines3 takes first is no environment."""
    if isinstance(env, str) and env.endswith("Policy"):
        raise UserError(f"DQN takes no policy: DQN('CartPole-v1', network='mlp'), not {env!r}")
