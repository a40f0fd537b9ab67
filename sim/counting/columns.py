"""What a patient's row holds, in the words of the clinic: the columns that conditions and endpoints name.

Months are counted from the resection of the primary where nothing else is said; infinity: it never came.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from sim.counting.outcomes import operative_death
from sim.patient import (
    MECHANISM_OF_ROUTE,
    ROW,
    T_CATEGORY,
    YEAR_DAYS,
    Cause,
    Compartment,
    FoundBy,
    Harm,
    LateralSite,
    Margin,
    Mechanism,
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

MONTH_DAYS = YEAR_DAYS / 12
ANAL_CANAL_CM = 3.0  # assumption: from the verge to the anorectal junction
LATERAL_SITES = {"none": -1, **{site.name.lower(): int(site) for site in LateralSite}}
Words = Mapping[str, int]


class Column(NamedTuple):
    """``of`` returns the column from rows, shape (n,); ``words`` name its values, where they have names."""

    of: Callable[[np.ndarray], np.ndarray]
    meaning: str
    words: Words = {}  # noqa: RUF012
    trait: bool = False  # known before treatment, the same under every policy


def _words(kind: type[IntEnum]) -> Words:
    return {member.name.lower(): int(member) for member in kind}


def _field(name: str) -> Callable[[np.ndarray], np.ndarray]:
    return lambda rows: rows[name]


def _months(name: str, since: str) -> Callable[[np.ndarray], np.ndarray]:
    def months(rows: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            passed: np.ndarray = (rows[name] - rows[since]) / MONTH_DAYS
        return np.where(np.isfinite(rows[name]) & np.isfinite(rows[since]), passed, np.inf)

    return months


def _happened(name: str) -> Callable[[np.ndarray], np.ndarray]:
    return lambda rows: np.isfinite(rows[name])


def _any_side(name: str) -> Callable[[np.ndarray], np.ndarray]:
    return lambda rows: rows[name].max(axis=1) > 0


def _mechanism(rows: np.ndarray) -> np.ndarray:
    # The last entry is found by -1, no recurrence.
    return np.append(MECHANISM_OF_ROUTE, -1)[rows["recurrence_route"]]


# Left and right are one here.
PLACES = {
    "central": (Compartment.CENTRAL,),
    "anterior": (Compartment.ANTERIOR,),
    "posterior": (Compartment.POSTERIOR,),
    "lateral": (Compartment.LATERAL_LEFT, Compartment.LATERAL_RIGHT),
    "perineal": (Compartment.PERINEAL,),
    "peritoneal": (Compartment.PERITONEAL,),
}
_PLACE_OF = np.array([k for c in Compartment for k, own in enumerate(PLACES.values()) if c in own] + [-1])


def _involves(place: str) -> Callable[[np.ndarray], np.ndarray]:
    mask = sum(1 << compartment for compartment in PLACES[place])
    return lambda rows: (rows["recurrence_compartments"] & mask) != 0


def _compartments(rows: np.ndarray) -> np.ndarray:
    count: np.ndarray = sum(
        (_involves(place)(rows).astype(int) for place in PLACES), np.zeros(len(rows), int)
    )
    return count


def _of_resected(name: str, otherwise: int) -> Callable[[np.ndarray], np.ndarray]:
    # Until there is one, a row holds the operation that is planned, and 0, which is a plane and a stage.
    return lambda rows: np.where(np.isfinite(rows["operated_day"]), rows[name], otherwise)


def _harmed(harm: Harm) -> Callable[[np.ndarray], np.ndarray]:
    """Return whether a harm began before death."""

    def harmed(rows: np.ndarray) -> np.ndarray:
        days = rows["harm_from_day"][:, harm]
        began: np.ndarray = np.isfinite(days) & (days <= rows["death_day"])
        return began

    return harmed


def _harm_months(name: str, harm: Harm) -> Callable[[np.ndarray], np.ndarray]:
    return lambda rows: (rows[name][:, harm] - rows["diagnosed_day"]) / MONTH_DAYS


def _harm_columns() -> dict[str, Column]:
    columns = {}
    for harm in Harm:
        name, words = harm.name.lower(), harm.name.lower().replace("_", " ")
        columns[name] = Column(_harmed(harm), f"{words}, at any time")
        columns[f"{name}_from_months"] = Column(
            _harm_months("harm_from_day", harm), f"months from diagnosis to the beginning of {words}"
        )
        columns[f"{name}_until_months"] = Column(
            _harm_months("harm_until_day", harm), f"months from diagnosis to the end of {words}"
        )
    return columns


def _lateral_residual(rows: np.ndarray) -> np.ndarray:
    """Return which sides have a lateral node with tumour left after treatment, bool, shape (n, 2)."""
    involved, sterilised = rows["lateral_involved"] > 0, rows["lateral_sterilised"] > 0
    return np.logical_and(involved, np.logical_not(sterilised))


def _lateral_site(rows: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Return the fossa of the larger of the nodes that are there, shape (n, 2); -1 where there is none."""
    side = np.where(there, rows["lateral_mm"], -1.0).argmax(axis=1)
    site: np.ndarray = rows["lateral_site"][np.arange(len(rows)), side]
    return np.where(there.any(axis=1), site, -1)


