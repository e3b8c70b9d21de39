"""What populations of deep Q-networks promise: seeds are alone, chunks are whole, a time limit is no end."""

import numpy as np
import pytest
import torch

from daedalus.agents.deep.judges import FiniteJudge
from daedalus.agents.homes import shared
from daedalus.core.errors import UserError
from daedalus.core.spec import parse_spec
from daedalus.envs.loading import load_problem

MAZE = "daedalus/Maze-v0:rows=3,columns=3,slip=0.1,time_limit=20"


def weights(population, n=0):
    return {name: array[n] for name, array in population.weights().items()}


def assert_same(left, right):
    assert left.keys() == right.keys()
    for name in left:
        assert left[name].tobytes() == right[name].tobytes(), name


@pytest.mark.parametrize("sight", ["index", "one_hot", "symbolic,network=mlp", "coordinates"])
@pytest.mark.parametrize("width", [16, 13, (9, 12)])
def test_a_seed_learns_alone_what_it_learns_among_others(finite, sight, width):
    """Bit for bit, for odd widths too: its world, its coins, its batches and its updates."""
    sight, _, network = sight.partition(",network=")
    several = 3 if width == 13 else 1  # updates whose batches are drawn at once
    settings = {"width": width, "network": network or "auto", "gradient_steps": several}
    world = f"{MAZE},observation={sight}"
    together, alone = finite(world, (4, 7, 9), **settings), finite(world, (7,), **settings)
    for population in (together, alone):
        population.run(150)
    assert alone.updates == (150 - 16) // 4 * several
    assert_same(weights(together, 1), weights(alone))
    assert_same({"v": together.living.visited()[1]}, {"v": alone.living.visited()[0]})


def test_a_seed_of_convolutions_learns_alone_what_it_learns_among_others(finite):
    """The same life, and weights to rounding."""
    world, settings = "daedalus/Maze-v0:rows=2,columns=3,observation=symbolic", {"gradient_steps": 2}
    together, alone = finite(world, (4, 7, 9), **settings), finite(world, (7,), **settings)
    for population in (together, alone):
        population.run(100)
    assert alone.updates == (100 - 16) // 4 * 2
    assert_same({"v": together.living.visited()[1]}, {"v": alone.living.visited()[0]})
    assert_same(weights(together, 1), weights(alone))


def test_chunks_are_whole_and_a_snapshot_goes_on(finite):
    whole, parts = finite(MAZE, (1, 2), gradient_steps=3), finite(MAZE, (1, 2), gradient_steps=3)
    whole.run(200)
    for until in (1, 33, 34, 150):
        parts.run(until)
    taken = parts.arrays()
    fresh = finite(MAZE, (1, 2), gradient_steps=3)
    fresh.restore(taken)
    assert_same(fresh.arrays(), taken)
    for population in (parts, fresh):
        population.run(200)
        assert_same(population.arrays(), whole.arrays())


def test_a_damaged_snapshot_is_refused(finite):
    population = finite(MAZE, (1,))
    population.run(40)
    taken = population.arrays()
    for change in ({"t": None}, {"losses": np.zeros(7)}, {"memory.state": np.zeros(1)}, {"living.visits": np.zeros(2)}):
        broken = {name: array for name, array in (taken | change).items() if array is not None}
        with pytest.raises(UserError, match="damaged"):
            finite(MAZE, (1,)).restore(broken)


@pytest.mark.parametrize("settings", [{}, {"tau": 0.1, "target_update_interval": 1}, {"loss": "squared"}])
def test_the_smallest_task_that_proves_learning(finite, chain, settings):
    """The chain's best policy passes by small rewards; its value comes out exactly, so the regret is 0."""
    population = finite(chain(), (0, 1), 600, gamma=0.5, learning_rate=5e-3, exploration_fraction=1.0, **settings)
    population.run(600)
    judge = FiniteJudge(shared(chain(), (0, 1)), None)
    columns = judge.columns(population, 600)
    assert columns["exact"].all()
    assert columns["regret"] == pytest.approx(0.0, abs=1e-12)
    q_NSA = judge.values(population, 600)
    assert q_NSA[:, :3].max(axis=2) == pytest.approx(np.tile([0.25, 0.5, 1.0], (2, 1)), abs=0.05)


def test_what_ends_the_world_is_worth_nothing_and_a_time_limit_everything(finite, chain):
    """Where one episode is one step, the target of its action is 1 where the world ended, else r + γ·max Q⁻."""
    from daedalus.core.world import World

    mdp = chain().mdp
    only = World("step", mdp, 1, ("left", "right"))  # from state 0, each step is cut by the time limit
    population = finite(only, (0,), gamma=0.5, learning_starts=10**6, target_update_interval=10**6)
    with torch.no_grad():
        for tensor in population._target.parameters():
            tensor.zero_()
        population._target.get_submodule("outputs").bias.fill_(8.0)
    population.run(50)
    (batch,) = population._batches(1)
    expected = torch.where(batch["action"] == 0, 0.05, 0.0) + 0.5 * 8.0
    torch.testing.assert_close(batch["target"], expected)
    ending = World(
        "end", type(mdp)(mdp.next_state, mdp.probability, mdp.reward, np.eye(4)[2], mdp.terminal), 1, ("l", "r")
    )
    population = finite(ending, (0,), gamma=0.5, learning_starts=10**6, target_update_interval=10**6)
    with torch.no_grad():
        for tensor in population._target.parameters():
            tensor.zero_()
        population._target.get_submodule("outputs").bias.fill_(8.0)
    population.run(50)
    (batch,) = population._batches(1)
    torch.testing.assert_close(batch["target"], torch.where(batch["action"] == 0, 0.05 + 4.0, 1.0))


