"""A trial as a file: its cohort, its arms, and the published figures that an emulation is compared with."""

import keyword
from collections.abc import Mapping
from dataclasses import dataclass

from conf import composition as library
from conf import relations, units
from conf.condition import Condition, read_condition
from conf.endpoint import (
    ESTIMATORS,
    ORIGINS,
    POSITIVE_YEARS,
    Endpoint,
    names_in,
    read_endpoint,
    read_mapping,
    read_text,
)
from conf.input_error import InputError, choice, nearest, one_of, shown
from conf.life_table import LIFE_TABLE, LifeTable, read_life_table
from conf.own_file import path_of, read_own_file
from conf.policies import USUAL_CARE, Policy, check_usual_care, read_policy, with_levers
from conf.run import Tree
from conf.schema import checked, leaves, shipped, shipped_sections
from sim.counting.columns import COLUMNS, READABLE

SETS = ("calibration", "validation")
MIX = "{mix: {tme_alone: 0.5, short_course: 0.5}}"
MEMBER = "{share: 0.5, policy: {base: short_course, washout: never}}"
KEYS = (
    "title", "set", "source", "note", "cohort", "eligibility", "arms", "follow_up_years", "time_from",
    "estimator", "subgroups", "endpoints",
)  # fmt: skip
OPTIONAL: Tree = {
    "set": "validation",
    "source": "",
    "note": "",
    "eligibility": [],
    "time_from": "diagnosis",
    "estimator": "cumulative_incidence",
    "subgroups": {},
}


@dataclass(frozen=True)
class Arm:
    """What is done in one arm of a trial, and to whom: the numbers of the cohort, and its life table.

    ``policies``: each with the share of the patients who have it, shares adding up to 1; mostly one.
    """

    name: str
    policies: tuple[tuple[Policy, float], ...]
    cohort: Tree
    life_table: LifeTable


@dataclass(frozen=True)
class Trial:
    """A checked trial. ``set`` says whether it was fitted (calibration) or only predicted (validation)."""

    name: str
    title: str
    set: str
    source: str
    note: str
    eligibility: tuple[Condition, ...]
    arms: dict[str, Arm]
    follow_up_years: float
    endpoints: tuple[Endpoint, ...]
    usual_care: str | None  # the policy of the cohort's country at the time

    def policies(self) -> dict[str, Policy]:
        """Return the policies of all arms, by name."""
        return {policy.name: policy for arm in self.arms.values() for policy, _ in arm.policies}


def read_trials(asked: object) -> list[Trial]:
    """Return the trials of a name, a path to a file, a list of either, of a set, or ``all``.

    ``calibration`` and ``validation`` are the sets: the shipped trials that are fitted, and the others.
    Hydra must be initialised: trials are found through it. Raises InputError.
    """
    names = asked if isinstance(asked, list) else [asked]
    if names == ["all"]:
        names = library.options("trial")
    if names in [[each] for each in SETS]:
        return [trial for trial in map(read_trial, library.options("trial")) if trial.set == names[0]]
    words = [name for name in names if isinstance(name, str) and name]
    if not words or len(words) < len(names):
        raise InputError(
            f"trial={shown(asked)}: must be a trial, a list of trials, a file, a set (calibration or "
            "validation), or all"
        )
    trials = [read_trial(word) for word in words]
    for trial in trials:
        if sum(trial.name == other.name for other in trials) > 1:
            raise InputError(f"trial={shown(asked)}: {trial.name} appears twice; name each trial once")
    return trials


def read_trial(name: str) -> Trial:
    """Return one trial, by its name in ``conf/trial`` or by the path of a file. Raises InputError."""
    path = path_of(
        name,
        f"trial={shown(name)}: cannot be read: No such file; a trial is a name, as in trial=dutch_tme, "
        "or the path of a file that ends in .yaml",
    )
    if path is None:
        return _trial(name, library.read("trial", name))
    content = read_own_file(path, f"trial={path}", "trial")
    if not content:
        raise InputError(f"trial={path}: must hold lines of the form key: value, such as title: ...")
    return _trial(path.stem, content)