def _operative_death(rows: np.ndarray) -> np.ndarray:
    died: np.ndarray = operative_death(rows["operated_day"], rows["death_day"])
    return died


COLUMNS: dict[str, Column] = {
    # traits at diagnosis
    "age_years": Column(_field("age_years"), "age at diagnosis", trait=True),
    "female": Column(_field("female"), "woman", trait=True),
    "unfit": Column(_field("unfit"), "ASA III or more", trait=True),
    "height_above_verge_cm": Column(_field("height_above_verge_cm"), "height of the tumour", trait=True),
    "height_above_anorectal_junction_cm": Column(
        lambda rows: rows["height_above_verge_cm"] - ANAL_CANAL_CM,
        f"the same above the anorectal junction, which is {ANAL_CANAL_CM:g} cm above the verge",
        trait=True,
    ),
    "ct": Column(_field("ct"), "clinical T", _words(TStage), trait=True),
    "t_category": Column(lambda rows: T_CATEGORY[rows["ct"]], "clinical T, 1 to 4", trait=True),
    "cn": Column(_field("cn"), "mesorectal nodes as MRI reads them: 0, 1, 2", trait=True),
    "nodes": Column(_field("nodes"), "hidden: mesorectal nodes as they are: 0, 1, 2"),
    "emvi": Column(_field("emvi"), "extramural vascular invasion", trait=True),
    "fascia_threatened": Column(
        _field("fascia_threatened"), "mesorectal fascia threatened on MRI", trait=True
    ),
    "fascia_reading_mm": Column(
        _field("fascia_reading_mm"),
        "tumour to mesorectal fascia as MRI reads it before treatment",
        trait=True,
    ),
    "high_risk": Column(
        _field("high_risk"), "high risk on MRI, as neoadjuvant_for=high_risk has it", trait=True
    ),
    "short_axis_mm": Column(
        lambda rows: rows["lateral_mm"].max(axis=1),
        "largest lateral node before treatment; 0: none seen",
        trait=True,
    ),
    "lateral_node_site": Column(
        lambda rows: _lateral_site(rows, rows["lateral_mm"] > 0),
        "fossa of the largest lateral node before treatment",
        LATERAL_SITES,
        trait=True,
    ),
    "residual_short_axis_mm": Column(
        lambda rows: rows["lateral_residual_mm"].max(axis=1),
        "largest lateral node as it was seen last, after treatment if any",
    ),
    "lateral_involved": Column(
        _any_side("lateral_involved"), "lateral nodes involved on a side, as they are"
    ),
    "lateral_residual_tumour": Column(
        lambda rows: _lateral_residual(rows).max(axis=1) > 0,
        "lateral nodes involved on a side and not sterilised by treatment, if any",
    ),
    "lateral_residual_site": Column(
        lambda rows: _lateral_site(rows, _lateral_residual(rows)),
        "fossa of the largest lateral node with tumour left",
        LATERAL_SITES,
    ),
    # treatment
    "regimen": Column(_field("regimen"), "neoadjuvant treatment", _words(Regimen)),
    "irradiated": Column(_field("irradiated"), "irradiated before surgery"),
    "treatment_omitted": Column(
        _field("treatment_omitted"), "neoadjuvant treatment that was offered and not given"
    ),
    "treatment_stopped": Column(
        _field("treatment_stopped"), "neoadjuvant treatment stopped for its toxicity"
    ),
    "boosted": Column(_field("boosted"), "boost to a lateral node"),
    "complete_response": Column(_field("complete_response"), "no tumour left at the site of the primary"),
    # organ preservation
    "never_resected": Column(_field("never_resected"), "not to be operated on: age, fitness or refusal"),
    "reading": Column(_field("reading"), "response as endoscopy and MRI read it", _words(Reading)),
    "readings": Column(_field("readings"), "how often the response was read"),
    "organ_kept": Column(_happened("watch_from_day"), "organ kept, at first, and watched"),
    "locally_excised": Column(_happened("excised_day"), "tumour excised locally"),
    "regrown": Column(_happened("regrowth_found_day"), "regrowth found"),
    "regrowth_site": Column(
        _field("regrowth_site"), "where tumour that was left grows", _words(RegrowthSite)
    ),
    "regrowth_months": Column(
        _months("regrowth_found_day", "watch_from_day"), "months from keeping the organ to the regrowth"
    ),
    "uncontrolled": Column(_happened("uncontrolled_day"), "primary or regrowth left to grow"),
    "emergency": Column(_field("emergency"), "operated on as an emergency"),
    # surgery
    "resected": Column(_happened("operated_day"), "primary resected"),
    "operation": Column(
        _of_resected("operation", 0),
        "operation on the primary",
        {"none": 0, "lar": 1, "apr": 2, "hartmann": 3, **_words(Operation)},
    ),
    "plane": Column(_of_resected("plane", -1), "plane of surgery", _words(Plane)),
    "crm_mm": Column(_field("crm_mm"), "circumferential margin"),
    "crm_involved": Column(_field("crm_involved"), "circumferential margin of 1 mm or less"),
    "distal_margin_mm": Column(_field("distal_margin_mm"), "distal margin"),
    "anastomosis": Column(_field("anastomosis"), "anastomosis made"),
    "diverting_stoma": Column(_field("diverting_stoma"), "diverting stoma"),
    "washed_out": Column(_field("washed_out"), "rectal washout"),
    "perforated": Column(_field("perforated"), "tumour or bowel perforated in surgery"),
    "breached": Column(_field("breached"), "tumour through the peritoneal surface"),
    "dissected": Column(_any_side("dissected"), "lateral nodes dissected on a side"),
    "leaked": Column(_field("leaked"), "anastomotic leak, recognised"),
    "abscess": Column(_field("abscess"), "abscess by the anastomosis"),
    "pathological_stage": Column(
        _of_resected("pathological_stage", -1), "pathological stage: 0 no tumour left, 1, 2, 3"
    ),
    "adjuvant": Column(_field("adjuvant"), "chemotherapy after surgery"),
    "postoperatively_irradiated": Column(_field("postoperatively_irradiated"), "irradiated after surgery"),
    "operative_death": Column(_operative_death, "died within 30 days of surgery"),
    # harm
    **_harm_columns(),
    # the recurrence
    "recurred": Column(_happened("recurrence_found_day"), "local recurrence found"),
    "mechanism": Column(_mechanism, "why cells stayed behind", _words(Mechanism)),
    "compartment": Column(
        lambda rows: _PLACE_OF[rows["recurrence_compartment"]],
        "main compartment",
        {place: k for k, place in enumerate(PLACES)},
    ),
    **{f"involves_{place}": Column(_involves(place), f"{place} compartment involved") for place in PLACES},
    "compartments": Column(_compartments, "how many compartments are involved; left and right are one"),
    "recurrence_months": Column(_months("recurrence_found_day", "operated_day"), "months to the recurrence"),
    "found_by": Column(
        _field("found_by"),
        "what brought it to light",
        _words(FoundBy),
    ),
    "synchronous_metastasis": Column(
        _field("synchronous_metastasis"), "metastases known when it was restaged"
    ),
    "curative_intent": Column(_field("curative_intent"), "treated with curative intent"),
    "salvage_irradiated": Column(_field("salvage_irradiated"), "irradiated for the recurrence"),
    "reirradiated": Column(
        lambda rows: rows["salvage_irradiated"] & (rows["irradiated"] | rows["postoperatively_irradiated"]),
        "irradiated for the recurrence, after irradiation of the primary",
    ),
    "salvage_induction": Column(
        _field("salvage_induction"), "induction chemotherapy before the salvage resection"
    ),
    "salvaged": Column(_happened("salvage_day"), "salvage resection done"),
    "procedure": Column(_field("salvage_procedure"), "salvage operation", _words(Procedure)),
    "salvage_margin": Column(_field("salvage_margin"), "margin of the salvage resection", _words(Margin)),
    "salvage_complication": Column(_field("salvage_complication"), "major complication of the salvage"),
    "rerecurred": Column(_happened("rerecurrence_day"), "recurrence after the salvage"),
    "rerecurrence_months": Column(
        _months("rerecurrence_day", "salvage_day"), "months from salvage to re-recurrence"
    ),
    # metastasis and death
    "metastasis": Column(_happened("metastasis_found_day"), "distant metastasis found"),
    "metastasis_months": Column(_months("metastasis_found_day", "operated_day"), "months to metastasis"),
    "metastasis_systemic": Column(_field("metastasis_systemic"), "systemic treatment of metastases"),
    "metastasis_resected": Column(_field("metastasis_resected"), "metastases resected"),
    "died": Column(_happened("death_day"), "died within follow-up"),
    "death_cause": Column(_field("death_cause"), "cause of death", _words(Cause)),
    "survival_months": Column(_months("death_day", "operated_day"), "months to death"),
    "survival_after_recurrence_months": Column(
        _months("death_day", "recurrence_found_day"), "months from the recurrence to death"
    ),
    "survival_after_salvage_months": Column(
        _months("death_day", "salvage_day"), "months from the salvage resection to death"
    ),
}

# Fields whose values have names, and no column of their own above.
_MEMBERS: dict[str, type[IntEnum]] = {
    "quadrant": Quadrant,
    "spill_pattern": SpillPattern,
    "recurrence_route": Route,
    "recurrence_compartment": Compartment,
    "metastasis_found_by": FoundBy,
    "regrowth_found_by": FoundBy,
    "salvage_procedure": Procedure,
}


def _element(name: str, k: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda rows: rows[name][:, k]


def _fields() -> dict[str, Column]:
    fields = {}
    for name in ROW.names or ():
        words = _words(_MEMBERS[name]) if name in _MEMBERS else {}
        if ROW[name].shape:
            for k in range(ROW[name].shape[0]):
                fields[f"{name}_{k}"] = Column(_element(name, k), f"{name}, element {k}", words)
        else:
            fields[name] = Column(_field(name), name, words)
    return fields


# What a condition can name: the columns above, and every other field of a row as patients.parquet has it.
READABLE = {**_fields(), **COLUMNS}
