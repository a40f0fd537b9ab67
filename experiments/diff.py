"""What differs between two runs: their configurations, the code, and what they found; or between policies."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.economics import ECONOMICS, reference
from conf.input_error import InputError, shown
from conf.numbers import number_of
from conf.own_file import read_yaml
from conf.policies import BASE, LEVERS
from conf.received import file_within
from conf.run import leaf_values
from conf.schema import shipped, shipped_sections
from conf.stated_sources import ASSUMPTION, comments, ids_in, shipped_names
from experiments.checklist import origins_of
from experiments.draw import read_whole
from experiments.policy_diff import KEY_WORDS as KEY_WORDS
from experiments.policy_diff import policy_diff
from experiments.reproduce import differing_between
from experiments.results.received_run import ReceivedRun, received_run
from experiments.results.run_words import settings_in

if TYPE_CHECKING:
    import pandas as pd

# Keys of a resolved configuration that change nothing that is found.
NOT_FOUND_BY = ("out", "pictures", "rows", "journal", "clock", "compute", "workers")
LISTED = 30
NO_KEY = "no such key"
# The shipped file that has every number of a section; of the disease it is parameters/SECTION.
SHIPPED = {
    "cohort": "cohort/dutch_contemporary",
    "clinic": "clinic/unlimited",
    "economics": "economics/dutch",
}
UNPAIRED = "*"


def diff(words: Sequence[str]) -> str:
    """Return what differs between two runs, each a folder or a zip, or between two policies.

    A word that is a folder or a file is a run, unless settings follow, which are of policies. Raises
    InputError for what is neither.
    """
    settings = settings_in(words, KEY_WORDS)
    words = [word for word in words if "=" not in word]
    if len(words) != 2:
        raise InputError(
            f"{' '.join(words)}: name two runs, as in: lrrc diff runs/compare/A runs/compare/B, or policies"
        )
    for key, value in settings.items() if any(map(_is_path, words)) else ():
        raise InputError(f"{key}={shown(value)}: two runs take no settings; they are of two policies")
    if settings or not any(_is_path(word) or Path(word).expanduser().exists() for word in words):
        return policy_diff((words[0], words[1]), settings)
    with received_run(words[0]) as one, received_run(words[1]) as other:
        parts = [
            [
                f"A: {one.name} ({one.manifest.get('command')})",
                f"B: {other.name} ({other.manifest.get('command')})",
            ],
            _section("configuration", configuration(one, other)),
            _section("code and machine", differing_between(one.manifest, other.manifest)),
            _section("results", list(results(one, other))),
        ]
    return "\n\n".join("\n".join(part) for part in parts)


def _is_path(word: str) -> bool:
    return "/" in word or "\\" in word or word.endswith(".zip")


def _section(title: str, lines: Sequence[str]) -> list[str]:
    more = [f"  and {len(lines) - LISTED} more"] if len(lines) > LISTED else []
    return [title, *(f"  {line}" for line in lines[:LISTED] or ["the same"]), *more]


def configuration(one: ReceivedRun, other: ReceivedRun) -> list[str]:
    """Return the keys that differ, settings, levers and numbers, with both values and where each is from.

    A policy that only one of the runs has is one line, with the levers that are not those of ``tme_alone``.
    """
    differing = _differing(one, other)
    if not differing and one.experiment == other.experiment:
        return []
    sources = [Sources(run) for run in (one, other)]
    lines = []
    if one.experiment != other.experiment:
        lines.append(f"experiment: {one.experiment}, then {other.experiment}")
    alone: dict[str, list[str]] = {}
    for key, pair in differing.items():
        policy = _policy_of(key, pair)
        if policy:
            side = 0 if pair[1] == NO_KEY else 1
            heading = f"{policy}: only in {'AB'[side]}"
            alone.setdefault(heading, [])
            lever = key.removeprefix(f"{policy}.").removesuffix(".name")  # of a schedule of follow-up
            if lever in LEVERS and pair[side] != shipped(f"policy/{BASE}")[lever]:
                alone[heading].append(f"{lever} {shown(pair[side])}{sources[side].words(key)}")
        else:
            then, now = (
                value if value == NO_KEY else f"{shown(value)}{source.words(key)}"
                for value, source in zip(pair, sources, strict=True)
            )
            lines.append(f"{key}: {then}, then {now}")
    for heading, levers in alone.items():
        lines.append(f"{heading}; {'; '.join(levers)}" if levers else heading)
    return lines


def _policy_of(key: str, pair: tuple[Any, Any]) -> str:
    """Return ``policy.NAME`` where a key is of a policy that only one of two runs has, or nothing."""
    parts = key.split(".")
    return ".".join(parts[:2]) if NO_KEY in pair and parts[0] == "policy" and len(parts) > 2 else ""


class Sources:
    """Where the values of a run come from, and what these rest on, as far as is known."""

    def __init__(self, run: ReceivedRun) -> None:
        self.run = run
        self.found = origins_of(run)

    def words(self, key: str) -> str:
        """Return where a value is from, in brackets, with the ids of its evidence; or nothing."""
        section, _, name = key.partition(".")
        if section == "policy":
            policy, of_schedule, _ = name.partition(".follow_up.")
            return (
                self._of_lever(policy, "follow_up") if of_schedule else self._of_lever(*name.rsplit(".", 1))
            )
        # A price that states its currency and year is a group of keys there.
        origin = self.found.get(key) or self.found.get(f"{key}.value", "")
        if not origin:
            return ""
        rests_on: Sequence[str] = ()
        if section in shipped_sections() or section in SHIPPED:
            file = SHIPPED.get(section, f"parameters/{section}")
            numbers = reference() if section == ECONOMICS else shipped(file)
            if name in numbers:
                number = number_of(key, numbers[name], origin)
                rests_on = (*number.sources, *([ASSUMPTION] if number.assumed else []))
        return _brackets(origin, rests_on)

    def _of_lever(self, policy: str, lever: str) -> str:
        """Return which file of a policy (``a`` or ``b`` of ``a+b``) sets a lever."""
        for part in [*policy.split("+"), BASE]:
            place = f"policy/{part}.yaml"
            if place in self.run.manifest["inputs"]:
                own = read_yaml(file_within(self.run.inputs / place), place)
                if lever in own:
                    return _brackets(f"your file, {place}", ())
            elif part in shipped_names("policy") and lever in shipped(f"policy/{part}"):
                said = comments(f"policy/{part}").get(lever, "")
                return _brackets(f"conf/{place}", ids_in(said))
        return ""


def _brackets(origin: str, rests_on: Sequence[str]) -> str:
    return f" ({origin}; rests on {', '.join(rests_on)})" if rests_on else f" ({origin})"


def _differing(one: ReceivedRun, other: ReceivedRun) -> dict[str, tuple[Any, Any]]:
    """Return both values of each key of the configuration that differs, sorted by key."""
    then, now = _resolved(one), _resolved(other)
    pairs = {key: (then.get(key, NO_KEY), now.get(key, NO_KEY)) for key in sorted({*then, *now})}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def _resolved(run: ReceivedRun) -> dict[str, Any]:
    tree = read_yaml(file_within(run.folder / "config.yaml"), f"{run.name}: config.yaml")
    leaves = leaf_values(tree).items()
    return {key: value for key, value in leaves if key.partition(".")[0] not in NOT_FOUND_BY}


def results(one: ReceivedRun, other: ReceivedRun) -> Iterator[str]:
    """Yield what differs between the tables of two runs; of estimates, with the interval of the difference.

    Where both runs kept the rows of the same patients, intervals of incidence and survival are paired. All
    others combine the intervals of both as if the patients were others; with common random numbers these are
    too wide.
    """
    digests = [run.table_digests() for run in (one, other)]
    for letter, run in zip("AB", (one, other), strict=True):
        for table in sorted(run.table_digests()):
            noted = "file_sha256" in run.manifest["tables"][table]  # not by early versions
            if noted and (run.folder / table).is_file() and run.altered(table):
                yield f"{table}: was altered in {letter} since the run"
    for table in sorted({*digests[0], *digests[1]}):
        if table not in digests[1] or table not in digests[0]:
            yield f"{table}: only in {'A' if table in digests[0] else 'B'}"
        elif digests[0][table] != digests[1][table] and table != "outcomes.csv":
            yield f"{table}: differs"
    if (
        all("outcomes.csv" in tables for tables in digests)
        and digests[0]["outcomes.csv"] != digests[1]["outcomes.csv"]
    ):
        yield from _outcomes(one, other)


def _outcomes(one: ReceivedRun, other: ReceivedRun) -> Iterator[str]:
    import numpy as np

    from analysis.words.wording import HEADLINE_YEARS

    tables = [read_whole(run.folder / "outcomes.csv") for run in (one, other)]
    keys = [name for name in tables[0] if name not in ("n", "estimate", "ci_low", "ci_high", "unit")]
    if any(list(table.columns) != list(tables[0].columns) for table in tables):
        yield "outcomes.csv: has other columns"
        return
    for run, table in zip((one, other), tables, strict=True):
        for name in ("estimate", "ci_low", "ci_high"):
            if name in table and table[name].dtype.kind not in "iuf":
                raise InputError(f"{run.name}: outcomes.csv: {name} holds words where numbers belong")
    both = tables[0].merge(tables[1], on=keys, suffixes=("", "_then"))
    paired = _same_patients(one, other)
    alone = len(tables[0]) + len(tables[1]) - 2 * len(both)
    yield f"outcomes.csv: {len(both):,} rows in both, {alone:,} in one alone"
    how = "not paired, so too wide where both runs share random numbers"
    if paired:
        how = f"paired, the patients are the same; {UNPAIRED} not paired, and so too wide"
    yield f"differences, B less A, of whole cohorts; intervals of simulated luck, {how}"
    whole = (both[["mechanism", "compartment", "group"]] == "all").all(axis=1)
    for _, row in both[whole & both["horizon_years"].fillna(0.0).isin([0.0, HEADLINE_YEARS])].iterrows():
        change = row["estimate_then"] - row["estimate"]
        if not np.isfinite(change) or change == 0:
            continue
        halves = [(row[f"ci_high{end}"] - row[f"ci_low{end}"]) / 2 for end in ("", "_then")]
        half = float(np.hypot(*halves))
        mark = UNPAIRED if paired else ""
        if paired and (error := _paired_half(paired, row)) is not None:
            half, mark = error, ""
        at = f" at {row['horizon_years']:g} years" if row["horizon_years"] > 0 else ""
        interval = f"{change - half:.4g} to {change + half:.4g}"
        yield f"{row['policy']}, {row['outcome']}{at}: {change:+.4g} ({interval}){mark}"


Paired = tuple["pd.DataFrame", "pd.DataFrame"]
# Outcomes that the rows of patients.parquet have as a day, counted from diagnosis.
DAYS = {
    "local_recurrence": "recurrence_found_day",
    "distant_metastasis": "metastasis_found_day",
    "overall_survival": "death_day",
}


def _same_patients(one: ReceivedRun, other: ReceivedRun) -> "Paired | None":
    name = "patients.parquet"
    if any(name not in run.table_digests() or not (run.folder / name).is_file() for run in (one, other)):
        return None
    if any(key.startswith("cohort.") for key in _differing(one, other)):
        return None
    if any(one.manifest.get(key) != other.manifest.get(key) for key in ("seed", "replication", "patients")):
        return None
    return read_whole(one.folder / name), read_whole(other.folder / name)


def _paired_half(paired: "Paired", row: Any) -> float | None:
    import numpy as np

    from sim.counting.batches import Z95
    from sim.patient import YEAR_DAYS

    column = DAYS.get(row["outcome"])
    if column is None or any(column not in table for table in paired):
        return None
    days = row["horizon_years"] * YEAR_DAYS
    happened = []
    for table in paired:
        mine = table[table["policy"] == row["policy"]].sort_values("number")
        happened.append((mine[column] - mine["diagnosed_day"] <= days).to_numpy(float))
    change = happened[1] - happened[0]
    return float(Z95 * change.std(ddof=1) / np.sqrt(len(change)))
