"""Search: accuracy under fixed seeds, exact counts, SciPy's own results, and the rules of each method by hand."""

import numpy as np
import pytest
from scipy.optimize import minimize

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError
from daedalus.core.search.climbing import Annealing, HillClimbing
from daedalus.core.search.distributions import CrossEntropy, EvolutionStrategy, centred_ranks
from daedalus.core.search.minimise import BFGS, Function, NelderMead, minimise
from daedalus.core.search.populations import Genetic, Swarm
from daedalus.core.search.protocol import Method


def sphere(x: Floats) -> Floats:
    return np.asarray((x**2).sum(1))


def rosenbrock(x: Floats) -> Floats:
    return np.asarray((100 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1 - x[:, :-1]) ** 2).sum(1))


def rastrigin(x: Floats) -> Floats:
    return np.asarray(10 * x.shape[1] + (x**2 - 10 * np.cos(2 * np.pi * x)).sum(1))


PROBLEMS: dict[str, tuple[Function, list[float]]] = {
    "sphere": (sphere, [1.5] * 5),
    "rosenbrock": (rosenbrock, [-1.2, 1.0]),
    "rastrigin": (rastrigin, [2.2, -1.7]),  # some ten local minima from the best one
}
METHODS: list[Method | NelderMead | BFGS] = [
    HillClimbing(neighbours=3),
    Annealing(),
    Genetic(),
    Swarm(),
    CrossEntropy(),
    EvolutionStrategy(),
    NelderMead(),
    BFGS(),
]


@pytest.mark.parametrize(
    ("problem", "method", "budget", "accuracy"),
    [
        ("sphere", HillClimbing(), 3000, 1e-8),
        ("sphere", Annealing(steps=3000), 3000, 1e-5),
        ("sphere", Genetic(), 5000, 1e-4),
        ("sphere", Swarm(), 5000, 1e-9),
        ("sphere", CrossEntropy(), 5000, 1e-5),
        ("sphere", EvolutionStrategy(cooling=0.97, rate=0.1), 5000, 1e-3),
        ("sphere", NelderMead(), 1000, 1e-12),
        ("sphere", BFGS(), 100, 1e-12),
        ("rosenbrock", HillClimbing(), 5000, 1e-3),
        ("rosenbrock", Annealing(steps=4000), 4000, 1e-4),
        ("rosenbrock", Genetic(), 8000, 1e-2),
        ("rosenbrock", Swarm(), 8000, 1e-6),
        ("rosenbrock", CrossEntropy(floor=0.2, cooling=0.98), 8000, 1e-2),
        ("rosenbrock", EvolutionStrategy(32, sigma=0.2, rate=0.2, cooling=0.98), 8000, 1e-4),
        ("rosenbrock", NelderMead(), 1000, 1e-12),
        ("rosenbrock", BFGS(), 1000, 1e-8),
        ("rastrigin", HillClimbing(smallest=1e-4, neighbours=8, spread=2.0), 8000, 1e-5),
        ("rastrigin", Annealing(step=3.0, hot=5.0, steps=4000), 5000, 1e-4),
        ("rastrigin", Genetic(spread=2.0, mutation=1.0, rate=0.5, cooling=0.93), 5000, 1e-4),
        ("rastrigin", Swarm(spread=2.0), 5000, 1e-9),
        ("rastrigin", CrossEntropy(200, 20, spread=3.0, floor=0.5, cooling=0.8), 8000, 1e-5),
        ("rastrigin", EvolutionStrategy(128, sigma=1.5, rate=0.5, cooling=0.93), 8000, 1e-3),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str | int | float) else None,
)
def test_the_minimum_is_found(problem: str, method: Method | NelderMead | BFGS, budget: int, accuracy: float) -> None:
    """Of 4 runs at least 3 are that accurate: Rastrigin's local minima, 1 and more above, hold one now and then."""
    function, start = PROBLEMS[problem]
    values = [minimise(function, np.array(start), method, budget, np.random.default_rng(i)).value for i in range(4)]
    assert sum(value < accuracy for value in values) >= 3, values


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_evaluations_are_counted_and_runs_repeat(method: Method | NelderMead | BFGS) -> None:
    """To the last evaluation, never beyond; and the value told is that of the best point evaluated."""
    for budget in (1, 7, 64, 200):
        seen: list[Floats] = []

        def function(points: Floats, seen: list[Floats] = seen) -> Floats:
            seen.extend(points)
            return rosenbrock(points)

        start = np.array([-1.2, 1.0])
        one = minimise(function, start, method, budget, np.random.default_rng(3))
        assert one.evaluations == len(seen) <= budget
        assert one.evaluations == budget or isinstance(method, NelderMead | BFGS)
        values = rosenbrock(np.array(seen))
        assert one.value == values.min()
        assert np.array_equal(one.point, seen[int(values.argmin())])
        two = minimise(rosenbrock, start, method, budget, np.random.default_rng(3))
        assert np.array_equal(one.point, two.point)


