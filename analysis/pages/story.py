"""One patient's course under each policy, side by side: what happens, where the courses diverge, and why."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Any, NamedTuple

import numpy as np

from analysis.words import harm
from analysis.words.guideline import by_group, condition_words, group_words, groups_in
from analysis.words.report import lever_words, setting_words
from analysis.words.sentences import Said
from analysis.words.terms import ORIGIN, listed
from analysis.words.vocabulary import ANSWERS_TO, SETTING, VOCABULARY
from analysis.words.wording import policy_words, sentence
from sim.events import Event
from sim.patient import YEAR_DAYS, Cause, FoundBy, Margin, Route

WIDTH = 110
ABREAST = 3  # columns side by side; more are hard to read
PARTS = "◆"
SAME = "the same"
TOGETHER = ("plane", "crm_mm", "perforated", "leaked", "abscess")  # fields on which each lever acts alone
HARM_LABEL = "harm"
OPERATIONS = (Event.RESECTION, Event.PRIMARY_EMERGENCY)  # their own words say what stoma is made
PLACED = ("plan", "risk_group")  # which numbers a policy's groups have: what is done differs or does not
QUEUES = ("waiting", "waited_days", "agenda")  # what a queue changes without anything having happened


class Moment(NamedTuple):
    """An event of a patient: the day from diagnosis, the row before and after it, the days waited for it."""

    day: float
    event: int
    before: Any
    after: Any
    waited_days: float


@dataclass(frozen=True)
class Life:
    """A patient's course, the same under all the policies named."""

    policies: tuple[str, ...]
    moments: tuple[Moment, ...]

    @property
    def end(self) -> Any:
        """The row at the end of follow-up."""
        return self.moments[-1].after


class Parting(NamedTuple):
    """Where courses that were the same diverge: the day and event of the first difference.

    ``moment``: its place among the moments; ``groups``: the policies that still share a course after it;
    ``changed``: the fields of the row that differ.
    """

    day: float
    event: int
    moment: int
    groups: tuple[tuple[str, ...], ...]
    changed: tuple[str, ...]


class Line(NamedTuple):
    """A line of a story: the day, what is said, whether courses diverge here, and whether nobody sees it."""

    day: float
    label: str
    said: tuple[Said, ...]
    parts: bool = False
    hidden: bool = False


def differing(one: Any, other: Any, ignored: Sequence[str] = ()) -> list[str]:
    """Return the fields in which two rows differ; ``agenda.X`` for each event that is booked otherwise.

    The number of a group is no difference: what is done to its patients may be.
    """
    fields = []
    for name in one.dtype.names:
        if name in ignored or name in PLACED or np.array_equal(one[name], other[name]):
            continue
        if name == "agenda":
            fields += [f"agenda.{event.name}" for event in Event if one[name][event] != other[name][event]]
        else:
            fields.append(name)
    return fields


def where_lives_part(lives: Sequence[Life]) -> tuple[list[Life], list[Parting]]:
    """Return the courses that differ, each with all its policies, and where they diverge, by day.

    Where there are queues, what is merely booked or waited for is no difference until something happens.
    """
    queued = any(moment.waited_days > 0.0 for life in lives for moment in life.moments)
    partings: list[Parting] = []
    different: list[Life] = []

    def split(group: list[Life], start: int) -> None:
        for k in range(start, max(len(life.moments) for life in group)):
            branches: list[list[Life]] = []
            changed: list[str] = []
            for life in group:
                for branch in branches:
                    fields = _difference(branch[0], life, k, QUEUES if queued else ())
                    if fields is None:
                        branch.append(life)
                        break
                    changed += [field for field in fields if field not in changed]
                else:
                    branches.append([life])
            if len(branches) > 1:
                at = min((life.moments[k] for life in group if k < len(life.moments)), key=lambda m: m[:2])
                groups = tuple(tuple(name for life in b for name in life.policies) for b in branches)
                partings.append(Parting(at.day, at.event, k, groups, tuple(changed)))
                for branch in branches:
                    split(branch, k + 1)
                return
        different.append(Life(tuple(name for life in group for name in life.policies), group[0].moments))

    split(list(lives), 0)
    return different, sorted(partings, key=lambda parting: (parting.day, parting.moment))


