"""Parameters of a population laid side by side, one row for each slot, for an optimiser to move as one.

torch's fused optimisers on the CPU round the last numbers of a tensor, those that do not fill a vector register,
otherwise than the rest. In a pack there are none: each parameter fills whole registers, with zeros behind it that stay
zero, so a slot's bits do not depend on how many slots there are, at the fused optimisers' speed. Parameters of a
population of one are packed all together and live in the row, so that an update of a small network costs one call; of
several slots only those that need it are copied.
"""

from typing import Any

import torch
from torch import Tensor, nn

REGISTER = 32  # float32 numbers that AVX-512 code takes at a time: two registers


class Pack:
    """Parameters (N, …) and, in the same order, their copy `rows` (N, P) with its gradient."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        self.parameters = parameters
        slots, sizes = len(parameters[0]), [parameter[0].numel() for parameter in parameters]
        # Each begins a cache line: products of matrices round by where a matrix begins (`daedalus.core.nn.stacked`).
        self._sizes = [width for size in sizes for width in (size, -size % REGISTER)]
        self.rows = nn.Parameter(parameters[0].new_zeros(slots, sum(self._sizes)))
        self.rows.grad = torch.zeros_like(self.rows)
        self._weights, self._gradients = self.views(self.rows.detach()), self.views(self.rows.grad)
        torch._foreach_copy_(self._weights, [parameter.detach() for parameter in parameters])
        if slots == 1:
            for parameter, view in zip(parameters, self._weights, strict=True):
                parameter.data = view  # one memory, as long as nobody gives the parameter another

    def views(self, rows: Tensor) -> list[Tensor]:
        """Numbers laid out as `rows` are, (N, P), seen as the parameters' shapes; they share memory."""
        pieces = torch.split(rows, self._sizes, dim=1)
        return [piece.view(of.shape) for piece, of in zip(pieces[::2], self.parameters, strict=True)]

    def gather(self) -> None:
        """Bring the parameters and their gradients (none: zeros) into the rows."""
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in self.parameters]
        torch._foreach_copy_(self._gradients, gradients)
        if not self._shared():
            torch._foreach_copy_(self._weights, [parameter.detach() for parameter in self.parameters])

    def scatter(self) -> None:
        """Bring the rows into the parameters."""
        if not self._shared():
            torch._foreach_copy_([parameter.detach() for parameter in self.parameters], self._weights)

    def _shared(self) -> bool:
        pairs = zip(self.parameters, self._weights, strict=True)
        return all(parameter.data_ptr() == view.data_ptr() for parameter, view in pairs)


def packed(groups: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Pack]]:
    """Replace the parameters of groups that ask for it (`"packed": True`) by the rows of packs."""
    found: list[dict[str, Any]] = []
    packs: list[Pack] = []
    for group in groups:
        if group["packed"]:
            packs.append(Pack(group["params"]))
            group = {**group, "params": [packs[-1].rows], "fused": True, "foreach": False}
        found.append(group)
    return found, packs
