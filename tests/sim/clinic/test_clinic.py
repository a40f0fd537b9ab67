"""The clinic: what waiting does to patients, and that nobody is lost on the way."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

from conf.run import world_trees
from conf.schema import compose_run
from sim.clinic.needs import arrival_days
from sim.clinic.queues import UNLIMITED_COUNT, Resource
from sim.clocks import compiled_clock
from sim.clocks.simpy_clock import Clinic, simulate_in_clinic
from sim.events import Event, Journal
from sim.luck import draw_luck
from sim.parameters import pack
from sim.patient import ROW, YEAR_DAYS, Cause, new_patients

CROWDED_YEARS = 3.25  # some wait for the scan at three years when it ends
OF_RECURRENCE = (Event.RECURRENCE_MEETING, Event.SALVAGE_TREATMENT, Event.SALVAGE_RESECTION)
SHORT_OF_THEATRE = {"theatre_count": 1, "turnover_minutes": 1600.0}  # 1.3 days a resection
SHORT_OF_ALL = {
    "mri_count": 1,
    "mri_minutes": 560.0,
    "endoscopy_count": 1,
    "endoscopy_minutes": 560.0,
    "meeting_count": 1,
    "meeting_minutes": 1250.0,
    "linac_count": 7,
    "theatre_count": 1,
    "turnover_minutes": 1260.0,
    "bed_count": 9,
    "lateral_surgeon_count": 1,
    "colorectal_team_count": 1,
    "urology_team_count": 1,
    "gynaecology_team_count": 1,
    "plastic_team_count": 1,
    "orthopaedic_team_count": 1,
    "vascular_team_count": 1,
}


def go_through(
    settings: Mapping[str, Any],
    policy: str = "tme_alone",
    *overrides: str,
    patients: int = 600,
    days_apart: float = 1.0,
    years: float = 10.0,
    seed: int = 1,
    journal: Journal | None = None,
) -> tuple[np.ndarray, Clinic]:
    """Simulate patients who come one after another, in a clinic that differs so from one without limits."""
    run = compose_run(f"policies=[{policy}]", *overrides)
    assert settings.keys() <= run.clinic.keys()
    rows = new_patients(0, patients)
    rows["agenda"][:, Event.DIAGNOSIS] = np.arange(patients) * days_apart
    world = pack(*world_trees(run, run.policies[0]))
    clinic = {**run.clinic, **settings}
    luck = draw_luck(0, patients, seed)
    return rows, simulate_in_clinic(rows, luck, world, clinic, years * YEAR_DAYS, journal)


def is_day(name: str) -> bool:
    return name.endswith("_day") or name == "agenda"


def granted(clinic_run: Clinic, *events: Event) -> np.ndarray:
    """Return the waits of the granted requests for some events."""
    log = clinic_run.log[clinic_run.log["granted"] & np.isin(clinic_run.log["event"], events)]
    return log["left_day"] - log["asked_day"]


# Without limits, and above demand -----------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["tme_alone", "chemoradiotherapy+lateral_after_5mm+expert_centre"])
@pytest.mark.parametrize("units", [UNLIMITED_COUNT, 5000])
def test_capacity_above_demand_gives_the_lives_without_queues_to_the_bit(lives, policy, units):
    free = lives(policy=policy, patients=1500)
    settings = {f"{r.name.lower()}_count": units for r in Resource}
    rows, clinic_run = go_through(settings, policy, patients=1500, days_apart=0.25 + 2.0**-32)
    for name in set(ROW.names) - {"diagnosed_day"}:
        value = rows[name]
        if is_day(name):
            value = value - rows["diagnosed_day"].reshape(-1, *[1] * (value.ndim - 1))
        np.testing.assert_array_equal(value, free[name], err_msg=name)
    assert (rows["waited_days"] == 0.0).all() and not rows["waiting"].any()
    assert clinic_run.log["granted"].all() and (clinic_run.queues.resources["queue_days"] == 0.0).all()
    assert len(clinic_run.log) > 3 * len(rows)


def test_patients_are_the_same_in_every_clinic(lives):
    """What they are at diagnosis, whom they are treated by or not."""
    free = lives(patients=600)
    rows, _ = go_through(SHORT_OF_ALL)
    traits = ["number", "age_years", "female", "unfit", "height_above_verge_cm", "quadrant", "emvi"]
    traits += ["lateral_mm", "lateral_site", "lateral_involved", "aggressiveness", "radiosensitivity"]
    for name in traits:
        np.testing.assert_array_equal(rows[name], free[name], err_msg=name)
    death = np.minimum(rows["death_day"] - rows["diagnosed_day"], free["death_day"])
    other = (rows["death_cause"] == Cause.OTHER) & (free["death_cause"] == Cause.OTHER)
    assert other.sum() > 50
    np.testing.assert_array_equal(death[other], free["death_day"][other])


def test_arrivals_are_poisson_by_the_catchments_incidence():
    uniforms = draw_luck(0, 20_000, 5)["arrival"]
    days = arrival_days(uniforms, 150.0, first_day=100.0)
    gaps = np.diff(days)
    assert stats.kstest(gaps, "expon", args=(0.0, YEAR_DAYS / 150.0)).pvalue > 0.001
    assert days[0] > 100.0 and (gaps >= 0.0).all()
    np.testing.assert_array_equal(days * 2.0**32, np.floor(days * 2.0**32))
    np.testing.assert_array_equal(days[:500], arrival_days(uniforms[:500], 150.0, first_day=100.0))


# Waiting costs ------------------------------------------------------------------------------------------


def test_a_long_wait_for_the_theatre_costs_margins_metastases_and_lives(lives):
    seeds = range(1, 9)
    free = np.concatenate([lives(patients=1200, seed=seed) for seed in seeds])
    rows = np.concatenate([go_through(SHORT_OF_THEATRE, patients=1200, seed=seed)[0] for seed in seeds])
    waited = rows["waited_days"][:, Event.RESECTION]
    assert 100.0 < waited.mean() < 400.0
    operated = np.isfinite(rows["operated_day"]) & np.isfinite(free["operated_day"])
    assert operated.mean() > 0.85

    def more(name: str, value: Any = True) -> int:
        return int((rows[name][operated] == value).sum() - (free[name][operated] == value).sum())

    assert (rows["ct"] >= free["ct"]).all() and (rows["nodes"] >= free["nodes"]).all()
    assert (rows["fascia_distance_mm"] <= free["fascia_distance_mm"]).all()
    # Pairs: each change is for the worse, or a chance of 1 in 1000.
    worse = rows["crm_involved"] & ~free["crm_involved"] & operated
    better = ~rows["crm_involved"] & free["crm_involved"] & operated & ~rows["emergency"]
    assert worse.sum() > 30 and not better.any()
    assert more("pathological_stage", 3) > 20
    seeded = np.isfinite(rows["metastasis_found_day"]) & ~np.isfinite(free["metastasis_found_day"])
    spared = ~np.isfinite(rows["metastasis_found_day"]) & np.isfinite(free["metastasis_found_day"])
    assert (
        stats.binomtest(int(seeded.sum()), int((seeded | spared).sum()), alternative="greater").pvalue < 1e-3
    )
    assert more("death_cause", Cause.CANCER) > 5


OVERLOAD = ("clinic=strained", "clinic.arrivals_per_year=260", "clinic.linac_count=6")


# Too few theatre days for anybody, and nothing else short.
NO_THEATRE = ("clinic.theatre_count=1", "clinic.turnover_minutes=1600", "clinic.arrivals_per_year=400")


@pytest.mark.parametrize(
    ("policy", "clinic"),
    [
        ("tme_alone", OVERLOAD),
        ("short_course", OVERLOAD),
        ("chemoradiotherapy", OVERLOAD),
        ("chemoradiotherapy+for_everyone", NO_THEATRE),
    ],
)
def test_in_an_overloaded_clinic_more_have_died_at_every_horizon_from_the_first_year_on(policy, clinic):
    """Compared with the same patients where nobody waits: an untreated primary kills."""
    run = compose_run(f"policies=[{policy}]", *clinic)
    world, horizon = pack(*world_trees(run, run.policies[0])), 10.0 * YEAR_DAYS
    died = {"free": np.zeros(9), "waiting": np.zeros(9)}
    for seed in (1, 2, 3):
        luck = draw_luck(0, 1200, seed)
        free, rows = new_patients(0, 1200), new_patients(0, 1200)
        rows["agenda"][:, Event.DIAGNOSIS] = arrival_days(luck["arrival"], run.clinic["arrivals_per_year"])
        compiled_clock.simulate_rows(free, luck, world, horizon)
        compiled_clock.simulate_in_clinic(rows, luck, world, run.clinic, horizon)
        for name, lived in (("free", free), ("waiting", rows)):
            days = lived["death_day"] - lived["diagnosed_day"]
            died[name] += [(days <= years * YEAR_DAYS).sum() for years in range(1, 10)]
        unoperated = ~np.isfinite(rows["operated_day"]) & np.isfinite(rows["death_day"])
        assert unoperated.sum() > 20
        assert not np.isfinite(rows["recurrence_found_day"][unoperated]).any()
    assert (died["waiting"] > died["free"]).all()


def test_who_is_never_resected_and_waits_too_long_for_radiotherapy_is_not_resected_either():
    none = {"linac_count": 0}
    share = ("cohort.unresected_share=1", "cohort.unresected_irradiated_share=1")
    rows, _ = go_through(none, "tme_alone", *share, patients=300)
    assert rows["refused"].sum() > 100 and not rows["irradiated"].any()
    assert not np.isfinite(rows["operated_day"][~rows["emergency"]]).any()
    assert np.isfinite(rows["uncontrolled_day"][rows["refused"]]).all()


def test_a_recurrence_that_waits_loses_its_resectability():
    """Primaries go first and fill the meeting; recurrences get what is left. None is resected once grown."""
    settings = "primaries_first+expert_centre", "cohort=dutch_tme", "salvage.grown_curative_odds_ratio=1e-9"
    free, _ = go_through({}, *settings, patients=2500, days_apart=0.5)
    busy = {"meeting_count": 1, "meeting_minutes": 720.0}  # and a primary every 720 minutes
    rows, clinic_run = go_through(busy, *settings, patients=2500, days_apart=0.5)
    assert granted(clinic_run, Event.TEAM_MEETING).mean() < 0.5
    assert granted(clinic_run, Event.RECURRENCE_MEETING).mean() > 50.0
    np.testing.assert_array_equal(
        np.isfinite(rows["recurrence_found_day"]), np.isfinite(free["recurrence_found_day"])
    )
    assert (rows["unresectable"] & ~free["unresectable"]).sum() >= 5
    salvaged, would_be = np.isfinite(rows["salvage_day"]), np.isfinite(free["salvage_day"])
    # What waits may also kill, or metastases found later may, before it has grown.
    outlived = rows["death_day"] >= free["death_day"]
    assert not (free["unresectable"] & ~rows["unresectable"] & outlived).any()
    assert (would_be & ~salvaged).sum() >= 10 and not (salvaged & ~would_be).any()
    assert (rows["death_cause"] == Cause.CANCER).sum() > (free["death_cause"] == Cause.CANCER).sum()


def test_a_longer_interval_from_radiotherapy_raises_complete_response_more_slowly_beyond_its_plateau():
    policy = "chemoradiotherapy+for_everyone"
    free, _ = go_through({}, policy)
    rows, _ = go_through({"theatre_count": 1, "turnover_minutes": 1500.0}, policy)
    both = np.isfinite(rows["operated_day"]) & np.isfinite(free["operated_day"]) & (rows["ct"] == free["ct"])
    both &= ~rows["emergency"] & ~free["emergency"]
    assert both.mean() > 0.8
    weeks = rows["waited_days"][:, Event.RESECTION] / 7.0
    parameters = compose_run(f"policies=[{policy}]").parameters["neoadjuvant"]
    plateau = parameters["response_plateau_weeks"]
    assert (weeks[both] < plateau).sum() > 50 and (weeks[both] > 2.0 * plateau).sum() > 100

    # The rule, written again: the odds grow by the week, up to an end; one trait decides.
    probability = parameters["complete_response_probability"][3]
    odds = probability / (1.0 - probability)
    odds *= np.array(parameters["t_response_odds_ratio"])[rows["ct"]]
    odds *= np.exp(parameters["response_log_odds_per_week"] * np.minimum(weeks, plateau))
    late = np.clip(weeks, plateau, parameters["response_end_weeks"]) - plateau
    odds *= np.exp(parameters["late_response_log_odds_per_week"] * late)
    higher = rows["height_above_verge_cm"] - parameters["response_reference_height_cm"]
    odds *= np.exp(parameters["response_log_odds_per_cm"] * higher)
    complete = rows["radiosensitivity"] > stats.norm.isf(odds / (1.0 + odds))
    np.testing.assert_array_equal(rows["complete_response"][both], complete[both])
    assert not (free["complete_response"] & ~rows["complete_response"])[both].any()
    assert (rows["complete_response"] & ~free["complete_response"])[both].sum() > 10


# Who leaves a queue -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crowded() -> tuple[np.ndarray, Clinic, Journal]:
    """A clinic that is short of everything, and a policy that needs it."""
    journal: Journal = []
    policy = (
        "postoperative_chemoradiotherapy+lateral_before_5mm+follow_up_intensive+expert_centre+primaries_first"
        "+local_excision_t2"
    )
    rows, clinic_run = go_through(
        SHORT_OF_ALL, policy, "cohort=dutch_tme", patients=2500, years=CROWDED_YEARS, journal=journal
    )
    return rows, clinic_run, journal


def test_nobody_is_served_after_death_or_the_end_of_follow_up(crowded):
    rows, clinic_run, journal = crowded
    last = np.minimum(rows["death_day"], rows["diagnosed_day"] + CROWDED_YEARS * YEAR_DAYS)
    assert (clinic_run.log["left_day"] <= last[clinic_run.log["number"]]).all()
    simulated = np.array([(day, i) for day, i, _ in journal])
    assert (simulated[:, 0] <= last[simulated[:, 1].astype(int)]).all()
    deaths = [event for *_, event in journal if Event(event).name.startswith("DEATH")]
    assert len(deaths) == np.isfinite(rows["death_day"]).sum()


def test_whoever_leaves_a_queue_unserved_has_a_reason(crowded):
    rows, clinic_run, journal = crowded
    unserved = clinic_run.log[~clinic_run.log["granted"]]
    # by growth, or by a further focus: carcinomatosis
    progression = (Event.RECURRENCE_PROGRESSION, Event.RECURRENCE_ONSET)
    progressed = {(i, day) for day, i, event in journal if event in progression}
    refused = {(i, day) for day, i, event in journal if event == Event.REFUSAL}
    reasons = {
        "death": 0,
        "end": 0,
        "refusal": 0,
        "progression": 0,
        "metastasis": 0,
        "found at another time": 0,
        "emergency": 0,
    }
    visits = (Event.VISIT, Event.WATCH_VISIT)
    for line in unserved:
        patient, day = rows[line["number"]], line["left_day"]
        salvage = line["event"] in (Event.SALVAGE_TREATMENT, Event.SALVAGE_RESECTION)
        if patient["death_day"] == day:
            reasons["death"] += 1
        elif patient["diagnosed_day"] + CROWDED_YEARS * YEAR_DAYS == day:
            reasons["end"] += 1
        elif (line["number"], day) in refused:
            reasons["refusal"] += 1
        elif salvage and (line["number"], day) in progressed:
            reasons["progression"] += 1
        elif patient["emergency"] and patient["operated_day"] == day:
            reasons["emergency"] += 1
        elif patient["metastasis_found_day"] == day and (salvage or line["event"] in visits):
            reasons["metastasis"] += 1
        else:
            again = "recurrence_found_day" if line["event"] == Event.VISIT else "regrowth_found_day"
            assert line["event"] in visits and patient[again] == day
            reasons["found at another time"] += 1
    assert all(count > 0 for count in reasons.values()), reasons


def test_nobody_is_salvaged_who_has_become_unresectable(crowded):
    """Since the meeting, which in an expert centre may take on what has grown before."""
    rows, _, journal = crowded
    assert not (rows["unresectable"] & np.isfinite(rows["salvage_day"])).any()
    lost: set[int] = set()
    for _, i, event in sorted(journal):
        if event == Event.RECURRENCE_PROGRESSION:
            lost.add(i)
        elif event == Event.RECURRENCE_MEETING and rows["curative_intent"][i]:
            lost.discard(i)
        assert not (event == Event.SALVAGE_RESECTION and i in lost)
    assert len(lost) > 10


def test_who_waits_still_is_known_by_name_and_only_they_wait(crowded):
    rows, clinic_run, _ = crowded
    for event in Event:
        waiting = rows["waiting"] >> event & 1 > 0
        ends = (
            clinic_run.log["left_day"]
            == (rows["diagnosed_day"] + CROWDED_YEARS * YEAR_DAYS)[clinic_run.log["number"]]
        )
        at_the_end = clinic_run.log[ends & ~clinic_run.log["granted"] & (clinic_run.log["event"] == event)]
        assert sorted(at_the_end["number"]) == np.flatnonzero(waiting).tolist()
    assert not rows["waiting"][np.isfinite(rows["death_day"])].any()


def test_a_visit_that_waited_past_the_next_ones_day_is_followed_by_the_one_after():
    policy = "follow_up_intensive"
    _, clinic_run = go_through({"mri_count": 1, "mri_minutes": 3000.0}, policy, patients=600, years=6.0)
    assert granted(clinic_run, Event.VISIT).max() > 100.0  # visits are three months apart


# The books of the clinic --------------------------------------------------------------------------------


def test_littles_law_holds_on_every_resource_of_a_real_run(crowded):
    _, clinic_run, _ = crowded
    q = clinic_run.queues.resources[0]
    for r in Resource:
        here = clinic_run.log[clinic_run.log["holds_days"][:, r] > 0.0]
        waits = here["left_day"] - here["asked_day"]
        span = here["left_day"].max() - here["asked_day"].min()
        assert q["queue_days"][r] / span == pytest.approx(len(here) / span * waits.mean(), rel=1e-12)
        assert len(here) > 0
    assert (q["queue_days"] > 0.0).sum() >= 10  # sacral resections are too rare to queue for


def test_every_request_is_served_once_or_withdrawn_and_every_wait_is_booked(crowded):
    rows, clinic_run, journal = crowded
    assert (clinic_run.queues.resources["length"] == 0).all()
    served = clinic_run.log[clinic_run.log["granted"]]
    simulated = sorted((day, i, e) for day, i, e in journal if e in np.unique(clinic_run.log["event"]))
    turns = sorted(zip(served["left_day"].tolist(), served["number"].tolist(), served["event"], strict=True))
    sometimes = (Event.VISIT, Event.SALVAGE_TREATMENT)  # queue for an MRI or a linac, or for nothing
    assert [t for t in turns if t[2] not in sometimes] == [t for t in simulated if t[2] not in sometimes]
    assert set(turns) <= set(simulated) and len(turns) == len(set(turns))
    waited = np.zeros((len(rows), len(Event)))
    np.add.at(waited, (served["number"], served["event"]), served["left_day"] - served["asked_day"])
    np.testing.assert_array_equal(rows["waited_days"], waited)


def test_no_resource_is_ever_used_by_more_than_its_units(crowded):
    _, clinic_run, _ = crowded
    served = clinic_run.log[clinic_run.log["granted"]]
    for r in Resource:
        here = served[served["holds_days"][:, r] > 0.0]
        # Holds are logged in single precision: a second's tolerance.
        ends = here["left_day"] + here["holds_days"][:, r] - 1.0 / 86400.0
        changes = sorted([(day, 1) for day in here["left_day"]] + [(day, -1) for day in ends])
        busiest = np.cumsum([step for _, step in changes]).max()
        assert 0 < busiest <= SHORT_OF_ALL[f"{r.name.lower()}_count"]


# Capacities and calendars -------------------------------------------------------------------------------


def test_who_waits_too_long_refuses_and_leaves_the_queue():
    impatient = "pathway.patience_median_days=60"
    rows, clinic_run = go_through({"linac_count": 0}, "chemoradiotherapy+for_everyone", impatient)
    refused = rows["refused"]
    assert refused.mean() > 0.9
    assert not rows["irradiated"].any()
    operated = np.isfinite(rows["operated_day"])
    assert operated[refused].mean() > 0.9  # without the radiotherapy before it
    asked = clinic_run.log["event"] == Event.NEOADJUVANT
    waited = clinic_run.log["left_day"][asked] - clinic_run.log["asked_day"][asked]
    assert not clinic_run.log["granted"][asked].any() and 40.0 < np.median(waited) < 90.0
    # nobody loses patience who is served at once
    served, _ = go_through({}, "chemoradiotherapy+for_everyone", impatient)
    assert not served["refused"].any() and served["irradiated"].mean() > 0.9


def test_a_salvage_that_is_waited_for_too_long_is_refused():
    impatient = "pathway.patience_median_days=5"
    rows, _ = go_through(
        {"urology_team_count": 0}, "expert_centre", impatient, "cohort=dutch_tme", patients=1500
    )
    assert (rows["refused"] & rows["curative_intent"]).sum() > 5
    assert not (rows["refused"] & np.isfinite(rows["salvage_day"])).any()


def test_without_a_linac_radiotherapy_is_waited_for_until_the_end_and_that_is_reported():
    endless = ("pathway.patience_median_days=1e9", "primary.emergency_median_days=1e9")
    mortal, _ = go_through({"linac_count": 0}, "chemoradiotherapy", *endless)
    untreated = (mortal["regimen"] > 0) & ~np.isfinite(mortal["operated_day"])
    assert np.isfinite(mortal["death_day"][untreated]).mean() > 0.95  # a primary that nobody treats kills
    harmless = "primary.death_median_days=1e9"
    rows, clinic_run = go_through({"linac_count": 0}, "chemoradiotherapy", *endless, harmless)
    alive = ~np.isfinite(rows["death_day"])
    waiting = rows["waiting"] >> Event.NEOADJUVANT & 1 > 0
    assert waiting.sum() > 100
    np.testing.assert_array_equal(waiting, alive & (rows["regimen"] > 0))
    for_linac = clinic_run.log[clinic_run.log["holds_days"][:, Resource.LINAC] > 0.0]
    assert len(for_linac) > 300 and not for_linac["granted"].any()
    assert not rows["irradiated"].any() and not np.isfinite(rows["operated_day"][rows["regimen"] > 0]).any()
    assert np.isfinite(rows["operated_day"][alive & (rows["regimen"] == 0)]).all()


def test_recurrences_first_shortens_their_waits_and_lengthens_the_others():
    def waits(policy: str) -> tuple[float, float]:
        settings = {
            "theatre_count": 1,
            "turnover_minutes": 1350.0,
            "meeting_count": 1,
            "meeting_minutes": 1300.0,
        }
        _, clinic_run = go_through(settings, policy, "pathway.patience_median_days=1e9", patients=900)
        primaries = [Event.TEAM_MEETING, Event.RESECTION]
        return granted(clinic_run, *OF_RECURRENCE).mean(), granted(clinic_run, *primaries).mean()

    usual, first, last = (waits(p) for p in ("tme_alone", "recurrences_first", "primaries_first"))
    assert first[0] < 0.2 * usual[0] and first[1] > usual[1]
    assert last[0] > usual[0] and last[1] < usual[1]


def test_a_closed_theatre_builds_a_backlog_that_clears_after_it_reopens():
    closed, again = 200.0, 260.0
    settings = {
        "theatre_count": 2,
        "turnover_minutes": 800.0,
        "theatre_closed_from_days": closed,
        "theatre_closed_until_days": again,
    }
    rows, clinic_run = go_through(settings, patients=500)
    log = clinic_run.log[clinic_run.log["holds_days"][:, Resource.THEATRE] > 0.0]

    def queue(day: float) -> int:
        return int(((log["asked_day"] <= day) & (log["left_day"] > day)).sum())

    served = log[log["granted"]]
    ends = served["left_day"] + served["holds_days"][:, Resource.THEATRE]
    assert not ((served["left_day"] < again) & (ends > closed + 1e-4)).any()
    assert queue(closed - 5.0) < 5
    assert queue(again - 0.01) > 45
    assert queue(again + 20.0) < queue(again - 0.01)
    assert max(queue(day) for day in np.arange(again + 120.0, 500.0)) < 5
    assert rows["waited_days"][:, Event.RESECTION].max() < again - closed + 60.0


def test_a_weeks_meeting_discusses_as_many_as_fit_to_the_minute():
    settings = {
        "meeting_count": 1,
        "meeting_minutes": 5.0,
        "opens_at_hours": 8.0,
        "meeting_open_hours": [0, 0, 1.5, 0, 0, 0, 0],
    }
    _, clinic_run = go_through(settings, patients=120, days_apart=0.0)
    meetings = clinic_run.log[clinic_run.log["event"] == Event.TEAM_MEETING]
    days = np.unique(np.floor(meetings["left_day"][meetings["granted"]]), return_counts=True)
    assert (days[0] % 7 == 2).all()
    assert days[1][:5].tolist() == [18] * 5
