"""Pictures of simulated beside published endpoints: one by one, against each other, and a trial's curves."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.special import logit

from analysis.pictures import look
from analysis.tables.validation import LEVELS, calibration_line
from analysis.words.endpoints import (
    ABBREVIATIONS,
    NO_INTERVAL,
    NOT_JUDGED,
    arm_words,
    number,
    outcome_words,
    short,
    unit,
    verdict,
    with_interval,
)
from analysis.words.wording import sentence
from conf.endpoint import AMOUNTS, RATIOS, TIMES, WITH_DIFFERENCE
from conf.trials import SETS

LABEL, RIGHT = 3.65, 1.55  # inches left and right of the dumbbells
STEP = look.SMALL * look.LINE  # a line of a label
BETWEEN = 0.03  # beside a label's own leading
PERCENT_TICKS = (0.002, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95)
MORE_TICKS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98)
RATIO_TICKS = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0)
LEAST, MOST = 0.002, 0.99  # proportions beyond are drawn at the edge
# By verdict: a miss differs in colour, in shape, and in the word beside it.
MARKS = {"inside": (look.BLUE, "o"), "high": (look.VERMILION, ">"), "low": (look.VERMILION, "<")}
SHOWN_ONLY = {NO_INTERVAL: (look.GREY, "o"), NOT_JUDGED: (look.GREY, "o")}
SET_LOOKS = {"calibration": (look.BLUE, "o"), "validation": (look.VERMILION, "s")}
PUBLISHED: look.Style = {
    "marker": "D",
    "markerfacecolor": "white",
    "markeredgecolor": look.INK,
    "markeredgewidth": 1.2,
}


def log_odds(share: float) -> float:
    """Return the log odds of a proportion, within what is drawn."""
    return float(logit(np.clip(share, LEAST, MOST)))


def log(ratio: float) -> float:
    """Return the log of a ratio, within what is drawn."""
    return float(np.log(np.clip(ratio, 0.02, 50.0)))


class Scale(NamedTuple):
    """A kind of number: its heading, which endpoints have it, and where a value is drawn."""

    heading: str
    measures: tuple[str, ...]
    place: Callable[[float], float] | None  # None: stated in words only
    ticks: tuple[float, ...] = ()


SCALES = (
    Scale("Proportions, %", LEVELS, log_odds, PERCENT_TICKS),
    Scale("Ratios", RATIOS, log, RATIO_TICKS),
    Scale(
        "Others",
        ("difference", *AMOUNTS, *TIMES, *(f"{outcome}_difference" for outcome in WITH_DIFFERENCE)),
        None,
    ),
)


def dumbbells(endpoints: pd.DataFrame, what: str = "endpoints") -> Figure:
    """Return a dumbbell for each endpoint, by kind of number and by trial.

    ``endpoints``: as ``analysis.words.endpoints.labels`` returns them; ``what`` the title calls them.
    """
    inside, compared = int(endpoints["inside"].sum()), int(endpoints["comparable"].sum())
    title = f"{inside} of {compared} {what} lie inside the published interval"
    if not compared:
        title = f"None of the {what} can be compared"
    note = (
        "Proportions lie by their log odds, ratios by their logs: the scales on which they are compared. "
        + ABBREVIATIONS
    )
    if left_out := int((endpoints["judged"] & ~endpoints["comparable"]).sum()):
        note = f"Left out, for they cannot be compared: {left_out}. {note}"
    if shown := int((~endpoints["judged"]).sum()):
        note = f"Grey, shown and not judged: {shown}. {note}"
    sections = [
        (scale, rows) for scale in SCALES if len(rows := endpoints[endpoints["measure"].isin(scale.measures)])
    ]
    with look.style():
        blocks = [(scale, *_blocks(rows)) for scale, rows in sections]
        heading = look.TEXT * look.LINE + 0.22
        legend = 0.34
        drawn = look.figure(title, note, legend + sum(height + heading for _, _, height in blocks) + 0.1)
        top = 0.1 + sum(height + heading for _, _, height in blocks)
        _legend(look.axes(drawn, look.EDGE, top, look.WIDTH - 2 * look.EDGE, legend))
        for scale, parts, height in blocks:
            top -= heading + height
            left = look.EDGE + LABEL + 0.1
            ax = look.axes(drawn, left, top, look.WIDTH - left - RIGHT - look.EDGE, height)
            _section(ax, scale, parts, height)
    return drawn


Block = tuple[list[str], list[tuple[list[str], pd.Series]]]


def _blocks(rows: pd.DataFrame) -> tuple[list[Block], float]:
    """Return for each trial the lines of its title and of each label, and the height of all in inches."""
    blocks: list[Block] = []
    height = 0.0
    for _, part in rows.groupby("trial", sort=False):
        title = look.wrapped(part["title"].iloc[0], LABEL, look.SMALL, "bold")
        labels = [(look.wrapped(_labelled(row), LABEL, look.SMALL), row) for _, row in part.iterrows()]
        blocks.append((title, labels))
        height += _head_height(title) + sum(len(lines) * STEP + BETWEEN for lines, _ in labels)
    return blocks, height


def _labelled(row: pd.Series) -> str:
    found = verdict(row)
    return sentence(short(row["label"])) + (f", {found}" if found in SHOWN_ONLY else "")


def _head_height(title: Sequence[str]) -> float:
    return len(title) * STEP + 0.16


def _section(ax: Axes, scale: Scale, blocks: Sequence[Block], height: float) -> None:
    rows = pd.DataFrame([row for _, labels in blocks for _, row in labels])
    ax.set(xlim=_limits(rows, scale), ylim=(0, height), xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
    width = look.WIDTH - 2 * look.EDGE - LABEL - 0.1 - RIGHT
    at_label, at_value, at_word = -(LABEL + 0.1) / width, 1 + 0.12 / width, 1 + (RIGHT - 0.38) / width
    beside: look.Style = {"transform": ax.get_yaxis_transform(), "gid": "label", "linespacing": 1.25}
    ax.text(at_label, height + 0.12, scale.heading, size=look.TEXT, weight="bold", va="bottom", **beside)
    small: look.Style = {"size": look.SMALL, **beside}
    at_head = at_value if scale.place is not None else 0.0
    ax.text(at_head, height + 0.12, "published → simulated", color=look.GREY, va="bottom", **small)
    y, middles = height, []
    for title, labels in blocks:
        head = y - 0.12
        ax.text(at_label, head, "\n".join(title), weight="bold", va="top", **small)
        y -= _head_height(title)
        bottom = y - sum(len(lines) * STEP + BETWEEN for lines, _ in labels)
        _grid(ax, scale, y, bottom)
        inside, compared = (sum(bool(row[name]) for _, row in labels) for name in ("inside", "comparable"))
        stated = f"{inside} of {compared} inside"
        ax.text(at_value, head, stated, color=look.GREY, va="top", **small)
        for lines, row in labels:
            y -= len(lines) * STEP + BETWEEN
            middle = y + (len(lines) * STEP + BETWEEN) / 2
            ax.text(at_label, middle, "\n".join(lines), va="center", **small)
            which = verdict(row)
            colour = {"inside": look.INK, "high": look.VERMILION, "low": look.VERMILION}.get(which, look.GREY)
            at_figures = at_value if scale.place is not None else 0.0
            ax.text(at_figures, middle, _figures(row, scale), color=colour, va="center", **small)
            if which in ("high", "low"):
                ax.text(at_word, middle, which, color=colour, weight="bold", va="center", **small)
            middles.append(middle)
    if scale.place is not None:
        _marks(ax, np.array(middles), rows, scale.place)


def _figures(row: pd.Series, scale: Scale) -> str:
    simulated = number(row["simulated"], row["measure"])
    if scale.place is None:
        return f"{with_interval(row, 'published')} → {simulated}{unit(row)}"
    return f"{number(row['published'], row['measure'])} → {simulated}"


def _limits(rows: pd.DataFrame, scale: Scale) -> tuple[float, float]:
    if scale.place is None:
        return 0.0, 1.0
    # Nobody may have counted on one side of a ratio in a small run.
    places = [scale.place(value) for name in ("published", "simulated") for value in rows[name].dropna()]
    if scale.measures == RATIOS:
        places.append(0.0)
    return min(places) - 0.45, max(places) + 0.45


def _grid(ax: Axes, scale: Scale, top: float, bottom: float) -> None:
    """Draw the ticks of one trial's rows, so that a long picture is read without going back to an axis."""
    if scale.place is None:
        return
    low, high = ax.get_xlim()
    width = look.WIDTH - 2 * look.EDGE - LABEL - 0.1 - RIGHT
    right_of_last = -np.inf
    for tick in scale.ticks:
        place = scale.place(tick)
        if not low < place < high:
            continue
        words = f"{100 * tick:g}" if scale.measures == LEVELS else f"{tick:g}"
        half = look.text_width(words, look.SMALL) / 2
        at = (place - low) / (high - low) * width
        if at - half < max(right_of_last, -0.1) or at + half > width + 0.1:
            continue
        right_of_last = at + half + 0.08
        even = scale.measures == RATIOS and tick == 1
        ax.plot(
            [place, place], [bottom, top], color=look.GREY if even else look.PALE, linewidth=0.8, zorder=0
        )
        ax.text(place, top + 0.02, words, size=look.SMALL, color=look.GREY, ha="center", va="bottom")


