"""What the ground floor announces of supervised learning: small data sets, and models for them."""

from daedalus.core.catalogue import Entry

_SETS = "daedalus.core.supervised.sets"
_HEADS = "daedalus.core.supervised.heads"

_CLASSES, _NUMBERS = ("classification",), ("regression",)
_IMAGES = (*_CLASSES, "density", "sampling", "reconstruction")
_LINEAR, _NETWORKS, _SMALL, _MADE = "Linear models", "Networks", "Carried by scikit-learn", "Made here"

SUPERVISED = (
    Entry("data", "digits", f"{_SETS}:digits", "8×8 handwritten digits, ten classes", _IMAGES, family=_SMALL),
    Entry("data", "iris", f"{_SETS}:iris", "three kinds of irises by four lengths", _CLASSES, family=_SMALL),
    Entry("data", "wine", f"{_SETS}:wine", "three growers by 13 measurements of wine", _CLASSES, family=_SMALL),
    Entry("data", "breast_cancer", f"{_SETS}:breast_cancer", "tumours by 30 measurements", _CLASSES, family=_SMALL),
    Entry("data", "diabetes", f"{_SETS}:diabetes", "how diabetes goes on, a number", _NUMBERS, family=_SMALL),
    Entry(
        "data",
        "moons",
        "daedalus.core.supervised.moons:moons",
        "two half moons that overlap, their ceiling known exactly",
        (*_CLASSES, "density", "sampling", "reconstruction"),
        family=_MADE,
    ),
    Entry("model", "linear", f"{_HEADS}:Linear", "ridge regression", (*_CLASSES, *_NUMBERS), "fit", 1, _LINEAR),
    Entry("model", "logistic", f"{_HEADS}:Logistic", "multinomial logistic regression", _CLASSES, "fit", 1, _LINEAR),
    Entry("model", "svm", f"{_HEADS}:SVM", "support vector machine, hinge losses", _CLASSES, "fit", 1, _LINEAR),
    Entry(
        "model",
        "mlp",
        "daedalus.core.supervised.mlp:Perceptron",
        "multilayer perceptron",
        (*_CLASSES, *_NUMBERS),
        "fit",
        1,
        _NETWORKS,
    ),
    Entry(
        "model",
        "cnn",
        "daedalus.core.supervised.cnn:Convolutional",
        "convolutional network, of images",
        (*_CLASSES, *_NUMBERS),
        "fit",
        1,
        _NETWORKS,
    ),
    Entry(
        "reproduction",
        "regularisation",
        "daedalus.core.lab.regularisation:regularisation",
        "seven remedies against learning by heart",
        ("supervised",),
    ),
    Entry("trial", "fit", "daedalus.core.lab.fits:fit", "fits a model to a data set"),
)
