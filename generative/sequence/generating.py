"""Going on with sequences, one token after the other."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from daedalus.core.data import Examples
from daedalus.core.errors import UserError

from .network import Network


@dataclass(frozen=True)
class Choice:
    """How the next token is chosen: from the `top_k` likeliest, and from the fewest whose chances add up to `top_p`.

    Logits are divided by `temperature`; 0 takes the likeliest. `length` tokens a sequence has in all, with its prompt;
    by default as many as the data set's. Radford et al. 2019 (top k), Holtzman et al. 2020 (top p).
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    length: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise UserError(f"temperature must be at least 0, not {self.temperature:g}; 0 takes the likeliest token")
        for name, number in (("top_k", self.top_k), ("length", self.length)):
            if number is not None and number < 1:
                raise UserError(f"{name} must be at least 1, not {number}")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise UserError(f"top_p is a share in (0, 1], not {self.top_p:g}")


def chances(logits_BV: Tensor, choice: Choice) -> Tensor:
    """The chances (B, V) with which tokens are chosen."""
    if choice.temperature == 0:
        return torch.nn.functional.one_hot(logits_BV.argmax(-1), logits_BV.shape[-1]).float()
    logits = logits_BV.float() if choice.temperature == 1 else logits_BV.float() / choice.temperature
    if choice.top_k is not None and choice.top_k < logits.shape[-1]:
        least_B1 = logits.topk(choice.top_k).values[:, -1:]
        logits = logits.masked_fill(logits < least_B1, -torch.inf)
    p_BV = logits.softmax(-1)
    if choice.top_p is None or choice.top_p == 1:
        return p_BV
    sorted_BV, order_BV = p_BV.sort(descending=True)
    likelier_BV = sorted_BV.cumsum(-1) - sorted_BV  # the chance of all that are likelier than this one
    return p_BV.masked_fill((likelier_BV >= choice.top_p).scatter(1, order_BV, likelier_BV >= choice.top_p), 0.0)


def drawn(p_BV: Tensor, generator: torch.Generator) -> Tensor:
    """One token of each row, (B,): that of the first of V arrivals at rates p, which is token v with chance p_v.

    What `torch.multinomial` draws one of, without its checks, which cost more than the draw.
    """
    return (p_BV / torch.empty_like(p_BV).exponential_(generator=generator)).argmax(-1)


class Reader:
    """Logits of what follows growing sequences.

    Where the network can read only `room` tokens from a beginning, it begins again with the last half of them when they
    are used up. `remember=False` reads everything again at every token: it gives the same, slowly.
    """

    def __init__(self, network: Network, batch: int, remember: bool = True) -> None:
        self._network, self._batch, self._remember = network, batch, remember
        self._first = self._read = 0  # where its memory begins and ends
        self._memory = network.begin(batch) if remember else None

    def logits(self, tokens_BT: Tensor) -> Tensor:
        """Of the token after these, (B, V); they are those of the call before and some more."""
        steps, room = tokens_BT.shape[1], self._network.room
        if room is not None and steps - self._first > room:
            self._first = self._read = steps - (room + 1) // 2
            self._memory = self._network.begin(self._batch) if self._remember else None
        new = tokens_BT[:, self._read if self._remember else self._first :]
        logits: Tensor
        logits, self._memory = self._network(new, self._memory, last=True)
        self._read = steps
        return logits[:, 0]


def continued(
    network: Network,
    first_BS: Tensor,
    length: int,
    choice: Choice,
    generator: torch.Generator,
    remember: bool = True,
) -> Tensor:
    """Sequences (B, length) that go on from `first`, S at least 1."""
    batch, steps = first_BS.shape
    tokens = first_BS.new_empty(batch, length)
    tokens[:, :steps] = first_BS
    with torch.inference_mode():  # the tokens are from outside it, so that what they go into may be trained
        reader = Reader(network, batch, remember)
        for step in range(steps, length):
            p_BV = chances(reader.logits(tokens[:, :step]), choice)
            tokens[:, step] = drawn(p_BV, generator)
    return tokens


def beginnings(part: Examples, n: int, given: int, generator: torch.Generator) -> Tensor:
    """The first tokens of examples that are drawn, (n, given)."""
    drawn = torch.randint(part.size or 2**62, (n,), generator=generator, device=generator.device)
    first = torch.from_numpy(np.ascontiguousarray(part.take(drawn.cpu().numpy())["x"][:, :given]))
    return first.long().to(generator.device)
