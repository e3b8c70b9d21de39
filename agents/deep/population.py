"""N deep Q-networks of one config, one per seed, that live and learn in lockstep; one learner is N = 1.

Seed i acts, remembers and learns the same whoever stands beside it, bit for bit where the network is a perceptron on
the CPU: its environment, its coins, its samples and its first weights come from streams of its own.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from daedalus.agents.memory import damaged_snapshot
from daedalus.core.arrays import Floats, Ints
from daedalus.core.device import Numerics, torch_generator
from daedalus.core.engine import Engine, Remedies, Training, out_of_memory
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Columns
from daedalus.core.nn.population import stack, take_slot
from daedalus.core.replay.buffer import Replay
from daedalus.core.rng import stream_keys

from .config import DQNConfig
from .exploration import Coins, picked
from .living import Array, Frame, Living, Moved
from .network import optimiser_of, q_network
from .newest import Memory, Newest
from .objective import LOSSES, ActionValues
from .quick import QuickTrainer, Rows, quick
from .seeing import numbers_of
from .tally import Tally
from .targets import allowed, q_target

#: Updates whose batches are drawn, and whose targets are found, at once: the target network stands still meanwhile.
_TOGETHER = 8
#: Numbers that such a group may hold.
_GROUP_NUMBERS = 2**22
_REMEDIES = Remedies("clip the gradient (max_grad_norm=1)", "lower batch_size or width")


@final
class DQNPopulation:
    """Learners of seeds in a `Living`; `span` steps are those over which ε falls."""

    def __init__(
        self, living: Living, config: DQNConfig, seeds: Sequence[int], span: int, numerics: Numerics, capacity: int
    ) -> None:
        self.living, self.config, self.seeds, self.span = living, config, tuple(seeds), span
        self.t = 0
        self.since = 0  # the step at which the memory was empty
        self.torn = False  # whether the last step was broken off, so that the memory and the world stand apart
        self.tally = Tally(len(seeds))
        sense, count = living.sense, len(seeds)
        generators = [torch_generator(seed, "init") for seed in seeds]
        self.device = numerics.device
        with _room(self.device, "this network", "lower width or depth"):
            self.network = q_network(config, sense.eye, sense.actions, generators)
            numerics.place(self.network)
            self._target = copy.deepcopy(self.network).requires_grad_(False)
        self._old: list[Tensor] = list(self._target.parameters())
        self._new: list[Tensor] = list(self.network.parameters())
        self._q: Callable[[Tensor], Tensor] = self.network
        self._q_target: Callable[[Tensor], Tensor] = self._target
        with _room(self.device, "this network's optimiser", "lower width or depth"):
            self.engine = self._trainer(numerics)
        self.memory: Memory = (
            Replay(capacity, count, sense.frame, gamma=config.gamma)
            if config.replay
            else Newest(config.batch_size, count, sense.frame, config.gamma)
        )
        self.memory.begin(living.frame)
        self._coins = Coins(stream_keys(seeds, "policy"))
        self._replay_keys = stream_keys(seeds, "replay")
        rows = config.batch_size * max(1, count * numbers_of(sense.eye))
        self._together = max(1, min(_TOGETHER, _GROUP_NUMBERS // rows))
        self._losses = torch.zeros(count, device=self.device)  # their sum since the last summary, and how many
        self._updates = 0
        self.last_losses: Tensor | None = None  # the mean of each seed over the last training, (N,)

    def _trainer(self, numerics: Numerics) -> "Engine | QuickTrainer":
        """What makes the updates."""
        config = self.config
        if config.optimiser == "adam" and numerics.device.type == "cpu" and quick(self.network):
            online, target = Rows(self.network), Rows(self._target)
            self._new, self._old = [online.row_NP], [target.row_NP]
            self._q, self._q_target = online.values, target.values
            return QuickTrainer(online, config.learning_rate, config.max_grad_norm, config.loss == "huber")
        training = Training(optimiser=optimiser_of(config), clip_norm=config.max_grad_norm)
        noise = [torch_generator(seed, "learning", numerics.device) for seed in self.seeds]
        return Engine(ActionValues(self.network, LOSSES[config.loss]), training, numerics, noise, _REMEDIES)

    @property
    def epsilon(self) -> float:
        """ε of the next decision."""
        return self.config.epsilon(self.t, self.span)

    @property
    def updates(self) -> int:
        """Updates made so far."""
        return self.engine.steps

    def run(self, until: int) -> None:
        """Live on to step `until`."""
        while self.t < until:
            self.live()
            self.learn()

    def live(self) -> tuple[Ints, Moved]:
        """Take and remember one step of every seed: what was done, and what came of it. `learn` must follow.

        After a step that was broken off, by an error or by hand, new episodes begin: nobody knows what it did.
        """
        if self.torn:
            self.anew()
        t, living = self.t, self.living
        action_N = self._decide(t)
        self.torn = True
        moved = living.step(action_N)
        if not np.isfinite(moved.reward).all():
            bad = moved.reward[~np.isfinite(moved.reward)][0]
            raise UserError(f"the environment paid a reward of {bad} at step {t}; rewards must be finite numbers")
        self.memory.add(action_N, moved.reward, moved.terminated, moved.truncated, moved.reached)
        self.tally.step(moved.reward)
        self.t = t + 1
        if moved.ended:
            over_N = moved.terminated | moved.truncated
            self.tally.end(over_N, t + 1)
            self.memory.begin(living.frame, over_N)
        self.torn = False
        return action_N, moved

    def _decide(self, t: int) -> Ints:
        """The actions of decision t, (N,): random ones where the coins say so."""
        sense, frame = self.living.sense, self.living.frame
        coin_N, pick_N = self._coins.at(t)
        epsilon = 1.0 if t < self.config.learning_starts else self.config.epsilon(t, self.span)
        explores_N = coin_N < epsilon
        if not explores_N.any():
            return self.greedy(frame)
        random_N = picked(pick_N, sense.actions, sense.mask_now(frame) if sense.masked else None)
        return random_N if explores_N.all() else np.where(explores_N, random_N, self.greedy(frame))

    def greedy(self, frame: Frame) -> Ints:
        """The best allowed actions in one frame of each seed, (N,): the lowest among ties."""
        batch = {name: torch.from_numpy(array).unsqueeze(1) for name, array in frame.items()}
        best: Ints = self.values(batch).argmax(axis=-1)[:, 0]
        return best

    def values(self, batch: Mapping[str, Tensor]) -> Array:
        """Q of every seed on frames (N, B), (N, B, A) float32; −∞ where an action is not allowed."""
        sense = self.living.sense
        with torch.no_grad():
            q_NBA = self._q(sense.see(batch))
            if sense.masked:
                q_NBA = allowed(q_NBA, sense.mask(batch))
        values: Array = q_NBA.cpu().numpy()
        return values

    @property
    def due(self) -> bool:
        """Whether the steps taken so far end a rollout: after it comes a training, once learning has started."""
        return self.t % self.config.train_freq == 0

    def learn(self) -> None:
        """What is due after the last step: the target network follows, then the online one is trained."""
        config = self.config
        if config.target_network and self.t % config.target_update_interval == 0:
            self._follow()
        if self.due and self.t - self.since > config.learning_starts:
            self._train(config.updates)

    def _follow(self) -> None:
        """Move the target network's weights by τ towards the online ones (Lillicrap et al. 2016; τ = 1: copy)."""
        with torch.no_grad():
            if self.config.tau == 1.0:
                torch._foreach_copy_(self._old, self._new)
            else:
                torch._foreach_lerp_(self._old, self._new, self.config.tau)

    def _train(self, updates: int) -> None:
        losses = torch.zeros_like(self._losses)
        group = self._together if self.config.target_network and self.config.replay else 1
        for first in range(0, updates, group):
            with _room(self.device, "this batch", "lower batch_size or width"):
                for batch in self._batches(min(group, updates - first)):
                    losses += self.engine.step(batch)["loss"]
        self._losses += losses
        self._updates += updates
        self.last_losses = losses / updates

    def _batches(self, count: int) -> list[dict[str, Tensor]]:
        """So many batches with what is seen in them, what was done, and the targets."""
        sense, size = self.living.sense, self.config.batch_size
        drawn = self.memory.sample(size * count, self._replay_keys, self.engine.steps)
        with torch.no_grad():
            q_next_NBA = (self._q_target if self.config.target_network else self._q)(sense.see(drawn, "next_"))
            if sense.masked:
                q_next_NBA = allowed(q_next_NBA, sense.mask(drawn, "next_"))
            reward_NB, discount_NB = drawn["reward"].to(self.device), drawn["discount"].to(self.device)
            whole = {
                "seen": sense.see(drawn),
                "action": drawn["action"].to(self.device),
                "target": q_target(q_next_NBA.float(), reward_NB, discount_NB),
            }
        if count == 1:
            return [whole]
        parts = {name: _apart(tensor, count) for name, tensor in whole.items()}
        return [{name: tensor[k] for name, tensor in parts.items()} for k in range(count)]

    def anew(self) -> None:
        """Leave the running episodes and begin others."""
        self.living.anew()
        self.memory.begin(self.living.frame)
        self.tally.forget()
        self.torn = False

    def summary(self) -> dict[str, Floats | Ints]:
        """Columns of a curve, (N,): what happened since the last call."""
        count = max(self._updates, 1)
        loss_N = self._losses.double().cpu().numpy() / count if self._updates else np.full(len(self.seeds), np.nan)
        self._losses.zero_()
        self._updates = 0
        return self.tally.summary() | {"loss": loss_N}

    def alone(self, n: int) -> nn.Module:
        """The online network of slot n as a population of one, copied."""
        return stack([take_slot(self.network, n)])

    def weights(self) -> dict[str, Array]:
        """The online networks' parameters, (N, …) each."""
        return {name: tensor.detach().cpu().numpy().copy() for name, tensor in self.network.state_dict().items()}

    def arrays(self) -> dict[str, Array] | None:
        """All state, for a snapshot; None where the environments cannot be taken down."""
        living = self.living.arrays()
        if living is None:
            return None
        return {**self.learnt(), **_under("living.", living), **_under("memory.", self.memory.arrays())}

    def learnt(self) -> dict[str, Array]:
        """All state but that of the environments and of the memory."""
        target = {name: tensor.cpu().numpy().copy() for name, tensor in self._target.state_dict().items()}
        counts = {"t": self.t, "since": self.since, "span": self.span, "updates": self._updates}
        return {
            **{name: np.array(count) for name, count in counts.items()},
            "losses": self._losses.cpu().numpy().copy(),
            **_under("engine.", self.engine.arrays()),
            **_under("target.", target),
            **_under("tally.", self.tally.arrays()),
        }

    def restore(self, arrays: Columns) -> None:
        """Take up the state that `arrays` gave. Raises `UserError` where these are no such state."""
        try:
            self.take_up_learnt(arrays)
            self.living.restore(_from("living.", arrays))
            self.memory.take_up(_from("memory.", arrays))
        except (UserError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise damaged_snapshot(str(error).partition("\n")[0]) from error

    def take_up_learnt(self, arrays: Columns) -> None:
        """Take up what `learnt` gave."""
        self.engine.take_up(_from("engine.", arrays))
        target = {name: torch.from_numpy(np.array(array)) for name, array in _from("target.", arrays).items()}
        self._target.load_state_dict(target)
        self.tally.take_up(_from("tally.", arrays))
        self._losses.copy_(torch.from_numpy(np.array(arrays["losses"])))
        self.t, self.since, self._updates = (int(arrays[name]) for name in ("t", "since", "updates"))

    @property
    def step(self) -> int:
        """Steps taken so far."""
        return self.t


@contextmanager
def _room(device: torch.device, what: str, remedy: str) -> Iterator[None]:
    """Say in one line where memory does not suffice."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if out_of_memory(error):
            raise UserError(f"{device} has too little memory for {what}; {remedy}") from error
        raise


def _apart(tensor: Tensor, count: int) -> Tensor:
    """(N, count · B, …) as (count, N, B, …), laid out anew, so that each batch is what it would be by itself."""
    return tensor.reshape(len(tensor), count, -1, *tensor.shape[2:]).transpose(0, 1).contiguous()


def _under(prefix: str, arrays: Mapping[str, Any]) -> dict[str, Array]:
    return {prefix + name: array for name, array in arrays.items()}


def _from(prefix: str, arrays: Mapping[str, Any]) -> dict[str, Array]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
