"""Policies: the levers, what each may be, and how policy files combine."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from conf import composition as library
from conf import units
from conf.contradictions import contradictions
from conf.guideline_file import WHEN
from conf.input_error import InputError, choice, nearest, shown
from conf.schedules import FollowUp, read_follow_up
from sim.policy import (
    Adherence,
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
from sim.seen import MOST_GROUPS, Moment

if TYPE_CHECKING:
    from conf.guideline import Guideline

BASE = "tme_alone"
NOT_RESTAGED = (Regimen.NONE, Regimen.SHORT_COURSE)  # operated on at once, or within days
USUAL_CARE = "usual_care"
MOST_PLANS = 64
# The last moment at which a group may set a lever; those that are not here are for all.
LATEST = {
    **dict.fromkeys(
        (
            "neoadjuvant", "neoadjuvant_for", "adherence", "organ_preservation", "contact_boost",
            "local_excision", "local_excision_up_to", "lateral_boost",
        ),
        Moment.MEETING,
    ),
    **dict.fromkeys(
        (
            "lateral_dissection", "lateral_threshold_mm", "lateral_sides", "operation", "washout",
            "diverting_stoma", "leak_prevention", "centralisation",
        ),
        Moment.RESTAGING,
    ),
    **dict.fromkeys(
        (
            "postoperative_chemoradiotherapy", "adjuvant_chemotherapy", "follow_up", "recurrence_centre",
            "recurrence_induction_chemotherapy", "recurrence_reirradiation",
        ),
        Moment.PATHOLOGY,
    ),
}  # fmt: skip


WHO = (
    "who gets it, on MRI; locally advanced: cT3-4 or cN+; high risk: cT3cd-4, cN2, EMVI, a threatened "
    "mesorectal fascia or an enlarged lateral node"
)
THRESHOLD_MM = units.Range(1, 30, "from 1 to 30")


class Plan(NamedTuple):
    """What a policy does to the patients of some groups, and the plan that each further group leads to."""

    groups: tuple[str, ...]  # by which it was reached first
    levers: dict[str, Any]
    next_by_group: dict[int, int]


@dataclass(frozen=True)
class Policy:
    """What is done to patients: the levers, and those by which groups of a guideline differ.

    Raises InputError where its levers contradict each other, or a group sets a lever too late.
    """

    name: str
    description: str
    neoadjuvant: Annotated[Regimen, "treatment before surgery"]
    neoadjuvant_for: Annotated[NeoadjuvantFor, WHO]
    adherence: Annotated[
        Adherence,
        "whether treatment before surgery is given as planned, or as the cohort's hospitals give it",
    ]
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
    guideline: "Guideline | None" = None
    by_group: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...] = ()

    def __post_init__(self) -> None:
        for group, own in self.by_group:
            for lever, _ in own:
                self._refuse_late(group, lever)
        plans = self.plans()
        self._refuse_never_found(plans)
        found = [list(contradictions(self.name, SimpleNamespace(**plan.levers))) for plan in plans]
        everywhere = set.intersection(*({one.lever for one in own} for own in found))
        for plan, there in zip(plans, found, strict=True):
            set_here = {lever for group in plan.groups for lever in self.of_group(group)}
            for one in there:
                # What a policy does after treatment is done to those who had it.
                if one.needs_treatment and one.lever not in set_here | everywhere:
                    continue
                where = f"group {' and '.join(plan.groups)}: " if plan.groups else ""
                raise InputError(f"policy {self.name}: {where}{one.words}")

    def _refuse_late(self, group: str, lever: str) -> None:
        moment = self._guideline().of(group).moment
        if lever not in LATEST:
            allowed = ", ".join(LATEST)
            raise InputError(
                f"policy {self.name}: {group}.{lever}: is one for all patients; a group may set {allowed}"
            )
        if LATEST[lever] < moment:
            raise InputError(
                f"policy {self.name}: {group}.{lever}: is too late; this group is found {WHEN[moment]}, and "
                f"{lever} acts on what is known {WHEN[LATEST[lever]]}"
            )

    def _refuse_never_found(self, plans: list["Plan"]) -> None:
        """Refuse levers of a group of restaging where nobody is restaged."""
        if any(plan.levers["neoadjuvant"] not in NOT_RESTAGED for plan in plans):
            return
        for group, _ in self.by_group:
            if self._guideline().of(group).moment is Moment.RESTAGING:
                raise InputError(
                    f"policy {self.name}: {group}: this group is found at restaging, which nobody has under "
                    f"neoadjuvant={plain(self.neoadjuvant)}; give neoadjuvant=chemoradiotherapy, or another "
                    "that is followed by restaging"
                )

    def _guideline(self) -> "Guideline":
        assert self.guideline is not None
        return self.guideline

    def of_group(self, group: str) -> dict[str, Any]:
        """Return the levers that a group sets; its treatment is for all of it unless it says otherwise."""
        return dict(dict(self.by_group).get(group, ()))

    def written_of_group(self, group: str) -> dict[str, Any]:
        """Return the levers that a group sets, without what its file need not say."""
        own = self.of_group(group)
        if "neoadjuvant" in own and own["neoadjuvant_for"] is NeoadjuvantFor.EVERYONE:
            del own["neoadjuvant_for"]
        return own

    def plans(self) -> list[Plan]:
        """Return the policy's plans: first that of patients in no group, then those that groups lead to.

        Raises InputError where there are too many.
        """
        plans = [Plan((), {lever: getattr(self, lever) for lever in LEVERS}, {})]
        if self.guideline is None:
            return plans
        for moment in sorted({group.moment for group in self.guideline.groups}):
            for plan in plans.copy():
                if moment is Moment.RESTAGING and plan.levers["neoadjuvant"] in NOT_RESTAGED:
                    continue
                for k, group in self.guideline.at(moment):
                    levers = {**plan.levers, **self.of_group(group.name)}
                    place = next((n for n, other in enumerate(plans) if other.levers == levers), len(plans))
                    if place == len(plans):
                        plans.append(Plan((*plan.groups, group.name), levers, {}))
                    plan.next_by_group[k] = place
        if len(plans) > MOST_PLANS:
            raise InputError(
                f"policy {self.name}: its groups lead to {len(plans)} plans; at most {MOST_PLANS} are allowed"
            )
        return plans

    @property
    def keeps_organs(self) -> bool:
        """Return whether some patients keep the organ under this policy."""
        return any(
            plan.levers["organ_preservation"] is not OrganPreservation.NEVER
            or plan.levers["local_excision"] is not LocalExcision.NEVER
            for plan in self.plans()
        )

    @property
    def dissects(self) -> bool:
        """Return whether lateral nodes of some patients are dissected by plan."""
        return any(plan.levers["lateral_dissection"] is not LateralDissection.NEVER for plan in self.plans())

    def levers(self) -> dict[str, Any]:
        """Return the levers as a policy file writes them, and the follow-up schedule in full.

        With a guideline also ``guideline``, its groups in full, and ``groups``: what each sets.
        """
        levers = {lever: _in_full(getattr(self, lever)) for lever in LEVERS}
        if self.guideline is None:
            return levers
        groups = {
            group: {lever: _in_full(value) for lever, value in self.written_of_group(group).items()}
            for group in self.guideline.names()
        }
        return {**levers, "guideline": self.guideline.content(), "groups": groups}

    def levers_of_plan(self, plan: int) -> dict[str, Any]:
        """Return the levers that the patients of one of the plans get, as ``levers`` writes them."""
        return {lever: _in_full(value) for lever, value in self.plans()[plan].levers.items()}

    def records(self) -> list[dict[str, Any]]:
        """Return each plan as numbers, in order: ``policy``, ``follow_up`` and ``guideline``.

        Levers are flags, members of enumerations, millimetres; ``guideline`` the diagram of the groups, and
        ``plans``, the plan to which each leads.
        """
        from conf.guideline import no_groups

        diagram = no_groups() if self.guideline is None else self.guideline.diagram()
        return [
            {
                "policy": {
                    lever: int(value) if isinstance(value, IntEnum) else value
                    for lever, value in plan.levers.items()
                    if lever != "follow_up"
                },
                "follow_up": plan.levers["follow_up"].record(),
                "guideline": {
                    **diagram,
                    "plans": [float(plan.next_by_group.get(k, here)) for k in range(MOST_GROUPS)],
                },
            }
            for here, plan in enumerate(self.plans())
        ]


def _in_full(value: Any) -> Any:
    if isinstance(value, FollowUp):
        schedule = dataclasses.asdict(value)
        return {key: list(item) if isinstance(item, tuple) else item for key, item in schedule.items()}
    return plain(value)


class Lever(NamedTuple):
    """What a lever holds (an enumeration, bool, float or FollowUp), and the words for what it does."""

    kind: Any
    words: str


LEVERS = {
    name: Lever(hint.__origin__, hint.__metadata__[0])
    for name, hint in Policy.__annotations__.items()
    if hasattr(hint, "__metadata__")
}


def settings(lever: str) -> str:
    """Return the words for what a lever may be set to."""
    kind = LEVERS[lever].kind
    if kind is float:
        return f"a number {THRESHOLD_MM.words}"
    return "true or false" if kind is bool else f"one of {', '.join(_names(kind))}"


def read_policy(name: str, usual_care: str | None = None) -> Policy:
    """Return the policy of this name: files joined by ``+``, laid over ``tme_alone``.

    ``usual_care`` is the policy that this name stands for, the cohort's. Raises InputError for an unknown
    file, lever or setting, for two files that set a lever differently, and for levers that contradict each
    other.
    """
    levers = _read_part(BASE, BASE).levers
    if missing := [lever for lever in LEVERS if lever not in levers]:
        raise InputError(f"policy {BASE}: {missing[0]} is missing; this file sets every lever")
    listed = [_read_part(part, name) for part in _parts(name, usual_care)]
    parts = [part for part in listed if part.name != BASE]
    guideline = _guideline_of(name, parts)
    set_by: dict[str, _Part] = {}
    groups: dict[str, dict[str, Any]] = (
        {} if guideline is None else {group: {} for group in guideline.names()}
    )
    grouped_by: dict[tuple[str, str], str] = {}
    for part in parts:
        for lever, value in part.levers.items():
            if lever in set_by and levers[lever] != value:
                raise _conflict(name, set_by[lever].name, lever, levers[lever], part.name, value)
            levers[lever], set_by[lever] = value, part
        for group, own in part.groups.items():
            if group not in groups:
                raise _unknown_group(name, part, group, own, guideline)
            for lever, value in own.items():
                if lever in groups[group] and groups[group][lever] != value:
                    before = grouped_by[group, lever]
                    raise _conflict(name, before, f"{group}.{lever}", groups[group][lever], part.name, value)
                groups[group][lever] = value
                grouped_by[group, lever] = part.name
    for group in _given_to_all(groups):
        grouped_by[group, "neoadjuvant_for"] = grouped_by[group, "neoadjuvant"]
    for (group, lever), part_name in grouped_by.items():
        other = set_by.get(lever)
        if other is not None and other.name != part_name and levers[lever] != groups[group][lever]:
            raise InputError(
                f"policy {name}: {part_name} sets {lever}={written(groups[group][lever])} for group {group} "
                f"and {other.name} sets {lever}={written(levers[lever])} for all; combine only one of them"
            )
    words = "; ".join(part.description for part in listed)
    by_group = tuple((group, tuple(own.items())) for group, own in groups.items() if own)
    return Policy(name, words, **levers, guideline=guideline, by_group=by_group)


def _given_to_all(groups: Mapping[str, dict[str, Any]]) -> list[str]:
    """Let a group's treatment be for all of the group, where it sets nothing else; return those groups."""
    whole = [g for g, own in groups.items() if "neoadjuvant" in own and "neoadjuvant_for" not in own]
    for group in whole:
        groups[group]["neoadjuvant_for"] = NeoadjuvantFor.EVERYONE
    return whole


