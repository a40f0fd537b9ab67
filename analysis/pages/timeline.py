"""Picture of one patient's courses on one axis of time, a strip for each course that differs."""

from collections.abc import Callable, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.pages.story import PARTS, Life, Moment, Parting, in_short, when
from analysis.pictures import look
from analysis.words.vocabulary import VOCABULARY
from analysis.words.wording import policy_words, sentence
from sim.events import Event
from sim.patient import YEAR_DAYS, Cause, FoundBy, Harm

STRIP = 0.22  # inches
BELOW = 0.26  # of the strip: the thin bars of metastases and of harm
LABEL = look.SMALL * look.LINE + 0.03
# What every course has, or the colours show.
UNMARKED = (
    Event.DIAGNOSIS,
    Event.STAGING_MRI,
    Event.TEAM_MEETING,
    Event.PATHOLOGY,
    Event.PRIMARY_PROGRESSION,
)


class State(NamedTuple):
    """How a stretch of a course is drawn, and what it means."""

    words: str
    colour: str
    hatch: str | None = None


BEFORE = State("no surgery so far", look.PALE)
FREE = State("no recurrence known", look.SKY)
GROWING = State("recurrence there, unseen", "white", "////")
KNOWN = State("recurrence known", look.VERMILION)
AGAIN = State("after salvage surgery", look.GREEN)
BACK = State("back after salvage", look.WINE)
METASTASES = State("metastases known", look.INK)
METASTASES_GROWING = State("metastases there, unseen", "white", "||||")
KEPT = State("rectum kept, watched", look.BLUE)
REGROWING = State("regrowth there, unseen", "white", "....")
REGROWN = State("tumour left, or grown again", look.ORANGE)
STOMA = State("stoma", "#8C8C8C")
BOWEL = State("major bowel dysfunction", look.PURPLE)
STATES = (
    BEFORE,
    KEPT,
    REGROWING,
    REGROWN,
    FREE,
    GROWING,
    KNOWN,
    AGAIN,
    BACK,
    METASTASES_GROWING,
    METASTASES,
    STOMA,
    BOWEL,
)
# The colour of the edges and marks of a state that is drawn in white.
EDGES = {GROWING: look.VERMILION, REGROWING: look.ORANGE}


def stretches(life: Life, horizon_days: float) -> list[tuple[float, float, State]]:
    """Return the stretches of a course: first and last day from diagnosis, and the state, without overlap.

    Those of metastases are returned by ``metastases``.
    """
    end = life.end
    stop = last_day(life, horizon_days)
    starts = [
        (0.0, BEFORE),
        (end["operated_day"], FREE),
        (end["recurrence_onset_day"], GROWING),
        (end["recurrence_found_day"], KNOWN),
        (end["salvage_day"], AGAIN),
        (end["rerecurrence_day"], BACK),
        (end["watch_from_day"], KEPT),
        (end["regrowth_onset_day"], REGROWING),
        (end["regrowth_found_day"], REGROWN),
        (end["uncontrolled_day"], REGROWN),
    ]
    begun = end["diagnosed_day"]
    days = [(float(day - begun) if k else 0.0, state) for k, (day, state) in enumerate(starts)]
    # In the order of the list where several fall on one day.
    days = sorted([(day, state) for day, state in days if day < stop], key=lambda pair: pair[0])
    ends = [*(day for day, _ in days[1:]), stop]
    return [(day, after, state) for (day, state), after in zip(days, ends, strict=True) if after > day]


def harms(life: Life, horizon_days: float) -> list[tuple[float, float, State]]:
    """Return the stretches with a stoma and with major bowel dysfunction; none where there are none."""
    end, stop = life.end, last_day(life, horizon_days)
    found = []
    for harm, state in (
        (Harm.TEMPORARY_STOMA, STOMA),
        (Harm.PERMANENT_STOMA, STOMA),
        (Harm.MAJOR_BOWEL_DYSFUNCTION, BOWEL),
    ):
        days = (end[f"harm_{name}_day"][harm] - end["diagnosed_day"] for name in ("from", "until"))
        first, last = map(float, days)
        if first < min(last, stop):
            found.append((first, min(last, stop), state))
    return found


