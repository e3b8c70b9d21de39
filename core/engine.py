"""The training engine: one step on one batch, of whatever objective. Whoever owns the data calls it."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from .checkpoint import fits
from .device import Numerics
from .errors import UserError
from .nn.dropout import supply
from .nn.stacked import Stacked
from .noise import Noise
from .objective import Batch, Metrics, Objective, Phase
from .optim.parts import cut, joined, sizes
from .optim.turn import Training as Training
from .optim.turn import Turn

Arrays = dict[str, np.typing.NDArray[Any]]

_FULL = ("out of memory", "not enough memory", "can't allocate memory")  # accelerators; a CPU's Windows and Linux


@dataclass(frozen=True)
class Remedies:
    """What users are told to try, in words of the settings that whoever owns the engine gave them."""

    diverged: str = "clip the gradient (clip_norm=1)"  # or lower the learning rate, which is said by itself
    memory: str = "lower the batch size or the network's width, or cut the batch up (accumulate=4)"


class Diverged(UserError):  # noqa: N818
    """Numbers stopped being finite at a step. The weights, statistics and averages are those from before it.

    `slots` names the diverged slots of a population; it is empty where there is no population.
    """

    def __init__(self, step: int, what: str, norm: float, slots: tuple[int, ...], remedy: str) -> None:
        where = f" of slot{'s' * (len(slots) > 1)} {', '.join(map(str, slots))}" if slots else ""
        super().__init__(f"training diverged at step {step:,}: the {what}{where} is not finite (gradient norm "
                         f"{norm:.3g}); the weights from before that step are kept; {remedy}")  # fmt: skip
        self.step, self.norm, self.slots = step, norm, slots


class Engine:
    """Minimises an objective, one batch a step. It has no data and no epochs.

    `training` is for every phase, or by the phase's name. `generator` is for the noise of losses and of modules that
    draw (dropout); a population takes one for each slot, so that a slot draws what it would draw alone. The module
    moves to the device of `numerics`. Modes are the caller's: a module trains as it was left, in `train()` or `eval()`.
    """

    steps: int  #: optimiser steps made

    def __init__(
        self,
        objective: Objective,
        training: Training | Mapping[str, Training],
        numerics: Numerics,
        generator: torch.Generator | Sequence[torch.Generator],
        remedies: Remedies = Remedies(),
    ) -> None:
        self.objective, self.numerics, self.remedies, self.steps = objective, numerics, remedies, 0
        self._training = training
        self._noise = Noise(generator)
        self._generators = self._noise.generators
        numerics.place(objective.module)
        supply(objective.module, self._generators)
        self._buffered = any(True for _ in objective.module.buffers())
        self._axis = int(any(isinstance(part, Stacked) for part in objective.module.modules()))  # of examples
        self._turns: dict[str, Turn] = {}
        self._kept: Arrays = {}  # taken up for phases that have not come yet
        for phase in objective.phases(0):
            self._turn(phase)

    def _turn(self, phase: Phase) -> Turn:
        turn = self._turns.get(phase.name)
        if turn is None:
            plan = self._training
            if not isinstance(plan, Training):
                if phase.name not in plan:
                    raise UserError(f"no training is given for the phase {phase.name!r}; given: {', '.join(plan)}")
                plan = plan[phase.name]
            turn = Turn(self.objective.module.get_submodule(phase.part), plan)
            begin = f"phase/{phase.name}/"
            mine = _under(self._kept, begin)
            if mine:
                turn.take_up({path: torch.from_numpy(array) for path, array in mine.items()})
                self._kept = {path: array for path, array in self._kept.items() if not path.startswith(begin)}
            self._turns[phase.name] = turn
        return turn

    def step(self, batch: Batch | Sequence[Batch]) -> Metrics:
        """Make one step and tell of it: "loss", "gradient_norm" (before clipping) and the objective's own metrics.

        A sequence holds parts of one batch: the step is that of the whole batch (but for batch statistics and noise).
        Of a phase with a name of its own the two are "NAME/loss" and "NAME/gradient_norm", alone in a step or not.

        Raises:
            Diverged: a loss or gradient is not finite. Weights, statistics and averages are as before the step.
            UserError: the memory does not suffice; likewise.
        """
        phases = self.objective.phases(self.steps)
        turns = [self._turn(phase) for phase in phases]
        restore = self._save(turns)
        told: dict[str, Tensor] = {}
        try:
            for phase, turn in zip(phases, turns, strict=True):
                found = self._minimise(phase, turn, batch)
                told |= found if phase.name == Phase.name else _prefixed(found, phase.name)
        except BaseException as error:
            restore()
            if out_of_memory(error):
                lower = self.remedies.memory
                raise UserError(f"{self.numerics.device} has too little memory for this batch; {lower}") from error
            raise
        self.steps += 1
        return told

    def _minimise(self, phase: Phase, turn: Turn, batch: Batch | Sequence[Batch]) -> dict[str, Tensor]:
        turn.forget()
        parts = cut(batch, turn.training.accumulate, self._axis)
        counts = [sizes(part) for part in parts] if len(parts) > 1 else [(1, 1)]
        found: list[tuple[dict[str, Tensor], float]] = []
        for part, count in zip(parts, counts, strict=True):
            loss, metrics = self._loss(phase, turn, part)
            share = count[loss.ndim] / sum(one[loss.ndim] for one in counts)
            torch.autograd.backward(loss, torch.full_like(loss, share), inputs=turn.inputs)
            found.append(({**metrics, "loss": loss.detach()}, share))
        loss = found[0][0]["loss"]
        told = found[0][0] if len(found) == 1 else joined(found, loss.ndim)
        loss = told["loss"]
        turn.collect()
        norm = told["gradient_norm"] = turn.norm(len(loss) if loss.ndim else None)
        if not math.isfinite(float(loss.sum() + norm.sum())):  # the one time that the host waits for the device
            self._refuse(loss, norm, turn, parts)
        turn.move(self.steps, norm)
        return told

    def _loss(self, phase: Phase, turn: Turn, part: Batch) -> tuple[Tensor, Metrics]:
        where = self.numerics.device
        placed = {name: tensor.to(where, non_blocking=True) for name, tensor in part.items()}
        with self.numerics.cast():
            loss, metrics = self.objective.loss(phase, placed, self._noise)
        turn.check(loss)
        penalty = turn.penalty(len(loss) if loss.ndim else None)
        return loss if penalty is None else loss + penalty, metrics

    def _save(self, turns: list[Turn]) -> Callable[[], None]:
        """Return a function that puts back what a step that fails may have changed by then.

        The last turn fails before it moves anything; turns before it have moved, and any may have moved statistics.
        """
        buffers = list(self.objective.module.buffers()) if self._buffered else []
        held = [buffer.clone() for buffer in buffers]
        earlier = [turn.save() for turn in dict.fromkeys(turns if len(turns) > 1 else [])]

        def restore() -> None:
            for buffer, before in zip(buffers, held, strict=True):
                buffer.copy_(before)
            for put_back in earlier:
                put_back()

        return restore

    def _refuse(self, loss: Tensor, norm: Tensor, turn: Turn, parts: Sequence[Batch]) -> None:
        """Raise `Diverged` if a number is not finite (finite ones may only have had too large a sum)."""
        bad = ~(torch.isfinite(loss) & torch.isfinite(norm))
        if not bad.any():
            return
        what = "gradient" if torch.isfinite(loss).all() else "loss"
        slots = tuple(bad.nonzero().flatten().tolist()) if loss.ndim else ()
        dirty = [name for part in parts for name, tensor in part.items() if not torch.isfinite(tensor).all()]
        cast = ", or precision=float32" if self.numerics.autocast else ""
        remedy = (
            f"{dirty[0]!r} of the batch holds numbers that are not finite: clean the data"
            if dirty
            else f"try a lower learning rate than {turn.rate:g}, or {self.remedies.diverged}{cast}"
        )
        raise Diverged(self.steps + 1, what, float(norm.flatten()[bad.flatten()][0]), slots, remedy)

    def tell(self, score: float) -> None:
        """Let the schedules hear the score of an evaluation, higher is better; `Plateau` answers."""
        for turn in self._turns.values():
            turn.hearing.tell(score)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Inside it, the module carries the averaged weights of the phases that keep an average (`ema`)."""
        put_back = [turn.carry_average() for turn in self._turns.values()]
        try:
            yield
        finally:
            for restore in put_back:
                restore()

    def arrays(self) -> Arrays:
        """Everything that `take_up` needs to go on to the bit: parameters, buffers, optimisers, averages, schedules,
        the generators' states, and the count of steps.
        """
        found = {f"module/{name}": tensor for name, tensor in self.objective.module.state_dict().items()}
        for name, turn in self._turns.items():
            found |= {f"phase/{name}/{path}": tensor for path, tensor in turn.tensors().items()}
        found["generators"] = torch.stack([generator.get_state() for generator in self._generators])
        arrays = {path: tensor.detach().cpu().numpy().copy() for path, tensor in found.items()}
        return arrays | self._kept | {"steps": np.array(self.steps)}

    def take_up(self, arrays: Mapping[str, np.typing.NDArray[Any]]) -> None:
        """Go on from what `arrays` returned. Raises `UserError`, naming what does not fit, and changes nothing then."""
        module = self.objective.module
        tensors = {path: torch.from_numpy(np.array(array)) for path, array in arrays.items()}
        weights = _under(tensors, "module/")
        fits(weights, module.state_dict())
        for path, shape in {"generators": self.arrays()["generators"].shape, "steps": ()}.items():
            if path not in tensors or tensors[path].shape != shape:
                raise UserError(f"the saved state's {path!r} is missing or of another sort; was it saved elsewhere?")
        restores = [turn.save() for turn in self._turns.values()]
        try:
            for name, turn in self._turns.items():
                turn.take_up(_under(tensors, f"phase/{name}/"))
        except UserError:
            for restore in restores:
                restore()
            raise
        module.load_state_dict(weights)
        for generator, state in zip(self._generators, tensors["generators"], strict=True):
            generator.set_state(state.clone())  # torch reads a view from its storage's begin, and beyond its end
        self.steps = int(tensors["steps"])
        known = tuple(f"phase/{name}/" for name in self._turns)
        later = {path: array for path, array in arrays.items() if path.startswith("phase/")}
        self._kept = {path: array for path, array in later.items() if not path.startswith(known)}


T = TypeVar("T")


def _under(named: Mapping[str, T], prefix: str) -> dict[str, T]:
    return {path.removeprefix(prefix): value for path, value in named.items() if path.startswith(prefix)}


def _prefixed(told: Mapping[str, Tensor], phase: str) -> dict[str, Tensor]:
    return {f"{phase}/{name}" if name in ("loss", "gradient_norm") else name: value for name, value in told.items()}


def out_of_memory(error: BaseException) -> bool:
    """Whether torch says so: for the CPU and MPS by words alone."""
    said = str(error)
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and any(words in said for words in _FULL)
    )
