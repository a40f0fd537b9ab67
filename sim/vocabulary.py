"""The one vocabulary of events: what each is called, who sees it, and what can be said of a patient after it.

Journal, story and documents take their words from here. Rows are records of dtype ROW, before and after the
event. What nobody sees is told too, and marked as hidden.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from sim.events import Event
from sim.patient import (
    YEAR_DAYS,
    Compartment,
    FoundBy,
    LateralSite,
    Margin,
    Operation,
    Plane,
    Procedure,
    Quadrant,
    Route,
    Specialty,
    SpillPattern,
    TStage,
)
from sim.policy import Regimen

Row = Any  # a record of dtype ROW
SIDES = ("left", "right")


class Said(NamedTuple):
    """A sentence about a patient; hidden: nobody sees it."""

    text: str
    hidden: bool = False


class Words(NamedTuple):
    """What an event is called, whether it happens unseen, and what to say of the row after it."""

    label: str
    hidden: bool
    says: Callable[[Row, Row], Iterator[Said]]

    def tell(self, before: Row, after: Row) -> list[Said]:
        """Return the sentences about the event, those that are hidden last."""
        return sorted(self.says(before, after), key=lambda said: said.hidden)


T_STAGE = {
    TStage.T1: "T1",
    TStage.T2: "T2",
    TStage.T3AB: "T3 (not deep)",
    TStage.T3CD: "T3 (deep)",
    TStage.T4A: "T4a (through the peritoneum)",
    TStage.T4B: "T4b (into an organ)",
}
QUADRANT = {
    Quadrant.ANTERIOR: "in front",
    Quadrant.POSTERIOR: "behind",
    Quadrant.LEFT: "on the left",
    Quadrant.RIGHT: "on the right",
}
SITE = {LateralSite.OBTURATOR: "obturator", LateralSite.INTERNAL_ILIAC: "internal iliac"}
REGIMEN = {
    Regimen.NONE: "no treatment before surgery",
    Regimen.SHORT_COURSE: "a short course of radiotherapy, then surgery within days",
    Regimen.SHORT_COURSE_DELAYED: "a short course of radiotherapy, then surgery after weeks",
    Regimen.CHEMORADIOTHERAPY: "long-course chemoradiotherapy",
    Regimen.TOTAL_NEOADJUVANT: "total neoadjuvant therapy: radiotherapy and all chemotherapy",
}
OPERATION = {
    Operation.NONE: "no operation",
    Operation.LOW_ANTERIOR_RESECTION: "low anterior resection, with an anastomosis",
    Operation.ABDOMINOPERINEAL_RESECTION: "abdominoperineal resection, with a permanent stoma",
    Operation.HARTMANN: "Hartmann's operation, with a permanent stoma and no anastomosis",
}
PLANE = {
    Plane.MESORECTAL: "the right plane, around the mesorectum",
    Plane.INTRAMESORECTAL: "a plane inside the mesorectum",
    Plane.MUSCULARIS: "a plane down to the muscle of the bowel",
}
ORIGIN = {
    Route.CIRCUMFERENTIAL: "cells at the circumferential margin",
    Route.DISTAL: "cells beyond the distal margin",
    Route.MESORECTUM: "a deposit in a remnant of the mesorectum",
    Route.LATERAL_LEFT: "a lateral node on the left",
    Route.LATERAL_RIGHT: "a lateral node on the right",
    Route.ANASTOMOTIC: "cells from the lumen, caught in the staple line",
    Route.PERIANASTOMOTIC: "cells from the lumen, carried by a leak into an abscess",
    Route.SPILLAGE: "cells spilled during the operation",
}
COMPARTMENT = {
    Compartment.CENTRAL: "the centre of the pelvis",
    Compartment.ANTERIOR: "the front of the pelvis",
    Compartment.POSTERIOR: "the space in front of the sacrum",
    Compartment.LATERAL_LEFT: "the left side wall",
    Compartment.LATERAL_RIGHT: "the right side wall",
    Compartment.PERINEAL: "the perineum",
    Compartment.PERITONEAL: "the pelvic peritoneum",
}
PROCEDURE = {
    Procedure.NONE: "no operation",
    Procedure.CENTRAL_RESECTION: "resection of the centre of the pelvis",
    Procedure.EXENTERATION: "pelvic exenteration",
    Procedure.ABDOMINOSACRAL: "abdominosacral resection",
    Procedure.SIDEWALL: "resection of the side wall",
    Procedure.PERINEAL: "perineal resection",
}
TEAM = {
    Specialty.COLORECTAL: "colorectal surgery",
    Specialty.UROLOGY: "urology",
    Specialty.GYNAECOLOGY: "gynaecology",
    Specialty.PLASTIC: "plastic surgery",
    Specialty.ORTHOPAEDIC: "orthopaedics",
    Specialty.VASCULAR: "vascular surgery",
}
MARGIN = {
    Margin.R0: "R0: nothing is left",
    Margin.R1: "R1: cells are left under the microscope",
    Margin.R2: "R2: visible tumour is left",
}
STAGE = (
    "no tumour is left in the specimen",
    "stage I: within the bowel wall, nodes free",
    "stage II: beyond the bowel wall, nodes free",
    "stage III: nodes hold tumour",
)


def members_of(mask: int, words: dict[Any, str]) -> str:
    """Return the words for the members of a bit mask, as a list in a sentence."""
    return listed([text for member, text in words.items() if mask >> int(member) & 1])


def listed(parts: list[str]) -> str:
    """Return ``a``, ``a and b`` or ``a, b and c``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def span(days: float) -> str:
    """Return a length of time in the unit that people would use."""
    months = days / YEAR_DAYS * 12
    if months < 2:
        return f"{days:.0f} day" + ("" if round(days) == 1 else "s")
    return f"{months:.0f} months" if months < 24 else f"{days / YEAR_DAYS:.1f} years"