def metastases(life: Life, horizon_days: float) -> list[tuple[float, float, State]]:
    """Return the stretches with metastases, unseen and known; none where there are none."""
    end, stop = life.end, last_day(life, horizon_days)
    onset, found = (
        float(end[f"metastasis_{name}_day"] - end["diagnosed_day"]) for name in ("onset", "found")
    )
    if end["metastasis_found_by"] == FoundBy.NOT_FOUND:
        found = np.inf
    pairs = [(onset, min(found, stop), METASTASES_GROWING), (found, stop, METASTASES)]
    return [pair for pair in pairs if pair[1] > pair[0]]


def last_day(life: Life, horizon_days: float) -> float:
    """Return the day of death or the end of follow-up, from diagnosis."""
    return min(float(life.end["death_day"] - life.end["diagnosed_day"]), horizon_days)


def mark(moment: Moment) -> str | None:
    """Return the few words that mark an event on the strip, or None for what is not marked."""
    event, before, after = Event(moment.event), moment.before, moment.after
    if event in UNMARKED:
        return None
    if event in (Event.VISIT, Event.WATCH_VISIT, Event.RECURRENCE_MEETING):
        found = []
        if after["regrowth_found_by"] != before["regrowth_found_by"]:
            found.append("regrowth")
        if after["found_by"] != before["found_by"]:
            found.append("recurrence")
        if after["metastasis_found_by"] != before["metastasis_found_by"]:
            found.append("metastases")
        if found:
            return f"{' and '.join(found)} found"
        return None
    if event == Event.RESECTION and after["leaked"]:
        return "operation; leak"
    if event == Event.SALVAGE_RESECTION and np.isinf(after["salvage_day"]):
        return "salvage operation abandoned"
    if event.name.startswith("DEATH"):
        return f"dies {VOCABULARY[event].sentences(before, after)[0].text.split(',')[0].lower()}"
    return VOCABULARY[event].label


