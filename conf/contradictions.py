"""Levers that contradict each other within one plan of a policy."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sim.policy import LateralDissection, LocalExcision, OperationChoice, OrganPreservation, Regimen, Use


class Contradiction(NamedTuple):
    """Two levers that contradict each other: the one to blame, in words, and whether treatment would do."""

    lever: str
    words: str
    needs_treatment: bool = False


def contradictions(name: str, levers: Any) -> Iterator[Contradiction]:
    """Yield where the levers of a plan contradict each other. ``levers`` has each as an attribute."""
    operation = f"operation={levers.operation.name.lower()}"
    without_anastomosis = levers.operation in (
        OperationChoice.ABDOMINOPERINEAL_RESECTION,
        OperationChoice.HARTMANN,
    )
    untreated = levers.neoadjuvant is Regimen.NONE
    if without_anastomosis and levers.diverting_stoma is Use.ALWAYS:
        yield Contradiction(
            "operation", f"{operation} leaves no anastomosis for diverting_stoma=always to protect"
        )
    if without_anastomosis and levers.leak_prevention:
        yield Contradiction(
            "operation", f"{operation} leaves no anastomosis for leak_prevention=true to protect"
        )
    if levers.operation is OperationChoice.ABDOMINOPERINEAL_RESECTION and levers.washout is Use.ALWAYS:
        yield Contradiction("operation", f"{operation} leaves no rectum for washout=always to wash")
    if levers.lateral_boost and untreated:
        yield Contradiction(
            "lateral_boost",
            "lateral_boost=true needs radiotherapy before surgery, but neoadjuvant=none; "
            f"combine it, as in chemoradiotherapy+{name}",
            needs_treatment=True,
        )
    if levers.lateral_dissection is LateralDissection.SIZE_AFTER and untreated:
        yield Contradiction(
            "lateral_dissection",
            "lateral_dissection=size_after needs treatment before surgery, but neoadjuvant=none; "
            f"combine it, as in chemoradiotherapy+{name}, or use lateral_dissection=size_before",
            needs_treatment=True,
        )
    yield from _contradictions_of_organ_preservation(name, levers)
    if levers.contact_boost and untreated:
        yield Contradiction(
            "contact_boost",
            "contact_boost=true needs radiotherapy before surgery, but neoadjuvant=none; "
            f"combine it, as in chemoradiotherapy+{name}",
            needs_treatment=True,
        )


def _contradictions_of_organ_preservation(name: str, levers: Any) -> Iterator[Contradiction]:
    preserves = levers.organ_preservation is not OrganPreservation.NEVER
    after_treatment = levers.local_excision is LocalExcision.AFTER_TREATMENT
    if not preserves and levers.local_excision is LocalExcision.NEVER:
        return
    lever = "organ_preservation" if preserves else "local_excision"
    words = f"{lever}={getattr(levers, lever).name.lower()}"
    if (preserves or after_treatment) and levers.neoadjuvant is Regimen.NONE:
        yield Contradiction(
            lever,
            f"{words} needs treatment before surgery, but neoadjuvant=none; "
            f"combine it, as in total_neoadjuvant+{name}",
            needs_treatment=True,
        )
    if (preserves or after_treatment) and levers.neoadjuvant is Regimen.SHORT_COURSE:
        yield Contradiction(
            lever,
            f"{words} needs time for a response, but neoadjuvant=short_course is followed by surgery "
            "within days; use neoadjuvant=short_course_delayed",
            needs_treatment=True,
        )
    if levers.lateral_dissection is LateralDissection.ROUTINE:
        yield Contradiction(
            lever,
            f"{words} keeps the organ of some, but lateral_dissection=routine dissects all low advanced "
            "tumours; use lateral_dissection=size_after, which acts on those who are operated on",
        )
    if levers.operation is not OperationChoice.TAILORED:
        yield Contradiction(
            lever,
            f"{words} keeps the organ of some, but operation={levers.operation.name.lower()} operates on "
            "all alike; use operation=tailored",
        )
    if not levers.follow_up.watch_months:
        yield Contradiction(
            lever,
            f"{words} needs a schedule of surveillance, but follow_up={levers.follow_up.name} has no "
            "watch_months; use follow_up=standard, or add them to the file",
        )