def sides(flags: Any) -> str:
    """Return ``on the left``, ``on the right`` or ``on both sides``."""
    named = [side for side, flag in zip(SIDES, flags, strict=True) if flag]
    return "on both sides" if len(named) == len(SIDES) else f"on the {named[0]}"


def _lateral_nodes(row: Row, field: str) -> str:
    seen = [
        f"{row[field][k]:.0f} mm on the {side} ({SITE[LateralSite(row['lateral_site'][k])]})"
        for k, side in enumerate(SIDES)
        if row[field][k] > 0.0
    ]
    return listed(seen)


def diagnosis(before: Row, after: Row) -> Iterator[Said]:
    who = "woman" if after["female"] else "man"
    fit = "unfit for major surgery" if after["unfit"] else "fit"
    height = after["height_above_verge_cm"]
    yield Said(
        f"A {who} of {after['age_years']:.0f}, {fit}; rectal cancer {height:.0f} cm above the anal verge."
    )
    spreads = after["agenda"][Event.METASTASIS_ONSET]
    if np.isfinite(spreads):
        days = span(spreads - after["diagnosed_day"])
        yield Said(f"Cells have spread already; left alone, they would show as metastases in {days}.", True)


def staging(before: Row, after: Row) -> Iterator[Said]:
    nodes = ("no suspect nodes", "some suspect nodes", "many suspect nodes")[after["cn"]]
    fascia = "threatens it" if after["fascia_threatened"] else "stays clear of it"
    vessels = ", growth into vessels" if after["emvi"] else ""
    yield Said(f"{T_STAGE[TStage(after['ct'])]}, {nodes} (cN{after['cn']}){vessels}.")
    side = QUADRANT[Quadrant(after["quadrant"])]
    yield Said(f"It comes nearest to the mesorectal fascia {side}, and {fascia}.")
    if after["lateral_mm"].any():
        yield Said(f"Lateral nodes: {_lateral_nodes(after, 'lateral_mm')}.")
    yield Said("High risk on MRI." if after["high_risk"] else "Not high risk on MRI.")
    if bool(after["nodes"]) != bool(after["cn"]):
        truth = "hold tumour, which MRI does not show" if after["nodes"] else "are free, whatever MRI shows"
        yield Said(f"The mesorectal nodes {truth}.", True)
    if after["lateral_involved"].any():
        yield Said(f"There is tumour in a lateral node {sides(after['lateral_involved'])}.", True)