def _difference(one: Life, other: Life, k: int, ignored: Sequence[str]) -> list[str] | None:
    """Return the fields that differ at moment k, or None where it is the same moment."""
    if k >= min(len(one.moments), len(other.moments)):
        return None if len(one.moments) == len(other.moments) else []
    a, b = one.moments[k], other.moments[k]
    if a[:2] != b[:2]:
        return []
    return differing(a.after, b.after, ignored) or None


def why(parting: Parting, levers: Mapping[str, Mapping[str, Any]], words: Mapping[str, str]) -> str:
    """Return why courses diverge: the levers that act here with their setting by policy, or what changed.

    ``levers``: their settings by policy; ``words``: what each lever does.
    """
    firsts = [group[0] for group in parting.groups]
    acted: list[str] = []
    for field in parting.changed:
        differ = [v for v in ANSWERS_TO.get(field, ()) if len({str(levers[name][v]) for name in firsts}) > 1]
        # Of several levers that decide together, the first that differs is named.
        together = differ if field in TOGETHER else differ[:1]
        acted += [lever for lever in together if lever not in acted]
    if not acted and not parting.changed:
        return "The wait differs: others in the queue are treated differently."
    if not acted:
        fields = listed([field.replace("_", " ") for field in parting.changed[:3]])
        return f"What changed: {fields}."
    stated = []
    for lever in acted:
        settings = [f"{_setting(levers[group[0]][lever])} under {_names(group)}" for group in parting.groups]
        stated.append(f"{sentence(words[lever].split(';')[0])} ({lever}): {'; '.join(settings)}.")
    return " ".join(stated)


