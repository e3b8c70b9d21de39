"""The engine's updates of small perceptrons on the CPU, with the gradient written out: they take half the time.

For a network of some thousand weights the autograd graph and the optimiser's bookkeeping cost as much as the
arithmetic. Here the weights of all layers lie in one row for each slot, of which the layers of the module are views, so
norm, clipping and Adam are one call each. The equations are those of `Engine` with `ActionValues`, `Adam` and clipping
by norm, and so is what is saved; the numbers differ by rounding alone (a test holds the two against each other).
"""

import math
from collections.abc import Mapping
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from daedalus.core.checkpoint import fits
from daedalus.core.engine import Diverged
from daedalus.core.errors import UserError
from daedalus.core.nn.stacked import LINE, StackedLinear, StackedLookup, laid, room
from daedalus.core.objective import Batch

from .kernels import adam, slopes

Array = np.typing.NDArray[Any]

_BETA1, _BETA2, _EPS = 0.9, 0.999, 1e-8  # those of `core.optim.Adam`
_REMEDY = "lower the learning rate, or let rewards be smaller"
_STATE = "phase/train/optimiser/"


def quick(network: nn.Module) -> bool:
    """Whether a network is a stack of linear layers with rectifiers between them, the first of which may look up."""
    parts = [part for name, part in network.named_children() if name != "flatten"]  # which only lays them out
    first = isinstance(parts[0], StackedLinear | StackedLookup) if parts else False
    linear = [first, *(isinstance(part, StackedLinear) for part in parts[1:])]
    rectified = [isinstance(part, nn.ReLU) for part in parts]
    return isinstance(network, nn.Sequential) and len(parts) % 2 == 1 and all(linear[::2]) and all(rectified[1::2])


