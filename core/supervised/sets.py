"""The small data sets that scikit-learn carries, split by one rule.

All examples are shuffled once by a fixed stream; the first 70 % train, the next 15 % validate, the rest test, whatever
the seed of a run. So models are compared on the same test examples, and a run's seed changes the model alone. Models of
the digits themselves are compared on the split that others' figures were measured with, in the order of the file.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints, Pixels
from daedalus.core.data import ACCURACY, LOG_PROBABILITY, R_SQUARED, Column, Data, Held
from daedalus.core.errors import UserError
from daedalus.core.rng import generator
from daedalus.core.spec import Spec

from .images import Pictures, Task, Told

TRAIN, VALIDATION = 0.7, 0.15
#: Where models of digits themselves begin to validate and to test, as the figures of others do.
DRAWN = (1350, 1500)

Judged = Literal["accuracy", "log_likelihood"]

_SPLIT = "70 % train, 15 % validation, 15 % test, shuffled once for all"
_STANDARD = "inputs standardised by mean and deviation of the training part"


def digits(
    examples: int | None = None,
    noise: float = 0.0,
    only: Literal["all", "low", "high"] = "all",
    moved: int = 0,
    measure: Judged | None = None,
    task: Task = "classification",
    pixels: Told | None = None,
    whole: bool = False,
) -> Data:
    """1,797 handwritten digits of 8×8 pixels (Alpaydin & Kaynak 1998), from 0 to 1, as x (1, 8, 8).

    Only the first `examples` of the training part are trained on, and of their labels a share of `noise` is drawn
    anew; validation and test stay whole and true. `only` takes the digits 0 to 4 ("low") or 5 to 9 ("high") as five
    classes. Images that validate and test are `moved` by up to so many pixels each way, those to train on never.

    For density, sampling and reconstruction the first 1,350 train, the next 150 validate and the last 297 test; with
    `whole` the first 1,500 train, the last 150 of them also in place of a validation part. `pixels` are bits (binary,
    the default of density), whole numbers up to 16 (gray) or real.
    """
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    if task != "classification":
        asked = {"noise": noise, "moved": moved, "measure": measure}
        if strange := [name for name, value in asked.items() if value]:
            raise UserError(f"digits: {strange[0]} is of task=classification; leave it out for task={task}")
        return _drawn(x.astype(np.uint8).reshape(-1, 1, 8, 8), y, only, examples, whole).dense(task, pixels)
    if whole or pixels not in (None, "real"):
        named = "whole" if whole else "pixels"
        raise UserError(f"digits: {named} is of the tasks density, sampling and reconstruction; leave it out")
    if not 0 <= moved <= 4:
        raise UserError(f"digits: moved must lie between 0 and 4 pixels, not {moved}")
    wanted, classes, first = _only(y, only)
    shades, y = (x[wanted] / 16.0).reshape(-1, 1, 8, 8), y[wanted] - first
    notes: tuple[str, ...] = ("pixels from 0 to 1",)
    if moved:
        held_out = np.concatenate(split("digits", len(shades))[1:])
        shades[held_out] = _moved(shades[held_out], moved)
        notes = (*notes, f"held-out images moved by up to {moved} pixel{'' if moved == 1 else 's'}")
    data = _classes("digits", shades, y, classes, measure or "accuracy", examples, noise, notes)
    return replace(data, form=Spec("image"))


def _only(y: Ints, only: Literal["all", "low", "high"]) -> tuple[Bools, int, int]:
    """Which digits are wanted, how many classes they are, and the lowest."""
    wanted: Bools = {"all": y >= 0, "low": y < 5, "high": y >= 5}[only]
    return wanted, 10 if only == "all" else 5, 5 if only == "high" else 0


def _drawn(x: Pixels, y: Ints, only: Literal["all", "low", "high"], examples: int | None, whole: bool) -> Pictures:
    """The digits in the order of the file, cut after the 1,350th and the 1,500th."""
    wanted, classes, first = _only(y, only)
    train = slice(0, DRAWN[1] if whole else DRAWN[0])
    parts = [
        (x[cut][wanted[cut]], y[cut][wanted[cut]] - first) for cut in (train, slice(*DRAWN), slice(DRAWN[1], None))
    ]
    size = len(parts[0][0])
    if examples is not None and not 1 <= examples <= size:
        raise UserError(f"digits: examples must lie between 1 and {size}, the training part, not {examples}")
    parts[0] = (parts[0][0][:examples], parts[0][1][:examples])
    rule = (
        "the first 1,500 train, the last 150 of which also stand for a validation part (choose nothing by it)"
        if whole
        else "the first 1,350 train, the next 150 validate"
    )
    notes: tuple[str, ...] = (f"in the order of the file: {rule}, the last 297 test",)
    if examples is not None:
        notes = (*notes, f"only the first {examples:,} train")
    return Pictures("digits", parts, classes, top=16, threshold=8, notes=notes)


def _moved(pixels: Floats, reach: int) -> Floats:
    """Images (B, 1, H, W), each moved its own way by a fixed draw; what comes in is 0."""
    padded = np.pad(pixels, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
    offsets = generator(0, "moved/digits").integers(0, 2 * reach + 1, (len(pixels), 2))
    high, wide = pixels.shape[2:]
    return np.stack([one[:, y : y + high, x : x + wide] for one, (y, x) in zip(padded, offsets, strict=True)])


def iris(measure: Judged = "accuracy") -> Data:
    """150 irises of three kinds by four lengths (Fisher 1936)."""
    from sklearn.datasets import load_iris

    return _standardised("iris", load_iris, 3, measure)


def wine(measure: Judged = "accuracy") -> Data:
    """178 wines of three growers by 13 measurements (Aeberhard & Forina 1992)."""
    from sklearn.datasets import load_wine

    return _standardised("wine", load_wine, 3, measure)


def breast_cancer(measure: Judged = "accuracy") -> Data:
    """569 tumours, malignant or benign, by 30 measurements (Wolberg et al. 1995)."""
    from sklearn.datasets import load_breast_cancer

    return _standardised("breast_cancer", load_breast_cancer, 2, measure)


def diabetes() -> Data:
    """How the diabetes of 442 patients went on within a year, by ten measurements (Efron et al. 2004); the score is R².

    The target is standardised too, so that settings of models mean the same as elsewhere; R² does not change by it.
    """
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    train, validation, test = split("diabetes", len(x))
    x, y = standard(x, train), standard(y, train)
    return Data(
        "diabetes",
        "regression",
        {"x": Column(x.shape[1:], "float32"), "y": Column((), "float32")},
        train=_with_variance(x, y, train),
        validation=_with_variance(x, y, validation),
        test=_with_variance(x, y, test),
        measure=R_SQUARED,
        chance=r_squared_of_a_constant(float(y[train].mean()), y[test]),
        notes=(_SPLIT, f"{_STANDARD}, and so is the target"),
    )


def split(name: str, size: int) -> tuple[Ints, Ints, Ints]:
    """The indices of the training, validation and test parts of `size` examples."""
    shuffled = generator(0, f"split/{name}").permutation(size)
    first, second = round(TRAIN * size), round((TRAIN + VALIDATION) * size)
    return shuffled[:first], shuffled[first:second], shuffled[second:]


def standard(values: Floats, train: Ints) -> Floats:
    """The columns with mean 0 and deviation 1 over the training part; one that never varies there stays constant."""
    deviation = values[train].std(axis=0)
    return np.asarray((values - values[train].mean(axis=0)) / np.where(deviation > 0, deviation, 1.0))


def r_squared_of_a_constant(guess: float, target: Floats) -> float:
    """1 - mean squared error of one guess for all / variance of the target."""
    return float(1.0 - np.mean((target - guess) ** 2) / target.var())


def _standardised(name: str, load: Callable[..., Any], classes: int, measure: Judged) -> Data:
    x, y = load(return_X_y=True)
    return _classes(name, standard(x, split(name, len(x))[0]), y, classes, measure, None, 0.0, (_STANDARD,))


def _classes(
    name: str,
    x: Floats,
    y: Ints,
    classes: int,
    measure: Judged,
    examples: int | None,
    noise: float,
    notes: tuple[str, ...],
) -> Data:
    train, validation, test = split(name, len(x))
    if examples is not None and not classes <= examples <= len(train):
        raise UserError(
            f"{name}: examples must lie between {classes} and {len(train)}, the training part, not {examples}"
        )
    if not 0 <= noise <= 1:
        raise UserError(f"{name}: noise must lie in [0, 1], not {noise}")
    train = train[:examples]
    labels = np.asarray(y, dtype=np.int64).copy()
    if noise:
        rng = generator(0, f"noise/{name}")
        labels[train] = np.where(rng.random(len(train)) < noise, rng.integers(0, classes, len(train)), labels[train])
        notes = (*notes, f"{100 * noise:g} % of the training labels drawn anew")
    return Data(
        name,
        "classification",
        {"x": Column(x.shape[1:], "float32"), "y": Column((), "int64", classes)},
        train=_held(x, labels, train),
        validation=_held(x, labels, validation),
        test=_held(x, labels, test),
        measure=ACCURACY if measure == "accuracy" else LOG_PROBABILITY,
        chance=constant_guess(labels[train], labels[test], classes, measure),
        notes=(_SPLIT if examples is None else f"{_SPLIT}; only {examples:,} train", *notes),
    )


def constant_guess(train: Ints, test: Ints, classes: int, measure: Judged) -> float:
    """The score on `test` of the best that ignores x: the most frequent class of `train`, or its frequencies."""
    counts = np.bincount(train, minlength=classes)
    if measure == "accuracy":
        return float(np.mean(test == counts.argmax()))
    with np.errstate(divide="ignore"):
        return float(np.log(counts / counts.sum())[test].mean())


def _held(x: Floats, y: np.typing.NDArray[Any], part: Ints) -> Held:
    return Held({"x": _single(x[part]), "y": y[part]})


def _with_variance(x: Floats, y: Floats, part: Ints) -> Held:
    """Examples that tell the variance of their part, without which R² is no mean over examples."""
    return Held({**_held(x, _single(y), part).arrays, "variance": _single(np.full(len(part), y[part].var()))})


def _single(values: Floats) -> np.typing.NDArray[np.float32]:
    return np.ascontiguousarray(values, dtype=np.float32)