def check_usual_care(key: str, name: str) -> None:
    """Refuse a cohort's usual care that cannot be read: it would be found only by who asks for it."""
    try:
        read_policy(name)
    except InputError as error:
        raise InputError(f"{key}={shown(name)}: {error}") from error


class _Part(NamedTuple):
    """A policy file: its levers, its guideline, and the levers of its groups."""

    name: str
    description: str
    levers: dict[str, Any]
    guideline: str | None
    groups: dict[str, dict[str, Any]]


def _parts(name: str, usual_care: str | None) -> list[str]:
    """Return the files of a policy."""
    parts: list[str] = []
    for part in name.split("+"):
        if not part:
            raise InputError(f"policy {name!r}: a policy is a name, or names joined by +")
        if part == USUAL_CARE:
            if usual_care is None:
                raise InputError(
                    f"policy {name}: the cohort names no usual care; add usual_care: dutch_2014, or another "
                    "policy, to its file, or set policies=[tme_alone,...]"
                )
            parts += _parts(usual_care, None)
        else:
            parts.append(part)
    return parts


def _guideline_of(policy: str, parts: list[_Part]) -> "Guideline | None":
    named = {part.guideline: part.name for part in parts if part.guideline is not None}
    if len(named) > 1:
        (first, one), (second, other) = list(named.items())[:2]
        raise InputError(
            f"policy {policy}: {one} sets guideline={first} and {other} sets guideline={second}; "
            "combine only one of them"
        )
    if not named:
        return None
    from conf.guideline import read_guideline

    (name,) = named
    try:
        guideline = read_guideline(name)
    except InputError as error:
        raise InputError(f"policy {policy}: {error}") from error
    # Names that mean something else in a policy's file, or in a sweep.
    keys = {"guideline", "description", "defaults", "cohort", "clinic", *library.options("parameters")}
    for group in guideline.names():
        if group in LEVERS or group in keys:
            raise InputError(
                f"policy {policy}: guideline {name}: {group}: is the name of a lever or of a key; give the "
                "group another name"
            )
    return guideline