def _setting(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return str(value["name"]).replace("_", " ")
    return f"{value:g}" if isinstance(value, float) else SETTING.get(value, str(value).replace("_", " "))


def _names(policies: Sequence[str]) -> str:
    return listed([policy_words(name) for name in policies])


def in_short(life: Life, horizon_years: float) -> str:
    """Return the outcome of a course, in a line."""
    end = life.end
    parts = []
    parts += _organ(end)
    if end["found_by"] != FoundBy.NOT_FOUND:
        years = (end["recurrence_found_day"] - end["diagnosed_day"]) / YEAR_DAYS
        source = ORIGIN[Route(end["recurrence_route"])]
        parts.append(f"local recurrence found after {years:.1f} years (its source: {source})")
        if end["salvage_margin"] != Margin.NONE:
            parts.append(f"operated again, {Margin(end['salvage_margin']).name}")
    else:
        parts.append("no local recurrence found")
    if end["metastasis_found_by"] != FoundBy.NOT_FOUND:
        years = (end["metastasis_found_day"] - end["diagnosed_day"]) / YEAR_DAYS
        parts.append(f"distant metastases found after {years:.1f} years")
    if end["death_cause"] == Cause.ALIVE:
        lives_with = harm.left_with(end, end["diagnosed_day"] + horizon_years * YEAR_DAYS)
        parts.append(f"alive after {horizon_years:g} years" + (f", with {lives_with}" if lives_with else ""))
    else:
        years = (end["death_day"] - end["diagnosed_day"]) / YEAR_DAYS
        of = {
            Cause.OTHER: "of other causes",
            Cause.OPERATIVE: "after an operation",
            Cause.CANCER: "of the cancer",
        }
        lived_with = harm.left_with(end, np.nextafter(end["death_day"], 0.0))
        dies = f"dies {of[Cause(end['death_cause'])]} after {years:.1f} years"
        parts.append(dies + (f", with {lived_with} until then" if lived_with else ""))
    return "; ".join(parts)


def _organ(end: Any) -> list[str]:
    """Return what became of a rectum that was kept, or of a tumour that was never resected."""
    resected = np.isfinite(end["operated_day"])
    if np.isfinite(end["watch_from_day"]):
        if not np.isfinite(end["regrowth_found_day"]):
            return ["the rectum is kept" if not resected else "the rectum is kept at first, then resected"]
        years = (end["regrowth_found_day"] - end["watch_from_day"]) / YEAR_DAYS
        fate = "resected" if resected else "not resected"
        return [f"the rectum is kept; a regrowth is found {years:.1f} years later, and {fate}"]
    if end["never_resected"]:
        return ["the tumour is not resected"]
    return ["operated on as an emergency"] if end["emergency"] else []


def when(day: float) -> str:
    """Return a time from diagnosis as people say it."""
    if day < 100:
        return f"day {day:.0f}"
    months = day / YEAR_DAYS * 12
    return f"month {months:.0f}" if months < 24 else f"year {day / YEAR_DAYS:.1f}"


def lines_of(
    life: Life, start: int, stop: int, parts_at: Sequence[int], days: tuple[float, float] = (0.0, np.inf)
) -> list[Line]:
    """Return the lines of a course's moments ``start`` to ``stop - 1``; visits without findings share one.

    ``days``: from which day on, and before which, harm has lines too.
    """
    lines = _harm_lines(life, days)
    numbered = list(enumerate(life.moments))[start:stop]
    for quiet, run in groupby(numbered, key=lambda pair: _is_quiet(pair[1]) and pair[0] not in parts_at):
        moments = list(run)
        if quiet and len(moments) > 1:
            lines.append(_quiet_visits([moment for _, moment in moments]))
            continue
        for k, moment in moments:
            words = VOCABULARY[Event(moment.event)]
            said = words.sentences(moment.before, moment.after)
            if moment.waited_days >= 0.5:
                waited = f"{moment.waited_days:.0f} day" + ("" if round(moment.waited_days) == 1 else "s")
                said.insert(0, Said(f"After {waited} in the queue."))
            hidden = all(one.hidden for one in said)
            lines.append(Line(moment.day, words.label, tuple(said), k in parts_at, hidden))
    # What harm begins with an operation follows it.
    return sorted(lines, key=lambda line: (line.day, line.label == HARM_LABEL))


def _harm_lines(life: Life, days: tuple[float, float]) -> list[Line]:
    """Return the lines on harm that begins or ends between two days from diagnosis, the second left out."""
    begun = float(life.end["diagnosed_day"])
    operated = [begun + moment.day for moment in life.moments if Event(moment.event) in OPERATIONS]
    found = [(change.day - begun, change.text) for change in harm.changes(life.end, operated)]
    return [Line(day, HARM_LABEL, (Said(text),)) for day, text in found if days[0] <= day < days[1]]


def _is_quiet(moment: Moment) -> bool:
    if moment.event not in (Event.VISIT, Event.WATCH_VISIT) or moment.waited_days >= 0.5:
        return False
    said = VOCABULARY[Event(moment.event)].sentences(moment.before, moment.after)
    return not any(one.hidden for one in said) and said[0].text.lower().endswith("nothing found.")


def _quiet_visits(moments: list[Moment]) -> Line:
    first, last = moments[0], moments[-1]
    scans = [
        f"{last.after[field] - first.before[field]} with {name}"
        for name, field in (("endoscopy", "endoscopies"), ("CT", "ct_scans"), ("MRI", "mri_scans"))
        if last.after[field] > first.before[field]
    ]
    counted = f" ({listed(scans)})" if scans else ""
    text = f"{len(moments)} up to {when(last.day)}{counted}: nothing found."
    return Line(first.day, "visits", (Said(text),))


class Story(NamedTuple):
    """A patient's story: shared lines, then those of each course from where they diverge."""

    title: str
    note: str
    shorts: list[tuple[str, str]]  # policies, what came of it
    placed: list[tuple[str, str]]  # policy, in which risk groups the patient was and what these get
    shared: list[Line]
    partings: list[tuple[str, str]]  # when, why
    columns: list[tuple[str, list[Line]]]  # policies, lines


def story(
    number: int,
    lives: Sequence[Life],
    levers: Mapping[str, Mapping[str, Any]],
    lever_words: Mapping[str, str],
    horizon_years: float,
    note: str = "",
) -> Story:
    """Return the story of the patient of this number, from a course for each policy in the run's order."""
    different, partings = where_lives_part(lives)
    first = VOCABULARY[Event.DIAGNOSIS].sentences(*lives[0].moments[0][2:4])[0].text
    shared_until = partings[0].moment if partings else len(different[0].moments)
    horizon_days = horizon_years * YEAR_DAYS
    parted = partings[0].day if partings else horizon_days
    shared = lines_of(different[0], 0, shared_until, (), (0.0, parted))
    columns = []
    if partings:
        for life in different:
            own = [p.moment for p in partings if any(set(life.policies) <= set(group) for group in p.groups)]
            lines = lines_of(life, shared_until, len(life.moments), own, (parted, horizon_days))
            columns.append((_heading(life.policies), lines))
    shorts = [(_heading(life.policies), in_short(life, horizon_years)) for life in different]
    placed = [
        (_heading(life.policies), words)
        for life in lives
        if (words := placed_words(life.end["risk_group"], levers[life.policies[0]]))
    ]
    stated = [
        (f"{when(p.day)}, {VOCABULARY[Event(p.event)].label}", why(p, levers, lever_words)) for p in partings
    ]
    if len(lives) > 1 and not partings:
        stated = [
            ("never", "No difference between the policies affects this patient: the courses are the same.")
        ]
    return Story(f"Patient {number}. {first}", note, shorts, placed, shared, stated, columns)


def placed_words(found: Sequence[int], levers: Mapping[str, Any]) -> str:
    """Return the risk groups of a patient and what each gets; nothing under a policy without a guideline.

    ``found``: the number of the group at each moment, as the row has it; ``levers``: the policy's, in full.
    """
    groups, own = groups_in(levers), by_group(levers)
    said = []
    for group in (groups[k] for k in found if k >= 0):
        gets = [
            f"{lever_words(name.partition('.')[2])}: {setting_words(value)}"
            for name, value in own.items()
            if name.partition(".")[0] == group.group
        ]
        said.append(
            f"group {group_words(group.group)} {group.moment} ({condition_words(group.condition)}); "
            + (", ".join(gets) or "treated as all are")
        )
    return "; ".join(said)


def _heading(policies: Sequence[str]) -> str:
    return "; ".join(sentence(policy_words(name)) for name in policies)


# The two forms of a story: columns for a terminal, tables for a page.


def _line_text(line: Line) -> str:
    """Return a line's text; hidden sentences are in square brackets."""
    label = f"{sentence(line.label)}."
    marked = f"{PARTS} " if line.parts else ""
    if line.hidden:
        return f"{marked}[{' '.join([label, *(said.text for said in line.said)])}]"
    texts = [f"[{said.text}]" if said.hidden else said.text for said in line.said]
    return marked + " ".join([label, *texts])


HIDDEN = "In square brackets: what nobody sees at the time."


def as_text(stated: Story) -> str:
    """Return the story for a terminal, at most 110 characters wide."""
    parts = [_wrapped(stated.title, 0), [stated.note] if stated.note else [], [HIDDEN], [""]]
    parts.append(["In short"])
    for heading, short in stated.shorts:
        parts.append(_wrapped(f"{heading}: {short}.", 2))
    if stated.placed:
        parts.append(["", "Risk group"])
        parts += [_wrapped(f"{heading}: {words}.", 2) for heading, words in stated.placed]
    if stated.shared:
        parts += [["", "Under every policy" if stated.columns or len(stated.shorts) > 1 else "The course"]]
        parts += [_timed(line) for line in stated.shared]
    parts.append([""])
    for k, (moment, reason) in enumerate(stated.partings):
        diverge = f"{PARTS} The courses diverge: {moment}."
        head = diverge if moment != "never" else "The courses never diverge."
        parts.append(_wrapped(f"{head if k == 0 else f'{PARTS} Then, {moment}.'} {reason}", 2 if k else 0))
    for first in range(0, len(stated.columns), ABREAST):
        parts += [[""], _abreast(stated.columns[first : first + ABREAST])]
    return "\n".join(line.rstrip() for part in parts for line in part).rstrip() + "\n"


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2))