def meeting(before: Row, after: Row) -> Iterator[Said]:
    if after["regimen"] == Regimen.NONE:
        yield Said("Plan: surgery, with no treatment before it.")
        yield from _dissection_planned(after)
        return
    yield Said(f"Plan: {REGIMEN[Regimen(after['regimen'])]}.")
    if after["boosted"]:
        yield Said("The enlarged lateral nodes get a boost.")


def _dissection_planned(after: Row) -> Iterator[Said]:
    if after["dissected"].any():
        yield Said(f"The lateral nodes {sides(after['dissected'])} are to be dissected.")


def _response(before: Row, after: Row) -> Iterator[Said]:
    """What radiotherapy did."""
    if after["complete_response"] and not before["complete_response"]:
        yield Said("No living tumour is left in the bowel.", True)
    if before["nodes"] and not after["nodes"]:
        yield Said("The mesorectal nodes are cleared of tumour.", True)
    killed = after["lateral_sterilised"] > before["lateral_sterilised"]
    if killed.any():
        yield Said(f"The tumour in the lateral node {sides(killed)} is killed.", True)
    alive = (after["lateral_involved"] > 0) & (after["lateral_sterilised"] == 0)
    if alive.any():
        yield Said(f"The tumour in the lateral node {sides(alive)} survives.", True)


def _fractions(before: Row, after: Row) -> str:
    return f"{after['radiotherapy_fractions'] - before['radiotherapy_fractions']:.0f} fractions"


def treatment(before: Row, after: Row) -> Iterator[Said]:
    chemotherapy = {
        Regimen.CHEMORADIOTHERAPY: " with chemotherapy",
        Regimen.TOTAL_NEOADJUVANT: " and chemotherapy",
    }
    yield Said(f"Radiotherapy begins: {_fractions(before, after)}{chemotherapy.get(after['regimen'], '')}.")
    if after["regimen"] == Regimen.SHORT_COURSE:  # operated within days, without another MRI
        yield from _response(before, after)
        yield from _dissection_planned(after)


def restaging(before: Row, after: Row) -> Iterator[Said]:
    gained = after["fascia_distance_mm"] - before["fascia_distance_mm"]
    yield Said(f"The tumour has drawn back {gained:.0f} mm from the mesorectal fascia.")
    if before["lateral_mm"].any():
        was = _lateral_nodes(after, "lateral_mm")
        yield Said(f"Lateral nodes: {was} at first, now {_sizes(after)}.")
    yield from _dissection_planned(after)
    yield from _response(before, after)


def _sizes(row: Row) -> str:
    return listed([f"{row['lateral_residual_mm'][k]:.0f} mm" for k in range(2) if row["lateral_mm"][k] > 0.0])


def resection(before: Row, after: Row) -> Iterator[Said]:
    text = OPERATION[Operation(after["operation"])]
    yield Said(text[0].upper() + text[1:] + ".")
    if after["dissected"].any():
        yield Said(f"The lateral nodes {sides(after['dissected'])} are dissected.")
    if after["operation"] != Operation.ABDOMINOPERINEAL_RESECTION:
        washed = "is" if after["washed_out"] else "is not"
        yield Said(f"The rectum {washed} washed out before stapling.")
    if after["anastomosis"]:
        yield Said("A stoma diverts the bowel." if after["diverted"] else "No diverting stoma.")
    if after["perforated"]:
        yield Said("Tumour or bowel is perforated.")
    if after["leaked"]:
        yield Said("The anastomosis leaks" + (", and an abscess forms." if after["abscess"] else "."))
    elif after["abscess"]:
        yield Said("A leak that nobody notices ends in an abscess.", True)
    if after["luminal_cells"]:
        yield Said("There are living tumour cells in the bowel when it is stapled.", True)
    for route, origin in ORIGIN.items():
        if after["cells_left"][route]:
            fate = "dies"
            if after["survived"][route]:
                days = span(after["onset_day"][route] - after["operated_day"])
                fate = f"lives on, and can be detected in {days}"
            yield Said(f"Tumour left behind ({origin}) {fate}.", True)