def test_scipys_methods_are_scipys() -> None:
    start = np.array([-1.2, 1.0])
    for method, name, options in (
        (NelderMead(1e-6), "Nelder-Mead", {"xatol": 1e-6, "fatol": 1e-6}),
        (BFGS(1e-4), "BFGS", {"gtol": 1e-4}),
    ):
        ours = minimise(rosenbrock, start, method, 10_000, np.random.default_rng(0))
        theirs = minimize(lambda x: float(rosenbrock(x[None])[0]), start, method=name, options=options)
        assert ours.evaluations == theirs.nfev
        assert ours.value <= theirs.fun  # the best of all that were evaluated
        np.testing.assert_allclose(ours.point, theirs.x, atol=1e-6)


def test_a_climber_steps_by_the_fifth_rule_and_begins_elsewhere() -> None:
    search, generator = HillClimbing(step=1.0, smallest=0.8, spread=5.0).begin(np.zeros(2)), np.random.default_rng(0)
    assert np.array_equal(search.ask(generator), np.zeros((1, 2)))
    search.tell(np.zeros((1, 2)), np.array([0.0]))
    first = search.ask(generator)
    search.tell(first, np.array([1.0]))  # a success: a step of 1.5 from there
    twin = np.random.default_rng(0)
    np.testing.assert_array_equal(first, twin.standard_normal((1, 2)))
    second = search.ask(generator)
    np.testing.assert_allclose(second - first, 1.5 * twin.standard_normal((1, 2)))
    for failure in range(1, 8):
        search.tell(second, np.array([0.5]))
        second, noise = search.ask(generator), twin.standard_normal((1, 2))
        if failure < 7:  # 1.5·1.5^(−6/4) = 0.816, and 1.5·1.5^(−7/4) is below 0.8
            np.testing.assert_allclose(second - first, 1.5 ** (1 - failure / 4) * noise)
    np.testing.assert_allclose(second, 5.0 * noise)  # a restart
    assert search.best_fitness == 1.0
    np.testing.assert_array_equal(search.best_point, first[0])


def test_annealing_takes_worse_points_by_metropolis() -> None:
    """At T = 2, a loss of 1 is taken with chance e^(−1/2) = 0.607; 4 standard errors of 2000 tries (6 in 100,000)."""
    generator, taken = np.random.default_rng(0), 0
    for _ in range(2000):
        search = Annealing(hot=2.0, cold=2.0).begin(np.zeros(1))
        search.tell(search.ask(generator), np.array([0.0]))
        candidate = search.ask(generator)
        search.tell(candidate, np.array([-1.0]))
        near = search.ask(np.random.default_rng(5)) - candidate
        base = np.random.default_rng(5)
        base.random()
        taken += bool(np.allclose(near, 0.5 * base.standard_normal((1, 1))))
    assert abs(taken / 2000 - np.exp(-0.5)) < 4 * np.sqrt(0.607 * 0.393 / 2000)


def test_annealing_cools_as_it_says() -> None:
    spec = Annealing(hot=8.0, cold=0.5, steps=4)
    assert [spec.temperature(t) for t in range(6)] == pytest.approx([8, 4, 2, 1, 0.5, 0.5])
    linear = Annealing(hot=8.0, cold=0.5, steps=3, cooling="linear")
    assert [linear.temperature(t) for t in range(5)] == pytest.approx([8, 5.5, 3, 0.5, 0.5])


def test_the_elite_lives_on_and_genes_come_from_parents() -> None:
    spec = Genetic(population=6, elite=2, rate=0.0, spread=3.0, tournament=2)
    search, generator = spec.begin(np.zeros(3)), np.random.default_rng(0)
    first = search.ask(generator)
    search.tell(first, np.arange(6.0))
    children = search.ask(generator)
    assert children.shape == (4, 3)
    assert all(gene in first[:, axis] for child in children for axis, gene in enumerate(child))
    search.tell(children, np.full(4, -9.0))  # worse than all before
    again = search.ask(generator)
    assert any(np.array_equal(child, first[5]) or child[0] == first[5, 0] for child in again)
    assert search.best_fitness == 5.0


@pytest.mark.parametrize("crossover", [0.0, 1.0])
def test_crossover_mixes_two_parents(crossover: float) -> None:
    """Of 200 children of 8 genes, copies of one parent are all without it, and less than half with it."""
    search, generator = Genetic(200, 2, crossover, rate=0.0, elite=0).begin(np.zeros(8)), np.random.default_rng(0)
    parents = search.ask(generator)
    search.tell(parents, np.arange(200.0))
    copies = sum(bool((child == parents).all(axis=1).any()) for child in search.ask(generator))
    assert copies == 200 if crossover == 0 else copies < 100


