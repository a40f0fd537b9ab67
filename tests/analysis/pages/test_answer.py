"""The answer to a question says what hand-made tables hold: who is best, ties, and nothing beyond luck."""

import numpy as np
import pandas as pd

from analysis.pages.answer import COUNTED, MORE_IS_BETTER, SHARES, answer
from conf.question import outcome_names

WHOLE = {"mechanism": "all", "compartment": "all", "group": "all", "n": 1000, "unit": "proportion"}
NONE = float("nan")


def row(policy, outcome, estimate, low, high, years=5.0, **more):
    values = {"estimate": estimate, "ci_low": low, "ci_high": high, "horizon_years": years}
    return {"policy": policy, "comparator": "base", "outcome": outcome, **WHOLE, **values, **more}


def tables(levels, differences):
    """Return tables of these rows; those of differences also without any."""
    empty = pd.DataFrame(columns=list(row("", "", 0, 0, 0)))
    made = pd.DataFrame(levels).drop(columns="comparator")
    return {"outcomes": made, "differences": pd.DataFrame(differences) if differences else empty}


RECURS = row("base", "local_recurrence", 0.1, 0.09, 0.11)


def asked(*differences, levels=(RECURS,), outcomes=("local_recurrence",), **more):
    return answer(tables(list(levels), list(differences)), outcomes, 5.0, **more)


def test_what_can_answer_has_its_words_and_nothing_else_has():
    assert {*COUNTED, *SHARES} == set(outcome_names())
    assert not {*COUNTED} & {*SHARES} and set(outcome_names()) > MORE_IS_BETTER


def test_a_policy_that_averts_is_said_to_have_fewer_with_its_interval():
    found = asked(row("a", "local_recurrence", -0.0345, -0.04, -0.029))
    assert found.main == "Under a, 34.5 fewer local recurrences (29.0 to 40.0) than under base (100.0)."
    assert found.by_policy == []
    assert found.note == (
        "Counts are of 1,000 patients, at 5 years. In brackets: 95 % intervals of simulated luck."
    )


def test_a_policy_that_causes_is_said_to_have_more():
    found = asked(row("a", "local_recurrence", 0.0345, 0.029, 0.04))
    assert found.main == "Under a, 34.5 more local recurrences (29.0 to 40.0) than under base (100.0)."


def test_a_tie_of_two_is_no_difference_and_shows_its_change():
    found = asked(row("a", "local_recurrence", -0.001, -0.004, 0.002))
    assert found.main == (
        "No difference beyond simulated luck in local recurrences between a and base: a change of −1.0 (−4.0 "
        "to +2.0) from 100.0."
    )


def test_an_interval_that_ends_at_zero_is_a_tie():
    assert asked(row("a", "local_recurrence", -0.002, -0.004, 0.0)).main.startswith("No difference")


def test_the_best_of_several_is_named_when_its_interval_lies_apart():
    found = asked(
        row("a", "local_recurrence", -0.02, -0.025, -0.015), row("b", "local_recurrence", -0.05, -0.06, -0.04)
    )
    assert (
        found.main == "Fewest local recurrences under b: 50.0 fewer (40.0 to 60.0) than under base (100.0)."
    )
    assert found.by_policy == [
        "A: 20.0 fewer local recurrences (15.0 to 25.0).",
        "B: 50.0 fewer local recurrences (40.0 to 60.0).",
    ]


def test_two_whose_intervals_overlap_are_not_ranked_even_if_one_may_be_luck():
    found = asked(
        row("a", "local_recurrence", -0.03, -0.045, 0.001), row("b", "local_recurrence", -0.05, -0.06, -0.04)
    )
    assert found.main == (
        "Fewest local recurrences under b and a, which this run cannot rank, as their intervals overlap: "
        "50.0 fewer (40.0 to 60.0) and −30.0 (−45.0 to +1.0) than under base (100.0)."
    )
    assert "A: no difference beyond simulated luck in local recurrences." in found.by_policy


def test_none_of_several_differs():
    found = asked(
        row("a", "local_recurrence", -0.01, -0.03, 0.01), row("b", "local_recurrence", 0.01, -0.01, 0.03)
    )
    assert found.main == (
        "No policy differs from base beyond simulated luck in local recurrences; under base: 100.0."
    )


def test_where_all_that_differ_do_worse_none_is_called_best():
    found = asked(
        row("a", "local_recurrence", 0.02, 0.01, 0.03), row("b", "local_recurrence", -0.01, -0.03, 0.01)
    )
    assert found.main == (
        "No policy does better than base beyond simulated luck in local recurrences, and a does worse; under "
        "base: 100.0."
    )


def test_of_survival_more_is_better():
    levels = (row("base", "overall_survival", 0.7, 0.68, 0.72),)
    found = asked(
        row("a", "overall_survival", -0.05, -0.06, -0.04),
        row("b", "overall_survival", 0.05, 0.04, 0.06),
        levels=levels,
        outcomes=("overall_survival",),
    )
    assert found.main == "Most patients alive under b: 50.0 more (40.0 to 60.0) than under base (700.0)."
    assert found.by_policy[0] == "A: 50.0 fewer patients alive (40.0 to 60.0)."