def _conflict(policy: str, one: str, lever: str, value: Any, other: str, another: Any) -> InputError:
    return InputError(
        f"policy {policy}: {one} sets {lever}={written(value)} and {other} sets {lever}={written(another)}; "
        "combine only one of them"
    )


def _unknown_group(
    policy: str, part: _Part, group: str, own: dict[str, Any], guideline: "Guideline | None"
) -> InputError:
    """Return the refusal of a name that is neither a lever nor a group."""
    where = f"policy {policy}: " + (f"{part.name}.yaml: " if part.name != policy else "")
    value = shown({lever: plain(item) for lever, item in own.items()})
    names = [] if guideline is None else guideline.names()
    if names:
        hint = nearest(group, [*names, *LEVERS])
        return InputError(
            f"{where}{group}={value}: there is no such group or lever; the guideline's groups are "
            f"{', '.join(names)}{hint}"
        )
    return InputError(
        f"{where}{group}={value}: there is no such lever{choice(group, LEVERS)}; levers by group need a "
        "guideline, as in guideline: dutch_2014"
    )


def _read_part(part: str, policy: str) -> _Part:
    where = f"policy {policy}: " + (f"{part}.yaml: " if part != policy else "")
    content = library.read("policy", part)
    description = str(content.pop("description", part))
    guideline = content.pop("guideline", None)
    if guideline is not None and not isinstance(guideline, str):
        raise InputError(f"{where}guideline={shown(guideline)}: must be the name of a file in guideline/")
    groups: dict[str, dict[str, Any]] = {}
    levers: dict[str, Any] = {}
    for lever, value in content.items():
        if lever == "defaults":
            raise InputError(
                f"{where}defaults: a policy file holds levers only; combine policies by name, as in a+b"
            )
        if lever in LEVERS:
            levers[lever] = _setting(where, lever, value)
        elif isinstance(value, Mapping):
            groups[str(lever)] = {
                str(name): _setting(f"{where}{lever}.", str(name), item) for name, item in value.items()
            }
        else:
            raise InputError(f"{where}{lever}={shown(value)}: there is no such lever{choice(lever, LEVERS)}")
    if part != BASE and not levers and not any(groups.values()):
        raise InputError(f"policy {part}: its file sets no lever{choice('', LEVERS)}")
    return _Part(part, description, levers, guideline, groups)


