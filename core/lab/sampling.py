"""Samples of a stored model: what `daedalus sample` draws and writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from daedalus.core.catalogue import find
from daedalus.core.data import Data
from daedalus.core.device import torch_generator
from daedalus.core.errors import UserError
from daedalus.core.files import write_bytes
from daedalus.core.generating import Condition, Passage, Picture, Sampler
from daedalus.core.spec import fill

from .exhibits import png
from .fits import Stored

#: Samples that are drawn at a time: more would take more memory, not less time.
_AT_ONCE = 256

#: What samples can be written as.
_ENDINGS = (".png", ".txt", ".npz")


@dataclass(frozen=True)
class Asked:
    """What samples are wanted; `label` is a class, `prompt` the text that each begins with."""

    n: int
    seed: int = 0
    label: int | None = None
    prompt: str | None = None
    options: tuple[tuple[str, Any], ...] = ()


def draw(one: Stored, asked: Asked) -> torch.Tensor:
    """Samples of a stored model, (n, …), as its data set's x has them.

    Raises `UserError` for a model that cannot be sampled and for a condition that it cannot follow.
    """
    sampler = one.fitted
    name = one.member.experiment.agent.name
    if not isinstance(sampler, Sampler):
        raise UserError(f"{name} cannot be sampled: it models no distribution; `daedalus evaluate` judges it")
    if asked.n < 1:
        raise UserError(f"-n must be at least 1 sample, not {asked.n}")
    options = _options(sampler, name, dict(asked.options))
    prompt, where = _prompt(one.data, asked.prompt), one.numerics.device
    generator = torch_generator(asked.seed, "samples", where)
    found = []
    with torch.no_grad(), one.numerics.cast():
        for begin in range(0, asked.n, _AT_ONCE):
            count = min(_AT_ONCE, asked.n - begin)
            y = _classes(one.data, asked.label, count)
            condition = Condition(
                None if y is None else y.to(where), None if prompt is None else prompt.to(where), options
            )
            found.append(sampler.sample(count, condition, generator).cpu())
    return torch.cat(found)


def _options(sampler: Sampler, name: str, given: Mapping[str, Any]) -> Any:
    if sampler.options_class is None:
        if given:
            raise UserError(f"{name} has nothing to choose when it is sampled; leave out --set {next(iter(given))}")
        return None
    return fill(sampler.options_class, dict(given), f"{name}'s samples")


def _prompt(data: Data, text: str | None) -> torch.Tensor | None:
    if text is None:
        return None
    if data.vocabulary is None:
        raise UserError(f"{data.name} is no text, so nothing can begin with a --prompt")
    if not text:
        raise UserError("--prompt is empty; leave it out, or give the text that samples begin with")
    return torch.from_numpy(np.asarray(data.vocabulary.encode(text), dtype=np.int64))


def _classes(data: Data, label: int | None, n: int) -> torch.Tensor | None:
    if label is None:
        return None
    classes = data.fields["y"].values if "y" in data.fields and data.sort != "sequence" else None
    if classes is None:
        raise UserError(f"{data.name} has no classes, so no --label can be asked for")
    if not 0 <= label < classes:
        raise UserError(f"--label must lie between 0 and {classes - 1}, not {label}")
    return torch.full((n,), label)


def shown(data: Data, samples: torch.Tensor) -> Picture | Passage:
    """What a person sees of samples."""
    picture: Picture | Passage = find("service", "show_samples").load()(data, samples)
    return picture


def check_out(out: Path | None) -> None:
    """Raise `UserError` for a file that samples cannot be written to, before they are drawn."""
    if out is None:
        return
    if out.suffix.lower() not in _ENDINGS:
        raise UserError(f"-o must end in {', '.join(_ENDINGS[:-1])} or {_ENDINGS[-1]}, not {out.name!r}")
    if not out.parent.is_dir():
        raise UserError(f"-o: there is no folder {out.parent}")


def write(data: Data, samples: torch.Tensor, out: Path) -> None:
    """Write samples as their file's ending says: a picture, text, or the numbers themselves as x of an npz file.

    Raises `UserError` where samples are no picture, or no text.
    """
    ending = out.suffix.lower()
    if ending == ".npz":
        import io

        buffer = io.BytesIO()
        np.savez_compressed(buffer, x=samples.numpy())
        write_bytes(out, buffer.getvalue())
        return
    seen = shown(data, samples)
    if isinstance(seen, Picture) and ending == ".png":
        write_bytes(out, png(seen.pixels))
    elif isinstance(seen, Passage) and ending == ".txt":
        write_bytes(out, f"{seen.text}\n".encode())
    else:
        what, better = ("pictures", ".png") if isinstance(seen, Picture) else ("text", ".txt")
        raise UserError(f"samples of {data.name} are {what}: write them to {out.with_suffix(better)}, or as .npz")
