"""Diagnoses of networks made by hand, of which it is known what is wrong; a healthy one gets none."""

import pytest
import torch
from torch import Tensor, nn

from daedalus.core import losses
from daedalus.core.device import Numerics, torch_generator
from daedalus.core.diagnosis import Layer, diagnose
from daedalus.core.diagnosis import sentences as said_of
from daedalus.core.engine import Engine, Training
from daedalus.core.nn.mlp import MLP
from daedalus.core.noise import Noise
from daedalus.core.objective import Batch, Metrics, Phase


class Regression:
    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def phases(self, step: int) -> tuple[Phase, ...]:
        return (Phase(),)

    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        return losses.squared(self.module(batch["x"]).mean(-1), batch["y"]).mean(-1), {}


def deep(activation: type[nn.Module], gain: float, layers: int = 12, width: int = 16) -> nn.Sequential:
    """Layers with weights of N(0, gain²/width)."""
    generator = torch_generator(0, "init")
    stack = nn.Sequential()
    for number in range(layers):
        layer = nn.Linear(width, width)
        with torch.no_grad():
            layer.weight.copy_(torch.randn(width, width, generator=generator) * gain / width**0.5)
            layer.bias.zero_()
        stack.add_module(f"layer{number}", layer)
        stack.add_module(f"activation{number}", activation())
    return stack


def batch(*lead: int, width: int = 16) -> dict[str, Tensor]:
    generator = torch_generator(0, "data")
    return {"x": torch.randn(*lead, width, generator=generator), "y": torch.randn(lead, generator=generator)}


def noise(where: torch.device | None = None) -> Noise:
    return Noise(torch_generator(0, "x", where))


def sentences(module: nn.Module, *lead: int, width: int = 16) -> tuple[str, ...]:
    return diagnose(Regression(module), batch(*(lead or (32,)), width=width), noise()).sentences


def test_a_last_layer_that_begins_at_zero_is_no_vanishing() -> None:
    first, last = (
        Layer(name, *map(torch.tensor, (1.0, 1.0, signal, 0.0))) for name, signal in (("a", 0.0), ("z", 1.0))
    )
    (said,) = said_of([first, last])
    assert said.startswith("no gradient gets from layer 'z' back to 'a': it is zero all the way")


def test_deep_sigmoids_vanish() -> None:
    (said,) = sentences(deep(nn.Sigmoid, gain=1.0))  # each layer multiplies by at most a quarter
    assert said.startswith("gradients vanish: from layer 'layer11' back to 'layer0' they shrink to ")
    assert "take ReLU-like activations" in said


def test_large_linear_layers_explode() -> None:
    (said,) = sentences(deep(nn.Identity, gain=4.0))  # each layer multiplies by about 4: 4^11 = 4e6
    assert said.startswith("gradients explode: from layer 'layer11' back to 'layer0' they grow ")
    assert 1e6 < float(said.partition("grow ")[2].partition("-fold")[0]) < 2e7
    assert "clip_norm=1" in said


@pytest.mark.parametrize("layers", [2, 12, 30])
def test_a_healthy_network_is_told_nothing(layers: int) -> None:
    assert sentences(deep(nn.ReLU, 2**0.5, layers, width=64), 64, width=64) == ()  # He et al. 2015
    assert sentences(deep(nn.Identity, 1.0, layers, width=64), 64, width=64) == ()


def test_dead_units_are_counted() -> None:
    module = deep(nn.ReLU, gain=2**0.5, layers=3)
    with torch.no_grad():
        module.layer1.bias[:12] = -1e3
    (said,) = sentences(module)
    assert said.startswith("75 % of the units of layer 'layer1' are zero for every example: they learn nothing more")


def test_dead_channels_are_counted() -> None:
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 3), nn.Flatten())
    with torch.no_grad():
        module[0].weight.fill_(0.1)  # torch draws its own from nowhere in particular
        module[0].bias[:3] = -1e3
    given = {"x": torch.rand(8, 1, 6, 6, generator=torch_generator(0, "x")), "y": torch.zeros(8)}
    layers = diagnose(Regression(module), given, noise()).layers
    assert [layer.name for layer in layers] == ["0", "2"]
    assert layers[0].dead.item() == 0.75
    assert layers[1].dead.isnan()


def test_slots_are_told_apart() -> None:
    module = MLP(width=16, depth=3, outputs=1).build_population((16,), [torch_generator(n, "init") for n in range(4)])
    assert sentences(module, 4, 32) == ()
    with torch.no_grad():
        module.get_parameter("linear1.bias")[[1, 3]] = -1e3
    assert sentences(module, 4, 32)[0].startswith("slots 1, 3: 100 % of the units of layer 'linear1' are zero")
    with torch.no_grad():
        module.get_parameter("outputs.bias")[2] = torch.inf
    assert sentences(module, 4, 32)[0].startswith("slot 2: the norm of the gradient of layer 'linear0' is not finite")


def test_norms_are_those_of_autograd_and_nothing_changes(where: torch.device) -> None:
    module = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Tanh(), nn.Linear(2, 1)).to(where)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    given = {name: tensor.to(where) for name, tensor in batch(8, width=3).items()}
    layers = diagnose(Regression(module), given, noise(where)).layers
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())
    assert all(parameter.grad is None for parameter in module.parameters())
    Regression(module).loss(Phase(), given, noise(where))[0].backward()
    assert [layer.name for layer in layers] == ["0", "1", "3"]
    for layer, part in zip(layers, (module[0], module[1], module[3]), strict=True):
        weights, gradients = ([p.flatten() for p in part.parameters()], [p.grad.flatten() for p in part.parameters()])
        torch.testing.assert_close(layer.weight, torch.cat(weights).norm().detach().cpu())
        torch.testing.assert_close(layer.gradient, torch.cat(gradients).norm().cpu())


def test_norms_of_slots_make_the_norm_that_a_step_tells() -> None:
    module = MLP(width=8, depth=1, outputs=1).build_population((16,), [torch_generator(n, "init") for n in range(3)])
    layers = diagnose(Regression(module), batch(3, 32), noise()).layers
    assert [layer.name for layer in layers] == ["linear0", "outputs"]
    trained = Engine(Regression(module), Training(), Numerics(torch.device("cpu")), torch_generator(0, "x"))
    together = torch.stack([layer.gradient for layer in layers]).norm(dim=0)
    torch.testing.assert_close(together, trained.step(batch(3, 32))["gradient_norm"])
