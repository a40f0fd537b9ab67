"""The typed scenario: what Hydra composed, checked once, here at the edge."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from conf import relations, sizes, units
from conf.clinics import checked_clinic
from conf.composition import composed, composing, plain
from conf.economic_ranges import read_ranges
from conf.economics import ECONOMICS, RANGES, WORDS, Economics, check_numbers, read_words, reference
from conf.input_error import InputError, choice, nearest, shown
from conf.life_table import LIFE_TABLE, read_life_table
from conf.own_file import read_yaml
from conf.policies import BASE, LEVERS, USUAL_CARE, Policy, check_usual_care, read_policy
from conf.question import read_question
from conf.run import Published, Run, Tree

RUN_KEYS = (
    "patients",
    "seed",
    "replication",
    "horizon_years",
    "policies",
    "comparator",
    "clock",
    "out",
    "rows",
    "journal",
    "pictures",
    "published",
    "question",
)  # fmt: skip
HORIZON_YEARS = 10.0
CLOCKS = ("auto", "simpy", "compiled")
COMPILED_FROM_PATIENTS = 3_000
HORIZON = units.Range(0, 100, "above 0 and at most 100", low_allowed=False)


def compose_run(*overrides: str, experiment: str = "compare") -> Run:
    """Return the run that ``lrrc <experiment> <overrides>`` would make; not for use within the command."""
    with composing():
        return read_run(composed(experiment, overrides)[0])


def read_run(config: DictConfig) -> Run:
    """Return the composed configuration, checked. Hydra must be initialised: policies are found through it.

    Raises InputError, naming the key, for anything that is unknown, missing, of the wrong type, out of range,
    or at odds with something else.
    """
    given = plain(config, throw_on_missing=True)
    given.setdefault(ECONOMICS, None)  # economics=none is a file without keys
    sections = shipped_sections()
    known = (*RUN_KEYS, "cohort", "clinic", ECONOMICS, *sections)
    for key, value in given.items():
        if key not in known:
            raise unknown_key(key, value)
    for key in known:
        if key not in given:
            raise InputError(f"{key}: missing; the configuration must hold it")
    usual_care, life_table = _usual_care(given["cohort"]), _life_table(given["cohort"])
    parameters = {
        section: checked(section, given[section], shipped(f"parameters/{section}")) for section in sections
    }
    cohort = checked("cohort", given["cohort"], shipped("cohort/dutch_contemporary"))
    patients = units.whole("patients", given["patients"], 1)
    journal = read_flag("journal", given["journal"])
    economics = read_economics(given[ECONOMICS])
    horizon_years = _horizon_years(given["horizon_years"], economics)
    settings: dict[str, Any] = {
        "seed": units.whole("seed", given["seed"], 0),
        "replication": units.whole("replication", given["replication"], 0),
        "clock": _clock(given["clock"], patients, journal),
        "out": read_folder(given["out"]),
        "rows": read_flag("rows", given["rows"]),
        "pictures": read_flag("pictures", given["pictures"]),
    }
    # Late: a guideline's conditions are read by what compiles, and a refusal should not wait for that.
    if usual_care is not None:
        check_usual_care(f"cohort.{USUAL_CARE}", usual_care)
    policies = _policies(given["policies"], usual_care)
    run = Run(
        **settings,
        patients=patients,
        horizon_years=horizon_years,
        policies=policies,
        comparator=_comparator(given["comparator"], policies),
        journal=journal,
        published=_published(given["published"], usual_care),
        question=read_question(given["question"], horizon_years),
        usual_care=usual_care,
        life_table=read_life_table(f"cohort.{LIFE_TABLE}", life_table),
        cohort=cohort,
        economics=economics,
        clinic=read_clinic(given["clinic"], policies, parameters),
        parameters=parameters,
    )
    sizes.check_run(run)
    return run


def read_clinic(given: object, policies: tuple[Policy, ...], parameters: dict[str, Tree]) -> Tree:
    """Return a clinic, checked against the policies that it is to serve. Raises InputError."""
    return checked_clinic(checked("clinic", given, shipped("clinic/unlimited")), policies, parameters)


def shipped_sections() -> tuple[str, ...]:
    """Return the names of the disease's sections: the files in ``conf/parameters``, sorted."""
    return tuple(sorted(file.stem for file in (Path(__file__).parent / "parameters").glob("*.yaml")))


