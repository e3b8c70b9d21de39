"""What `daedalus reproduce` finds: one entry for each experiment.

How to add an experiment, say of figure 7.2:

1. Write `agents/classic/n_step.py` with one function of a few statements. It yields rows and figures as they come:

       def n_step(quick: bool) -> Iterator[Row | Figure]:
           \"\"\"n-step TD on the random walk: RMS error over the first 10 episodes.\"\"\"
           runs = 20 if quick else 100
           error_N = …  # (N,), one number of each run
           yield measured("n = 4, α = .4", error_N, 0.267, SOURCE, slack=0.002)
           yield Figure("Figure 7.2", "α", "RMS error", [mean_line("n = 4", alphas, error_NP)])

   Rows are made by `measured`, `exact`, `exact_table`, `at_most`, `at_least` and `ahead` of
   `daedalus.core.lab.reproduction`: that file states each rule, and a row says what it judged by. Take `slack` from the
   last printed digit, and widen no rule until it passes: a miss that has a reason is told in the module's docstring.
   `sample` is one number of each *independent run*, never of each step. An exact value beats a published one.
2. Runs come from `agents/classic/running.py`: `episodes("daedalus/Cliff-v0", "sarsa:alpha=.5", runs=50, episodes=500)`
   gives returns and lengths (N, E); `pulls("daedalus/Bandit-v0", "ucb:c=2", runs=2000, steps=1000)` rewards and
   whether the arm was a best one (N, T). A loop or a solution of one's own needs neither: any numbers will do.
3. Add its entry below: the name, the function, a summary that begins with the figure or example and says what it is,
   and its groups. `quick` must take seconds, the whole at most a minute or so; the group has fifteen minutes in all.
4. Look at `daedalus reproduce n_step --quick` and at runs/reproduce/n_step.png. CI runs all of it quickly.
"""

from daedalus.core.catalogue import Entry


def _classic(name: str, target: str, summary: str) -> Entry:
    return Entry("reproduction", name, f"daedalus.agents.classic.{target}", summary, ("classic",))


def _bounds(name: str, target: str, summary: str) -> Entry:
    return Entry("reproduction", name, f"daedalus.agents.classic.{target}", summary, ("bounds",))


REPRODUCTIONS = (
    _classic("epsilon_greedy", "testbed:epsilon_greedy", "Figure 2.2: greedy and ε-greedy on the 10-armed testbed"),
    _classic("optimistic", "strategies:optimistic_values", "Figure 2.3: optimistic first values on the testbed"),
    _classic("ucb", "testbed:upper_confidence_bound", "Figure 2.4: UCB on the 10-armed testbed"),
    _classic("gradient", "strategies:gradient_bandit", "Figure 2.5: the gradient bandit and its baseline"),
    _classic("parameters", "strategies:parameter_study", "Figure 2.6: bandit strategies over their parameters"),
    _bounds("lai_robbins", "regret:lai_robbins", "Regret of bandit strategies against the bound of Lai & Robbins"),
    _bounds("regret_bounds", "regret:regret_bounds", "Regret of UCB1, MOSS and EXP3 against what was proved of them"),
    _classic("gridworld", "gridworlds:gridworld_values", "Examples 3.5 and 3.8: values of the 5 × 5 grid"),
    _classic("policy_evaluation", "gridworlds:policy_evaluation", "Example 4.1: values of the 4 × 4 grid, by sweeps"),
    _classic("gambler", "gambler:gamblers_problem", "Example 4.3: the gambler's problem and bold play"),
    _classic("windy", "windy:windy_gridworld", "Example 6.5: Sarsa on the windy gridworld"),
    _classic("cliff", "cliff:cliff_walking", "Example 6.6: Sarsa, Q-learning and Expected Sarsa beside the cliff"),
    _classic("cliff_parameters", "cliff:cliff_parameters", "Figure 6.3: the cliff over step sizes"),
    _classic("maximization", "maximization:maximization", "Figure 6.5: maximisation bias, Q-learning against Double Q"),
    _classic("td_and_monte_carlo", "random_walks:td_and_monte_carlo", "Example 6.2: TD(0) against Monte Carlo"),
    _classic("batches", "random_walks:batches", "Figure 6.2: batch TD(0) against batch Monte Carlo"),
    _classic("n_step_td", "random_walks:n_step", "Figure 7.2: n-step TD on 19 states"),
    _classic("lambdas", "random_walks:lambdas", "Figures 12.3, 12.6 and 12.8: λ-returns and TD(λ) on 19 states"),
    _classic("dyna", "dyna:dyna_planning", "Figure 8.2: Dyna-Q with 0, 5 and 50 planning steps in the Dyna maze"),
    _classic("blocking", "dyna:blocking", "Figure 8.4: Dyna-Q and Dyna-Q+ where the short way closes"),
    _classic("shortcut", "dyna:shortcut", "Figure 8.5: Dyna-Q and Dyna-Q+ where a shorter way opens"),
    _classic("reinforce", "corridor:reinforce", "Figure 13.1: REINFORCE on the short corridor"),
    _classic("baseline", "corridor:baseline", "Figure 13.2: REINFORCE with and without a baseline"),
    _bounds("deep_sea", "deep_sea:deep_sea", "Deep sea: dives until the treasure is found, over its depth"),
    _classic("blackjack", "blackjack:values", "Figure 5.1: Monte Carlo values of a blackjack player"),
    _classic("blackjack_best", "blackjack:best_play", "Figure 5.2: the best blackjack player"),
)
