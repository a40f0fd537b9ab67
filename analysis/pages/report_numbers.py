"""The numbers of a run in its report: those that are not the shipped ones, what is varied, and the cohort."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.pages.report_parts import Block, Cell, Sources, Table, Text
from analysis.pages.report_run import RunRead, chosen_file, mapping
from analysis.words.own_files import COHORT
from analysis.words.wording import listed, policy_words, sentence
from conf.economics import ECONOMICS
from conf.input_error import shown
from conf.policies import USUAL_CARE
from conf.stated_sources import (
    ASSUMPTION,
    CLINIC,
    DISEASE,
    comments,
    ids_in,
    shipped_disease,
    shipped_file,
    shipped_names,
)
from conf.stated_sources import COHORT as USUAL_COHORT


@dataclass(frozen=True)
class Changed:
    """A number that is not the shipped default: both, and their sources."""

    key: str
    value: Any
    default: Any
    source: Sources
    default_source: Sources


def changed_numbers(run: RunRead) -> list[Changed]:
    """Return the numbers of a run that are not the shipped defaults, by key.

    Those are the disease ``calibrated`` (of a calibration, ``default``), the cohort ``dutch_contemporary``,
    and, of a clinic and of prices and utilities, the file that was chosen.
    """
    found = []
    disease = chosen_file(run, "disease")
    own = shipped_disease(disease) if disease in shipped_names("disease") else {}
    fitted = fitted_keys() if _usual_disease(run) == DISEASE else set()
    for section, usual in shipped_disease(_usual_disease(run)).items():
        for key, value in mapping(run.config.get(section)).items():
            default = usual.get(key)
            if f"{section}.{key}" in run.swept or run.varies("disease"):
                continue
            if key in usual and not _same(default, value):
                by_hand = _sources(comments(f"parameters/{section}").get(key, ""))
                shipped_too = _same(own.get(section, {}).get(key), value)
                found.append(
                    Changed(
                        f"{section}.{key}",
                        value,
                        default,
                        by_hand if shipped_too else Sources((), "set in this run"),
                        _fitted(by_hand) if f"{section}.{key}" in fitted else by_hand,
                    )
                )
    usual_files = (
        ("cohort", USUAL_COHORT),
        ("clinic", chosen_file(run, "clinic") or CLINIC),
        (ECONOMICS, chosen_file(run, ECONOMICS) or "none"),
    )
    for group, usual_name in usual_files:
        if usual_name not in shipped_names(group) or run.varies(group):
            continue
        if group == "clinic" and run.experiment == "capacity":
            continue  # it has several, and each is a file
        usual, said = shipped_file(group, usual_name)
        chosen = chosen_file(run, group)
        theirs, words = shipped_file(group, chosen) if chosen in shipped_names(group) else ({}, {})
        for key, value in mapping(run.config.get(group)).items():
            if f"{group}.{key}" in run.swept or key == USUAL_CARE:
                continue
            if key in usual and not _same(usual[key], value):
                as_shipped = _same(theirs.get(key), value)
                source = _sources(words.get(key, "")) if as_shipped else Sources((), "set in this run")
                found.append(
                    Changed(f"{group}.{key}", value, usual[key], source, _sources(said.get(key, "")))
                )
    return found


def _fitted(source: Sources) -> Sources:
    return Sources(source.ids, "; ".join(filter(None, (source.words, "fitted to trials"))))


def _usual_disease(run: RunRead) -> str:
    return "default" if run.experiment == "calibrate" else DISEASE


def fitted_keys() -> set[str]:
    """Return the keys that the shipped fit sets."""
    by_hand = shipped_disease("default")
    return {
        f"{section}.{key}"
        for section, numbers in shipped_disease(DISEASE).items()
        for key, value in numbers.items()
        if not _same(value, by_hand[section][key])
    }


def numbers(run: RunRead, changed: Sequence[Changed]) -> list[Block]:
    """Return what a report says of the numbers of a run and their sources."""
    blocks: list[Block] = []
    rows: list[list[Cell]] = [
        [one.key, _number(one.value), _number(one.default), one.source, one.default_source] for one in changed
    ]
    chosen = [
        f"{group} {shown(chosen_file(run, group))}"
        for group in ("disease", "cohort")
        if chosen_file(run, group)
    ]
    if rows:
        blocks.append(
            Text(
                (f"Chosen files: {listed(chosen)}. " if chosen else "")
                + f"The defaults are the disease {_usual_disease(run)} and the cohort {USUAL_COHORT}."
            )
        )
        blocks.append(
            Table(
                "Numbers of this run that differ from the shipped defaults",
                ["Number", "Value", "Default", "Source of the value", "Source of the default"],
                rows,
                numbers=False,
            )
        )
    varied = _varied(run)
    if varied:
        blocks.append(
            Table(
                "What this run varies",
                ["What", "Values", "Default", "Source of the default"],
                varied,
                numbers=False,
            )
        )
    if run.sampled:
        members = run.tables.get("members")
        if members is not None:
            keys = [str(name) for name in members.columns if name != "member"]
            of = shown(mapping(run.manifest.get("posterior")).get("file", "conf/posterior.csv"))
            blocks.append(
                Text(
                    f"Each of {len(members):,} members of the posterior sample ({of}) sets {len(keys):,} "
                    "numbers jointly; members.csv holds them."
                )
            )
    if not blocks and run.config.get("surgery") is not None:
        blocks.append(
            Text("All numbers of the disease are the shipped ones, with the sources that conf/ states.")
        )
    return [*blocks, *_cohort(run)]


def _varied(run: RunRead) -> list[list[Cell]]:
    design = run.tables.get("design")
    rows: list[list[Cell]] = []
    for name in run.swept if design is not None else ():
        section, _, key = name.partition(".")
        values = [shown(value) for value in dict.fromkeys(map(_plain, design[name]))]  # type: ignore[index]
        stated = ", ".join(values[:6]) + (f" and {len(values) - 6} more" if len(values) > 6 else "")
        default, words = _default_of(section, key)
        rows.append([name, stated, "" if default is None else _number(default), words])
    return rows


def _default_of(section: str, key: str) -> tuple[Any, Sources]:
    key = key.partition("[")[0]
    if section in shipped_disease():
        default = shipped_disease()[section].get(key)
        return default, _sources(comments(f"parameters/{section}").get(key, ""))
    if section == "cohort" and key:
        usual, said = shipped_file("cohort", USUAL_COHORT)
        return usual.get(key), _sources(said.get(key, ""))
    return None, Sources((), "a lever or a file")


def _cohort(run: RunRead) -> list[Block]:
    """Return the cohort number by number, with sources."""
    cohort, chosen = mapping(run.config.get("cohort")), chosen_file(run, "cohort")
    if not cohort or run.varies("cohort"):
        return []
    usual, said = shipped_file("cohort", chosen if chosen in shipped_names("cohort") else USUAL_COHORT)
    rows: list[list[Cell]] = [
        [
            sentence(COHORT.get(key, policy_words(str(key)))),
            "varied" if f"cohort.{key}" in run.swept else _number(value),
            _sources(said.get(key, "")) if _same(usual.get(key), value) else Sources((), "set in this run"),
        ]
        for key, value in cohort.items()
        if key != USUAL_CARE
    ]
    return [Table("The cohort, number by number", ["Number", "Value", "Source"], rows, numbers=False)]


def _sources(comment: str) -> Sources:
    found = ids_in(comment)
    words = ASSUMPTION if ASSUMPTION in found else "" if found else "none stated"
    return Sources(tuple(name for name in found if name != ASSUMPTION), words)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _number(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_number, value))}]"
    if isinstance(value, float):
        return f"{value:.6g}"
    return shown(value)


def _same(one: object, other: object) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return float(one) == float(other)
    return one == other