def _killed(before: Row, after: Row, by: str) -> Iterator[Said]:
    for route, origin in ORIGIN.items():
        if before["survived"][route] and not after["survived"][route]:
            yield Said(f"{by} kills the tumour left behind ({origin}).", True)
    pending = (before["agenda"][Event.METASTASIS_ONSET], after["agenda"][Event.METASTASIS_ONSET])
    if np.isfinite(pending[0]) and np.isinf(pending[1]):
        yield Said(f"{by} clears the cells that had spread.", True)


def pathology(before: Row, after: Row) -> Iterator[Said]:
    stage = STAGE[after["pathological_stage"]]
    yield Said(stage[0].upper() + stage[1:] + f". Operated in {PLANE[Plane(after['plane'])]}.")
    involved = "involved" if after["crm_involved"] else "clear"
    yield Said(f"Circumferential margin {after['crm_mm']:.1f} mm: {involved}.")
    if after["adjuvant"]:
        yield Said("Chemotherapy follows.")
    if np.isfinite(after["agenda"][Event.POSTOPERATIVE_CHEMORADIOTHERAPY]):
        yield Said("Chemoradiotherapy is planned.")
    yield from _killed(before, after, "Chemotherapy")


def chemoradiotherapy(before: Row, after: Row) -> Iterator[Said]:
    yield Said(f"{_fractions(before, after)} with chemotherapy.")
    yield from _killed(before, after, "It")


def visit(before: Row, after: Row) -> Iterator[Said]:
    scans = [
        name for name, field in (("CT", "ct_scans"), ("MRI", "mri_scans")) if after[field] > before[field]
    ]
    found_locally = after["found_by"] != before["found_by"]
    found_distantly = after["metastasis_found_by"] != before["metastasis_found_by"]
    looked = f"With {listed(scans)}: " if scans else ""
    if found_locally:
        yield _found_recurrence(after, looked)
    if found_distantly:
        yield _found_metastases(after, looked)
    if not found_locally and not found_distantly:
        yield Said(f"{looked}nothing found." if looked else "Nothing found.")
    if np.isfinite(after["recurrence_onset_day"]) and after["found_by"] == FoundBy.NOT_FOUND:
        yield Said("A recurrence is there, and is missed.", True)
    if np.isfinite(after["metastasis_onset_day"]) and after["metastasis_found_by"] == FoundBy.NOT_FOUND:
        yield Said("Metastases are there, and are missed.", True)


def _found_recurrence(after: Row, how: str = "") -> Said:
    where = members_of(after["recurrence_compartments"], COMPARTMENT)
    return Said(
        f"{how}a local recurrence is found, in {where}."
        if how
        else f"A local recurrence is found, in {where}."
    )


def _found_metastases(after: Row, how: str = "") -> Said:
    what = (
        "distant metastases are found, and resected"
        if after["metastasis_resected"]
        else ("distant metastases are found; they cannot be resected")
    )
    return Said(f"{how}{what}." if how else what[0].upper() + what[1:] + ".")


def onset(before: Row, after: Row) -> Iterator[Said]:
    grown = [r for r in Route if after["survived"][r] and after["onset_day"][r] == _now(before)]
    origin = listed([ORIGIN[route] for route in grown])
    if after["rerecurrence_day"] != before["rerecurrence_day"]:
        yield Said(f"The cancer is back in the pelvis. Its source: {origin}.", True)
    elif before["recurrence_route"] < 0:
        where = members_of(after["recurrence_compartments"], COMPARTMENT)
        yield Said("From now on it can be detected.", True)
        yield Said(f"Its source: {origin}. It lies in {where}.", True)
    else:
        yield Said(f"It has a second source: {origin}.", True)
    if after["spill_pattern"] == SpillPattern.CARCINOMATOSIS and Route.SPILLAGE in grown:
        yield Said("It grows over the peritoneum, and cannot be resected.", True)


def _now(before: Row) -> float:
    """Return the day of the event that is due."""
    return float(before["agenda"].min())


