"""What stages, places and operations are called in a sentence, and the small parts that sentences share."""

from typing import Any

from sim.patient import (
    YEAR_DAYS,
    Compartment,
    Harm,
    LateralSite,
    Margin,
    Operation,
    Plane,
    Procedure,
    Quadrant,
    Reading,
    RegrowthSite,
    Route,
    Specialty,
    TStage,
)
from sim.policy import Regimen

SIDES = ("left", "right")
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
    Regimen.LONG_COURSE: "long-course radiotherapy without chemotherapy",
}
OPERATION = {
    Operation.NONE: "no operation",
    Operation.LOW_ANTERIOR_RESECTION: "low anterior resection, with an anastomosis",
    Operation.ABDOMINOPERINEAL_RESECTION: "abdominoperineal resection, with a permanent stoma",
    Operation.HARTMANN: "Hartmann's operation, with a permanent stoma and no anastomosis",
}
READING = {
    Reading.NONE: "the response is not read",
    Reading.COMPLETE: "a complete response",
    Reading.NEAR_COMPLETE: "a near-complete response",
    Reading.INCOMPLETE: "tumour is left",
}
REGROWTH_SITE = {
    RegrowthSite.LUMEN: "the wall of the bowel",
    RegrowthSite.MESORECTUM: "the mesorectal nodes",
    RegrowthSite.LATERAL_LEFT: "a lateral node on the left",
    RegrowthSite.LATERAL_RIGHT: "a lateral node on the right",
}
HARM = {
    Harm.TEMPORARY_STOMA: "temporary stoma",
    Harm.PERMANENT_STOMA: "permanent stoma",
    Harm.MAJOR_BOWEL_DYSFUNCTION: "major bowel dysfunction",
    Harm.FAECAL_INCONTINENCE: "faecal incontinence",
    Harm.URINARY_DYSFUNCTION: "urinary dysfunction",
    Harm.SEXUAL_DYSFUNCTION: "sexual dysfunction",
    Harm.SEVERE_MORBIDITY: "severe morbidity of the operation",
    Harm.REOPERATION: "reoperation",
    Harm.BOWEL_OBSTRUCTION: "small bowel obstruction",
    Harm.PELVIC_FRACTURE: "pelvic fracture",
    Harm.SECOND_CANCER: "second cancer from radiotherapy",
    Harm.SALVAGE_MORBIDITY: "severe morbidity of salvage surgery",
    Harm.SEVERE_TOXICITY: "severe toxicity of neoadjuvant treatment",
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
