"""Optimisers by hand, against torch's plain loops, and who is decayed."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import nn

from daedalus.core.device import torch_generator
from daedalus.core.errors import UserError
from daedalus.core.nn.heads import Gaussian
from daedalus.core.nn.mlp import MLP
from daedalus.core.nn.positions import Learned
from daedalus.core.optim.optimisers import SGD, Adam, AdamW, Optimiser, RMSProp, decayed, groups, optimiser
from daedalus.core.spec import Spec


class One(nn.Module):
    """A single weight."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([[weight]], dtype=torch.float64))


def path(spec: Optimiser, *gradients: float) -> list[float]:
    """The weight from 1 after each of the gradients."""
    module, found = One(1.0), []
    moving = spec.build(module)
    for gradient in gradients:
        module.weight.grad = torch.tensor([[gradient]], dtype=torch.float64)
        moving.step()
        found.append(module.weight.item())
    return found


BY_HAND: list[tuple[Optimiser, list[float]]] = [  # from 1, with gradients 2 and −1
    (SGD(lr=0.1), [0.8, 0.9]),
    (SGD(lr=0.1, momentum=0.5), [0.8, 0.8]),  # velocities 2, 0
    (SGD(lr=0.1, momentum=0.5, nesterov=True), [0.7, 0.8]),  # 2 + ½·2, −1 + ½·0
    (SGD(lr=0.1, weight_decay=0.5), [0.75, 0.8125]),  # 2 + ½·1, −1 + ½·¾
    (RMSProp(lr=0.1, smoothing=0.75, eps=0.0), [0.8, 0.8 + 0.1 / 1.0]),  # means of squares 1, ¾ + ¼
    (RMSProp(lr=0.1, smoothing=0.75, eps=0.0, centred=True),  # means ½, ⅛: variances ¾, 63/64
     [1 - 0.2 / 0.75**0.5, 1 - 0.2 / 0.75**0.5 + 0.1 / (63 / 64) ** 0.5]),
    (Adam(lr=0.1, beta1=0.5, beta2=0.75, eps=0.0),  # means 1, 0 and squares 1, 1; corrected 2, 0 and 4, …
     [0.9, 0.9]),
    (AdamW(lr=0.1, beta1=0.5, beta2=0.75, eps=0.0, weight_decay=0.5), [0.95 - 0.1, 0.85 * 0.95]),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "wanted"), BY_HAND, ids=[type(spec).__name__ for spec, _ in BY_HAND])
def test_two_steps_by_hand(spec: Optimiser, wanted: list[float]) -> None:
    assert path(spec, 2.0, -1.0) == pytest.approx(wanted, abs=1e-12)


PLAIN: dict[str, tuple[Optimiser, Callable[[list[nn.Parameter]], torch.optim.Optimizer]]] = {
    "sgd": (SGD(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1, decay="all"),
            lambda p: torch.optim.SGD(p, 0.1, 0.9, nesterov=True, weight_decay=0.1, foreach=False)),
    "rmsprop": (RMSProp(lr=0.01, smoothing=0.9, momentum=0.5, weight_decay=0.1, decay="all"),
                lambda p: torch.optim.RMSprop(p, 0.01, 0.9, weight_decay=0.1, momentum=0.5, foreach=False)),
    "adam": (Adam(lr=0.01, beta2=0.9, weight_decay=0.1, decay="all"),
             lambda p: torch.optim.Adam(p, 0.01, (0.9, 0.9), weight_decay=0.1, foreach=False)),
    "adamw": (AdamW(lr=0.01, decay="all"),
              lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.01, foreach=False)),
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_steps_are_those_of_torchs_plain_loop(name: str, where: torch.device) -> None:
    generator = torch_generator(0, "x")
    ours = nn.Sequential(nn.Linear(5, 7), nn.LayerNorm(7)).to(where)
    theirs = copy.deepcopy(ours)
    spec, plain = PLAIN[name]
    moving = spec.build(ours), plain(list(theirs.parameters()))
    for _ in range(10):
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            mine.grad = torch.randn(mine.shape, generator=generator).to(where)
            other.grad = mine.grad.clone()
        for one in moving:
            one.step()
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict())