def _marks(ax: Axes, y: np.ndarray, rows: pd.DataFrame, place: Callable[[float], float]) -> None:
    """Draw the dumbbells of a section, all of a kind at once."""
    low, high = ax.get_xlim()
    at = {
        name: np.clip([place(value) for value in rows[name]], low, high)
        for name in ("published", "published_low", "published_high", "simulated")
    }
    verdicts = rows.apply(verdict, axis=1).to_numpy()
    faint = np.where(verdicts == "inside", look.SKY, np.where(rows["comparable"], look.ORANGE, look.PALE))
    ax.hlines(y, low, high, color=look.PALE, linewidth=0.5, zorder=0)
    ax.hlines(y, at["published"], at["simulated"], color=faint, linewidth=3.5, zorder=1)
    ax.hlines(y, at["published_low"], at["published_high"], color=look.INK, linewidth=1.0, zorder=2)
    ends: look.Style = {"linestyle": "none", "marker": "|", "markersize": 5, "color": look.INK}
    for name in ("published_low", "published_high"):
        ax.plot(at[name], y, zorder=2, gid=name, **ends)
    ax.plot(at["published"], y, linestyle="none", markersize=5.5, zorder=3, gid="published", **PUBLISHED)
    for which, (colour, marker) in {**MARKS, **SHOWN_ONLY}.items():
        here = verdicts == which
        dot: look.Style = {"color": colour, "marker": marker, "markersize": 7, "markeredgecolor": "white"}
        dot |= {"linestyle": "none", "markeredgewidth": 0.5, "zorder": 4}
        ax.plot(at["simulated"][here], y[here], gid=f"simulated {which}", **dot)


