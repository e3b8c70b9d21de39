"""Pictures from the network."""

import zipfile

import numpy as np

from daedalus.core.arrays import Ints, Pixels
from daedalus.core.data import ACCURACY, LOG_PROBABILITY, Column, Data
from daedalus.core.errors import UserError
from daedalus.core.files import damaged
from daedalus.core.spec import Spec
from daedalus.core.supervised.images import Pictures, Shades, Task, Told
from daedalus.core.supervised.sets import Judged, constant_guess

from .fetching import fetched

#: Where the 60,000 training pictures begin to validate.
CUT = 55_000


def mnist(
    task: Task = "classification",
    pixels: Told | None = None,
    whole: bool = False,
    examples: int | None = None,
    measure: Judged | None = None,
) -> Data:
    """70,000 handwritten digits of 28×28 pixels (LeCun, Bottou, Bengio & Haffner 1998), as x (1, 28, 28).

    Of the 60,000 training pictures the first 55,000 train and the others validate; with `whole` all train, the last
    5,000 also in place of a validation part. Only the first `examples` train. `pixels` are bits, static, 1 above 127
    (binary, the default of density), whole numbers up to 255 (gray) or real ones from 0 to 1.
    """
    train, test = _read()
    parts = [(train[0][: None if whole else CUT], train[1][: None if whole else CUT]), _from(train, CUT), test]
    if examples is not None and not 10 <= examples <= len(parts[0][0]):
        raise UserError(f"mnist: examples must lie between 10 and {len(parts[0][0])}, not {examples}")
    parts[0] = (parts[0][0][:examples], parts[0][1][:examples])
    rule = (
        "all 60,000 training pictures train, the last 5,000 also stand for a validation part (choose nothing by it)"
        if whole
        else "the first 55,000 training pictures train, the last 5,000 validate"
    )
    notes: tuple[str, ...] = (f"{rule}; the 10,000 test pictures test",)
    if examples is not None:
        notes = (*notes, f"only the first {examples:,} train")
    pictures = Pictures("mnist", parts, 10, top=255, threshold=128, notes=notes)
    if task == "classification":
        return _classes(pictures, pixels, measure or "accuracy")
    if measure is not None:
        raise UserError(f"mnist: measure is of task=classification; leave it out for task={task}")
    return pictures.dense(task, pixels)


def _classes(pictures: Pictures, pixels: Told | None, measure: Judged) -> Data:
    if pixels not in (None, "real"):
        raise UserError(f"mnist: pixels={pixels} is of the tasks density, sampling and reconstruction; leave it out")
    train, validation, test = (Shades(x, y, pictures.top) for x, y in pictures.parts)
    return Data(
        pictures.name,
        "classification",
        {
            "x": Column(pictures.parts[0][0].shape[1:], "float32"),
            "y": Column((), "int64", pictures.classes),
        },
        train,
        validation,
        test,
        measure=ACCURACY if measure == "accuracy" else LOG_PROBABILITY,
        chance=constant_guess(pictures.parts[0][1], pictures.parts[2][1], pictures.classes, measure),
        notes=(*pictures.notes, "pixels from 0 to 1"),
        form=Spec("image"),
    )


def _read() -> tuple[tuple[Pixels, Ints], tuple[Pixels, Ints]]:
    path = fetched("mnist.npz")
    try:
        with path.open("rb") as opened, np.load(opened) as file:
            arrays = {name: file[name] for name in ("x_train", "y_train", "x_test", "y_test")}
    except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise damaged(path, error, "fetch it again") from error
    train, test = ((arrays[f"x_{part}"][:, None], arrays[f"y_{part}"].astype(np.int64)) for part in ("train", "test"))
    return train, test


def _from(part: tuple[Pixels, Ints], begin: int) -> tuple[Pixels, Ints]:
    return part[0][begin:], part[1][begin:]