class Text(nn.Module):
    """Some of everything, with a weight that is tied."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, 4)
        self.norm = nn.LayerNorm(4)
        self.hidden = nn.Linear(4, 4)
        self.frozen = nn.Linear(4, 4).requires_grad_(False)
        self.tied = nn.Linear(4, 4, bias=False)
        self.tied.weight = self.hidden.weight


def test_weights_alone_are_decayed() -> None:
    text = Text()
    assert [name for p in decayed(text) for name, q in text.named_parameters() if p is q] == ["hidden.weight"]
    found = {group["weight_decay"]: group["params"] for group in groups(text, 0.1, "weights")}
    assert [id(p) for p in found[0.1]] == [id(text.hidden.weight)]
    others = [text.embedding.weight, text.norm.weight, text.norm.bias, text.hidden.bias]
    assert [id(p) for p in found[0.0]] == [id(p) for p in others]
    (everything,) = groups(text, 0.1, "all")
    assert len(everything["params"]) == 5
    moving = SGD(lr=0.5, weight_decay=1.0).build(text)
    before = {name: p.detach().clone() for name, p in text.named_parameters()}
    for parameter in text.parameters():
        parameter.grad = torch.zeros_like(parameter)
    moving.step()
    for name, parameter in text.named_parameters():
        torch.testing.assert_close(parameter.detach(), before[name] * (0.5 if name == "hidden.weight" else 1.0))


class Odd(nn.Linear):
    """It has a name of a norm's, but is none; its own class says what is spared."""

    undecayed = ("gain",)

    def __init__(self) -> None:
        super().__init__(2, 2)
        self.gain = nn.Parameter(torch.ones(2))


Odd.__name__ = "NormOfEmbeddedPositions"


def test_kinds_of_modules_say_what_is_spared() -> None:
    generator = torch_generator(0, "init")
    of = {
        "deviation": (Gaussian(2, by_state=False).build((3,), generator), ["mean.weight"]),
        "positions": (Learned(5).build((4,), generator), []),
        "class": (Odd(), ["weight"]),
        "own norms": (MLP(8, 1, norm="rms").build((4,), generator), ["linear0.weight"]),
        "stacked norms": (MLP(8, 1, norm="batch").build_population((4,), [generator]), ["linear0.weight"]),
        **{
            type(norm).__name__: (norm, [])
            for norm in (nn.BatchNorm2d(3), nn.LayerNorm(3), nn.GroupNorm(1, 3), nn.RMSNorm(3))
        },
    }  # fmt: skip
    for kind, (module, wanted) in of.items():
        found = [name for p in decayed(module) for name, q in module.named_parameters() if p is q]
        assert found == wanted, kind


@pytest.mark.parametrize("embedding_first", [True, False])
def test_an_embedding_that_is_the_output_too_is_not_decayed(embedding_first: bool) -> None:
    rows, outputs = nn.Embedding(5, 4), nn.Linear(4, 5)
    outputs.weight = rows.weight
    assert list(decayed(nn.Sequential(*((rows, outputs) if embedding_first else (outputs, rows))))) == []


def test_specs_are_read_from_words() -> None:
    assert optimiser("adam") == Adam()
    assert optimiser("adamw(lr=3e-4,beta2=.99,weight_decay=.1)") == AdamW(lr=3e-4, beta2=0.99, weight_decay=0.1)
    assert optimiser(Spec("sgd", (("momentum", 0.9), ("nesterov", True)))) == SGD(momentum=0.9, nesterov=True)
    assert optimiser("rmsprop:centred=true,decay=all") == RMSProp(centred=True, decay="all")
    assert optimiser(SGD()) == SGD()


@pytest.mark.parametrize(
    ("asked", "said"),
    {
        "adamm": "unknown optimiser 'adamm'; did you mean 'adam'?",
        "adam(rate=1)": "unknown parameter of adam 'rate'",
        "adam(lr=0)": "adam: lr must be positive and finite, not 0",
        "adam(lr=fast)": "adam: lr must be a number, not 'fast'",
        "sgd(lr=-1)": "sgd: lr must be positive",
        "sgd(nesterov=true)": "sgd: nesterov needs a momentum",
        "sgd(momentum=1)": r"sgd: momentum must lie in \[0, 1\), not 1",
        "rmsprop(eps=-1)": "rmsprop: eps must be at least 0",
        "adamw(weight_decay=-1)": "adamw: weight_decay must be at least 0",
        "adamw(decay=none)": "adamw: decay must be",
    }.items(),
)
def test_bad_settings_are_refused(asked: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        optimiser(asked)


def test_nothing_to_train_is_refused() -> None:
    with pytest.raises(UserError, match="Linear has nothing to train: no parameter requires a gradient"):
        Adam().build(nn.Linear(2, 2).requires_grad_(False))
