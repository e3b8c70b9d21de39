"""Linear models against scikit-learn's: objectives, coefficients and predictions where both have converged."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.svm import SVC, LinearSVC

from daedalus.core.data import load_data
from daedalus.core.fitting import Fit
from daedalus.core.spec import Spec, parse_spec
from daedalus.core.supervised.heads import SVM, Linear, LinearConfig, Logistic, LogisticConfig, SVMConfig


def solved(name, model, config, steps):
    """The training examples, and the weights (K, F) and biases (K,) after so many steps."""
    data = load_data(parse_spec(name))
    fit = Fit(data, model, config, 0, steps)
    fit.run(steps)
    examples, weights = data.train.take(np.arange(data.train.size)), fit.weights()
    x = examples["x"].reshape(len(examples["x"]), -1).astype(np.float64)
    return x, examples["y"], weights["outputs.weight"].astype(np.float64), weights["outputs.bias"].astype(np.float64)


@pytest.mark.parametrize("alpha", [0.0, 10.0])
def test_linear_is_ridge_and_least_squares(alpha):
    x, y, weights, bias = solved("diabetes", Linear, LinearConfig(alpha=alpha), 1500)
    theirs = Ridge(alpha=alpha).fit(x, y) if alpha else LinearRegression().fit(x, y)
    np.testing.assert_allclose(weights[0], theirs.coef_, atol=1e-5)
    assert bias[0] == pytest.approx(theirs.intercept_, abs=1e-5)


def test_linear_on_classes_is_ridge_on_one_hot_targets():
    x, y, weights, bias = solved("iris", Linear, LinearConfig(alpha=2.0), 800)
    theirs = Ridge(alpha=2.0).fit(x, np.eye(3)[y])
    np.testing.assert_allclose(weights, theirs.coef_, atol=1e-5)
    np.testing.assert_allclose(bias, theirs.intercept_, atol=1e-5)


@pytest.mark.parametrize(("name", "c", "steps"), [("iris", 1.0, 700), ("iris", 0.1, 500), ("breast_cancer", 1.0, 900)])
def test_logistic_is_scikit_learns(name, c, steps):
    x, y, weights, bias = solved(name, Logistic, LogisticConfig(c=c), steps)
    theirs = LogisticRegression(C=c, tol=1e-8, max_iter=10_000).fit(x, y)
    np.testing.assert_allclose(weights, theirs.coef_, atol=2e-4)
    np.testing.assert_allclose(bias, theirs.intercept_, atol=2e-4)


def test_squared_hinge_is_linear_svc():
    x, y, weights, bias = solved("iris", SVM, SVMConfig(c=0.5), 900)
    # liblinear penalises the bias: the larger its scaling, the less
    theirs = LinearSVC(C=0.5, intercept_scaling=1e3, dual=False, tol=1e-10, max_iter=100_000).fit(x, y)
    np.testing.assert_allclose(weights, theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(bias, theirs.intercept_, atol=1e-4)


def hinge_objective(x, y, weights, bias, c):
    """½‖W‖² + C Σ over classes of hinges against the rest."""
    sign = np.where(y[:, None] == np.arange(len(weights)), 1, -1)
    return 0.5 * (weights**2).sum() + c * np.maximum(0, 1 - sign * (x @ weights.T + bias)).sum()


def test_hinge_is_the_support_vector_machine_of_each_class():
    settings = {"lr": 0.03, "optimiser": Spec("adam"), "schedule": Spec("linear")}
    x, y, weights, bias = solved("breast_cancer", SVM, SVMConfig(c=0.1, loss="hinge", **settings), 1200)
    exact = [SVC(kernel="linear", C=0.1, tol=1e-8).fit(x, y == label) for label in range(2)]
    theirs = np.vstack([one.coef_ for one in exact]), np.hstack([one.intercept_ for one in exact])
    ours = hinge_objective(x, y, weights, bias, 0.1)
    assert ours == pytest.approx(hinge_objective(x, y, *theirs, 0.1), rel=1e-4)
    np.testing.assert_array_equal((x @ weights.T + bias).argmax(1), (x @ theirs[0].T + theirs[1]).argmax(1))


def all_at_once(x, y, weights, bias, c):
    """½‖W‖² + C Σ max(0, 1 + best wrong score - right score)."""
    scores = x @ weights.T + bias
    right = scores[np.arange(len(y)), y]
    scores[np.arange(len(y)), y] = -np.inf
    return 0.5 * (weights**2).sum() + c * np.maximum(0, 1 + scores.max(1) - right).sum()


def test_crammer_singer_comes_within_a_hundredth_of_liblinear():
    settings = {"lr": 0.01, "optimiser": Spec("adam"), "schedule": Spec("cosine")}
    x, y, weights, bias = solved("wine", SVM, SVMConfig(loss="crammer_singer", **settings), 1500)
    theirs = LinearSVC(multi_class="crammer_singer", intercept_scaling=30, tol=1e-6, max_iter=1_000_000).fit(x, y)
    ours = all_at_once(x, y, weights, bias, 1.0)
    exact = all_at_once(x, y, theirs.coef_, theirs.intercept_, 1.0)  # but for its small penalty of the bias
    assert ours == pytest.approx(exact, rel=0.01)


def test_every_seed_gives_the_same():
    data = load_data(parse_spec("iris"))
    both = [Fit(data, Logistic, LogisticConfig(), seed, 20) for seed in (0, 5)]
    for fit in both:
        fit.run(20)
    for name, array in both[0].weights().items():
        np.testing.assert_array_equal(array, both[1].weights()[name])