def _trial(name: str, given: Tree) -> Trial:
    where = f"trial {name}: "
    for key, value in given.items():
        if key not in KEYS:
            raise _unknown(where, key, value)
    for key in KEYS:
        if key not in given and key not in OPTIONAL:
            raise InputError(f"{where}{key}: missing; a trial has {', '.join(KEYS)}")
    given = {**OPTIONAL, **given}
    for key, allowed in (("set", SETS), ("time_from", ORIGINS), ("estimator", ESTIMATORS)):
        one_of(f"{where}{key}", given[key], allowed)
    cohort, life_table, usual_care = _cohort(f"{where}cohort", given["cohort"])
    arms = _arms(f"{where}arms", given["arms"], cohort, life_table, usual_care)
    endpoints = given["endpoints"]
    if not isinstance(endpoints, list) or not endpoints:
        raise InputError(f"{where}endpoints={shown(endpoints)}: must be a list of endpoints")
    follow_up = units.number(f"{where}follow_up_years", given["follow_up_years"], POSITIVE_YEARS)
    subgroups = _subgroups(f"{where}subgroups", given["subgroups"])
    read = tuple(
        read_endpoint(f"{where}endpoints[{k}]", endpoint, given, arms, follow_up, subgroups)
        for k, endpoint in enumerate(endpoints)
    )
    return Trial(
        name=name,
        title=read_text(f"{where}title", given["title"]),
        set=given["set"],
        source=read_text(f"{where}source", given["source"]),
        note=read_text(f"{where}note", given["note"]),
        eligibility=_eligibility(f"{where}eligibility", given["eligibility"]),
        arms=arms,
        follow_up_years=follow_up,
        endpoints=read,
        usual_care=usual_care,
    )


def _unknown(where: str, key: str, value: object) -> InputError:
    sections = shipped_sections()
    if key in sections or key == "disease" or key.partition(".")[0] in sections:
        return InputError(
            f"{where}{key}={shown(value)}: a trial sets no parameter of the disease, only its cohort and "
            f"arms; set it on the command line, as in lrrc validate {key.partition('.')[0]}.KEY=VALUE"
        )
    return InputError(f"{where}{key}={shown(value)}: there is no such key{choice(key, KEYS)}")


def _cohort(key: str, given: object) -> tuple[Tree, LifeTable, str | None]:
    """Return a trial's cohort, its life table, and the policy that is its usual care."""
    changes = read_mapping(key, given, "{base: dutch_contemporary, female_share: 0.36}")
    if "base" not in changes:
        raise InputError(f"{key}.base: missing; name the cohort that this one is like")
    try:
        base = named_cohort(str(changes.pop("base")))
    except InputError as error:
        raise InputError(f"{key}.base: {error}") from error
    own, usual_care = changes.pop(USUAL_CARE, None), base.pop(USUAL_CARE, None)
    if own is not None:
        usual_care = read_text(f"{key}.{USUAL_CARE}", own)
        check_usual_care(f"{key}.{USUAL_CARE}", usual_care)
    life_table = read_life_table(f"{key}.{LIFE_TABLE}", base.pop(LIFE_TABLE, None))
    life_table = _life_table(key, life_table, changes)
    return _changed(key, base, changes), life_table, usual_care


def _life_table(key: str, table: LifeTable, changes: Tree) -> LifeTable:
    """Take the life table out of changes of a cohort; without one it stays."""
    if LIFE_TABLE not in changes:
        return table
    return read_life_table(f"{key}.{LIFE_TABLE}", changes.pop(LIFE_TABLE))


def named_cohort(name: str) -> Tree:
    """Return a shipped cohort's content: its own file, over the one that it starts from."""
    content = library.read("cohort", name)
    below: Tree = {}
    for base in content.pop("defaults", []):
        if base != "_self_":
            below |= named_cohort(str(base))
    return {**below, **content}


def _changed(key: str, cohort: Tree, changes: Tree) -> Tree:
    reference = shipped("cohort/dutch_contemporary")
    for name, value in changes.items():
        if name not in reference:
            sections = [leaf for s in shipped_sections() for leaf in leaves(s, shipped(f"parameters/{s}"))]
            if any(leaf.rpartition(".")[2] == name for leaf in sections):
                raise InputError(
                    f"{key}.{name}={shown(value)}: is a parameter of the disease; a trial sets only its "
                    "cohort and arms"
                )
            raise InputError(f"{key}.{name}={shown(value)}: there is no such key{nearest(name, reference)}")
    whole: Tree = checked(key, {**cohort, **changes}, reference)
    relations.check({"cohort": whole}, cohort=key)
    return whole


