"""One patient's course under each policy, described and drawn."""

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.input_error import InputError
from conf.patient import PatientRun, read_patient
from conf.policies import LEVERS
from conf.request import Request
from experiments.results.result import Result, folder_or_none, report

if TYPE_CHECKING:
    import numpy as np

    from analysis.pages.story import Life
    from experiments.patient_conditions import PatientCondition

LISTED = 10  # patients that a condition names


def patient(asked: Request) -> Path:
    """Print one patient's life under every policy, side by side, and draw it; return the folder.

    Raises InputError for input that cannot be run, and where no patient fits the condition.
    """
    return report(perform(asked))


def perform(asked: Request, keep: bool = True) -> Result:
    """Simulate one patient under every policy; return the journal, and ``keep`` it in a folder or not.

    Raises InputError for input that cannot be run, and where no patient fits the condition.
    """
    run = read_patient(asked.config)
    from experiments.patient_conditions import PatientCondition

    condition = PatientCondition(run.find) if run.find is not None else None
    with folder_or_none("patient", run, asked, keep) as folder:
        import pandas as pd

        from analysis.pages.story import as_markdown, as_text, story, where_lives_part
        from analysis.pages.timeline import timeline
        from analysis.pictures import look
        from analysis.tables.journal import journal_table
        from sim.clinic.needs import is_unlimited

        number, more = run.number, False
        fitting: list[int] = []
        if condition:
            fitting, more = first_fitting(run, condition)
            number = fitting[0]
        assert number is not None
        witnessed = witness(run, number)
        lives = [life for life, _ in witnessed]
        # What the patient's own plan sets, where groups differ.
        levers = {
            policy.name: {**policy.levers(), **policy.levers_of_plan(int(life.end["plan"]))}
            for policy, life in zip(run.policies, lives, strict=True)
        }
        words = {lever: kind.words for lever, kind in LEVERS.items()}
        note = f"Seed {run.seed}, followed for {run.horizon_years:g} years."
        if not is_unlimited(run.clinic):
            note += f" One of {run.patients} patients who queue in one clinic."
        narrated = story(number, lives, levers, words, run.horizon_years, note)
        parts = [
            journal_table(life.policies[0], rows, entries, run.horizon_years)
            for life, (rows, entries) in witnessed
        ]
        journal = pd.concat(parts, ignore_index=True)
        draw = functools.partial(timeline, number, *where_lives_part(lives), run.horizon_years)
        if folder:
            folder.table("journal.csv", journal)
            look.save(draw(), folder.path, "timeline")
            (folder.path / "story.md").write_text(as_markdown(narrated, "timeline.png"), "utf-8")
        text = as_text(narrated)
    return Result(
        tables={"journal": journal},
        summary=f"{_which(run, fitting, more)}\n{text}" if condition else text,
        patients_per_policy=1,
        policies=[policy.name for policy in run.policies],
        seed=run.seed,
        pictures={"timeline": draw},
        folder=folder.final if folder else None,
    )


def _which(run: PatientRun, fitting: Sequence[int], more: bool) -> str:
    first, *others = fitting
    if not others:
        return f"{run.find}: patient {first} fits, and no other does.\n"
    names = ", ".join(map(str, others)) + (" and more" if more else "")
    return f"{run.find}: patient {first} fits; so do {names}. For another: number={others[0]}\n"


def first_fitting(run: PatientRun, condition: "PatientCondition") -> tuple[list[int], bool]:
    """Return the first numbers that fit the condition, and whether there are more.

    Raises InputError where there is none.
    """
    import numpy as np

    numbers: list[int] = []
    for first, lives in _blocks(run):
        fits = condition.fits(lives, run.comparator.name, run.horizon_years)
        numbers += (first + np.flatnonzero(fits)).tolist()
        if len(numbers) > LISTED:
            break
    if not numbers:
        raise InputError(
            f"find={run.find}: none of the {run.patients} patients fits, under any of the policies "
            f"{', '.join(policy.name for policy in run.policies)}"
        )
    return numbers[:LISTED], len(numbers) > LISTED


def _blocks(run: PatientRun) -> Iterator[tuple[int, "dict[str, np.ndarray]"]]:
    """Yield the cohort in blocks: the first number, and the rows by policy.

    Where patients queue it is one block, in the clinic of ``lrrc compare``.
    """
    from experiments.simulating.cohort import BLOCK, simulate_block, worlds_of
    from experiments.simulating.crowd import attend, warm_up
    from sim.clinic.needs import is_unlimited

    worlds = worlds_of(run)
    if is_unlimited(run.clinic):
        for first in range(0, run.patients, BLOCK):
            yield first, simulate_block(run, worlds, first, min(first + BLOCK, run.patients))
    else:
        before = warm_up(run, worlds).patients
        yield 0, {name: attend(run, world, before).rows for name, world in worlds.items()}


Entry = tuple[float, int, int]  # of a journal: the day, the patient, the event


class Witness(list[Entry]):
    """A journal that also keeps the row of one patient as it was before each event."""

    rows: "np.ndarray"
    place: int

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.states: list[Any] = []

    def among(self, rows: "np.ndarray", first: int) -> "Witness":
        """Watch the patient among these rows, in which the cohort begins at ``first``; return the journal."""
        self.rows, self.place = rows, first + self.number
        return self

    def append(self, entry: Entry) -> None:
        """Note an event of the patient; the others are not kept."""
        if entry[1] == self.place:
            super().append(entry)
            self.states.append(self.rows[self.place].copy())


def witness(run: PatientRun, number: int) -> list[tuple["Life", tuple["np.ndarray", list[Entry]]]]:
    """Return the patient's course under each policy, with the row and the journal.

    It is the course that ``lrrc compare`` counts: where patients queue, among the same other patients.
    """
    from analysis.pages.story import Life, Moment
    from experiments.simulating.cohort import worlds_of
    from experiments.simulating.crowd import attend, warm_up
    from sim.clinic.needs import is_unlimited
    from sim.clocks.simpy_clock import simulate_rows
    from sim.luck import draw_luck
    from sim.patient import YEAR_DAYS, new_patients

    result = []
    worlds = worlds_of(run)
    unlimited = is_unlimited(run.clinic)
    before_them = 0 if unlimited else warm_up(run, worlds).patients
    by_event = dataclasses.replace(run, clock="simpy")  # the compiled clock shows no row between events
    for name, world in worlds.items():
        if unlimited:
            rows = new_patients(number, number + 1)
            luck = draw_luck(number, number + 1, run.seed, run.replication)
            journal = Witness(0).among(rows, 0)
            simulate_rows(rows, luck, world, run.horizon_years * YEAR_DAYS, journal)
        else:
            journal = Witness(number)
            attend(by_event, world, before_them, journal.among)
        rows, place = journal.rows, journal.place
        states = [*journal.states, rows[place].copy()]
        moments, begun = [], float(rows["diagnosed_day"][place])
        for k, (day, _, event) in enumerate(journal):
            before, after = states[k], states[k + 1]
            had = states[k - 1]["waited_days"][event] if k else 0.0
            moments.append(
                Moment(day - begun, event, before, after, float(before["waited_days"][event] - had))
            )
        entries = [(day, 0, event) for day, _, event in journal]
        result.append((Life((name,), tuple(moments)), (rows[place : place + 1], entries)))
    return result
