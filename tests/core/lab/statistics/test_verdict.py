import numpy as np

from daedalus.core.lab.statistics.pairs import compare_pairs
from daedalus.core.lab.statistics.scores import REFERENCES, Scores
from daedalus.core.lab.statistics.verdict import names, p_text, pronounce, rounded_up


def scores(label, values, optimum=-13.0, random_value=-60.0, bandit=False):
    values = np.asarray(values, dtype=float)
    ones = np.ones(values.size)
    return Scores(
        group=0,
        world="w",
        agent=label,
        label=label,
        reference=label in REFERENCES,
        steps=100,
        bandit=bandit,
        seeds=np.arange(values.size),
        value=values,
        optimum=optimum * ones,
        random_value=random_value * ones,
        regret=optimum - values,
        reward_last_tenth=None,
        optimal_rate_last_tenth=None,
    )


def verdict(**tables):
    world = [scores(label, values) for label, values in tables.items()]
    return pronounce(world, compare_pairs(world))


def normal(mean, deviation=1.0, seeds=20, seed=0):
    return np.random.default_rng([seed, int(abs(100 * mean))]).normal(mean, deviation, seeds)


def test_a_clear_winner():
    # Every difference is 8 or more on 20 seeds: p is the smallest that 9999 flips can show.
    said = verdict(q_learning=np.full(20, -17.0) + np.arange(20) / 80, sarsa=np.full(20, -25.0))
    assert said.headline == (
        "Best: q_learning earns −16.88 on average, ahead of every other agent by more than chance explains "
        "(the optimum is −13, random actions earn −60)."
    )
    assert said.statements == (
        "q_learning is better than sarsa: mean difference 8.119, p < 0.001.",
        "Every p is from a paired permutation test on 20 seeds.",
    )
    assert said.warnings == ()


def test_no_conclusion_says_how_many_seeds_it_would_take():
    # d = 0.32 / 1.02598 = 0.3119; (1.95996 + 0.84162)² / d² + 1.95996²/2 = 82.6, so 83
    differences = np.tile([1.32, -0.68], 10)
    said = verdict(a=-20 + differences, b=np.full(20, -20.0))
    assert said.headline.startswith("Highest: a earns −19.68 on average, but it cannot be told apart from b (")
    assert said.statements[0].startswith("No difference between a and b can be concluded from 20 seeds (mean diff")
    assert said.statements[0].endswith(
        "; about 83 seeds would be needed to see a difference of the size observed with 80 % power."
    )


def test_the_seeds_it_would_take_reckon_with_holm():
    # level .05 / 3: (2.39398 + 0.84162)² / 0.3119² + 2.39398²/2 = 110.5, so 111, said as 120
    differences = np.tile([1.32, -0.68], 10)
    said = verdict(a=-20 + differences, b=np.full(20, -20.0), c=np.full(20, -40.0))
    assert "; about 120 seeds" in said.statements[0]


def test_five_seeds_can_never_conclude_and_it_says_so():
    said = verdict(a=np.full(5, -1.0), b=np.arange(5) - 9.0)
    assert "p = 0.062)" in said.statements[0]
    assert said.warnings == (
        "Only 5 seeds: intervals are wide and rough; take at least 10.",
        "5 paired seeds can never give p < 0.05: the smallest possible p is 0.0625. It takes at least 6 seeds.",
    )


def test_with_more_pairs_more_seeds_are_the_least():
    # 3 pairs: 3 * 2/2⁶ = .094, 3 * 2/2⁷ = .047
    said = verdict(a=np.full(6, -1.0), b=np.arange(6) - 9.0, c=np.arange(6) - 29.0)
    assert said.warnings[-1] == (
        "6 paired seeds can never give p < 0.05 with Holm's correction over 3 pairs: "
        "the smallest possible p is 0.0938. It takes at least 7 seeds."
    )
    # each p is .03, which alone would do; adjusted it does not
    assert said.headline.startswith("Highest: ")
    assert all(sentence.startswith("No difference") for sentence in said.statements[:3])
    enough = verdict(a=np.full(7, -1.0), b=np.arange(7) - 9.0, c=np.arange(7) - 29.0)
    assert len(enough.warnings) == 1  # under ten, but able to conclude
    assert all("better" in sentence for sentence in enough.statements[:3])


def test_ten_seeds_are_not_warned_about_and_nine_are():
    assert verdict(a=normal(-1, seeds=10), b=normal(-9, seeds=10)).warnings == ()
    assert "Only 9 seeds" in verdict(a=normal(-1, seeds=9), b=normal(-9, seeds=9)).warnings[0]