@functools.cache
def shipped(file: str) -> Tree:
    """Return a shipped file's content: it says which keys there are and how long each list is.

    A cohort's numbers, without the names of its usual care and its life table.
    """
    content = read_yaml(Path(__file__).parent / f"{file}.yaml", file)
    for name in (USUAL_CARE, LIFE_TABLE):
        content.pop(name, None)
    return content


def checked(key: str, given: object, reference: object) -> Any:
    """Return a tree with its numbers as floats, when it has the reference's keys and list lengths.

    Raises InputError, naming the full key, where it has not, or where a number is out of its unit's range.
    """
    if isinstance(reference, Mapping):
        if not isinstance(given, Mapping):
            raise InputError(
                f"{key}={shown(given)}: must be a group of keys, such as {key}.{next(iter(reference), '...')}"
            )
        for name, value in given.items():
            if name not in reference:
                raise unknown_key(f"{key}.{name}", value)
        for name in reference:
            if name not in given:
                raise InputError(
                    f"{key}.{name}: missing; a file that changes only some keys starts with a defaults list"
                )
        return {name: checked(f"{key}.{name}", given[name], reference[name]) for name in reference}
    allowed = units.range_of(key)
    if not isinstance(reference, list):
        return units.number(key, given, allowed)
    if not isinstance(given, list) or len(given) != len(reference):
        raise InputError(
            f"{key}={shown(given)}: must be a list of {len(reference)} numbers, each {allowed.words}"
        )
    numbers = [units.number(f"{key}[{i}]", value, allowed) for i, value in enumerate(given)]
    relations.check_list(key, numbers)
    return numbers


def unknown_key(key: str, value: object) -> InputError:
    """Return the refusal of a key that there is not, with the most similar one that there is."""
    if key in LEVERS or key == "policy":
        return InputError(
            f"{key}={shown(value)}: levers are set in policy files, and policies are named in a list, "
            f"as in policies=[{BASE},short_course+washout_always]"
        )
    if key in (*RUN_KEYS, "scenario"):
        return InputError(f"{key}={shown(value)}: this experiment has no key {key}")
    keys = [*RUN_KEYS, "scenario", "disease", *leaves("cohort", shipped("cohort/dutch_contemporary"))]
    keys += leaves("clinic", shipped("clinic/unlimited"))
    keys += [ECONOMICS, *economics_keys()]
    for section in shipped_sections():
        keys += leaves(section, shipped(f"parameters/{section}"))
    if key in keys:
        return InputError(f"{key}={shown(value)}: there is no key {key} that can be set here")
    # Not the group that it would be in.
    like = [known for known in keys if not key.startswith(f"{known}.")]
    name = shown(key)  # in one line, whatever it holds
    return InputError(f"{name}={shown(value)}: there is no key {name}{nearest(key, like)}")


def economics_keys() -> list[str]:
    """Return the full keys of prices and utilities."""
    return [f"{ECONOMICS}.{name}" for name in (*WORDS, RANGES, *reference())]


def leaves(key: str, tree: object) -> list[str]:
    """Return the full keys of a tree: its groups and its numbers."""
    within = tree.items() if isinstance(tree, Mapping) else ()
    return [key, *(leaf for name, value in within for leaf in leaves(f"{key}.{name}", value))]


def read_economics(given: object) -> Economics | None:
    """Return what costs and quality of life are counted with; None where they are not counted.

    Raises InputError.
    """
    if given is None or given == {}:
        return None
    if not isinstance(given, Mapping):
        raise InputError(
            f"{ECONOMICS}={shown(given)}: must be the name of a file of prices and utilities, or none"
        )
    fields, stated = read_words({key: value for key, value in given.items() if key != RANGES})
    numbers = checked(ECONOMICS, stated, reference())
    check_numbers(numbers)
    return Economics(**fields, numbers=numbers, ranges=read_ranges(given.get(RANGES), numbers))


