"""The learners of a given policy's value by name, and the trial that runs them."""

from daedalus.core.catalogue import Entry


def _learner(name: str, target: str, summary: str) -> Entry:
    place, suits = f"daedalus.agents.prediction.{target}", ("finite", "changing")
    return Entry("agent", name, place, summary, suits, "prediction", 16, "The value of a given policy")


PREDICTION = (
    _learner("td", "td:TD", "TD(0), Sutton 1988"),
    _learner("n_step_td", "n_step_td:NStepTD", "n-step TD, Watkins 1989"),
    _learner("td_lambda", "td_lambda:TDLambda", "TD(λ), Sutton 1988; true online, van Seijen & Sutton 2014"),
    _learner("lambda_return", "returns:LambdaReturn", "off-line λ-return, Watkins 1989"),
    _learner("mc_prediction", "returns:MonteCarloPrediction", "every-visit Monte Carlo"),
    Entry("trial", "prediction", "daedalus.agents.prediction.trial:trial", "how near values come to a policy's own"),
)