def symptoms(before: Row, after: Row) -> Iterator[Said]:
    if before["found_by"] == FoundBy.NOT_FOUND:
        yield _found_recurrence(after)
    else:
        yield Said("It was known already.")


def _salvage_pending(row: Row) -> bool:
    return bool(
        np.isfinite(row["agenda"][[Event.SALVAGE_TREATMENT, Event.SALVAGE_RESECTION]]).any()
        or row["waiting"] & (1 << Event.SALVAGE_TREATMENT | 1 << Event.SALVAGE_RESECTION)
    )


def progression(before: Row, after: Row) -> Iterator[Said]:
    grown = after["recurrence_compartments"] & ~before["recurrence_compartments"]
    into = f" into {members_of(grown, COMPARTMENT)}" if grown else ""
    known = after["found_by"] != FoundBy.NOT_FOUND
    yield Said(f"It grows{into}, and can no longer be resected.", not known)
    if _salvage_pending(before):
        yield Said("The salvage operation is called off.")


def recurrence_meeting(before: Row, after: Row) -> Iterator[Said]:
    if after["metastasis_found_by"] != before["metastasis_found_by"]:
        yield _found_metastases(after, "On the scans: ")
    elif after["synchronous_metastasis"]:
        yield Said("There are distant metastases too.")
    centre = " in an expert centre" if after["expert_centre"] else ""
    if not after["curative_intent"]:
        why = "it cannot be resected" if after["unresectable"] else "an operation is not advised"
        yield Said(f"Treatment{centre} is palliative: {why}.")
        return
    first = []
    if after["salvage_induction"]:
        first.append("chemotherapy")
    if after["salvage_irradiated"]:
        first.append("radiotherapy again" if after["irradiated"] else "radiotherapy")
    before_it = f", after {listed(first)}" if first else ""
    yield Said(f"Plan{centre}: an operation that may cure{before_it}.")


def preparation(before: Row, after: Row) -> Iterator[Said]:
    given = []
    if after["salvage_induction"]:
        given.append("chemotherapy")
    if after["salvage_irradiated"]:
        given.append(f"radiotherapy, {_fractions(before, after)}")
    text = listed(given)
    yield Said(text[0].upper() + text[1:] + ", which holds the recurrence for a while.")


def salvage(before: Row, after: Row) -> Iterator[Said]:
    if np.isinf(after["salvage_day"]):
        yield Said("The operation is abandoned: it would not clear the pelvis.")
        return
    what = PROCEDURE[Procedure(after["salvage_procedure"])]
    yield Said(f"{what[0].upper() + what[1:]}, by {members_of(after['salvage_specialties'], TEAM)}.")
    yield Said(f"Margin {MARGIN[Margin(after['salvage_margin'])]}.")
    if after["salvage_complication"]:
        yield Said("A major complication.")


def return_of_recurrence(before: Row, after: Row) -> Iterator[Said]:
    yield Said("The cancer is back in the pelvis; treatment is palliative from now on.")


def metastasis(before: Row, after: Row) -> Iterator[Said]:
    yield Said("From now on they can be detected.", True)


def metastasis_symptoms(before: Row, after: Row) -> Iterator[Said]:
    yield _found_metastases(after)
    if _salvage_pending(before):
        yield Said("The salvage operation is called off.")


def growth(before: Row, after: Row) -> Iterator[Said]:
    yield Said(f"It is not treated yet, and has become {T_STAGE[TStage(after['ct'])]}.", True)


def seeding(before: Row, after: Row) -> Iterator[Said]:
    yield Said("It is still in place, and sends out cells that will grow into metastases.", True)


def refusal(before: Row, after: Row) -> Iterator[Said]:
    yield Said("The wait was too long: the patient declines the treatment.")


def _died(of: str) -> Callable[[Row, Row], Iterator[Said]]:
    def says(before: Row, after: Row) -> Iterator[Said]:
        age = after["age_years"] + (after["death_day"] - after["diagnosed_day"]) / YEAR_DAYS
        yield Said(f"{of}, at {age:.0f}.")

    return says


