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
    LocalExcision,
    LocalExcisionUpTo,
    NeoadjuvantFor,
    OperationChoice,
    OrganPreservation,
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
    """A schedule of follow-up: months after the primary operation, and which visits have a CT or an MRI.

    The months of ``watch`` count from the day on which an organ is kept; each of its visits has an endoscopy.
    A schedule without them is one for patients who are operated on.
    """

    name: str
    visit_months: tuple[int, ...]
    ct_months: tuple[int, ...]
    mri_months: tuple[int, ...]
    watch_months: tuple[int, ...] = ()
    watch_ct_months: tuple[int, ...] = ()
    watch_mri_months: tuple[int, ...] = ()

    def record(self) -> dict[str, list[float]]:
        """Return the days of visits (padded with infinity) and what each has (0 or 1), 24 floats each.

        ``visit_days``, ``ct`` and ``mri``; ``watch_days``, ``watch_ct`` and ``watch_mri``.
        """
        return {
            "visit_days": _days(self.visit_months),
            "ct": _flags(self.visit_months, self.ct_months),
            "mri": _flags(self.visit_months, self.mri_months),
            "watch_days": _days(self.watch_months),
            "watch_ct": _flags(self.watch_months, self.watch_ct_months),
            "watch_mri": _flags(self.watch_months, self.watch_mri_months),
        }


def _days(months: tuple[int, ...]) -> list[float]:
    padding = [float("inf")] * (MOST_VISITS - len(months))
    return [month * DAYS_PER_MONTH for month in months] + padding


def _flags(visits: tuple[int, ...], chosen: tuple[int, ...]) -> list[float]:
    return [float(month in chosen) for month in visits] + [0.0] * (MOST_VISITS - len(visits))


def read_follow_up(name: str) -> FollowUp:
    """Return the schedule in ``follow_up/name.yaml``. Raises InputError for a file that is no schedule."""
    content = library.read("follow_up", name)
    content.pop("description", None)
    keys = [field.name for field in dataclasses.fields(FollowUp)][1:]
    for key in content:
        if key not in keys:
            raise InputError(f"follow_up {name}: {key}: there is no such key{choice(key, keys)}")
    absent: list[int] = []  # a schedule may leave out the watching
    months = {
        key: _months(f"follow_up {name}: {key}", content.get(key, absent if "watch" in key else None))
        for key in keys
    }
    for key in keys:
        named = "watch_months" if key.startswith("watch") else "visit_months"
        visits = months[named]
        if len(visits) > MOST_VISITS:
            raise InputError(
                f"follow_up {name}: {named}: {len(visits)} visits; at most {MOST_VISITS} are allowed"
            )
        for month in months[key]:
            if month not in visits:
                raise InputError(
                    f"follow_up {name}: {key}: month {month} is not one of {named}, {list(visits)}"
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
    organ_preservation: Annotated[
        OrganPreservation, "whose organ is kept, on the reading of the response to treatment"
    ]
    contact_boost: Annotated[bool, "contact radiotherapy boost to early tumours within reach"]
    local_excision: Annotated[LocalExcision, "local excision, with completion surgery by risk"]
    local_excision_up_to: Annotated[
        LocalExcisionUpTo, "deepest clinical T that is excised locally, without suspicious nodes"
    ]
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
            *self._contradictions_of_organ_preservation(),
        )
        for contradicts, words in contradictions:
            if contradicts:
                raise InputError(f"policy {self.name}: {words}")

    @property
    def keeps_organs(self) -> bool:
        """Return whether some patients keep the organ under this policy."""
        return (
            self.organ_preservation is not OrganPreservation.NEVER
            or self.local_excision is not LocalExcision.NEVER
        )

    def _contradictions_of_organ_preservation(self) -> tuple[tuple[bool, str], ...]:
        preserves = self.organ_preservation is not OrganPreservation.NEVER
        after_treatment = self.local_excision is LocalExcision.AFTER_TREATMENT
        lever = (
            f"organ_preservation={self.organ_preservation.name.lower()}"
            if preserves
            else f"local_excision={self.local_excision.name.lower()}"
        )
        return (
            (
                (preserves or after_treatment) and self.neoadjuvant is Regimen.NONE,
                f"{lever} needs treatment before surgery, but neoadjuvant=none; "
                f"combine it, as in total_neoadjuvant+{self.name}",
            ),
            (
                (preserves or after_treatment) and self.neoadjuvant is Regimen.SHORT_COURSE,
                f"{lever} needs time for a response, but neoadjuvant=short_course is followed by surgery "
                "within days; use neoadjuvant=short_course_delayed",
            ),
            (
                self.keeps_organs and self.lateral_dissection is LateralDissection.ROUTINE,
                f"{lever} keeps the organ of some, but lateral_dissection=routine dissects all low advanced "
                "tumours; use lateral_dissection=size_after, which acts on those who are operated on",
            ),
            (
                self.keeps_organs and self.operation is not OperationChoice.TAILORED,
                f"{lever} keeps the organ of some, but operation={self.operation.name.lower()} operates on "
                "all alike; use operation=tailored",
            ),
            (
                self.keeps_organs and not self.follow_up.watch_months,
                f"{lever} needs a schedule of surveillance, but follow_up={self.follow_up.name} has no "
                "watch_months; use follow_up=standard, or add them to the file",
            ),
            (
                self.contact_boost and self.neoadjuvant is Regimen.NONE,
                "contact_boost=true needs radiotherapy before surgery, but neoadjuvant=none; "
                f"combine it, as in chemoradiotherapy+{self.name}",
            ),
        )

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