def _legend(ax: Axes) -> None:
    ax.axis("off")
    published = Line2D([], [], color=look.INK, linewidth=1.0, markersize=6, **PUBLISHED)
    dots = [
        Line2D([], [], linestyle="none", color=colour, marker=marker, markersize=6.5)
        for colour, marker in MARKS.values()
    ]
    ax.legend(
        [published, *dots],
        ("published, 95 % interval", "simulated, inside it", "too high", "too low"),
        loc="upper left",
        bbox_to_anchor=(0, 1),
        ncols=4,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        handletextpad=0.4,
        columnspacing=1.6,
    )


def scatter(endpoints: pd.DataFrame) -> Figure:
    """Return the published proportions against the simulated ones, on log odds, by set.

    ``endpoints``: lines of ``endpoints.csv``.
    """
    rows = endpoints[endpoints["measure"].isin(LEVELS) & endpoints["comparable"]]
    if rows.empty:
        return look.nothing("published against simulated proportions")
    sets = [name for name in SETS if (rows["set"] == name).any()]
    slopes = {name: calibration_line(rows[rows["set"] == name])[0] for name in sets}
    known = [f"{slope:.2f} in {name}" for name, slope in slopes.items() if np.isfinite(slope)]
    title = f"Published proportions follow simulated ones with a slope of {' and '.join(known)}"
    if not known:
        title = "Published against simulated proportions"
    note = (
        f"{len(rows)} proportions, log-odds axes. A slope of 1 on the diagonal: agreement; below 1: the "
        "simulation exaggerates what differs between patients and treatments; above 1: it understates it. "
        "Open marks: outside the published 95 % interval, which the bars show."
    )
    with look.style():
        side = 6.0
        drawn = look.figure(title, note, side + 0.95)
        ax = look.axes(drawn, 1.0, 0.75, side, side)
        values = rows[["published", "simulated"]].to_numpy(float)
        low, high = log_odds(values.min()), log_odds(values.max())
        low, high = low - 0.4, high + 0.4
        ax.plot([low, high], [low, high], color=look.GREY, linewidth=1.2, zorder=1, gid="diagonal")
        handles = []
        for name in sets:
            part = rows[rows["set"] == name]
            colour, marker = SET_LOOKS[name]
            place = {
                c: np.array([log_odds(v) for v in part[c]])
                for c in ("published", "published_low", "published_high", "simulated")
            }
            for x, bottom, top in zip(
                place["simulated"], place["published_low"], place["published_high"], strict=True
            ):
                ax.plot([x, x], [bottom, top], color=colour, linewidth=0.7, alpha=0.35, zorder=2)
            for hit in (True, False):
                where = part["inside"].to_numpy(bool) == hit
                dots: look.Style = {"linestyle": "none", "marker": marker, "markersize": 5.5, "alpha": 0.9}
                dots |= {"markerfacecolor": colour if hit else "white", "markeredgecolor": colour}
                x, y = (np.clip(place[c][where], low, high) for c in ("simulated", "published"))
                ax.plot(x, y, zorder=4, clip_on=False, gid=f"{name} {'inside' if hit else 'outside'}", **dots)
            stated = f"{name}: {int(part['inside'].sum())} of {int(part['comparable'].sum())} inside"
            handles.append(
                Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=6, label=stated)
            )
        ticks = [tick for tick in MORE_TICKS if low < log_odds(tick) < high]
        ax.set(xlim=(low, high), ylim=(low, high), xlabel="simulated", ylabel="published")
        words = [f"{100 * tick:g} %" for tick in ticks]
        ax.set_xticks([log_odds(t) for t in ticks], words, rotation=90 if len(ticks) > 10 else 0)
        ax.set_yticks([log_odds(t) for t in ticks], words)
        ax.legend(handles=handles, loc="upper left", frameon=False, handletextpad=0.3)
    return drawn