def timeline(number: int, lives: Sequence[Life], partings: Sequence[Parting], horizon_years: float) -> Figure:
    """Return the picture of the courses that differ, the first year drawn wider than those that follow."""
    horizon = horizon_years * YEAR_DAYS
    first_year = min(horizon, YEAR_DAYS)
    if partings:
        moment = when(partings[0].day)
        on = {"day": "on", "month": "in", "year": "at"}[moment.partition(" ")[0]]
        title = f"Patient {number}: the courses diverge {on} {moment}"
        title += f", at the {VOCABULARY[Event(partings[0].event)].label}"
    elif len(lives[0].policies) > 1:
        title = f"Patient {number}: the same course under every policy"
    else:
        title = f"Patient {number}: one course"
    note = "One simulated patient, the same luck under every policy."
    if partings:
        note += f" {PARTS}: where courses diverge."
    if horizon > YEAR_DAYS:
        note += " The first year is drawn wider than the others."
    left = look.EDGE + 0.05
    room = look.WIDTH - left - look.EDGE
    later = horizon > first_year
    gap = 0.12 if later else 0.0
    widths = (0.5 * (room - gap), 0.5 * (room - gap)) if later else (room, 0.0)

    def place(day: float) -> float:
        """Return inches from the left end of the first year."""
        if day <= first_year or not later:
            return day / first_year * widths[0]
        return widths[0] + gap + (day - first_year) / (horizon - first_year) * widths[1]

    with look.style():
        lanes = [_lane(life, place, room, horizon_years) for life in lives]
        shown = [s for s in STATES if any(s == part[2] for life in lives for part in _all(life, horizon))]
        legend = -(-len(shown) // 3) * 0.27 + 0.1
        body = sum(lane.height for lane in lanes) + 0.55 + legend
        drawn = look.figure(title, note, body + 0.15)
        height = sum(lane.height for lane in lanes)
        ax = look.axes(drawn, left, 0.55 + legend, room, height)
        ax.set(xlim=(0, room), ylim=(0, height))
        ax.axis("off")
        top = height
        for life, lane in zip(lives, lanes, strict=True):
            _draw(ax, life, lane, top, place, horizon)
            top -= lane.height
        tops = height - np.cumsum([0.0, *(lane.height for lane in lanes)])
        for parting in partings:
            for k, life in enumerate(lives):
                if any(set(life.policies) <= set(group) for group in parting.groups):
                    _part(ax, place(parting.day), float(tops[k]) - lanes[k].head)
        _axis(drawn, left, legend, widths, gap, first_year, horizon)
        for k, state in enumerate(shown):
            row, column = divmod(k, 3)
            edge = "white" if state.hatch is None else EDGES.get(state, look.INK)
            _swatch(drawn, left + column * room / 3, legend - 0.27 * (row + 1), state, edge)
    return drawn


class Lane(NamedTuple):
    """The layout of a course, in inches: its heading, its marks (place, words, level), its height."""

    heading: list[str]
    short: list[str]
    marks: list[tuple[float, float, str, int]]
    head: float
    height: float


def _all(life: Life, horizon: float) -> list[tuple[float, float, State]]:
    return [*stretches(life, horizon), *metastases(life, horizon), *harms(life, horizon)]


def _lane(life: Life, place: Callable[[float], float], room: float, horizon_years: float) -> Lane:
    heading = look.wrapped(
        "; ".join(sentence(policy_words(p)) for p in life.policies), room, look.TEXT, "bold"
    )
    short = look.wrapped(sentence(in_short(life, horizon_years)) + ".", room, look.SMALL)
    said = [(place(moment.day), words) for moment in life.moments if (words := mark(moment))]
    marks = _arranged(said, room)
    head = len(heading) * look.TEXT * look.LINE + len(short) * look.SMALL * look.LINE + 0.22
    levels = max((mark_[3] + 1 for mark_ in marks), default=0)
    return Lane(heading, short, marks, head, head + STRIP + BELOW + levels * LABEL + 0.2)


def _arranged(marks: list[tuple[float, str]], room: float) -> list[tuple[float, float, str, int]]:
    """Return each mark's place, where its words start, the words, and how deep they stand.

    No line to a mark crosses other words: words stand right of their line, and left of it from some mark on,
    so that those at the end fit. The fewest that stand left are chosen.
    """
    for cut in range(len(marks), -1, -1):
        starts = [x if k < cut else x - _width(words) for k, (x, words) in enumerate(marks)]
        fit = all(0 <= start <= room - _width(words) for start, (_, words) in zip(starts, marks, strict=True))
        if fit and (levels := _levels(marks, starts)):
            return [(*mark, level) for mark, level in zip(_placed(marks, starts), levels, strict=True)]
    # Too crowded for that: one below the other.
    starts = [min(x, max(room - _width(words), 0.0)) for x, words in marks]
    return [(*mark, len(marks) - 1 - k) for k, mark in enumerate(_placed(marks, starts))]


def _placed(marks: list[tuple[float, str]], starts: list[float]) -> list[tuple[float, float, str]]:
    return [(x, start, words) for (x, words), start in zip(marks, starts, strict=True)]


def _levels(marks: list[tuple[float, str]], starts: list[float]) -> list[int] | None:
    """Return how deep the words of each mark stand, or None where lines cross words in any order."""
    spans = [(start, start + _width(words)) for start, (_, words) in zip(starts, marks, strict=True)]
    # Words that another mark's line would cross stand below the end of that line.
    above = {
        k: {other for other, (x, _) in enumerate(marks) if left + 0.02 < x < right - 0.02 and other != k}
        for k, (left, right) in enumerate(spans)
    }
    levels: dict[int, int] = {}
    try:
        order = list(TopologicalSorter(above).static_order())
    except CycleError:
        return None
    for k in order:
        level = max((levels[other] + 1 for other in above[k]), default=0)
        left, right = spans[k]
        while any(levels[o] == level and left < spans[o][1] and spans[o][0] < right for o in levels):
            level += 1
        levels[k] = level
    return [levels[k] for k in range(len(marks))]


def _width(words: str) -> float:
    return look.text_width(words, look.SMALL) + 0.1


def _draw(
    ax: Axes, life: Life, lane: Lane, top: float, place: Callable[[float], float], horizon: float
) -> None:
    line = look.TEXT * look.LINE
    ax.text(0, top, "\n".join(lane.heading), weight="bold", va="top", linespacing=1.2, gid="life")
    below = top - len(lane.heading) * line
    ax.text(0, below, "\n".join(lane.short), size=look.SMALL, color=look.GREY, va="top", linespacing=1.2)
    y = top - lane.head - STRIP
    for first, last, state in stretches(life, horizon):
        _bar(ax, place(first), place(last), y, STRIP, state)
    for first, last, state in metastases(life, horizon):
        _bar(ax, place(first), place(last), y - 0.09, 0.08, state)
    for first, last, state in harms(life, horizon):
        _bar(ax, place(first), place(last), y - 0.19, 0.08, state)
    stop = place(last_day(life, horizon))
    if life.end["death_cause"] != Cause.ALIVE:
        ax.plot(
            [stop],
            [y + STRIP / 2],
            marker="X",
            markersize=11,
            color=look.INK,
            markeredgecolor="white",
            gid="death",
            zorder=6,
            clip_on=False,
        )
    for x, start, words, level in lane.marks:
        floor = y - BELOW - level * LABEL
        ax.plot([x, x], [y, floor], color=look.GREY, linewidth=0.8, zorder=1, gid="leader")
        ax.text(start + 0.04, floor, words, size=look.SMALL, va="top", gid="mark")


def _part(ax: Axes, x: float, top: float) -> None:
    """Mark on a strip that this course diverges from another."""
    dashes: look.Style = {"color": look.INK, "linestyle": (0, (2, 1.2)), "linewidth": 1.4, "zorder": 5}
    ax.plot([x, x], [top - STRIP, top + 0.04], **dashes, gid="parting")
    ax.text(x, top + 0.03, PARTS, ha="center", va="bottom", size=look.SMALL, gid="parting mark")


def _bar(ax: Axes, first: float, last: float, y: float, height: float, state: State) -> None:
    edge = EDGES.get(state, look.INK if state.hatch else state.colour)
    ax.bar(
        [first],
        [height],
        width=last - first,
        bottom=y,
        align="edge",
        color=state.colour,
        hatch=state.hatch,
        edgecolor=edge,
        linewidth=0.6 if state.hatch else 0,
        zorder=2,
        gid=state.words,
    )


def _axis(
    drawn: Figure,
    left: float,
    bottom: float,
    widths: tuple[float, float],
    gap: float,
    first_year: float,
    horizon: float,
) -> None:
    months = max(round(first_year / YEAR_DAYS * 12), 1)
    ax = look.axes(drawn, left, bottom + 0.5, widths[0], 0.02)
    ax.set(xlim=(0, first_year), yticks=[], xlabel="months since diagnosis")
    ticks = range(0, months + 1, 2 if months > 6 else 1)
    ax.set_xticks([month / 12 * YEAR_DAYS for month in ticks], [str(month) for month in ticks])
    ax.spines["left"].set_visible(False)
    if widths[1]:
        ax = look.axes(drawn, left + widths[0] + gap, bottom + 0.5, widths[1], 0.02)
        look.years_axis(ax, horizon / YEAR_DAYS, 8)
        ax.set(xlim=(first_year / YEAR_DAYS, horizon / YEAR_DAYS), yticks=[])
        ax.spines["left"].set_visible(False)


def _swatch(drawn: Figure, left: float, bottom: float, state: State, edge: str) -> None:
    ax = look.axes(drawn, left, bottom, 0.26, 0.17)
    ax.bar([0], [1], width=1, color=state.colour, hatch=state.hatch, edgecolor=edge)
    ax.set(xlim=(-0.5, 0.5), ylim=(0, 1))
    ax.axis("off")
    ax.text(0.85, 0.45, state.words, va="center", size=look.SMALL, gid="label")
