"""What policies differ by, and how far the discrepancy of a contrast reaches."""

import numpy as np
import pytest
from conftest import lives, world_of

from conf.composition import composing
from conf.contrasts import DRAWN, PART_OF, SEEN, contrast_of
from conf.discrepancy import CONTRAST
from conf.economic_draws import draw_discrepancy
from conf.policies import LEVERS, read_policy
from conf.posterior import read_sample
from sim.counting.value import values_of
from sim.patient import YEAR_DAYS

DRAWS = 4_000


def contrast(policy, comparator="tme_alone"):
    with composing():
        return contrast_of(read_policy(policy), read_policy(comparator))


def levers(policy, comparator="tme_alone"):
    return contrast(policy, comparator).levers


@pytest.fixture(scope="module")
def discrepancy():
    sample = read_sample(5, None)
    assert sample is not None
    return sample.discrepancy


def test_policies_differ_by_levers_and_a_policy_from_itself_by_none():
    assert levers("tme_alone") == ()
    assert levers("chemoradiotherapy") == levers("short_course") == ("neoadjuvant",)
    assert levers("chemoradiotherapy+washout_always") == ("neoadjuvant", "washout")


def test_whom_a_lever_is_for_is_no_lever_of_its_own():
    assert levers("lateral_before_7mm", "lateral_before_5mm") == ("lateral_dissection",)
    assert levers("chemoradiotherapy+as_practised", "chemoradiotherapy") == ("neoadjuvant",)
    assert not {"adherence", "lateral_threshold_mm"} & {*DRAWN}


def test_what_groups_get_is_a_difference_too():
    assert levers("dutch_2014") == ("neoadjuvant",)
    assert levers("organ_preservation_by_guideline", "dutch_2014") == ("neoadjuvant", "organ_preservation")


def test_a_programme_acts_on_everybody_and_a_dissection_on_those_who_have_it():
    assert contrast("washout_always").of_everybody
    assert not contrast("lateral_before_7mm").of_everybody


def test_levers_are_named_as_they_are():
    assert {*SEEN} <= {*DRAWN} and {*PART_OF, *PART_OF.values()} <= {*LEVERS}


IRRADIATED = "chemoradiotherapy+for_everyone"
WHO_GETS_IT = {
    "neoadjuvant": (IRRADIATED, "tme_alone", lambda rows: rows["irradiated"]),
    "organ_preservation": (
        f"{IRRADIATED}+organ_preservation", IRRADIATED, lambda rows: np.isfinite(rows["watch_from_day"])
    ),
    "contact_boost": (f"{IRRADIATED}+contact_boost", IRRADIATED, lambda rows: rows["contact_boosted"]),
    "local_excision": ("local_excision", "tme_alone", lambda rows: np.isfinite(rows["excised_day"])),
    "lateral_dissection": ("lateral_before_7mm", "tme_alone", lambda rows: rows["dissected"].any(axis=1)),
    "operation": (
        "abdominoperineal_resection", "tme_alone",
        lambda rows: np.isfinite(rows["operated_day"]) & (rows["operation"] == 2),
    ),
    "diverting_stoma": (
        "diverting_stoma_always", "diverting_stoma_never", lambda rows: rows["diverting_stoma"]
    ),
    "postoperative_chemoradiotherapy": (
        "postoperative_stage_ii_iii", "tme_alone", lambda rows: rows["postoperatively_irradiated"]
    ),
    "adjuvant_chemotherapy": ("adjuvant_stage_iii", "tme_alone", lambda rows: rows["adjuvant"]),
}  # fmt: skip


@pytest.mark.parametrize("lever", WHO_GETS_IT)
def test_who_gets_what_a_lever_changes_shows_it_in_what_is_spent(lever):
    one, other, gets = WHO_GETS_IT[lever]
    assert levers(one, other) == (lever,) and not contrast(one, other).of_everybody
    rows, values = {}, {}
    for name in (one, other):
        rows[name] = lives("economics=dutch", policy=name, patients=600)
        values[name] = values_of(rows[name], world_of(name, ("economics=dutch",)), 10 * YEAR_DAYS)
    got = gets(rows[one]).astype(bool) & ~gets(rows[other]).astype(bool)
    assert got.sum() >= 5
    assert (values[one] != values[other])[got].any(axis=1).all()


def test_policies_with_a_lever_in_common_share_its_draw(discrepancy):
    drawn = draw_discrepancy(discrepancy, DRAWS, 1)
    one, other = (drawn.log_ratios(levers(name)) for name in ("chemoradiotherapy", "short_course"))
    assert (one == other).all()
    apart = drawn.log_ratios(levers("washout_always"))
    assert abs(np.corrcoef(one, apart)[0, 1]) < 0.05
    both = drawn.log_ratios(levers("chemoradiotherapy+washout_always"))
    assert np.allclose(both, [(a + b) / 2**0.5 for a, b in zip(one, apart, strict=True)])
    assert (drawn.log_ratios(()) == 0).all()


def test_every_contrast_is_as_uncertain_as_those_of_studies_and_has_no_drift(discrepancy):
    drawn = draw_discrepancy(discrepancy, DRAWS, 1)
    wide = discrepancy.scales[CONTRAST] * (10 / 8) ** 0.5  # standard deviation of Student's t, 10 degrees
    for policy in ("chemoradiotherapy", "chemoradiotherapy+washout_always"):
        ratios = drawn.log_ratios(levers(policy))
        assert ratios.std() == pytest.approx(wide, rel=0.05)
        assert np.median(ratios) == pytest.approx(0.0, abs=0.01)


def test_a_lever_is_drawn_alike_whatever_policies_are_compared(discrepancy):
    assert [*draw_discrepancy(discrepancy, 20, 1).contrasts] == [*DRAWN]