def whole_arms(endpoints: pd.DataFrame) -> pd.DataFrame:
    """Return the endpoints that lie on a curve: an incidence or survival of a whole arm at a horizon."""
    timed = endpoints["measure"].isin(["incidence", "survival"])
    timed &= (endpoints["measure"] == "survival") | (endpoints["estimator"] != "crude")
    return endpoints[timed & (endpoints["subgroup"] == "all") & ~endpoints["outcome"].str.contains(" where ")]


def trial_curves(curves: pd.DataFrame, endpoints: pd.DataFrame) -> Figure:
    """Return a trial's simulated curves by arm, a panel an outcome, with the published figures on them.

    ``curves``: the trial's lines of ``curves.csv``; ``endpoints``: its lines, with their labels.
    """
    points = whole_arms(endpoints)
    inside, compared = int(points["inside"].sum()), int(points["comparable"].sum())
    title = f"{endpoints['title'].iloc[0]}: {inside} of {compared} published figures meet their curve"
    note = (
        "Lines: simulated. Diamonds: published, with their 95 % interval; filled where it holds the "
        "simulated figure, open where it does not."
    )
    if not points["judged"].all():
        note += " Grey: shown, not judged."
    arms = list(dict.fromkeys(curves["arm"]))
    looks = look.policy_looks(arms, arms[0])
    panels = list(dict.fromkeys(zip(*_panel_of(curves), strict=True)))
    by_curve, by_point = (pd.Series(list(zip(*_panel_of(t), strict=True)), t.index) for t in (curves, points))
    outcomes = [panel[0] for panel in panels]
    with look.style():
        grid = look.Grid(len(panels), 0.85, 0.25, 2.3, gap=0.85, below=0.65)
        heads = []
        for outcome, time_from, estimator in panels:
            words = outcome_words(outcome, time_from)
            if outcomes.count(outcome) > 1 and estimator == "kaplan_meier":
                words += " (1 − Kaplan-Meier)"
            heads.append(look.wrapped(sentence(words), grid.width, look.SMALL))
        legend = 0.24 * -(-len(arms) // 2)
        drawn, axes = grid.draw(title, note, heads, 0.72 + legend)
        for ax, panel in zip(axes, panels, strict=True):
            lines, marks = curves[by_curve == panel], points[by_point == panel]
            end = float(lines["time_years"].max())
            for arm, line in lines.groupby("arm", sort=False):
                colour, dashes, _ = looks[str(arm)]
                x, y = line["time_years"], line["estimate"]
                ax.plot(x, y, color=colour, linestyle=dashes, linewidth=1.8, gid=f"curve {arm}")
            _points(ax, marks, arms, looks, end)
            look.years_axis(ax, 1.06 * end, 5)
            ax.set_xlabel(f"years since {panel[1]}", size=look.SMALL)
            survival = panel[0].endswith("survival")
            top = look.largest(lines["estimate"], marks["published"], marks["published_high"], 0.01)
            ax.set_ylim(0, 1.0 if survival else 1.05 * top)
            look.percent_axis(ax.yaxis, 5)
            ax.tick_params(labelsize=look.SMALL)
        handles = [
            Line2D([], [], color=looks[a].colour, linestyle=looks[a].line, linewidth=1.8, label=arm_words(a))
            for a in arms
        ]
        box = look.axes(drawn, look.EDGE, 0.08, look.WIDTH - 2 * look.EDGE, legend)
        box.axis("off")
        box.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(0, 0),
            ncols=min(len(arms), 2),
            frameon=False,
            borderpad=0,
            borderaxespad=0,
            handlelength=3.2,
        )
    return drawn