def _arms(
    key: str, given: object, cohort: Tree, life_table: LifeTable, usual_care: str | None
) -> dict[str, Arm]:
    arms = {}
    for name, content in read_mapping(
        key, given, "{surgery_alone: tme_alone, preoperative: short_course}"
    ).items():
        here = f"{key}.{name}"
        changes: Tree = {}
        if isinstance(content, Mapping) and "policy" in content:
            parts = read_mapping(here, content, "{policy: tme_alone, cohort: {female_share: 0.4}}")
            for part, value in parts.items():
                if part not in ("policy", "cohort"):
                    raise (
                        _unknown(f"{here}.", part, value)
                        if part in shipped_sections()
                        else InputError(f"{here}.{part}={shown(value)}: an arm has a policy and a cohort")
                    )
            content, changes = parts["policy"], parts.get("cohort", {})
        where = f"{here}.cohort"
        own = read_mapping(where, changes, "{female_share: 0.4}") if changes else {}
        table = _life_table(where, life_table, own)
        arms[name] = Arm(
            name,
            _policies(here, content, usual_care),
            _changed(where, cohort, own) if own else cohort,
            table,
        )
    return arms


def _policies(key: str, content: object, usual_care: str | None) -> tuple[tuple[Policy, float], ...]:
    """Return the policies of an arm with their shares: one, a mix by name, or a mix that is a list."""
    if not isinstance(content, Mapping) or "mix" not in content:
        return ((_policy(key, content, usual_care), 1.0),)
    if len(content) > 1:
        raise InputError(f"{key}={shown(dict(content))}: an arm is a policy or a mix of policies, not both")
    mix = content["mix"]
    if isinstance(mix, list):
        mixed = [_member(f"{key}.mix[{k}]", member, usual_care) for k, member in enumerate(mix)]
    else:
        mixed = [
            (
                _policy(f"{key}.mix", name, usual_care),
                units.number(f"{key}.mix.{name}", share, units.FRACTION),
            )
            for name, share in read_mapping(f"{key}.mix", mix, MIX).items()
        ]
    if abs(sum(share for _, share in mixed) - 1.0) > relations.TOLERANCE:
        shares = ", ".join(f"{share:g}" for _, share in mixed)
        raise InputError(f"{key}.mix: the shares are {shares}; they must add up to 1, as in {MIX}")
    return tuple(mixed)


def _member(key: str, given: object, usual_care: str | None) -> tuple[Policy, float]:
    """Return a member of a mix that is a list: a policy, with levers of its own or without, and its share."""
    parts = read_mapping(key, given, MEMBER)
    for part, value in parts.items():
        if part not in ("policy", "share"):
            raise InputError(
                f"{key}.{part}={shown(value)}: there is no such key{nearest(part, ('policy', 'share'))}; "
                f"a member of a mix is as in {MEMBER}"
            )
    for part in ("policy", "share"):
        if part not in parts:
            raise InputError(f"{key}.{part}: missing; a member of a mix is as in {MEMBER}")
    share = units.number(f"{key}.share", parts["share"], units.FRACTION)
    return _policy(f"{key}.policy", parts["policy"], usual_care), share


def _subgroups(key: str, given: object) -> dict[str, Condition]:
    """Return the trial's named subgroups. A name must mean nothing else in a condition. Raises InputError."""
    if given == {}:
        return {}
    words = {word for column in READABLE.values() for word in column.words}
    read = {}
    for name, text in read_mapping(key, given, "{low: height_above_verge_cm <= 5}").items():
        if not name.isidentifier() or keyword.iskeyword(name):
            raise InputError(
                f"{key}: {shown(name)}: must be a name of letters, digits and _, as in low_tumour"
            )
        if name in READABLE or name in words or name in ("true", "false", "never"):
            raise InputError(f"{key}: {name}: is a column, or a word of one; choose another name")
        read[name] = read_condition(f"{key}.{name}", text)
    return read


def _policy(key: str, content: object, usual_care: str | None) -> Policy:
    try:
        if isinstance(content, str):
            return read_policy(content, usual_care)
        levers = read_mapping(key, content, "{base: chemoradiotherapy, washout: never}")
        if "base" not in levers:
            raise InputError("base: missing; name the policy that this one is like")
        return with_levers(read_policy(str(levers.pop("base")), usual_care), levers)
    except InputError as error:
        raise InputError(f"{key}: {error}") from error


def _eligibility(key: str, given: object) -> tuple[Condition, ...]:
    if not isinstance(given, list):
        raise InputError(f"{key}={shown(given)}: must be a list of conditions on traits, or []")
    read = tuple(read_condition(f"{key}[{k}]", text) for k, text in enumerate(given))
    for one in read:
        for name in sorted(names_in(one)):
            if not READABLE[name].trait:
                traits = [trait for trait, column in COLUMNS.items() if column.trait]
                raise one.wrong(name, f"is not known at diagnosis; eligibility is by {', '.join(traits)}")
    return read