@final
class Rows:
    """A stack of perceptrons (`quick`) whose weights lie in one row for each slot, (N, P).

    The layers of the network are views of it from here on, each at the beginning of a cache line.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network, parameters = network, list(network.parameters())
        self._shapes = [parameter.shape for parameter in parameters]
        self._sizes = [-(-parameter[0].numel() // LINE) * LINE for parameter in parameters]
        self.row_NP = torch.zeros((len(parameters[0]), sum(self._sizes)))
        weights = self.views(self.row_NP)
        for parameter, view in zip(parameters, weights, strict=True):
            view.copy_(parameter.detach())
            parameter.data = view
        self.lookup = any(isinstance(part, StackedLookup) for part in network.modules())
        self.layers = list(zip(weights[::2], weights[1::2], strict=True))  # weight (N, in, out) and bias (N, 1, out)
        self._slots = torch.arange(len(self.row_NP)).unsqueeze(1)

    def views(self, row_NP: Tensor) -> list[Tensor]:
        """The parts of such a row, in the shapes of the parameters."""
        parts = torch.split(row_NP, self._sizes, dim=1)
        return [part[:, : shape[1:].numel()].view(shape) for part, shape in zip(parts, self._shapes, strict=True)]

    def values(self, seen: Tensor) -> Tensor:
        """What comes out, (N, B, …) → (N, B, A); without gradient."""
        return self.forward(seen)[-1]

    def forward(self, seen: Tensor) -> list[Tensor]:
        """What comes into each layer, and what comes out of the last; of a look-up, the numbers."""
        found = [seen if self.lookup else laid(seen.flatten(2))]
        for n, (weight, bias) in enumerate(self.layers):
            x = found[-1]
            if n:
                x.relu_()
            if n == 0 and self.lookup:
                found.append(weight[self._slots, x] + bias)
            else:
                found.append(torch.baddbmm(bias, x, weight, out=room(x, x.shape[1], weight.shape[2])))
        return found


@final
class QuickTrainer:
    """Trains a stack of perceptrons as an `Engine` does; `huber` or half the square is the loss of an error."""

    def __init__(self, rows: Rows, learning_rate: float, clip: float | None, huber: bool) -> None:
        self.steps = 0
        self._rows, self._lr, self._clip, self._huber = rows, learning_rate, clip, huber
        self._gradient, self._first, self._second = torch.zeros((3, *rows.row_NP.shape)).unbind()
        moved = rows.row_NP, self._gradient, self._first, self._second
        self._arrays = [tensor.numpy() for tensor in moved]
        self._names = [name for name, _ in rows.network.named_parameters()]
        self._moments = {"exp_avg": rows.views(self._first), "exp_avg_sq": rows.views(self._second)}
        slopes = rows.views(self._gradient)
        self._slopes = list(zip(slopes[::2], slopes[1::2], strict=True))

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """One update; "loss" and "gradient_norm", (N,). Raises `Diverged`, and changes nothing."""
        inputs = self._rows.forward(batch["seen"])
        q_NBA, loss_N = inputs.pop(), torch.empty(len(self._gradient))
        slope_NBA = torch.empty(q_NBA.shape)
        given = q_NBA.contiguous().numpy(), batch["action"].numpy(), batch["target"].numpy()
        slopes(*given, self._huber, slope_NBA.numpy(), loss_N.numpy())
        self._backward(inputs, laid(slope_NBA))
        norm_N = self._gradient.square().sum(1).sqrt()
        self._refuse(loss_N, norm_N)
        self._move(norm_N)
        self.steps += 1
        return {"loss": loss_N, "gradient_norm": norm_N}

    def _backward(self, inputs: list[Tensor], g: Tensor) -> None:
        """The gradient, from that of the last layer's outputs, (N, B, A)."""
        for n in range(len(self._slopes) - 1, -1, -1):
            x, (slope, slope_bias) = inputs[n], self._slopes[n]
            torch.sum(g, 1, keepdim=True, out=slope_bias)
            if n == 0 and self._rows.lookup:
                slope.zero_()
                for slot, numbers in enumerate(x.unbind()):
                    slope[slot].index_add_(0, numbers, g[slot])
                return
            torch.bmm(x.mT, g, out=slope)
            if n:
                weight = self._rows.layers[n][0]
                before = torch.bmm(g, weight.mT, out=room(g, g.shape[1], weight.shape[1]))
                g = torch.ops.aten.threshold_backward.grad_input(before, x, 0, grad_input=before)

    def _move(self, norm_N: Tensor) -> None:
        """Clip by norm, then Adam."""
        scale_N = torch.ones_like(norm_N) if self._clip is None else (self._clip / (norm_N + 1e-6)).clamp_(max=1.0)
        weight, gradient, first, second = self._arrays
        adam(weight, gradient, first, second, scale_N.numpy(), self._lr, _BETA1, _BETA2, _EPS, self.steps + 1)

    def _refuse(self, loss_N: Tensor, norm_N: Tensor) -> None:
        if math.isfinite(float(norm_N.sum() + loss_N.sum())):
            return
        what = "gradient" if bool(loss_N.isfinite().all()) else "loss"
        slots = tuple((~(loss_N.isfinite() & norm_N.isfinite())).nonzero().flatten().tolist())
        raise Diverged(self.steps, what, float(norm_N.max()), slots, _REMEDY)

    def arrays(self) -> dict[str, Array]:
        """What `Engine.arrays` gives of the same state; nothing is drawn, so there are no generators."""
        found = {f"module/{name}": tensor for name, tensor in self._rows.network.state_dict().items()}
        found |= self._optimiser() if self.steps else {}
        arrays = {path: tensor.detach().numpy().copy() for path, tensor in found.items()}
        return arrays | {"steps": np.array(self.steps)}

    def take_up(self, arrays: Mapping[str, Array]) -> None:
        """Go on from what `arrays` returned. Raises `UserError`, naming what does not fit, and changes nothing."""
        model = {path: array for path, array in self.arrays().items() if path.startswith("module/")}
        given = {path: torch.from_numpy(np.array(array)) for path, array in arrays.items()}
        fits({path: tensor for path, tensor in given.items() if path.startswith("module/")}, model)
        steps = given.get("steps", torch.tensor(-1))
        if steps.shape != () or int(steps) < 0:
            raise UserError("the saved state's 'steps' is missing or of another sort")
        wanted = self._optimiser()
        if int(steps):
            fits({path: tensor for path, tensor in given.items() if path in wanted}, wanted)
        self._rows.network.load_state_dict({name: given[f"module/{name}"] for name in self._names})
        for path, moment in wanted.items():
            moment.copy_(given[path]) if int(steps) else moment.zero_()
        self.steps = int(steps)

    def _optimiser(self) -> dict[str, Tensor]:
        """Adam's moments by the names that `Engine` gives them."""
        return {
            f"{_STATE}{name}/{key}": one
            for key, moments in self._moments.items()
            for name, one in zip(self._names, moments, strict=True)
        }