def _panel_of(table: pd.DataFrame) -> tuple[list[str], list[str], list[str]]:
    """Return the panel of each line: outcome, origin and estimator, which for a survival is one."""
    estimator = table["estimator"].where(~table["outcome"].str.endswith("survival"), "")
    return list(table["outcome"]), list(table["time_from"]), list(estimator)


def _points(
    ax: Axes, rows: pd.DataFrame, arms: Sequence[str], looks: dict[str, look.PolicyLook], end: float
) -> None:
    """Mark published figures, those of different arms at one time a little apart."""
    for _, row in rows.iterrows():
        colour = looks[row["arm"]].colour
        aside = (arms.index(row["arm"]) - (len(arms) - 1) / 2) * 0.03 * end
        x = row["horizon_years"] + (aside if len(arms) > 1 else 0.0)
        ax.plot([x, x], [row["published_low"], row["published_high"]], color=colour, linewidth=1.2, zorder=3)
        mark: look.Style = {"marker": "D", "markersize": 6, "markeredgecolor": colour, "markeredgewidth": 1.3}
        face = look.PALE if not row["judged"] else colour if row["inside"] else "white"
        ax.plot(
            [x], [row["published"]], markerfacecolor=face, zorder=4, gid=f"published {row['arm']}", **mark
        )
