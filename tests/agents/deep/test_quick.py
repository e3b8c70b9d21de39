"""The written-out gradient against the engine's: the same updates, the same file, the same refusal."""

import copy

import numpy as np
import pytest
import torch

from daedalus.agents.deep.objective import LOSSES, ActionValues
from daedalus.agents.deep.quick import QuickTrainer, Rows, quick
from daedalus.core.device import numerics, torch_generator
from daedalus.core.engine import Diverged, Engine, Training
from daedalus.core.errors import UserError
from daedalus.core.nn.cnn import CNN
from daedalus.core.nn.mlp import MLP
from daedalus.core.optim.optimisers import Adam


def network(slots=3, one_hot=False, depth=2, width=13):
    plan = MLP(width, depth, outputs=3, one_hot=one_hot)
    return plan.build_population((5,), [torch_generator(seed, "init") for seed in range(slots)])


def batch(seed, slots=3, one_hot=False, size=7):
    draw = torch.Generator().manual_seed(seed)
    seen = torch.randint(5, (slots, size), generator=draw) if one_hot else torch.randn(slots, size, 5, generator=draw)
    target = 3 * torch.randn(slots, size, generator=draw)
    return {"seen": seen, "action": torch.randint(3, (slots, size), generator=draw), "target": target}


def both(loss="huber", clip=0.5, **shape):
    slow = network(**shape)
    fast = Rows(copy.deepcopy(slow))
    noise = [torch_generator(seed, "noise") for seed in range(shape.get("slots", 3))]
    engine = Engine(ActionValues(slow, LOSSES[loss]), Training(Adam(1e-2), clip_norm=clip), numerics("cpu"), noise)
    return engine, QuickTrainer(fast, 1e-2, clip, loss == "huber")


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize(("loss", "clip", "depth"), [("huber", 0.5, 2), ("squared", None, 1), ("huber", None, 0)])
def test_it_makes_the_engines_updates(loss, clip, depth, one_hot):
    engine, fast = both(loss, clip, depth=depth, one_hot=one_hot)
    for step in range(20):
        told, mine = engine.step(batch(step, one_hot=one_hot)), fast.step(batch(step, one_hot=one_hot))
        torch.testing.assert_close(mine["loss"], told["loss"], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(mine["gradient_norm"], told["gradient_norm"], rtol=1e-4, atol=1e-5)
    state = fast._rows.network.state_dict()
    for name, tensor in engine.objective.module.state_dict().items():
        torch.testing.assert_close(state[name], tensor, rtol=1e-4, atol=1e-5)
    seen = batch(9, one_hot=one_hot)["seen"]
    torch.testing.assert_close(fast._rows.values(seen), engine.objective.module(seen).detach(), rtol=1e-4, atol=1e-4)


def test_either_goes_on_from_what_the_other_saved():
    engine, fast = both()
    for step in range(5):
        engine.step(batch(step))
    fast.take_up(engine.arrays())
    other = both()[1]
    other.take_up(fast.arrays())
    for step in range(5, 8):
        engine.step(batch(step))
        fast.step(batch(step))
        other.step(batch(step))
    for name, array in other.arrays().items():
        assert array.tobytes() == fast.arrays()[name].tobytes(), name
        np.testing.assert_allclose(array, engine.arrays()[name], rtol=1e-3, atol=1e-5)
    with pytest.raises(UserError, match="steps"):
        fast.take_up({name: array for name, array in engine.arrays().items() if name != "steps"})
    with pytest.raises(UserError, match="the saved network"):
        fast.take_up({"steps": np.array(3)})


def test_what_is_not_finite_changes_nothing():
    _, fast = both()
    fast.step(batch(0))
    before, bad = fast.arrays(), batch(1)
    bad["target"][1, 2] = float("nan")
    with pytest.raises(Diverged, match="diverged at step 1: the loss of slot 1 is not finite") as error:
        fast.step(bad)
    assert error.value.slots == (1,)
    assert all(array.tobytes() == before[name].tobytes() for name, array in fast.arrays().items())


def test_what_it_is_for():
    assert quick(network())
    assert quick(network(one_hot=True, depth=0))
    assert quick(MLP(8, outputs=2).build_population((2, 3, 3), [torch_generator(0, "a")]))
    generators = [torch_generator(0, "a")]
    assert not quick(MLP(8, outputs=2, activation="tanh").build_population((4,), generators))
    assert not quick(MLP(8, outputs=2, norm="layer").build_population((4,), generators))
    assert not quick(CNN((4,), width=8, outputs=2).build_population((1, 6, 6), generators))