def _timed(line: Line) -> list[str]:
    head = f"  {when(line.day):<10}"
    return textwrap.wrap(_line_text(line), WIDTH, initial_indent=head, subsequent_indent=" " * len(head))


def rows_abreast(columns: Sequence[tuple[str, list[Line]]]) -> list[tuple[float, list[Line | None]]]:
    """Return the lines of several courses by day: those of one day share a row, in their order."""
    rows = []
    for day in sorted({line.day for _, lines in columns for line in lines}):
        cells = [[line for line in lines if line.day == day] for _, lines in columns]
        rows += [(day, list(row)) for row in zip_longest(*cells)]
    return rows


def _cells(cells: list[Line | None], write: Callable[[Line], str]) -> list[str]:
    """Return the texts of a row; a text that repeats the column before it is replaced."""
    texts = [write(line) if line else "" for line in cells]
    return [SAME if k and text and text == texts[k - 1] else text for k, text in enumerate(texts)]


def _abreast(columns: list[tuple[str, list[Line]]]) -> list[str]:
    left, gap = 10, 3
    width = (WIDTH - left) // len(columns) - gap

    def row(first: str, cells: list[list[str]]) -> list[str]:
        lines = []
        for k in range(max(map(len, cells), default=0)):
            texts = [cell[k] if k < len(cell) else "" for cell in cells]
            bars = "".join(f"│ {text:<{width}} " for text in texts)
            lines.append(f"{first if k == 0 else '':<{left}}{bars}")
        return lines

    out = row("", [textwrap.wrap(heading, width) for heading, _ in columns])
    rule = "─" * (width + 2)
    out.append("─" * left + "".join(f"┼{rule}" for _ in columns))
    for day, cells in rows_abreast(columns):
        out += row(when(day), [textwrap.wrap(text, width) for text in _cells(cells, _line_text)])
    return out