def test_one_batch_can_be_learnt_by_heart(finite):
    population = finite(MAZE, (0, 1), learning_starts=10**6, learning_rate=1e-2)
    population.run(100)
    (batch,) = population._batches(1)
    batch["target"] = torch.randn(batch["target"].shape, generator=torch.Generator().manual_seed(0))
    seen, done = batch["seen"] * 2 + batch["action"], {}
    for n in range(2):  # one target for what looks alike
        for b, key in enumerate(seen[n].tolist()):
            batch["target"][n, b] = done.setdefault((n, key), batch["target"][n, b])
    losses = [population.engine.step(batch)["loss"] for _ in range(300)]
    assert (losses[-1] < 1e-3 * losses[0]).all()


def test_the_target_network_follows(finite):
    hard, soft = finite(MAZE, (0,)), finite(MAZE, (0,), tau=0.25)
    for population in (hard, soft):
        with torch.no_grad():
            for tensor in population.network.parameters():
                tensor.add_(1.0)
        before = [tensor.clone() for tensor in population._target.parameters()]
        population._follow()
        for old, new, online in zip(
            before, population._target.parameters(), population.network.parameters(), strict=True
        ):
            torch.testing.assert_close(new, old + population.config.tau * (online - old))
        assert not any(tensor.requires_grad for tensor in population._target.parameters())


def test_without_replay_the_newest_steps_are_learnt_from_in_their_order(finite):
    population = finite(MAZE, (0, 1), replay=False, batch_size=4, learning_starts=10**6)
    states = []
    for _ in range(30):
        states.append(population.living.frame["obs"].copy())
        population.live()
    (batch,) = population._batches(1)
    assert batch["seen"].tolist() == np.array(states[-4:]).T.tolist()


def test_without_a_target_network_targets_are_the_online_ones(finite):
    population = finite(MAZE, (0,), target_network=False)
    population.run(60)
    with torch.no_grad():
        population.network.get_submodule("outputs").bias.fill_(50.0)
    (batch,) = population._batches(1)
    assert (batch["target"] > 40).all()


def test_masks_are_never_violated(finite):
    """Neither by exploring nor by greedy choice nor by a target's maximum."""
    problem = load_problem(parse_spec(f"{MAZE},action_mask=true"))
    population = finite(problem, (0, 1, 2), exploration_fraction=1.0, span=300)
    sense, forbidden = population.living.sense, 0
    for _ in range(200):
        mask_NA = sense.mask_now(population.living.frame)
        action_N, _ = population.live()
        population.learn()
        assert mask_NA[np.arange(3), action_N].all()
        forbidden += int((mask_NA == 0).sum())
    assert forbidden > 100
    judge = FiniteJudge(shared(problem, (0, 1, 2)), None)
    from daedalus.envs.observing import action_masks

    masks_SA = action_masks(problem)
    for policy_S in judge.policies(population, 200):
        assert masks_SA[np.arange(len(policy_S)), policy_S].all()
    drawn = population.memory.sample(64, population._replay_keys, 5)
    with torch.no_grad():  # the target network likes what is forbidden
        q_NBA = population._target(sense.see(drawn, "next_"))
        best = torch.where(sense.mask(drawn, "next_") > 0, q_NBA, -torch.inf).max(-1).values
        expected = drawn["reward"] + drawn["discount"] * best
    population.config = population.config.__class__(**{**vars(population.config), "batch_size": 64})
    steps, population.engine.steps = population.engine.steps, 5
    (batch,) = population._batches(1)
    population.engine.steps = steps
    torch.testing.assert_close(batch["target"], expected)


def test_a_changing_world_shows_what_is_in_force(finite):
    world = load_problem(parse_spec("daedalus/BlockingMaze-v0:change_at=40,time_limit=25,step_reward=-1"))
    from dataclasses import replace

    from daedalus.core.world import Observation
    from daedalus.envs.observing import observers_of

    seen = world.each(lambda one: replace(one, observation=Observation("symbolic")))
    population = finite(seen, (0,), network="mlp", learning_starts=10**6)
    sense, observers = population.living.sense, observers_of(seen)
    for t in range(80):
        batch = {name: torch.from_numpy(array).unsqueeze(1) for name, array in population.living.frame.items()}
        state = int(population.living._state_N[0])
        expected = observers[seen.phase(t)].batch(np.array([state], np.int32))[0]
        np.testing.assert_array_equal(sense.see(batch)[0, 0].numpy(), expected)
        population.live()


def test_layouts_of_their_own(finite):
    """Seeds that each live in a maze of their own learn there what they learn alone."""
    from daedalus.agents.deep.config import DQNConfig
    from daedalus.agents.deep.finite import FiniteLiving
    from daedalus.agents.deep.network import numerics_of
    from daedalus.agents.deep.population import DQNPopulation
    from daedalus.agents.homes import Homes, lasting

    spec = parse_spec(
        "daedalus/Maze-v0:rows=3,columns=3,layout=per_seed,time_limit=20,observation=symbolic,action_mask=true"
    )
    config = DQNConfig(width=16, batch_size=8, learning_starts=16, network="mlp", buffer_size=100)

    def population(seeds):
        where = Homes(tuple(lasting(load_problem(spec, seed)) for seed in seeds), tuple(seeds))
        living = FiniteLiving(where, lambda seen: numerics_of(config, seen).device)
        return DQNPopulation(living, config, seeds, 100, numerics_of(config, living.sense.eye.seen), 100)

    together, alone = population((0, 1)), population((1,))
    for one in (together, alone):
        one.run(100)
    assert_same(weights(together, 1), weights(alone))