def test_one_seed():
    said = verdict(a=[-1.0], b=[-2.0])
    assert said.statements[0].endswith("(mean difference 1, p = 1); how many seeds it would take cannot be said.")
    assert said.warnings == (
        "One seed says nothing about chance, so there is no interval; take at least 10.",
        "One seed can never give p < 0.05: the smallest possible p is 1. It takes at least 6 seeds.",
    )


def test_equal_on_every_seed():
    said = verdict(a=[-13.0] * 20, b=[-13.0] * 20)
    assert said.headline.startswith("No best: a and b earn −13 on average, equal on every seed (")
    assert said.statements == ("a and b are equal on every seed.",)
    three = verdict(a=[-13.0] * 20, b=[-13.0] * 20, c=normal(-30))
    assert three.headline.startswith("Best: a and b earn −13 on average, equal on every seed, ahead of every other")
    assert three.statements[0] == "a and b are equal on every seed."
    assert three.statements[1].startswith("a (and its equals) is better than c: ")
    assert len(three.statements) == 3  # c is told apart from a and b in one sentence; the last says how it was tested


def test_references_are_bounds_and_one_agent_is_not_ranked():
    alone = verdict(q_learning=normal(-17), optimal=[-13.0] * 20)
    assert alone.headline.startswith("q_learning earns −1")
    assert alone.statements == ()
    with_random = verdict(q_learning=normal(-17), random=normal(-60), optimal=[-13.0] * 20)
    assert with_random.statements[0].startswith("q_learning is better than random")
    assert verdict(optimal=[-13.0] * 20).headline == "There is nothing to rank here."


def test_losing_to_random_is_said():
    said = verdict(a=normal(-70), b=normal(-80), c=normal(-20))
    assert "No better than random actions on average: a and b." in said.statements


def test_a_world_without_truth_names_no_bounds():
    world = [scores(label, normal(mean), np.nan, np.nan) for label, mean in (("a", -1), ("b", -9))]
    assert pronounce(world, compare_pairs(world)).headline.endswith("more than chance explains.")


def test_many_agents_are_summed_up():
    table = {f"a{i}": normal(-20 - (i // 3), 1.0, 20, i) for i in range(12)}
    said = verdict(**table)
    assert len(said.statements) <= 5
    assert any("each p" in sentence and "others" in sentence for sentence in said.statements)
    assert any(sentence.startswith("Among the others, ") and "of 55 pairs" in sentence for sentence in said.statements)
    assert all(len(sentence) < 250 for sentence in (said.headline, *said.statements))


def test_bandits_earn_per_pull():
    world = [scores(label, normal(mean), 2.0, 0.0, bandit=True) for label, mean in (("a", 1), ("b", 0))]
    assert " per pull on average" in pronounce(world, compare_pairs(world)).headline


def test_one_sentence_has_one_precision():
    world = [scores("greedy", np.full(10, 1.0261), 1.526, -0.0000288, bandit=True)]
    assert pronounce(world, []).headline == (
        "greedy earns 1.026 per pull on average (the optimum is 1.526, random actions earn 0)."
    )
    world = [scores("a", np.full(10, -0.002879), 1.526, -0.4)]
    assert pronounce(world, []).headline.startswith("a earns −0.003 on average (the optimum is 1.526, ")
    world = [scores("a", np.full(10, -1e12), -2e12, -3e12)]
    assert pronounce(world, []).headline.startswith("a earns −1e12 on average (the optimum is −2e12, ")
    world = [scores("a", np.full(10, -39.5), -39.0, -1000.0)]
    assert pronounce(world, []).headline.endswith(
        "a earns −39.5 on average (the optimum is −39, random actions earn −1,000)."
    )


def test_a_verdict_is_one_paragraph_too():
    said = verdict(a=normal(-1), b=normal(-9))
    assert said.text == " ".join([said.headline, *said.statements])
    assert "\n" not in said.text


def test_unequal_seeds_are_said():
    said = verdict(a=normal(-1, seeds=20), b=normal(-9, seeds=15))
    assert said.warnings == ("The agents have 15 to 20 seeds; each pair is tested on those that both have.",)
    assert "on 15 seeds" in said.statements[-1]


def test_small_words():
    assert names(["a"]) == "a"
    assert names(["a", "b", "c"], "or") == "a, b or c"
    assert names(list("abcde")) == "a, b, c, d and e"
    assert names(list("abcdefg")) == "a, b, c, d and 3 others"
    assert [p_text(p) for p in (0.0001, 0.0123, 0.0498, 0.31)] == ["p < 0.001", "p = 0.012", "p = 0.0498", "p = 0.31"]
    assert [rounded_up(count) for count in (7, 89, 90, 391, 17_501)] == [7, 89, 90, 400, 18_000]
