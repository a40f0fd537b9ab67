"""What can be said of a patient after each event.

Every function takes a patient's row before and after the event, records of dtype ROW, and yields sentences.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from analysis.words.terms import (
    COMPARTMENT,
    MARGIN,
    OPERATION,
    ORIGIN,
    PLANE,
    PROCEDURE,
    QUADRANT,
    READING,
    REGIMEN,
    REGROWTH_SITE,
    SIDES,
    SITE,
    STAGE,
    T_STAGE,
    TEAM,
    listed,
    members_of,
    sides,
    span,
)
from sim.events import Event
from sim.patient import (
    YEAR_DAYS,
    FoundBy,
    LateralSite,
    Margin,
    Operation,
    Plane,
    Procedure,
    Quadrant,
    Reading,
    RegrowthSite,
    Route,
    SpillPattern,
    TStage,
)
from sim.policy import Regimen

Row = Any  # a record of dtype ROW


class Said(NamedTuple):
    """A sentence about a patient; hidden: nobody sees it."""

    text: str
    hidden: bool = False


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
    if after["never_resected"]:
        irradiated = np.isfinite(after["agenda"][Event.NEOADJUVANT])
        how = "radiotherapy alone" if irradiated else "no treatment of the tumour"
        yield Said(f"Plan: no resection, for age, fitness or by refusal; {how}.")
        return
    if np.isfinite(after["agenda"][Event.LOCAL_EXCISION]):
        yield Said("Plan: local excision.")
        return
    if after["regimen"] == Regimen.NONE:
        omitted = " The treatment that was offered is not given." if after["treatment_omitted"] else ""
        yield Said(f"Plan: surgery, with no treatment before it.{omitted}")
        yield from _dissection_planned(after)
        return
    yield Said(f"Plan: {REGIMEN[Regimen(after['regimen'])]}.")
    if after["boosted"]:
        yield Said("The enlarged lateral nodes get a boost.")
    if after["contact_boosted"]:
        yield Said("The tumour gets a contact boost.")


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
    yield from _read(before, after)
    yield from _dissection_planned(after)
    yield from _response(before, after)


def _read(before: Row, after: Row) -> Iterator[Said]:
    """What endoscopy and MRI say of the response, and what follows."""
    if after["readings"] == before["readings"]:
        return
    yield Said(f"Endoscopy and MRI: {READING[Reading(after['reading'])]}.")
    if np.isfinite(after["watch_from_day"]):
        yield Said("The organ is kept, and watched.")
    elif np.isfinite(after["agenda"][Event.REASSESSMENT]):
        days = span(after["agenda"][Event.REASSESSMENT] - before["agenda"].min())
        yield Said(f"A further look follows in {days}.")
    elif np.isfinite(after["agenda"][Event.LOCAL_EXCISION]):
        yield Said("What is left is to be excised locally.")
    else:
        yield Said("The tumour is to be resected.")
    if np.isfinite(after["agenda"][Event.REGROWTH_ONSET]):
        yield Said(f"Living tumour is left in {REGROWTH_SITE[RegrowthSite(after['regrowth_site'])]}.", True)


def reassessment(before: Row, after: Row) -> Iterator[Said]:
    yield from _read(before, after)
    yield from _dissection_planned(after)
    yield from _response(before, after)


def excision(before: Row, after: Row) -> Iterator[Said]:
    yield Said("The tumour is excised locally; the rectum stays.")
    if np.isfinite(after["agenda"][Event.RESECTION]):
        yield Said("The specimen shows risk: the rectum is to be resected after all.")
    else:
        yield Said("The organ is watched.")
    if not after["complete_response"]:
        yield Said("Tumour is left behind in the bowel.", True)
    if np.isfinite(after["agenda"][Event.REGROWTH_ONSET]):
        yield Said(f"Living tumour is left in {REGROWTH_SITE[RegrowthSite(after['regrowth_site'])]}.", True)


def watch_visit(before: Row, after: Row) -> Iterator[Said]:
    scans = [
        name for name, field in (("CT", "ct_scans"), ("MRI", "mri_scans")) if after[field] > before[field]
    ]
    looked = f"With endoscopy{', ' if len(scans) > 1 else ' and ' if scans else ''}{listed(scans)}: "
    found = after["regrowth_found_by"] != before["regrowth_found_by"]
    spread = after["metastasis_found_by"] != before["metastasis_found_by"]
    if found:
        yield from _found_regrowth(after, looked)
    if spread:
        yield _found_metastases(after, looked)
    if not found and not spread:
        yield Said(f"{looked}nothing found.")
    if np.isfinite(after["regrowth_onset_day"]) and after["regrowth_found_by"] == FoundBy.NOT_FOUND:
        yield Said("A regrowth is there, and is missed.", True)


def _found_regrowth(after: Row, how: str = "") -> Iterator[Said]:
    where = REGROWTH_SITE[RegrowthSite(after["regrowth_site"])]
    text = f"{how}the tumour has grown again, in {where}."
    yield Said(text if how else text[0].upper() + text[1:])
    if np.isfinite(after["agenda"][Event.RESECTION]):
        yield Said("It is to be resected.")
    else:
        yield Said("It cannot be resected; treatment is palliative.")


def regrowth_onset(before: Row, after: Row) -> Iterator[Said]:
    where = REGROWTH_SITE[RegrowthSite(after["regrowth_site"])]
    yield Said(f"Tumour that was left grows again in {where}, and can be detected.", True)


def regrowth_symptoms(before: Row, after: Row) -> Iterator[Said]:
    yield from _found_regrowth(after)


def emergency(before: Row, after: Row) -> Iterator[Said]:
    yield Said("The tumour obstructs or perforates the bowel.")
    if after["emergency"] and not before["emergency"]:
        yield Said("It is resected at once.")
        yield from resection(before, after)
    else:
        yield Said("A stoma is made; the tumour stays.")


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
        yield Said("A stoma diverts the bowel." if after["diverting_stoma"] else "No diverting stoma.")
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
                fate = f"survives, and can be detected in {days}"
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
    what = "distant metastases are found"
    if after["metastasis_resected"]:
        what += ", and resected"
        what += ", with systemic treatment" if after["metastasis_systemic"] else ""
    else:
        what += "; they cannot be resected"
        what += " but are treated with drugs" if after["metastasis_systemic"] else " and are left alone"
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
        gains = ", which gains time" if after["recurrence_palliated"] else ""
        yield Said(f"Treatment{centre} is palliative{gains}: {why}.")
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
    if after["metastasis_found_by"] != before["metastasis_found_by"]:
        yield _found_metastases(after, "On the scans: ")
        yield Said("The salvage operation is called off.")
        return
    if np.isinf(after["salvage_day"]):
        yield Said("The operation is abandoned: it would not clear the pelvis.")
        return
    what = PROCEDURE[Procedure(after["salvage_procedure"])]
    yield Said(f"{what[0].upper() + what[1:]}, by {members_of(after['salvage_specialties'], TEAM)}.")
    yield Said(f"Margin {MARGIN[Margin(after['salvage_margin'])]}.")
    if after["salvage_complication"]:
        yield Said("A major complication.")


def return_of_recurrence(before: Row, after: Row) -> Iterator[Said]:
    if after["salvage_margin"] == Margin.R2:
        yield Said("What the operation left of the recurrence grows.")
        return
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


def died(of: str) -> Callable[[Row, Row], Iterator[Said]]:
    def says(before: Row, after: Row) -> Iterator[Said]:
        age = after["age_years"] + (after["death_day"] - after["diagnosed_day"]) / YEAR_DAYS
        yield Said(f"{of}, at {age:.0f}.")

    return says