VOCABULARY = {
    Event.DIAGNOSIS: Words("diagnosis", False, diagnosis),
    Event.STAGING_MRI: Words("MRI", False, staging),
    Event.TEAM_MEETING: Words("team meeting", False, meeting),
    Event.NEOADJUVANT: Words("treatment before surgery", False, treatment),
    Event.RESTAGING_MRI: Words("MRI after treatment", False, restaging),
    Event.RESECTION: Words("operation", False, resection),
    Event.PATHOLOGY: Words("pathology", False, pathology),
    Event.POSTOPERATIVE_CHEMORADIOTHERAPY: Words("chemoradiotherapy after surgery", False, chemoradiotherapy),
    Event.VISIT: Words("visit", False, visit),
    Event.RECURRENCE_ONSET: Words("recurrence grows", True, onset),
    Event.RECURRENCE_SYMPTOMS: Words("symptoms of the recurrence", False, symptoms),
    Event.RECURRENCE_PROGRESSION: Words("recurrence grows on", True, progression),
    Event.RECURRENCE_MEETING: Words("team meeting on the recurrence", False, recurrence_meeting),
    Event.SALVAGE_TREATMENT: Words("treatment before salvage surgery", False, preparation),
    Event.SALVAGE_RESECTION: Words("salvage operation", False, salvage),
    Event.RERECURRENCE: Words("recurrence returns", False, return_of_recurrence),
    Event.METASTASIS_ONSET: Words("metastases grow", True, metastasis),
    Event.METASTASIS_SYMPTOMS: Words("symptoms of metastases", False, metastasis_symptoms),
    Event.PRIMARY_PROGRESSION: Words("tumour grows", True, growth),
    Event.METASTASIS_SEEDING: Words("tumour spreads", True, seeding),
    Event.REFUSAL: Words("refusal", False, refusal),
    Event.DEATH_OPERATIVE: Words("death", False, _died("After the operation")),
    Event.DEATH_RECURRENCE: Words("death", False, _died("Of the recurrence")),
    Event.DEATH_METASTASIS: Words("death", False, _died("Of metastases")),
    Event.DEATH_OTHER: Words("death", False, _died("Of other causes")),
}


def event_name(event: int) -> str:
    """Return an event's name, as the journal writes it: ``staging_mri``."""
    return Event(event).name.lower()


# Settings of levers that do not read as they are spelt.
SETTING = {
    "size_before": "by size before treatment",
    "size_after": "by size after treatment",
    "routine": "in every low advanced tumour",
    "involved_margin": "for an involved margin",
    "stage_ii_iii": "for stage II and III",
    "stage_iii": "for stage III",
}

# The levers that a field of the row answers to at once, where two lives have been the same until then.
# ``agenda.X``: what is booked.
ANSWERS_TO: dict[str, tuple[str, ...]] = {
    "regimen": ("neoadjuvant", "neoadjuvant_for"),
    "boosted": ("lateral_boost",),
    "operation": ("operation",),
    "dissected": ("lateral_dissection", "lateral_threshold_mm", "lateral_sides"),
    "washed_out": ("washout",),
    "diverted": ("diverting_stoma",),
    "plane": ("surgical_training", "centralisation"),
    "crm_mm": ("surgical_training", "centralisation"),
    "perforated": ("surgical_training", "centralisation"),
    "leaked": ("leak_prevention", "centralisation"),
    "abscess": ("leak_prevention", "centralisation"),
    "agenda.DEATH_OPERATIVE": ("centralisation",),
    "agenda.POSTOPERATIVE_CHEMORADIOTHERAPY": ("postoperative_chemoradiotherapy",),
    "adjuvant": ("adjuvant_chemotherapy",),
    "agenda.VISIT": ("follow_up",),
    "ct_scans": ("follow_up",),
    "mri_scans": ("follow_up",),
    "found_by": ("follow_up",),
    "metastasis_found_by": ("follow_up",),
    "expert_centre": ("recurrence_centre",),
    "salvage_induction": ("recurrence_induction_chemotherapy",),
    "salvage_irradiated": ("recurrence_reirradiation",),
}
