"""One patient's life under each policy, told and drawn."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.input_error import InputError
from conf.policies import LEVERS
from conf.telling import PatientRun, read_patient
from experiments.request import Request
from experiments.run_folder import run_folder

if TYPE_CHECKING:
    import numpy as np

    from analysis.story import Life
    from experiments.find import Wanted

LISTED = 10  # patients that a condition names


def patient(asked: Request) -> Path:
    """Tell one patient's life under every policy, side by side, and draw it; return the folder.

    Raises InputError for input that cannot be run, and where no patient fits the condition.
    """
    run = read_patient(asked.config)
    from experiments.find import Wanted

    condition = Wanted(run.find) if run.find is not None else None
    with run_folder("patient", run, asked.command, asked.choices) as folder:
        import pandas as pd

        from analysis import look
        from analysis.story import as_markdown, as_text, story, told_apart
        from analysis.timeline import timeline
        from experiments.journal import journal_table
        from sim.clinic import is_unlimited

        number, fitting, more = run.number, [], False
        if condition:
            fitting, more = found(run, condition)
            number = fitting[0]
        assert number is not None
        witnessed = witness(run, number)
        lives = [life for life, _ in witnessed]
        levers = {policy.name: policy.levers() for policy in run.policies}
        words = {lever: kind.words for lever, kind in LEVERS.items()}
        note = f"Seed {run.seed}, followed for {run.horizon_years:g} years."
        if not is_unlimited(run.clinic):
            note += f" One of {run.patients} patients who queue in one clinic."
        told = story(number, lives, levers, words, run.horizon_years, note)
        parts = [
            journal_table(life.policies[0], rows, entries, run.horizon_years)
            for life, (rows, entries) in witnessed
        ]
        folder.table("journal.csv", pd.concat(parts, ignore_index=True))
        different, partings = told_apart(lives)
        look.save(timeline(number, different, partings, run.horizon_years), folder.path, "timeline")
        (folder.path / "story.md").write_text(as_markdown(told, "timeline.png"), "utf-8")
        if condition:
            print(_which(run, fitting, more))
        print(as_text(told))
    return folder.final


def _which(run: PatientRun, fitting: Sequence[int], more: bool) -> str:
    first, *others = fitting
    if not others:
        return f"{run.find}: patient {first} fits, and no other does.\n"
    names = ", ".join(map(str, others)) + (" and more" if more else "")
    return f"{run.find}: patient {first} fits; so do {names}. To tell another: number={others[0]}\n"


def found(run: PatientRun, condition: "Wanted") -> tuple[list[int], bool]:
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
    """Yield the cohort in blocks: the first number, and the rows by policy."""
    from experiments.lives import BLOCK, live_block, worlds_of
    from sim.clinic import is_unlimited

    worlds = worlds_of(run)
    if is_unlimited(run.clinic):
        for first in range(0, run.patients, BLOCK):
            yield first, live_block(run, worlds, first, min(first + BLOCK, run.patients))
    else:
        yield 0, {name: attend(run, world) for name, world in worlds.items()}


def attend(run: PatientRun, world: "np.ndarray", number: int | None = None) -> Any:
    """Return the rows of the whole cohort, lived in the run's clinic from its first day; who waits for whom
    can be anybody. With a number, return the rows and that patient's journal."""
    from sim.clinic import arrival_days
    from sim.clocks.simpy_clock import live_in_clinic
    from sim.events import Event
    from sim.luck import draw_luck
    from sim.patient import YEAR_DAYS, new_patients

    rows = new_patients(0, run.patients)
    luck = draw_luck(0, run.patients, run.seed, run.replication)
    rows["agenda"][:, Event.DIAGNOSIS] = arrival_days(luck["arrival"], run.clinic["arrivals_per_year"])
    journal = None if number is None else Witness(rows, number)
    live_in_clinic(rows, luck, world, run.clinic, run.horizon_years * YEAR_DAYS, journal)
    return rows if journal is None else (rows, journal)


class Witness(list):
    """A journal that also keeps the row of one patient as it was before each event."""

    def __init__(self, rows: "np.ndarray", place: int) -> None:
        super().__init__()
        self.rows, self.place = rows, place
        self.states: list[Any] = []

    def append(self, entry: tuple[float, int, int]) -> None:
        """Note an event of the patient; the others are not kept."""
        if entry[1] == self.place:
            super().append(entry)
            self.states.append(self.rows[self.place].copy())


def witness(run: PatientRun, number: int) -> list[tuple["Life", tuple["np.ndarray", Witness]]]:
    """Return the patient's life under each policy, with the row and the journal."""
    from analysis.story import Life, Moment
    from conf.schema import world_tree
    from sim.clinic import is_unlimited
    from sim.clocks.simpy_clock import live
    from sim.luck import draw_luck
    from sim.parameters import pack
    from sim.patient import YEAR_DAYS, new_patients

    result = []
    for policy in run.policies:
        world = pack(world_tree(run, policy))
        if is_unlimited(run.clinic):
            rows = new_patients(number, number + 1)
            luck = draw_luck(number, number + 1, run.seed, run.replication)
            journal = Witness(rows, 0)
            live(rows, luck, world, run.horizon_years * YEAR_DAYS, journal)
        else:
            rows, journal = attend(run, world, number)
        place = journal.place
        states = [*journal.states, rows[place].copy()]
        moments, begun = [], float(rows["diagnosed_day"][place])
        for k, (day, _, event) in enumerate(journal):
            before, after = states[k], states[k + 1]
            had = states[k - 1]["waited_days"][event] if k else 0.0
            moments.append(
                Moment(day - begun, event, before, after, float(before["waited_days"][event] - had))
            )
        entries = [(day, 0, event) for day, _, event in journal]
        result.append((Life((policy.name,), tuple(moments)), (rows[place : place + 1], entries)))
    return result