def test_what_it_comes_with_is_listed_in_order_and_luck_comes_last():
    levels = [RECURS]
    levels += [row("base", name, 0.1, 0.09, 0.11) for name in ("permanent_stoma", "sexual_dysfunction")]
    levels += [row("base", "leak", 0.1, 0.09, 0.11, NONE)]
    found = asked(
        row("a", "local_recurrence", -0.05, -0.06, -0.04),
        row("a", "leak", 0.02, 0.01, 0.03, NONE),
        row("a", "permanent_stoma", 0.001, -0.01, 0.012),
        row("a", "sexual_dysfunction", 0.03, 0.02, 0.04),
        levels=levels,
        outcomes=("local_recurrence", "leak", "permanent_stoma", "sexual_dysfunction"),
    )
    assert found.by_policy == [
        "A: 2.0 points more of the anastomoses leak (1.0 to 3.0) and 30.0 more patients with sexual "
        "dysfunction (20.0 to 40.0); no difference beyond simulated luck in patients with a permanent stoma."
    ]
    assert found.note.startswith(
        "Counts are of 1,000 patients, at 5 years; treatment over the whole 5 years."
    )


def test_one_policy_alone_is_described_and_compared_with_nothing():
    levels = (row("base", "local_recurrence", 0.1, 0.09, 0.11), row("base", "r0", 0.5, 0.4, 0.6, NONE))
    found = asked(levels=levels, outcomes=("local_recurrence", "r0"))
    assert found.main == (
        "Under base: 100.0 local recurrences (90.0 to 110.0) and 50.0 % of the salvage resections have clear "
        "margins (40.0 to 60.0)."
    )


def test_without_an_event_there_is_no_difference():
    levels = (row("base", "local_recurrence", 0.0, 0.0, 0.001),)
    found = asked(row("a", "local_recurrence", 0.0, -0.0005, 0.0005), levels=levels)
    assert found.main.endswith("a change of 0.0 (−0.5 to +0.5) from 0.0.")
    assert found.main.startswith("No difference beyond simulated luck")


def test_a_share_of_nobody_is_neither_more_nor_fewer():
    levels = (row("base", "r0", NONE, NONE, NONE, NONE, n=0),)
    found = asked(row("a", "r0", NONE, NONE, NONE, NONE, n=0), levels=levels, outcomes=("r0",))
    assert found.main == "This run has nobody of whom it could be answered."


def test_a_change_that_rounds_to_nothing_is_not_written_as_zero():
    found = asked(row("a", "local_recurrence", -0.00004, -0.00005, -0.00003))
    assert "less than 0.1 fewer local recurrences" in found.main


def test_a_mechanism_is_that_of_its_recurrences_and_not_of_all():
    levels = (RECURS, row("base", "local_recurrence", 0.02, 0.01, 0.03, mechanism="spillage"))
    found = asked(
        row("a", "local_recurrence", -0.05, -0.06, -0.04),
        row("a", "local_recurrence", -0.01, -0.015, -0.005, mechanism="spillage"),
        levels=levels,
        outcomes=("spillage",),
    )
    assert found.main == (
        "Under a, 10.0 fewer local recurrences from spilled cells (5.0 to 15.0) than under base (20.0)."
    )


def test_years_of_life_are_those_of_the_whole_run():
    levels = (RECURS, row("base", "life_years", 7.5, 7.4, 7.6, 10.0, unit="years"))
    found = asked(
        row("a", "life_years", 0.05, 0.04, 0.06, 10.0, unit="years"), levels=levels, outcomes=("life_years",)
    )
    assert found.main == "Under a, 50.0 more years of life (40.0 to 60.0) than under base (7,500.0)."
    assert "years of life within 10 years" in found.note


def test_a_shorter_run_answers_at_its_end():
    levels = (row("base", "local_recurrence", 0.1, 0.09, 0.11, 2.0),)
    found = asked(row("a", "local_recurrence", -0.05, -0.06, -0.04, 2.0), levels=levels)
    assert "at 2 years" in found.note and found.main.startswith("Under a, 50.0 fewer")


def test_what_the_tables_lack_is_left_out_and_an_answer_without_anything_says_so():
    found = asked(
        row("a", "local_recurrence", -0.05, -0.06, -0.04), outcomes=("local_recurrence", "severe_toxicity")
    )
    assert found.by_policy == []
    assert asked(outcomes=("severe_toxicity",)).main == "This run does not count what would answer it."


def test_waits_are_stated_without_a_claim_and_a_queue_that_serves_nobody_is_named():
    waits = pd.DataFrame(
        [
            {"policy": "base", "step": "resection", "served": 4000, "median_days": 3.4, "p90_days": 12.0},
            {"policy": "a", "step": "resection", "served": 0, "median_days": np.nan, "p90_days": np.nan},
        ]
    )
    made = tables([RECURS], [row("a", "local_recurrence", -0.05, -0.06, -0.04)])
    found = answer({**made, "waits": waits}, ("local_recurrence",), 5.0, ("resection",))
    assert found.by_policy == [
        "Days waited for resection, median and 90th centile: base 3 and 12 (4,000 served); a nobody was "
        "served."
    ]
    assert found.note.endswith("Waits have no interval.")


def test_the_text_is_no_wider_than_a_terminal():
    many = [row("a" * 30, name, 0.05, 0.04, 0.06) for name in COUNTED if name not in ("margin",)]
    levels = [{**each, "policy": "base"} for each in many]
    text = asked(*many, levels=levels, outcomes=tuple(COUNTED)).text("Why? " * 40)
    assert max(map(len, text.splitlines())) < 120
    assert text.startswith("Question: Why?") and "\nAnswer: Under" in text
