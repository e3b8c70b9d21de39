"""Digits in bits: models with a likelihood against the best tree of pixels (Chow & Liu 1968)."""

from collections.abc import Iterator, Mapping

from daedalus.core.lab.reproduction import Figure, Line, Row, at_most, mean_line
from daedalus.core.lab.studying import curves

#: Nats per image: every pixel by itself, and the Chow–Liu tree.
_DIGITS, _MNIST = (24.581, 20.570), (205.846, 120.491)
_TREE = "Chow & Liu 1968, counted once by another program"

_OF_DIGITS = {
    "made": "made:width=256,dropout=.3,keep=best,lr=1e-3",
    "pixelcnn": "pixelcnn:width=32,depth=4,dropout=.3,keep=best",
    "vae": "vae:latent=16,width=256,keep=best",
    "ddpm": "ddpm:keep=best",
}
_OF_MNIST = {
    "made": "made:width=500,batch=100,lr=1e-3",
    "vae": "vae:latent=32,width=400,batch=100,lr=1e-3",
    "pixelcnn": "pixelcnn:width=16,depth=4,batch=32,lr=1e-3",
}


def digits(quick: bool) -> Iterator[Row | Figure]:
    """Digits of 8×8 bits, 1,500 to learn from: none may learn them by heart."""
    models = {label: _OF_DIGITS[label] for label in ("vae",)} if quick else _OF_DIGITS
    yield from _below("models_digits", "digits:task=density", models, 400 if quick else 2000, _DIGITS, quick)


def mnist(quick: bool) -> Iterator[Row | Figure]:
    """MNIST, static bits: 1 above 127."""
    models = {"vae": "vae:latent=16,width=64,batch=100,lr=2e-3,watched=64"} if quick else _OF_MNIST
    data = "mnist:task=density" if quick else "mnist:task=density,whole=true"
    yield from _below("models_mnist", data, models, 250 if quick else 4000, _MNIST, quick)


def _below(
    study: str, data: str, models: Mapping[str, str], steps: int, known: tuple[float, float], quick: bool
) -> Iterator[Row | Figure]:
    alone, tree = known
    found = curves(study, data, models, 2, steps, quick)
    for label, curve in found.items():
        bound, source = (alone, "every pixel by itself") if quick else (tree, _TREE)
        yield at_most(f"{label}: nats per image", -curve.value[:, -1], bound, source)
    lines = [mean_line(label, curve.step, -curve.value) for label, curve in found.items()]
    lines += [
        Line(label, [0, steps], [nats] * 2, whose="theirs") for label, nats in (("by itself", alone), ("tree", tree))
    ]
    yield Figure(data, "steps", "nats per image", lines, "Test part; of vae and ddpm an upper bound.")
