"""The picture of rules: each at its numbers, and those that another outdoes are marked, and no others."""

import itertools

import numpy as np
import pandas as pd
import pytest
from helpers.pages import Page, artists, note, title, words

from analysis.pictures.rules import BEHIND, BEST, DOMINATED, averted_against_harmed, standing
from analysis.pictures.sweep import sweep_pictures

AXIS = "guideline.high.short_axis_mm"
HARMS = ("permanent_stoma", "severe_morbidity")
NAME = "averted_against_harmed"


def tables(points, changes, half=0.002, policies=("tme_alone", "usual_care"), moving=0.0):
    """Return tables as a sweep writes them. ``changes``: of recurrence and each harm, by point and policy."""
    outcomes, differences = [], []
    for (k, point), (j, policy) in itertools.product(enumerate(points), enumerate(policies)):
        for outcome, change in zip(("local_recurrence", *HARMS), changes(k, j), strict=True):
            about = {**point, "replication": 0, "policy": policy, "outcome": outcome, "group": "all"}
            about |= {"mechanism": "all", "compartment": "all", "horizon_years": 5.0, "n": 1000}
            ends = {"ci_low": change - half, "ci_high": change + half}
            outcomes.append({**about, "estimate": 0.2 + moving * k + change * (j > 0), **ends})
            if j:
                differences.append({**about, "comparator": policies[0], "estimate": change, **ends})
    return {"outcomes": pd.DataFrame(outcomes), "differences": pd.DataFrame(differences)}


def pictures(made, names=(AXIS,), harms=HARMS):
    return sweep_pictures(made, list(names), ["local_recurrence"], 5.0, None, harms=harms)


def drawn(made, names=(AXIS,), harms=HARMS):
    return pictures(made, names, harms)[NAME]()


def marks(figure, status):
    """Return where the marks of a status are, by panel."""
    return [np.column_stack(line.get_data()).tolist() for line in artists(figure, f"rules {status}")]


def naive(values, halves):
    """Return the standing of rules by comparing every two, the first number to be large, the others small."""
    found = []
    for i, one in enumerate(values):
        status = BEST
        for j, other in enumerate(values):
            leads = [other[0] - one[0], *(a - b for a, b in zip(one[1:], other[1:], strict=True))]
            if i == j or min(leads) < 0 or max(leads) == 0:
                continue
            beyond = any(
                lead > (a * a + b * b) ** 0.5 for lead, a, b in zip(leads, halves[i], halves[j], strict=True)
            )
            status = max(status, DOMINATED if beyond else BEHIND)
        found.append(status)
    return found


def test_a_rule_is_outdone_where_another_is_as_good_in_all_and_better_in_some():
    random = np.random.default_rng(1)
    seen = set()
    for _ in range(200):
        values = random.integers(0, 6, (5, 3)).astype(float)
        halves = random.integers(0, 3, (5, 3)).astype(float)
        expected = naive(values.tolist(), halves.tolist())
        assert standing(values, halves).tolist() == expected
        seen |= set(expected)
    assert seen == {BEST, BEHIND, DOMINATED}


def test_equal_rules_do_not_outdo_each_other():
    assert standing(np.ones((3, 2)), np.zeros((3, 2))).tolist() == [BEST] * 3


def test_a_mark_is_where_its_differences_are_per_thousand():
    changes = [(-0.05, 0.02, 0.01), (-0.06, 0.03, 0.02), (-0.055, 0.04, 0.03)]
    figure = drawn(tables([{AXIS: mm} for mm in (5, 7, 10)], lambda k, j: changes[k]))
    best, outdone = marks(figure, BEST), marks(figure, DOMINATED)
    assert [np.round(panel, 9).tolist() for panel in best] == [[[50, 20], [60, 30]], [[50, 10], [60, 20]]]
    assert [np.round(panel, 9).tolist() for panel in outdone] == [[[55, 40]], [[55, 30]]]
    assert title(figure) == "1 of 4 rules is outdone by another beyond simulated luck: 10"
    assert "short axis (group high), mm" in note(figure) and "Outside the panels: A" in note(figure)
    assert {"5", "7", "10"} <= set(words(figure)) and any("TME alone" in text for text in words(figure))


