"""Clinics: whole and positive where somebody needs it, and open at hours that meet."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conf import relations, units
from conf.input_error import InputError, shown
from conf.policies import Policy

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS_A_DAY = 24.0
LEAST_HOURS = 1 / 60  # of an opening; a shorter one would vanish between two instants of a long run
MOST_CLOSED_DAYS = 36_525.0  # the longest horizon
NO_LIMIT = 1_000_000  # units; sim.clinic.queues.UNLIMITED_COUNT, which compiles when it is imported
# Who cannot do without a resource, in words: every policy, except for the lateral surgeon.
NEEDED_FOR = {
    "mri": "staging",
    "endoscopy": "the reading of the response, in organ preservation",
    "meeting": "the plan of every patient",
    "linac": "radiotherapy before surgery, or before a salvage resection",
    "theatre": "every resection",
    "bed": "every resection",
    "lateral_surgeon": "lateral dissection, by plan or of a lateral regrowth",
    "colorectal_team": "every resection",
    "urology_team": "salvage of an anterior or lateral recurrence",
    "gynaecology_team": "salvage of an anterior recurrence in a woman",
    "plastic_team": "salvage with a perineal defect",
    "orthopaedic_team": "salvage with sacral resection",
    "vascular_team": "salvage of a lateral recurrence",
}
# They only have to be open when something starts; the others until it is done.
OPEN_AT_THE_START = ("linac", "bed")


def checked_clinic(
    clinic: Mapping[str, Any], policies: Sequence[Policy], parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a clinic with its counts whole, when patients under these policies can be served in it.

    Raises InputError, naming the key, its value and who needs it, for a count that is not whole, or is zero
    where a policy needs one, and for calendars that never open, or never together.
    """
    checked = dict(clinic)
    if not checked["arrivals_per_year"] > 0:
        raise _refusal(checked, "arrivals_per_year", "must be above 0: patients have to arrive")
    if not checked["opens_at_hours"] < HOURS_A_DAY:
        raise _refusal(checked, "opens_at_hours", "must be below 24")
    if checked["theatre_closed_until_days"] > MOST_CLOSED_DAYS:
        raise _refusal(checked, "theatre_closed_until_days", f"must be at most {MOST_CLOSED_DAYS:g}")
    relations.check({"clinic": checked})
    for name in NEEDED_FOR:
        _check_resource(checked, name, policies)
    if not _never_closed(checked):
        for policy in policies:
            for work, minutes, resources in _joint_work(checked, policy, parameters):
                _check_meeting_hours(checked, policy, work, minutes, resources)
    return checked


def _check_resource(clinic: dict[str, Any], name: str, policies: Sequence[Policy]) -> None:
    count, hours = f"{name}_count", f"{name}_open_hours"
    clinic[count] = units.whole(f"clinic.{count}", clinic[count], 0)
    if max(clinic[hours]) > HOURS_A_DAY:
        raise _refusal(clinic, hours, "must be hours a day, each from 0 to 24")
    if any(0 < opening < LEAST_HOURS for opening in clinic[hours]):
        raise _refusal(clinic, hours, "opens for less than a minute; must be 0, or a minute (0.017) or more")
    needing = next((policy for policy in policies if _needs(policy, name)), None)
    if needing is None:
        return
    why = f"policy {needing.name} needs it, for {NEEDED_FOR[name]}"
    if clinic[count] == 0:
        raise _refusal(clinic, count, f"must be 1 or more: {why}")
    if max(clinic[hours]) == 0:
        raise _refusal(clinic, hours, f"never opens: {why}")


def _needs(policy: Policy, name: str) -> bool:
    if name == "endoscopy":
        return policy.keeps_organs
    return name != "lateral_surgeon" or _dissects(policy)


def _dissects(policy: Policy) -> bool:
    """Return whether lateral nodes may be dissected: by plan, or where they grow again."""
    return policy.dissects or policy.keeps_organs


