"""The table learners by name, and the trial that runs them."""

from daedalus.core.catalogue import Entry

_SUITS = ("contextual", "finite", "changing", "open")
_FAMILY = "Tables of action values, or of preferences"


def _learner(name: str, target: str, summary: str) -> Entry:
    return Entry("agent", name, f"daedalus.agents.tables.{target}", summary, _SUITS, "tabular", 16, _FAMILY)


TABLES = (
    _learner("q_learning", "q_learning:QLearning", "Q-learning, Watkins 1989"),
    _learner("sarsa", "sarsa:Sarsa", "Sarsa, Rummery & Niranjan 1994"),
    _learner("expected_sarsa", "expected_sarsa:ExpectedSarsa", "Expected Sarsa, van Seijen et al. 2009"),
    _learner("naive_q", "naive_q:NaiveQ", "Q-learning without exploration"),
    _learner("double_q", "double_q:DoubleQ", "Double Q-learning, van Hasselt 2010"),
    _learner("n_step_sarsa", "n_step_sarsa:NStepSarsa", "n-step Sarsa, Sutton & Barto 2018"),
    _learner("tree_backup", "tree_backup:TreeBackup", "n-step tree backup, Precup, Sutton & Singh 2000"),
    _learner("monte_carlo", "monte_carlo:MonteCarlo", "on-policy Monte Carlo control, Sutton & Barto 2018"),
    _learner(
        "off_policy_monte_carlo",
        "off_policy_monte_carlo:OffPolicyMonteCarlo",
        "Monte Carlo control by weighted importance sampling, Sutton & Barto 2018",
    ),
    _learner("sarsa_lambda", "sarsa_lambda:SarsaLambda", "Sarsa(λ), Rummery & Niranjan 1994"),
    _learner("q_lambda", "q_lambda:QLambda", "Watkins's Q(λ), Watkins 1989"),
    _learner("dyna_q", "dyna_q:DynaQ", "Dyna-Q, Sutton 1990"),
    _learner("dyna_q_plus", "dyna_q_plus:DynaQPlus", "Dyna-Q+, Sutton 1990"),
    _learner(
        "prioritized_sweeping",
        "prioritized_sweeping:PrioritizedSweeping",
        "prioritised sweeping, Moore & Atkeson 1993",
    ),
    _learner("r_max", "r_max:RMax", "R-max, Brafman & Tennenholtz 2002"),
    _learner(
        "posterior_sampling",
        "posterior_sampling:PosteriorSampling",
        "posterior sampling (PSRL), Strens 2000; Osband et al. 2013",
    ),
    _learner("reinforce", "reinforce:Reinforce", "REINFORCE with or without baseline, Williams 1992"),
    _learner("actor_critic", "actor_critic:ActorCritic", "actor–critic, Barto, Sutton & Anderson 1983"),
    Entry("trial", "tabular", "daedalus.agents.tables.trial:trial", "tables, compiled where the world is finite"),
)