def _setting(where: str, lever: str, value: object) -> Any:
    if lever not in LEVERS:
        raise InputError(f"{where}{lever}={shown(value)}: there is no such lever{choice(lever, LEVERS)}")
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


def plain(value: Any) -> Any:
    """Return a lever's value as a policy file has it: a name, a flag or a number."""
    if isinstance(value, IntEnum):
        return value.name.lower()
    return value.name if isinstance(value, FollowUp) else value


def written(value: Any) -> str:
    """Return a lever's value as a message shows it."""
    return shown(plain(value))


def is_of_groups(name: str, policies: Iterable[Policy]) -> bool:
    """Return whether a name is of a guideline or a group: ``guideline.GROUP.COLUMN`` or ``GROUP.LEVER``."""
    group, part = split_rule(name)
    of_guideline = name.startswith("guideline.")
    return of_guideline or bool(part and any(group in groups_of(policy) for policy in policies))


def split_rule(name: str) -> tuple[str, str]:
    """Return the group of a swept name, and what of it: a lever, or a column of its condition."""
    group, _, part = name.removeprefix("guideline.").partition(".")
    return group, part


def groups_of(policy: Policy) -> list[str]:
    """Return the names of a policy's groups."""
    return [] if policy.guideline is None else policy.guideline.names()