def has_queues(clinic: Mapping[str, Any]) -> bool:
    """Return whether anybody can wait there, as ``sim.clinic.needs.is_unlimited`` (which compiles)."""
    limited = any(clinic[f"{name}_count"] < NO_LIMIT for name in NEEDED_FOR)
    closed = clinic["theatre_closed_until_days"] > clinic["theatre_closed_from_days"]
    return limited or closed or not _never_closed(clinic)


def _never_closed(clinic: Mapping[str, Any]) -> bool:
    return all(min(clinic[f"{name}_open_hours"]) >= HOURS_A_DAY for name in NEEDED_FOR)


def _joint_work(
    clinic: Mapping[str, Any], policy: Policy, parameters: Mapping[str, Any]
) -> Iterator[tuple[str, float, tuple[str, ...]]]:
    """Yield each operation in words, its minutes with the turnover, and all that it needs at once."""
    # Only here, where nothing else is left to refuse: this compiles.
    from sim.pathway.salvage import procedure, specialties
    from sim.patient import N_COMPARTMENTS, Specialty

    surgery, salvage = parameters["surgery"], parameters["salvage"]
    always = ("theatre", "bed", "colorectal_team")
    turnover = clinic["turnover_minutes"]
    if policy.keeps_organs:
        longest = max(clinic["mri_minutes"], clinic["endoscopy_minutes"])
        yield "a reading of the response", longest, ("mri", "endoscopy")
        yield "a local excision", parameters["organ_preservation"]["excision_minutes"] + turnover, always
    sides = (0, 1, 2) if _dissects(policy) else (0,)
    for minutes in surgery["resection_minutes"][1:]:
        for n in sides:
            surgeon = ("lateral_surgeon",) if n else ()
            words = (
                "a resection",
                "a resection with one side dissected",
                "a resection with both sides dissected",
            )[n]
            operating = minutes + n * surgery["dissection_minutes_per_side"]
            yield words, operating + turnover, always + surgeon
    kinds = set()
    for compartments in range(1, 1 << N_COMPARTMENTS):
        for female in (False, True):
            operation = procedure(compartments)
            kinds.add((operation, specialties(compartments, operation, female)))
    for operation, teams in sorted(kinds):
        names = tuple(f"{team.name.lower()}_team" for team in Specialty if teams >> team & 1)
        operating = salvage["operation_minutes"][operation]
        yield "a salvage resection", operating + turnover, ("theatre", "bed", *names)


def _check_meeting_hours(
    clinic: Mapping[str, Any], policy: Policy, work: str, minutes: float, resources: tuple[str, ...]
) -> None:
    """Raise InputError where no day of the week has everything open for the operation.

    All open at the same hour, so what fits on a day at all fits from that hour on; what is longer than any
    opening of a resource may start with an opening, and overruns.
    """
    span_hours = minutes / 60.0
    days = set(range(len(WEEKDAYS)))
    for name in resources:
        hours = clinic[f"{name}_open_hours"]
        overruns = name in OPEN_AT_THE_START or span_hours > max(hours)
        days &= {
            day for day in days if hours[day] > 0 and (overruns or hours[day] >= min(span_hours, HOURS_A_DAY))
        }
    if days:
        return
    sometimes = [name for name in resources if min(clinic[f"{name}_open_hours"]) < HOURS_A_DAY]
    calendars = "; ".join(f"clinic.{name}_open_hours={_days(clinic, name)}" for name in sometimes)
    raise InputError(
        f"{calendars}: never open together for {span_hours * 60:g} minutes: policy {policy.name} needs that, "
        f"for {work}"
    )


def _days(clinic: Mapping[str, Any], name: str) -> str:
    return shown([f"{hours:g}" for hours in clinic[f"{name}_open_hours"]])


def _refusal(clinic: Mapping[str, Any], key: str, words: str) -> InputError:
    value = clinic[key]
    text = shown([f"{number:g}" for number in value]) if isinstance(value, list) else f"{value:g}"
    return InputError(f"clinic.{key}={text}: {words}")