def test_a_swarm_moves_by_its_formula() -> None:
    """With the same draws, the second move is inertia·0 + φ₁u(own − x) + φ₂u'(all − x); own is x itself there."""
    spec, generator, twin = Swarm(particles=3), np.random.default_rng(0), np.random.default_rng(0)
    search = spec.begin(np.zeros(2))
    first = search.ask(generator)
    noise = twin.standard_normal((3, 2))
    noise[0] = 0.0
    np.testing.assert_array_equal(first, noise)
    search.tell(first, np.array([0.0, 2.0, 1.0]))
    second = search.ask(generator)
    _, social = twin.random((3, 2)), twin.random((3, 2))
    velocity = spec.social * social * (first[1] - first)
    np.testing.assert_allclose(second, first + velocity, rtol=1e-12)
    search.tell(second, np.array([-1.0, -1.0, 3.0]))  # the third is the best now, the first two were better before
    own, social = twin.random((3, 2)), twin.random((3, 2))
    remembered = np.array([first[0], first[1], second[2]])
    pull = spec.cognitive * own * (remembered - second) + spec.social * social * (second[2] - second)
    third = search.ask(generator)  # the draws are those of the twin
    np.testing.assert_allclose(third, second + spec.inertia * velocity + pull, rtol=1e-12)


def test_cross_entropy_fits_its_elite_above_a_floor() -> None:
    spec = CrossEntropy(population=4, elite=2, floor=0.5, cooling=0.5, smoothing=0.25)
    search, generator, twin = spec.begin(np.zeros(2)), np.random.default_rng(0), np.random.default_rng(0)
    search.ask(generator)
    twin.standard_normal((4, 2))
    search.tell(np.array([[1.0, 1.0], [3.0, 1.0], [9.0, 9.0], [7.0, 7.0]]), np.array([4.0, 3.0, 2.0, 1.0]))
    mean, deviation = 0.75 * np.array([2.0, 1.0]), np.array([0.25 + 0.75 * 1.0, 0.5])  # axis 1: 0.25 is below the floor
    np.testing.assert_allclose(search.ask(generator), mean + deviation * twin.standard_normal((4, 2)), rtol=1e-12)


def test_an_evolution_strategy_climbs_by_ranks_of_mirrored_noise() -> None:
    np.testing.assert_allclose(centred_ranks(np.array([3.0, -1.0, 3.0, 100.0])), [0.0, -0.5, 0.0, 0.5], atol=1e-12)
    search = EvolutionStrategy(population=4, sigma=0.5, rate=0.1).begin(np.ones(2))
    candidates = search.ask(np.random.default_rng(0))
    np.testing.assert_allclose(candidates[:2] + candidates[2:], 2.0, rtol=1e-12)
    search.tell(candidates, candidates[:, 0] * 1e6)
    after = search.ask(np.random.default_rng(0))
    moved = (after - candidates)[0]  # Adam's first step has the rate's size, uphill
    assert moved[0] == pytest.approx(0.1, rel=1e-6)


def test_bad_input_is_one_clear_line() -> None:
    generator, start = np.random.default_rng(0), np.zeros(2)
    search = Swarm(3).begin(start)
    with pytest.raises(UserError, match=r"takes \(P, 2\) candidates and their \(P,\) fitness"):
        search.tell(np.zeros((3, 2)), np.zeros(2))
    with pytest.raises(UserError, match="fitness of candidate 1 is NaN"):
        search.tell(np.zeros((3, 2)), np.array([0.0, np.nan, 0.0]))
    assert search.best_fitness == -np.inf
    with pytest.raises(UserError, match="function is NaN at"):
        minimise(lambda x: np.full(len(x), np.nan), start, Swarm(), 9, generator)
    with pytest.raises(UserError, match=r"must return \(9,\) values"):
        minimise(lambda x: x, start, Swarm(), 9, generator)
    with pytest.raises(UserError, match="budget must be at least 1"):
        minimise(sphere, start, Swarm(), 0, generator)
    with pytest.raises(UserError, match="finite numbers"):
        minimise(sphere, np.array([np.nan]), Swarm(), 9, generator)
    for make, said in (
        (lambda: CrossEntropy(elite=99), "must not exceed the population"),
        (lambda: EvolutionStrategy(population=7), "must be even"),
        (lambda: Genetic(elite=64), "must be below the population"),
        (lambda: HillClimbing(step=0.0), "hill_climbing: step must be above 0"),
        (lambda: Annealing(hot=1.0, cold=2.0), "cold, 2, must not be above hot, 1"),
    ):
        with pytest.raises(UserError, match=said):
            make()


@pytest.mark.parametrize("method", METHODS[:6], ids=lambda method: type(method).__name__)
def test_points_that_are_none_are_avoided(method: Method) -> None:
    """+∞ outside x₀ > 1, where the minimum lies on the border."""

    def bounded(x: Floats) -> Floats:
        return np.where(x[:, 0] > 1.0, sphere(x), np.inf)

    result = minimise(bounded, np.array([2.0, 1.0]), method, 4000, np.random.default_rng(0))
    assert 1.0 < result.value < 1.1


@pytest.mark.parametrize("method", [NelderMead(), BFGS()], ids=lambda method: type(method).__name__)
def test_scipys_methods_bear_points_that_are_none(method: NelderMead | BFGS) -> None:
    """Without a warning, even where no point is any."""
    result = minimise(lambda x: np.full(len(x), np.inf), np.zeros(2), method, 30, np.random.default_rng(0))
    assert result.value == np.inf
    assert np.array_equal(result.point, [0, 0])