def as_markdown(stated: Story, picture: str | None = None) -> str:
    """Return the story as a page."""
    parts = [f"# {stated.title}", ""]
    parts += [f"{stated.note} {HIDDEN}".strip(), ""]
    parts += [f"- **{heading}**: {short}." for heading, short in stated.shorts]
    if stated.placed:
        parts += ["", "Risk group:", ""]
        parts += [f"- **{heading}**: {words}." for heading, words in stated.placed]
    if picture:
        parts += ["", f"![The courses on one axis of time]({picture})"]
    if stated.shared:
        parts += ["", "## Under every policy" if stated.columns else "## The course", ""]
        parts += ["| when | what |", "|---|---|"]
        parts += [f"| {when(line.day)} | {_cell(line)} |" for line in stated.shared]
    if stated.partings:
        parts += ["", "## Where the courses diverge", ""]
        parts += [f"- **{sentence(moment)}.** {reason}" for moment, reason in stated.partings]
    if stated.columns:
        parts += ["", "| when | " + " | ".join(heading for heading, _ in stated.columns) + " |"]
        parts.append("|---" * (len(stated.columns) + 1) + "|")
        for day, cells in rows_abreast(stated.columns):
            parts.append(f"| {when(day)} | {' | '.join(_cells(cells, _cell))} |")
    return "\n".join(parts) + "\n"


def _cell(line: Line) -> str:
    marked = f"{PARTS} " if line.parts else ""
    label = f"**{sentence(line.label)}.**"
    if line.hidden:
        return f"{marked}[{label} *{' '.join(said.text for said in line.said)}*]"
    texts = [f"[*{said.text}*]" if said.hidden else said.text for said in line.said]
    return marked + " ".join([label, *texts])