def with_levers(policy: Policy, given: Mapping[str, object]) -> Policy:
    """Return the policy with these levers set, as a policy file would write them; its name stays.

    A name may be ``LEVER``, for all patients; ``GROUP.LEVER``; or ``guideline.GROUP.COLUMN`` and
    ``guideline.GROUP.condition``, of a group's condition. Raises InputError for a wrong lever or setting, and
    for levers that contradict each other.
    """
    levers: dict[str, Any] = {}
    groups = {group: policy.of_group(group) for group in groups_of(policy)}
    guideline = policy.guideline
    for name, value in given.items():
        group, part = split_rule(name)
        if name.startswith("guideline."):
            if guideline is None:
                raise InputError(f"{name}={shown(value)}: policy {policy.name} has no guideline")
            guideline = guideline.changed(name, group, part or "condition", value)
        elif part and group in groups:
            groups[group][part] = _setting(f"{group}.", part, value)
        elif name in LEVERS:
            set_in = [group for group, own in groups.items() if name in own]
            if set_in:
                raise InputError(
                    f"{name}={shown(value)}: policy {policy.name} sets it by group; name the group, as in "
                    f"{set_in[0]}.{name}"
                )
            levers[name] = _setting("", name, value)
        else:
            raise InputError(f"{name}={shown(value)}: there is no such lever{choice(name, LEVERS)}")
    _given_to_all(groups)
    by_group = tuple((group, tuple(own.items())) for group, own in groups.items() if own)
    return dataclasses.replace(policy, **levers, guideline=guideline, by_group=by_group)
