"""From what an environment shows to what a network takes.

Arrays of whole numbers stay as they are until a batch is made: pictures as bytes, states as one number each.
"""

import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np
import torch
from torch import Tensor

from daedalus.core.errors import UserError

if TYPE_CHECKING:
    import gymnasium

Array = np.typing.NDArray[Any]

#: Pixels along the shorter side from which a picture with its colours last is taken for one.
_SMALLEST_PICTURE = 8


@final
@dataclass(frozen=True)
class Eye:
    """How one observation becomes what a network takes.

    "one_hot": a number below n, counted from `first`, whose row a network looks up, `shape` (n,); "numbers": an array
    of that shape, divided by `scale`; "picture": one with its colours last, (H, W, C), which go first.
    """

    kind: Literal["one_hot", "numbers", "picture"]
    shape: tuple[int, ...]  # of an observation as it is kept; of one-hot numbers (n,)
    dtype: str  # in which it is kept
    scale: float = 1.0
    first: int = 0

    @property
    def kept(self) -> tuple[int, ...]:
        """The shape in which one observation is kept."""
        return () if self.kind == "one_hot" else self.shape

    @property
    def seen(self) -> tuple[int, ...]:
        """The shape that a network takes: channels first."""
        return (self.shape[-1], *self.shape[:-1]) if self.kind == "picture" else self.shape

    def see(self, kept: Tensor) -> Tensor:
        """What a network takes, (…, *seen) float32 or (…) numbers, from observations as they are kept, (…, *kept)."""
        if self.kind == "one_hot":
            return kept.long()
        if self.kind == "picture":
            kept = kept.movedim(-1, -3)
        numbers = kept if kept.dtype == torch.float32 else kept.float()
        return numbers if self.scale == 1.0 else numbers / self.scale

    def keep(self, shown: Any) -> Array:
        """One or many observations as they are kept. Raises `UserError` for what is none."""
        try:
            array = np.asarray(shown)
        except ValueError:  # lists of different lengths
            raise self._refusal(shown) from None
        if array.dtype.kind not in ("iu" if self.kind == "one_hot" else "biuf"):
            raise self._refusal(shown)
        kept = np.asarray(array - self.first if self.kind == "one_hot" else array, dtype=self.dtype)
        if kept.shape[max(0, kept.ndim - len(self.kept)) :] != self.kept:
            raise self._refusal(shown)
        if self.kind == "one_hot" and not ((kept >= 0) & (kept < self.shape[0])).all():
            raise self._refusal(shown)
        if kept.dtype.kind == "f" and not np.isfinite(kept).all():
            raise UserError("an observation holds NaN or infinity; networks need finite numbers")
        return kept

    def _refusal(self, shown: Any) -> UserError:
        known = f"{self.first}…{self.first + self.shape[0] - 1}" if self.kind == "one_hot" else f"arrays {self.shape}"
        text = " ".join(reprlib.repr(shown).split())
        return UserError(f"{text} is no observation of this learner; it knows {known}")


def eye_of(space: "gymnasium.Space[Any]", name: str) -> Eye:
    """The eye for an observation space. Raises `UserError` for one that no network here takes."""
    from gymnasium import spaces

    if isinstance(space, spaces.Discrete):
        return Eye("one_hot", (int(space.n),), "int32", first=int(space.start))
    if isinstance(space, spaces.Box):
        shape = space.shape or (1,)
        if space.dtype == np.uint8:
            whole = bool((space.high == 255).all())  # pixels; planes of 0 and 1 stay as they are
            picture = len(shape) == 3 and min(shape[:2]) >= _SMALLEST_PICTURE and shape[2] in (1, 3, 4)
            return Eye("picture" if picture else "numbers", shape, "uint8", 255.0 if whole else 1.0)
        return Eye("numbers", shape, "float32")
    raise UserError(
        f"a network takes Discrete and Box observations; those of {name} are {type(space).__name__}: "
        "wrap it in gymnasium.wrappers.FlattenObservation"
    )


def numbers_of(eye: Eye) -> int:
    """How many numbers a network takes for one observation."""
    return 1 if eye.kind == "one_hot" else math.prod(eye.seen)


def eye_card(eye: Eye) -> dict[str, Any]:
    """The eye as JSON."""
    return {
        "kind": eye.kind, "shape": list(eye.shape), "dtype": eye.dtype, "scale": eye.scale, "first": eye.first,
    }  # fmt: skip


def eye_from(card: Mapping[str, Any]) -> Eye:
    """The eye that `eye_card` told. Raises `UserError` for what is none."""
    try:
        eye = Eye(
            card["kind"], tuple(int(n) for n in card["shape"]), str(card["dtype"]), float(card["scale"]),
            int(card["first"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"how it sees is not told ({error})") from None
    good = eye.kind in ("one_hot", "numbers", "picture") and eye.dtype in ("int32", "uint8", "float32")
    if not (good and eye.shape and all(0 < n < 2**31 for n in eye.shape) and eye.scale > 0):
        raise UserError("how it sees is not told")
    return eye