def test_what_may_be_luck_is_not_called_outdone():
    changes = [(-0.05, 0.02, 0.01), (-0.0499, 0.0201, 0.0101)]
    made = tables([{AXIS: mm} for mm in (5, 7)], lambda k, j: changes[k], half=0.01)
    figure = drawn(made)
    assert marks(figure, DOMINATED) == [[], []] and len(marks(figure, BEHIND)[0]) == 1
    assert title(figure) == "No rule is outdone by another beyond simulated luck"


def random_changes(seed):
    numbers = np.random.default_rng(seed).normal(0.05, 0.01, (50, 5, 3)) * np.array([-1, 1, 1])
    return lambda k, j: numbers[k, j]


CONDITIONS = ("ct >= t4a", "ct >= t3cd or fascia_threatened or short_axis_mm >= 7 or cn == 2")
REGIMENS = ("none", "short_course", "chemoradiotherapy")
BOTH = [{"guideline.high.condition": c, "high.neoadjuvant": r} for c in CONDITIONS for r in REGIMENS]
CASES = {
    "two": tables([{AXIS: 5}, {AXIS: 7}], lambda k, j: (-0.05 - 0.01 * k, 0.01 * k, 0.02)),
    "twelve": tables([{AXIS: mm} for mm in range(12)], random_changes(1)),
    "ties": tables([{AXIS: mm} for mm in range(12)], lambda k, j: (-0.01 * (k // 4), 0.01, 0.01 * (k // 4))),
    "all worse than the comparator": tables(
        [{AXIS: 5}, {AXIS: 7}], lambda k, j: (0.01 + k / 100, 0.02, 0.03)
    ),
    "words": tables(BOTH, random_changes(2)),
    "several policies": tables(
        [{AXIS: mm} for mm in (5, 7)],
        random_changes(3),
        policies=("tme_alone", "a" * 60, "usual_care", "c$d"),
    ),
    "fifty": tables([{AXIS: mm} for mm in range(50)], random_changes(4)),
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_cut_off_and_no_words_cover_others(case):
    made = CASES[case]
    names = [name for name in made["differences"] if "." in name]
    page = Page(drawn(made, names))
    assert (page.cut_off(), page.covered()) == ([], [])


def test_each_rule_is_counted_once_though_nothing_swept_acts_on_it():
    made = tables(
        [{AXIS: mm} for mm in (5, 7)],
        lambda k, j: (-0.05, 0.01, 0.01) if j == 1 else (-0.06 - 0.01 * k, 0.02, 0.02 + 0.01 * k),
        policies=("tme_alone", "short_course", "usual_care"),
    )
    figure = drawn(made)
    assert sum(len(marks(figure, status)[0]) for status in (BEST, BEHIND, DOMINATED)) <= 4
    assert sum("Short course" in text for text in words(figure)) == 1


def test_it_is_drawn_of_rules_alone_beside_a_comparator_that_stays_the_same():
    change = (-0.05, 0.01, 0.01)
    points = [{AXIS: 5}, {AXIS: 7}]
    assert NAME in pictures(tables(points, lambda k, j: change))
    assert NAME not in pictures(tables(points, lambda k, j: change, moving=0.01))
    assert NAME not in pictures(tables(points, lambda k, j: change), harms=())
    leak = "surgery.leak_probability"
    numbers = [{leak: 0.1}, {leak: 0.2}]
    assert NAME not in pictures(tables(numbers, lambda k, j: change), names=[leak])


def test_without_numbers_it_says_so():
    made = tables([{AXIS: 5}, {AXIS: 7}], lambda k, j: (float("nan"),) * 3)
    made["outcomes"]["estimate"] = 0.2
    assert title(drawn(made)).startswith("Nothing to draw")


def test_the_policies_of_a_run_are_drawn_beside_their_comparator():
    made = tables(
        [{}], lambda k, j: (-0.02 * j, 0.01 * j, 0.01 * j), policies=("tme_alone", "short_course", "c")
    )
    figure = averted_against_harmed(made["differences"])
    assert [np.round(panel, 9).tolist() for panel in marks(figure, BEST)] == [
        [[0, 0], [20, 10], [40, 20]]
    ] * 2
    assert title(figure) == "No policy is outdone by another beyond simulated luck"
    worse = tables([{}], lambda k, j: (0.02, 0.01, 0.01))
    said = title(averted_against_harmed(worse["differences"]))
    assert said == "1 of 2 policies is outdone by another beyond simulated luck: B"
    assert title(averted_against_harmed(made["differences"][:0])).startswith("Nothing averted or harmed")