def _horizon_years(given: object, economics: Economics | None) -> float:
    """Return the horizon: where none is set the usual one, or that of costs and quality of life."""
    if given is None:
        return HORIZON_YEARS if economics is None else economics.horizon_years
    return units.number("horizon_years", given, HORIZON)


def _usual_care(cohort: object) -> str | None:
    """Take the policy that is usual care out of a cohort, where it is a word among numbers."""
    name = cohort.pop(USUAL_CARE, None) if isinstance(cohort, dict) else None
    if name is not None and (not isinstance(name, str) or USUAL_CARE in name.split("+")):
        raise InputError(f"cohort.{USUAL_CARE}={shown(name)}: must be the name of a policy, as in dutch_2014")
    return name


def _life_table(cohort: object) -> object:
    """Take the name of the life table out of a cohort, where it is a word among numbers."""
    if isinstance(cohort, dict) and LIFE_TABLE not in cohort:
        raise InputError(f"cohort.{LIFE_TABLE}: missing; name one, as in {LIFE_TABLE}: dutch_1995_2000")
    return cohort.pop(LIFE_TABLE) if isinstance(cohort, dict) else None


def _policies(names: object, usual_care: str | None) -> tuple[Policy, ...]:
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise InputError(
            f"policies={shown(names)}: must be a list of policies, as in policies=[{BASE},short_course]"
        )
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"policies={shown(names)}: {name} appears twice; name each policy once")
    return tuple(read_policy(name, usual_care) for name in names)


def _comparator(name: object, policies: tuple[Policy, ...]) -> Policy:
    named = {policy.name: policy for policy in policies}
    if name is None:
        return policies[0]
    if not isinstance(name, str) or name not in named:
        raise InputError(
            f"comparator={shown(name)}: must be one of the run's policies{choice(str(name), named)}"
        )
    return named[name]


def _clock(name: object, patients: int, journal: bool) -> str:
    """Return the clock that a run takes: for a larger one the compiled clock, where it may choose."""
    if name not in CLOCKS:
        raise InputError(
            f"clock={shown(name)}: must be one of {', '.join(CLOCKS)}{nearest(str(name), CLOCKS)}"
        )
    if journal and name == "compiled":
        raise InputError(
            "clock=compiled keeps no journal, but journal=true asks for one; use clock=auto or clock=simpy"
        )
    if name == "auto":
        return "compiled" if patients > COMPILED_FROM_PATIENTS and not journal else "simpy"
    return str(name)


def read_folder(value: object) -> Path | None:
    """Return the folder that ``out`` names, or None. Raises InputError."""
    if value is None:
        return None
    # A folder named 2026 reaches us as a number.
    if isinstance(value, bool) or not isinstance(value, (str, int)) or str(value) == "":
        raise InputError(f"out={shown(value)}: must be the name of a folder")
    return Path(str(value)).expanduser()


def read_flag(key: str, value: object) -> bool:
    """Return a flag. Raises InputError for what is none."""
    if (said := units.flag(value)) is None:
        raise InputError(f"{key}={shown(value)}: must be true or false")
    return said


def _published(figures: object, usual_care: str | None) -> tuple[Published, ...]:
    if not isinstance(figures, list):
        raise InputError(f"published={shown(figures)}: must be a list of published figures, or []")
    return tuple(_figure(f"published[{i}]", figure, usual_care) for i, figure in enumerate(figures))


def _figure(key: str, figure: object, usual_care: str | None) -> Published:
    names = list(Published.__dataclass_fields__)
    if not isinstance(figure, dict) or set(figure) != set(names):
        raise InputError(f"{key}={shown(figure)}: must hold the keys {', '.join(names)}, and no others")
    for name in ("evidence", "outcome", "policy"):
        if not isinstance(figure[name], str):
            raise InputError(f"{key}.{name}={shown(figure[name])}: must be a word")
    read_policy(figure["policy"], usual_care)  # a misspelt policy would only leave its row out
    return Published(
        evidence=figure["evidence"],
        outcome=figure["outcome"],
        policy=figure["policy"],
        horizon_years=units.number(f"{key}.horizon_years", figure["horizon_years"], HORIZON),
        published=units.number(f"{key}.published", figure["published"], units.ANY),
    )
