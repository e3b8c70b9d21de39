"""What trains one phase of an objective: its parameters, their optimiser, schedule, clipping and average."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from daedalus.core import losses
from daedalus.core.errors import UserError

from .averaging import EMA, Average
from .clipping import clip_norm, clip_value, norms
from .optimisers import Adam, Optimiser, decayed, groups
from .packing import Pack, packed
from .schedules import Constant, Hearing, Schedule


@dataclass(frozen=True)
class Training:
    """How a phase is trained.

    `clip_norm` and `clip_value` bound the gradient, of a population that of each slot; `accumulate` is the number of
    parts that a batch is cut into to save memory; `l1` and `l2` add l1·Σ|w| + l2·½Σw² over weights (not biases, norms
    and embeddings) to the loss. After each step every parameter is clipped to ±`bound` (Arjovsky et al. 2017).
    """

    optimiser: Optimiser = Adam()  # noqa: RUF009  # a frozen spec
    schedule: Schedule = Constant()  # noqa: RUF009  # likewise
    clip_norm: float | None = None
    clip_value: float | None = None
    accumulate: int = 1
    ema: EMA | None = None
    l1: float = 0.0
    l2: float = 0.0
    bound: float | None = None

    def __post_init__(self) -> None:
        for name, most in {"clip_norm": self.clip_norm, "clip_value": self.clip_value, "bound": self.bound}.items():
            if most is not None and not most > 0:
                raise UserError(f"{name} must be positive, not {most:g}; none switches it off")
        if self.accumulate < 1:
            raise UserError(f"accumulate must be at least 1, not {self.accumulate}")
        if not (self.l1 >= 0 and self.l2 >= 0):
            raise UserError(f"l1 and l2 must be at least 0, not {self.l1:g} and {self.l2:g}")


class Turn:
    """One phase in training. `module` is the part that it trains."""

    def __init__(self, module: nn.Module, training: Training) -> None:
        named = [(name, parameter) for name, parameter in module.named_parameters() if parameter.requires_grad]
        self.training = training
        self.parameters = dict(named)
        self.hearing = Hearing(training.schedule)
        plan = training.optimiser
        found, self._packs = packed(groups(module, plan.weight_decay, plan.decay))
        self.optimiser = plan.over(found)
        packs = {member: (pack.rows, pack, n) for pack in self._packs for n, member in enumerate(pack.parameters)}
        self._homes: dict[str, tuple[nn.Parameter, Pack | None, int]] = {
            name: packs.get(parameter, (parameter, None, 0)) for name, parameter in named
        }
        self._moved = [parameter for group in self.optimiser.param_groups for parameter in group["params"]]
        self.average = Average(training.ema, self._values()) if training.ema else None
        self._penalised = list(decayed(module)) if training.l1 or training.l2 else []
        self.inputs = list(self.parameters.values())
        self._slots = {len(parameter) if parameter.ndim else 0 for parameter in self.inputs}
        self._factor = 1.0

    def check(self, loss: Tensor) -> None:
        """Refuse a loss that is neither (), nor (N,) of a population whose parameters all have that leading axis."""
        if loss.ndim > 1 or (loss.ndim == 1 and self._slots != {len(loss)}):
            raise UserError(f"the loss has shape {tuple(loss.shape)}; give its mean over the examples: (), or of a "
                            "population (N,), whose parameters have a leading axis of N")  # fmt: skip
        if not loss.requires_grad:
            raise UserError("the loss depends on no parameter that is trained; check what the objective computes")

    def collect(self) -> None:
        """Bring the gradients to where the optimiser sees them; before `norm` and `move`."""
        if all(parameter.grad is None for parameter in self.inputs):
            raise UserError("the loss depends on no parameter of its phase; check the phase's `part`")
        for pack in self._packs:
            pack.gather()

    def forget(self) -> None:
        """Drop the gradients."""
        for parameter in self.parameters.values():
            parameter.grad = None

    def penalty(self, slots: int | None) -> Tensor | None:
        """What is added to the loss, () or (N,); None where nothing is."""
        terms = [
            weight * norm(self._penalised, slots)
            for weight, norm in ((self.training.l1, losses.l1), (self.training.l2, losses.l2))
            if weight and self._penalised
        ]
        return sum(terms[1:], terms[0]) if terms else None

    def norm(self, slots: int | None) -> Tensor:
        """The norm of the gradient, () or (N,)."""
        return norms(self._gradients(), slots)

    def move(self, step: int, norm: Tensor) -> None:
        """Clip the gradients, whose norm is `norm`, and let the optimiser make its step number `step`, from 0."""
        plan = self.training
        if plan.clip_value is not None:
            clip_value(self._gradients(), plan.clip_value)
            norm = norms(self._gradients(), len(norm) if norm.ndim else None)
        if plan.clip_norm is not None:
            clip_norm(self._gradients(), norm, plan.clip_norm)
        factor = self.hearing.factor(step)
        if factor != self._factor:
            self._factor = factor
            for group in self.optimiser.param_groups:
                group["lr"] = plan.optimiser.lr * factor
        self.optimiser.step()
        if plan.bound is not None:
            clip_value(self._values(), plan.bound)
        for pack in self._packs:
            pack.scatter()
        if self.average is not None:
            self.average.update(self._values())

    @property
    def rate(self) -> float:
        """The learning rate of the last step."""
        return self.training.optimiser.lr * self._factor

    def _gradients(self) -> list[Tensor]:
        return [parameter.grad for parameter in self._moved if parameter.grad is not None]

    def _values(self) -> list[Tensor]:
        """The weights where the optimiser has them."""
        return [parameter.detach() for parameter in self._moved]

    def _weights(self) -> list[Tensor]:
        return [parameter.detach() for parameter in self.parameters.values()]

    def carry(self, tensors: list[Tensor]) -> list[Tensor]:
        """Put other numbers into the parameters, in place, and return what they held."""
        held = [weight.clone() for weight in self._weights()]
        torch._foreach_copy_(self._weights(), tensors)
        return held

    def carry_average(self) -> Callable[[], None]:
        """Put the average into the parameters; return a function that puts back what they held."""
        if self.average is None:
            return lambda: None
        held = self.carry(list(self._averaged(self.average).values()))
        return lambda: torch._foreach_copy_(self._weights(), held)

    def _averaged(self, average: Average) -> dict[str, Tensor]:
        """The average of each parameter by name."""
        of = dict(zip(self._moved, average.tensors, strict=True))
        return {name: pack.views(of[home])[n] if pack else of[home] for name, (home, pack, n) in self._homes.items()}

    def save(self) -> Callable[[], None]:
        """Return a function that puts everything back as it is now."""
        weights = [weight.clone() for weight in self._weights()]
        held = {path: tensor.clone() for path, tensor in self.tensors().items()}

        def restore() -> None:
            self.carry(weights)
            self.take_up(held)

        return restore

    def tensors(self) -> dict[str, Tensor]:
        """The state beside the parameters: of the optimiser and the average by the parameters' names, and counts.

        They are the tensors themselves, not copies.
        """
        found: dict[str, Tensor] = {}
        for name, (home, pack, n) in self._homes.items():
            for key, value in self.optimiser.state.get(home, {}).items():
                if isinstance(value, Tensor):
                    inside = pack is not None and value.shape == home.shape
                    found[f"optimiser/{name}/{key}"] = pack.views(value)[n] if pack and inside else value
        if self.average is not None:
            found |= {f"average/{name}": tensor for name, tensor in self._averaged(self.average).items()}
        heard = [*self.hearing.state(), self.average.updates if self.average else 0]
        return found | {"counts": torch.tensor(heard, dtype=torch.float64)}

    def take_up(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `tensors` returned. Raises `UserError` that names what does not fit, before any change."""
        self._check(tensors)
        state: dict[int, dict[str, Tensor]] = {}
        for path in tensors:
            if path.startswith("optimiser/"):
                name, _, key = path.removeprefix("optimiser/").rpartition("/")
                home, pack, n = self._homes[name]
                mine = state.setdefault(next(i for i, one in enumerate(self._moved) if one is home), {})
                if pack is None or not tensors[path].ndim:
                    mine[key] = tensors[path].clone()
                else:
                    pack.views(mine.setdefault(key, torch.zeros_like(home.detach())))[n].copy_(tensors[path])
        self.optimiser.load_state_dict({"state": state, "param_groups": self.optimiser.state_dict()["param_groups"]})
        counts = tensors["counts"].tolist()
        self.hearing.take_up(counts[:3])
        if self.average is not None:
            self.average.updates = int(counts[3])
            for name, tensor in self._averaged(self.average).items():
                tensor.copy_(tensors[f"average/{name}"])

    def _check(self, tensors: Mapping[str, Tensor]) -> None:
        wanted = {f"average/{name}" for name in self.parameters} if self.average is not None else set()
        missing = sorted((wanted | {"counts"}) - set(tensors))
        if missing:
            raise UserError(f"the saved state lacks {missing[0]}; resume with the training that it was saved by")
        self._check_optimiser({path.rpartition("/")[2] for path in tensors if path.startswith("optimiser/")})
        for path, tensor in tensors.items():
            kind, _, rest = path.partition("/")
            name = rest.rpartition("/")[0] if kind == "optimiser" else rest
            whole = kind == "average" or (kind == "optimiser" and tensor.ndim > 0)
            mine = self.parameters.get(name)
            if kind != "counts" and (mine is None or (whole and tensor.shape != mine.shape)):
                shape = tuple(tensor.shape)
                raise UserError(f"the saved {path} {shape} fits no parameter; resume with the network that was saved")

    def _check_optimiser(self, found: set[str]) -> None:
        """Refuse the state of another optimiser; what a state holds is seen from a step on a number of its own."""
        number = nn.Parameter(torch.zeros(1))
        number.grad = torch.zeros(1)
        probe = self.training.optimiser.over([{"params": [number]}])
        probe.step()
        wanted = {key for key, value in probe.state[number].items() if isinstance(value, Tensor)}
        if found and found != wanted:
            odd = min(found ^ wanted)
            raise UserError(f"the saved state is of another optimiser ({odd!r}); resume with the one that saved it")
