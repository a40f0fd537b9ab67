"""Policies: the levers, what each may be, and how policy files combine."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any, NamedTuple, get_type_hints

from conf import composition as library
from conf import units
from conf.input_error import InputError, choice, nearest, shown
from sim.policy import (
    AdjuvantChemotherapy,
    LateralDissection,
    LateralSides,
    NeoadjuvantFor,
    OperationChoice,
    PostoperativeChemoradiotherapy,
    QueuePriority,
    RecurrenceCentre,
    Regimen,
    Use,
)

BASE = "tme_alone"
DAYS_PER_MONTH = 365.25 / 12
MOST_VISITS = 24


@dataclass(frozen=True)
class FollowUp:
    """A schedule of follow-up: months after the primary operation, and which visits have a CT or an MRI."""

    name: str
    visit_months: tuple[int, ...]
    ct_months: tuple[int, ...]
    mri_months: tuple[int, ...]

    def record(self) -> dict[str, list[float]]:
        """Return ``visit_days`` (padded with infinity), ``ct`` and ``mri`` (0 or 1), 24 floats each."""
        padding = MOST_VISITS - len(self.visit_months)

        def flags(months: tuple[int, ...]) -> list[float]:
            return [float(month in months) for month in self.visit_months] + [0.0] * padding

        days = [month * DAYS_PER_MONTH for month in self.visit_months]
        return {
            "visit_days": days + [float("inf")] * padding,
            "ct": flags(self.ct_months),
            "mri": flags(self.mri_months),
        }


def read_follow_up(name: str) -> FollowUp:
    """Return the schedule in ``follow_up/name.yaml``. Raises InputError for a file that is no schedule."""
    content = library.read("follow_up", name)
    content.pop("description", None)
    keys = [field.name for field in dataclasses.fields(FollowUp)][1:]
    for key in content:
        if key not in keys:
            raise InputError(f"follow_up {name}: {key}: there is no such key{choice(key, keys)}")
    months = {key: _months(f"follow_up {name}: {key}", content.get(key)) for key in keys}
    visits = months["visit_months"]
    if len(visits) > MOST_VISITS:
        raise InputError(
            f"follow_up {name}: visit_months: {len(visits)} visits; at most {MOST_VISITS} are allowed"
        )
    for key in keys:
        for month in months[key]:
            if month not in visits:
                raise InputError(
                    f"follow_up {name}: {key}: month {month} is not one of visit_months, {list(visits)}"
                )
    return FollowUp(name, **months)


def _months(key: str, value: object) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise InputError(f"{key}={shown(value)}: must be a list of whole months, such as [6, 12, 24], or []")
    months = tuple(units.whole(key, month, 1) for month in value)
    if list(months) != sorted(set(months)):
        raise InputError(f"{key}={shown(value)}: months must increase")
    return months


WHO = (
    "who gets it, on MRI; locally advanced: cT3-4 or cN+; high risk: cT3cd-4, cN2, EMVI, a threatened "
    "mesorectal fascia or an enlarged lateral node"
)
THRESHOLD_MM = units.Range(1, 30, "from 1 to 30")


@dataclass(frozen=True)
class Policy:
    """What is done to patients. Raises InputError where its levers contradict each other."""

    name: str
    description: str
    neoadjuvant: Annotated[Regimen, "treatment before surgery"]
    neoadjuvant_for: Annotated[NeoadjuvantFor, WHO]
    lateral_dissection: Annotated[
        LateralDissection, "dissection of lateral nodes, by size before or after treatment"
    ]
    lateral_threshold_mm: Annotated[float, "short axis from which a lateral node is dissected"]
    lateral_sides: Annotated[LateralSides, "sides that a lateral dissection clears"]
    lateral_boost: Annotated[bool, "radiotherapy boost to enlarged lateral nodes"]
    operation: Annotated[OperationChoice, "operation on the primary tumour"]
    washout: Annotated[Use, "rectal washout before the anastomosis"]
    diverting_stoma: Annotated[Use, "stoma that diverts from the anastomosis"]
    leak_prevention: Annotated[bool, "bundle of measures against anastomotic leak"]
    surgical_training: Annotated[bool, "quality programme: better planes, fewer perforations"]
    centralisation: Annotated[bool, "primary surgery in high-volume hospitals"]
    postoperative_chemoradiotherapy: Annotated[
        PostoperativeChemoradiotherapy, "who is irradiated after surgery, if not before"
    ]
    adjuvant_chemotherapy: Annotated[AdjuvantChemotherapy, "who gets chemotherapy after surgery"]
    follow_up: Annotated[FollowUp, "schedule, a file in follow_up/"]
    recurrence_centre: Annotated[RecurrenceCentre, "where a recurrence is treated"]
    recurrence_induction_chemotherapy: Annotated[bool, "chemotherapy before salvage surgery"]
    recurrence_reirradiation: Annotated[bool, "(re)irradiation before salvage surgery"]
    queue_priority: Annotated[QueuePriority, "who goes first where patients queue"]

    def __post_init__(self) -> None:
        operation = f"operation={self.operation.name.lower()}"
        without_anastomosis = self.operation in (
            OperationChoice.ABDOMINOPERINEAL_RESECTION,
            OperationChoice.HARTMANN,
        )
        contradictions = (
            (
                without_anastomosis and self.diverting_stoma is Use.ALWAYS,
                f"{operation} leaves no anastomosis for diverting_stoma=always to protect",
            ),
            (
                without_anastomosis and self.leak_prevention,
                f"{operation} leaves no anastomosis for leak_prevention=true to protect",
            ),
            (
                self.operation is OperationChoice.ABDOMINOPERINEAL_RESECTION and self.washout is Use.ALWAYS,
                f"{operation} leaves no rectum for washout=always to wash",
            ),
            (
                self.lateral_boost and self.neoadjuvant is Regimen.NONE,
                "lateral_boost=true needs radiotherapy before surgery, but neoadjuvant=none; "
                f"combine it, as in chemoradiotherapy+{self.name}",
            ),
            (
                self.lateral_dissection is LateralDissection.SIZE_AFTER and self.neoadjuvant is Regimen.NONE,
                "lateral_dissection=size_after needs treatment before surgery, but neoadjuvant=none; "
                f"combine it, as in chemoradiotherapy+{self.name}, or use lateral_dissection=size_before",
            ),
        )
        for contradicts, words in contradictions:
            if contradicts:
                raise InputError(f"policy {self.name}: {words}")

    def levers(self) -> dict[str, Any]:
        """Return the levers as a policy file writes them, and the follow-up schedule in full."""
        levers = {lever: _plain(getattr(self, lever)) for lever in LEVERS}
        schedule = dataclasses.asdict(self.follow_up)
        months = {key: list(value) for key, value in schedule.items() if key != "name"}
        return {**levers, "follow_up": {"name": self.follow_up.name, **months}}

    def record(self) -> dict[str, float]:
        """Return the levers as numbers: flags, the member of an enumeration, millimetres."""
        values = {lever: getattr(self, lever) for lever in LEVERS if lever != "follow_up"}
        return {lever: int(value) if isinstance(value, IntEnum) else value for lever, value in values.items()}


class Lever(NamedTuple):
    """What a lever holds (an enumeration, bool, float or FollowUp), and the words for what it does."""

    kind: Any
    words: str


LEVERS = {
    name: Lever(hint.__origin__, hint.__metadata__[0])
    for name, hint in get_type_hints(Policy, include_extras=True).items()
    if hasattr(hint, "__metadata__")
}


def settings(lever: str) -> str:
    """Return the words for what a lever may be set to."""
    kind = LEVERS[lever].kind
    if kind is float:
        return f"a number {THRESHOLD_MM.words}"
    return "true or false" if kind is bool else f"one of {', '.join(_names(kind))}"


def read_policy(name: str) -> Policy:
    """Return the policy of this name: files joined by ``+``, laid over ``tme_alone``.

    Raises InputError for an unknown file, lever or setting, for two files that set a lever differently, and
    for levers that contradict each other.
    """
    levers = _read_levers(BASE, BASE)
    if missing := [lever for lever in LEVERS if lever not in levers]:
        raise InputError(f"policy {BASE}: {missing[0]} is missing; this file sets every lever")
    descriptions = []
    set_by: dict[str, str] = {}
    for part in name.split("+"):
        if not part:
            raise InputError(f"policy {name!r}: a policy is a name, or names joined by +")
        descriptions.append(str(library.read("policy", part).get("description", part)))
        if part == BASE:
            continue
        own = _read_levers(part, name)
        if not own:
            raise InputError(f"policy {part}: its file sets no lever{choice('', LEVERS)}")
        for lever, value in own.items():
            if lever in set_by and levers[lever] != value:
                raise InputError(
                    f"policy {name}: {set_by[lever]} sets {lever}={written(levers[lever])} and "
                    f"{part} sets {lever}={written(value)}; combine only one of them"
                )
            levers[lever], set_by[lever] = value, part
    return Policy(name, "; ".join(descriptions), **levers)


def _read_levers(part: str, policy: str) -> dict[str, Any]:
    where = f"policy {policy}: " + (f"{part}.yaml: " if part != policy else "")
    content = library.read("policy", part)
    content.pop("description", None)
    for lever, value in content.items():
        if lever == "defaults":
            raise InputError(
                f"{where}defaults: a policy file holds levers only; combine policies by name, as in a+b"
            )
        if lever not in LEVERS:
            raise InputError(f"{where}{lever}={shown(value)}: there is no such lever{choice(lever, LEVERS)}")
    return {lever: _setting(where, lever, value) for lever, value in content.items()}


def _setting(where: str, lever: str, value: object) -> Any:
    kind = LEVERS[lever].kind
    if kind is float:
        return units.number(f"{where}{lever}", value, THRESHOLD_MM)
    if kind is bool and (flag := units.flag(value)) is not None:
        return flag
    names = [] if kind is bool else _names(kind)
    if value not in names:
        hint = nearest(str(value), names)
        raise InputError(f"{where}{lever}={written(value)}: must be {settings(lever)}{hint}")
    return read_follow_up(str(value)) if kind is FollowUp else kind[str(value).upper()]


def _names(kind: Any) -> list[str]:
    if issubclass(kind, IntEnum):
        return [member.name.lower() for member in kind]
    return library.options("follow_up")


def _plain(value: Any) -> Any:
    if isinstance(value, IntEnum):
        return value.name.lower()
    return value.name if isinstance(value, FollowUp) else value


def written(value: Any) -> str:
    """Return a lever's value as a policy file writes it."""
    return shown(_plain(value))


def with_levers(policy: Policy, given: Mapping[str, object]) -> Policy:
    """Return the policy with these levers set, as a policy file would write them; its name stays.

    Raises InputError for a wrong lever or setting, and for levers that contradict each other.
    """
    for lever, value in given.items():
        if lever not in LEVERS:
            raise InputError(f"{lever}={shown(value)}: there is no such lever{choice(lever, LEVERS)}")
    return dataclasses.replace(
        policy, **{lever: _setting("", lever, value) for lever, value in given.items()}
    )
