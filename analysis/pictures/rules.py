"""Picture of rules beside each other: the recurrences that each averts, and the patients that it harms."""

import itertools
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.pictures import look
from analysis.pictures.price import RECURRENCE, WORDS
from analysis.pictures.uncertainty import whole_cohort
from analysis.tables.estimates import PER
from analysis.tables.uncertainty import averaged
from analysis.words.guideline import rule_of
from analysis.words.sweep import letter, number_words, point_words, value_words
from analysis.words.wording import (
    BEYOND,
    INTERVALS,
    Words,
    headline_years,
    listed,
    patients_words,
    policy_words,
    sentence,
    years_words,
)
from conf.policies import LEVERS

PRICE = ("permanent_stoma", "major_bowel_dysfunction", "severe_morbidity")  # of the policies of a run
SHORT = 6  # letters: a value that stands at its mark
MOST_LABELS, MOST_KEYS = 40, 20
NEAR = 0.05  # inches: marks that share a label
SAME = 1e-9
LEFT, HEIGHT = 0.85, 2.5
BEST, BEHIND, DOMINATED = 0, 1, 2
STATUS = (
    "no other {} averts as many and harms no more",
    f"another does, but its lead is not {BEYOND}",
    f"another does, and leads {BEYOND}: nobody should choose it",
)
AROUND = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))


class Rules(NamedTuple):
    """Rules beside the comparator, which is the first: per 1,000 patients, with the half-widths."""

    labels: list[str]  # at the mark
    swept: np.ndarray  # whether the rule is one of several points of its policy
    key: list[tuple[str, str]]  # of the labels that are not values
    values: np.ndarray  # recurrences averted, then harms; shape (rules, 1 + harms)
    halves: np.ndarray  # likewise
    low: np.ndarray
    high: np.ndarray


def rules_differ(
    tables: Mapping[str, pd.DataFrame], names: Sequence[str], harms: Sequence[str], years: float
) -> bool:
    """Return whether a sweep varies rules alone, beside a comparator that is the same at every point."""
    varied = [name for name in names if name in LEVERS or rule_of(name) or name == "policies"]
    differences, outcomes = tables["differences"], tables["outcomes"]
    if not names or varied != list(names) or differences["comparator"].nunique() != 1:
        return False
    comparator = differences["comparator"].iloc[0]
    for outcome in (RECURRENCE, *harms):
        rows = whole_cohort(outcomes, outcome, years)
        rows = rows[rows["policy"] == comparator]
        by = [name for name in ("replication", "member") if name in rows]
        if rows.empty or (by and (rows.groupby(by)["estimate"].nunique() > 1).any()):
            return False
    return True


def averted_against_harmed(differences: pd.DataFrame, population: str = "simulated patients") -> Figure:
    """Return the policies of a run by what they avert and whom they harm, beside the comparator."""
    if differences.empty:
        return look.message(
            "Nothing averted or harmed: there is one policy, and nothing to compare it with",
            "Name two policies or more to see what each averts against the patients whom it harms.",
        )
    years = headline_years(differences)
    rows = differences_at({"differences": differences}, (), PRICE, years)
    if rows.empty:
        return look.nothing("what policies avert and whom they harm")
    patients = patients_words(rows, population, compared=True)
    return rules_picture(rows, (), PRICE, years, patients, noun="policy")


def rules_picture(
    rows: pd.DataFrame,
    names: Sequence[str],
    harms: Sequence[str],
    years: float,
    patients: str,
    bands: str = INTERVALS,
    words: Words = policy_words,
    noun: str = "rule",
) -> Figure:
    """Return the rules by what they avert and what they harm, a panel for each harm, with the frontier.

    ``rows``: differences from the comparator of whole cohorts at ``years``, as ``differences_at`` returns
    them; ``names``: what is swept; ``patients``: how many there are, in words; ``noun``: what a rule is.
    """
    harms = [harm for harm in harms if look.known(rows[rows["outcome"] == harm]["estimate"])]
    if not harms or not look.known(rows[rows["outcome"] == RECURRENCE]["estimate"]):
        return look.nothing(f"what each {noun} averts and whom it harms")
    rules = _rules(rows, names, harms, words)
    status = standing(rules.values, rules.halves)
    against = words(str(rows["comparator"].iloc[0]))
    what = number_words(names[0]) if names else ""
    note = (
        f"{patients} To the right and down is better. Marks compare all harms drawn; the line joins "
        f"what is best in its panel. Thin lines: {bands} of the difference from {against}; of two others "
        "they are combined as if the patients were not the same, which is too wide."
    )
    if rules.values.shape[0] > len(rules.key) and len(names) == 1:
        note += f" Numbers and words at the marks: {what}."
    shown = _shown(rules)
    if left_out := [label for label, there in zip(rules.labels, shown, strict=True) if not there]:
        note += f" Outside the panels: {listed(left_out)}."
    key = _key_lines(rules.key)
    foot = (len(key) + len(STATUS)) * look.SMALL * look.LINE + 0.35
    bottom = 0.65 + foot
    with look.style():
        grid = look.Grid(len(harms), LEFT, look.EDGE, HEIGHT if len(harms) > 1 else 3.4, gap=0.5, below=0.55)
        headings = [
            look.wrapped(f"more with {WORDS.get(harm, harm)}", grid.width, look.SMALL) for harm in harms
        ]
        drawn, panels = grid.draw(_title(status, rules, noun), note, headings, bottom)
        for k, ax in enumerate(panels):
            _panel(ax, rules, k + 1, status, shown)
        height = drawn.get_size_inches()[1]
        across = f"local recurrences averted per 1,000 patients within {years_words(years)}"
        middle = (LEFT + grid.panels / 2) / look.WIDTH
        drawn.text(middle, (foot + 0.1) / height, across, ha="center")
        up = (bottom + grid.rows_height / 2) / height
        drawn.text(0.12 / look.WIDTH, up, "patients per 1,000", va="center", rotation=90)
        _foot(drawn, [words.format(noun) for words in STATUS], key, foot)
    return drawn


def differences_at(
    tables: Mapping[str, pd.DataFrame], names: Sequence[str], outcomes: Sequence[str], years: float
) -> pd.DataFrame:
    """Return the differences of whole cohorts by point and policy: replications averaged, or over members."""
    by = [*names, "policy", "comparator", "outcome"]
    parts = []
    for outcome in (RECURRENCE, *outcomes):
        if "uncertainty" in tables:
            rows = whole_cohort(tables["uncertainty"], outcome, years)
            rows = rows[rows["comparator"].notna()].assign(
                ci_low=lambda table: table["uncertainty_low"], ci_high=lambda table: table["uncertainty_high"]
            )
            parts.append(rows[[*by, "n", "estimate", "ci_low", "ci_high"]])
        else:
            parts.append(averaged(whole_cohort(tables["differences"], outcome, years), by))
    return pd.concat(parts, ignore_index=True).astype({"n": int})


def standing(values: np.ndarray, halves: np.ndarray) -> np.ndarray:
    """Return which rules another is at least as good as in everything, and better in something.

    ``values``: what a rule averts, then what it harms, shape (rules, 1 + harms); ``halves``: half-widths of
    their intervals. ``BEST``: no other is; ``DOMINATED``: one is, and is better beyond both intervals;
    ``BEHIND``: one is, not beyond them.
    """
    good = values * np.array([1.0, *[-1.0] * (values.shape[1] - 1)])
    ahead = good[:, None, :] - good[None, :, :]  # of the first beside the second
    other = (ahead >= -SAME).all(axis=2) & (ahead > SAME).any(axis=2)
    beyond = (ahead > np.hypot(halves[:, None, :], halves[None, :, :]) + SAME).any(axis=2)
    return np.where((other & beyond).any(axis=0), DOMINATED, np.where(other.any(axis=0), BEHIND, BEST))


def _rules(rows: pd.DataFrame, names: Sequence[str], harms: Sequence[str], words: Words) -> Rules:
    """Return each rule once: a policy on which nothing swept acts is one rule, whatever the point."""
    outcomes = [RECURRENCE, *harms]
    found: dict[tuple[Hashable, ...], dict[str, Any]] = {}
    for row in rows.to_dict("records"):
        point = (*("" if pd.isna(row[name]) else row[name] for name in names), row["policy"])
        found.setdefault(point, {})[row["outcome"]] = row
    sides: dict[tuple[Hashable, ...], np.ndarray] = {}
    for point, own in found.items():
        if all(name in own for name in outcomes):
            sides[point] = np.array(
                [[own[name][end] * PER for name in outcomes] for end in ("estimate", "ci_low", "ci_high")]
            )
    of_policy: dict[Hashable, list[tuple[Hashable, ...]]] = {}
    for point in sides:
        of_policy.setdefault(point[-1], []).append(point)
    kept = {
        policy: points if any((sides[point] != sides[points[0]]).any() for point in points) else points[:1]
        for policy, points in of_policy.items()
    }
    vary = [policy for policy, points in kept.items() if len(points) > 1]
    short = len(vary) == 1 and len(names) == 1
    short = short and all(len(value_words(point[0])) <= SHORT for point in kept[vary[0]])
    comparator = str(rows["comparator"].iloc[0])
    labels, swept, key = ["A"], [False], [("A", words(comparator))]
    known = [np.zeros((3, len(outcomes)))]
    for policy, points in kept.items():
        for point in points:
            known.append(sides[point])
            swept.append(policy in vary)
            at = point_words(point[:-1], names) if policy in vary else ""
            if policy in vary and short:
                labels.append(value_words(point[0]))
                continue
            labels.append(letter(len(key)))
            name = words(str(policy))
            key.append((labels[-1], f"{name}: {at}" if at and len(vary) > 1 else at or name))
    signs = np.array([-1.0, *[1.0] * len(harms)])
    values, one, other = (np.array([ends[k] for ends in known]) * signs for k in range(3))
    low, high = np.minimum(one, other), np.maximum(one, other)
    return Rules(labels, np.array(swept), key, values, (high - low) / 2, low, high)


def _title(status: np.ndarray, rules: Rules, noun: str) -> str:
    worse = [label for label, one in zip(rules.labels, status, strict=True) if one == DOMINATED]
    if not worse:
        return f"No {noun} is outdone by another {BEYOND}"
    which = f": {listed(worse)}" if len(worse) <= 3 else ""
    are = "is" if len(worse) == 1 else "are"
    many = "policies" if noun == "policy" else f"{noun}s"
    return f"{len(worse)} of {len(status)} {many} {are} outdone by another {BEYOND}{which}"


def _shown(rules: Rules) -> np.ndarray:
    """Return which rules lie where the swept ones do with their intervals; all where nothing is swept."""
    if not rules.swept.any():
        return np.full(len(rules.labels), True)
    low, high = rules.low[rules.swept].min(axis=0), rules.high[rules.swept].max(axis=0)
    inside: np.ndarray = ((rules.values >= low) & (rules.values <= high)).all(axis=1)
    return inside


def _panel(ax: Axes, rules: Rules, k: int, status: np.ndarray, shown: np.ndarray) -> None:
    """Draw the rules by what they avert and the harm of one column, with the frontier of the two."""
    x, y = rules.values[:, 0], rules.values[:, k]
    for i in np.flatnonzero(shown):
        line: look.Style = {"color": look.PALE, "linewidth": 1.2, "zorder": 1}
        ax.plot([rules.low[i, 0], rules.high[i, 0]], [y[i]] * 2, **line)
        ax.plot([x[i]] * 2, [rules.low[i, k], rules.high[i, k]], **line)
    ax.margins(0.08)
    ax.set(xlim=ax.get_xlim(), ylim=ax.get_ylim())
    pair = standing(rules.values[:, [0, k]], np.zeros((len(x), 2))) == BEST
    order = np.lexsort((y[pair], x[pair]))
    ax.plot(x[pair][order], y[pair][order], color=look.GREY, linewidth=1.0, zorder=2, gid="frontier")
    for one in (DOMINATED, BEHIND, BEST):
        of = shown & (status == one)
        ax.plot(x[of], y[of], linestyle="none", zorder=3, gid=f"rules {one}", clip_on=False, **_mark(one))
    for axis, ticks in ((ax.xaxis, 5), (ax.yaxis, 6)):
        axis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}".replace("-", "−")))
    labels = [label for label, there in zip(rules.labels, shown, strict=True) if there]
    _labels(ax, x[shown], y[shown], labels, status[shown], (x[pair][order], y[pair][order]))


def _mark(status: int) -> look.Style:
    return (
        {"marker": "o", "markersize": 7, "color": look.BLUE},
        {"marker": "o", "markersize": 7, "color": look.BLUE, "markerfacecolor": "white"},
        {"marker": "X", "markersize": 7, "color": look.VERMILION, "markeredgecolor": "white"},
    )[status]


def _labels(
    ax: Axes,
    x: np.ndarray,
    y: np.ndarray,
    labels: Sequence[str],
    status: np.ndarray,
    frontier: tuple[np.ndarray, np.ndarray],
) -> None:
    """Write the labels beside their marks where there is room; marks that lie on one another share one."""
    page = ax.figure.get_figure(root=True).get_size_inches()
    width, height = (ax.get_position().bounds[2:] * page).tolist()
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    places = np.column_stack([(x - x0) / (x1 - x0) * width, (y - y0) / (y1 - y0) * height])
    groups: list[list[int]] = []
    for i in np.lexsort((np.arange(len(x)), status)):
        for group in groups:
            if np.hypot(*(places[group[0]] - places[i])) <= NEAR:
                group.append(int(i))
                break
        else:
            groups.append([int(i)])
    taken = [(px - 0.06, py - 0.06, px + 0.06, py + 0.06) for px, py in places]
    line = _along((np.column_stack(frontier) - [x0, y0]) / [x1 - x0, y1 - y0] * [width, height])
    high = look.SMALL / 72
    for group in groups[:MOST_LABELS]:
        text = ", ".join(labels[i] for i in sorted(group))
        wide = look.text_width(text, look.SMALL)
        px, py = places[group[0]]
        boxes: list[tuple[bool, int, tuple[float, float, float, float]]] = []
        for dx, dy in AROUND:
            cx = px + dx * (wide / 2 + 0.09)
            cy = py + dy * (high / 2 + 0.07)
            box = (cx - wide / 2, cy - high / 2, cx + wide / 2, cy + high / 2)
            inside = box[0] >= -0.05 and box[2] <= width + 0.3 and box[1] >= 0 and box[3] <= height + 0.1
            if inside and not any(_overlap(box, other) for other in taken):
                boxes.append((any(_overlap(box, (*at, *at)) for at in line), len(boxes), box))
        if boxes:  # beside the line where there is room for that, too
            _, _, box = min(boxes)
            taken.append(box)
            at_middle: look.Style = {"ha": "center", "va": "center", "size": look.SMALL, "gid": "label"}
            ax.text(
                x0 + (box[0] + box[2]) / 2 / width * (x1 - x0),
                y0 + (box[1] + box[3]) / 2 / height * (y1 - y0),
                text,
                **at_middle,
            )


def _along(corners: np.ndarray) -> list[tuple[float, float]]:
    """Return places along a line, in inches, close enough to see which labels it crosses."""
    places: list[tuple[float, float]] = []
    for one, other in itertools.pairwise(corners):
        steps = max(min(int(np.hypot(*(other - one)) / 0.05), 2000), 1)
        places += [tuple(one + (other - one) * k / steps) for k in range(steps + 1)]
    return places


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _key_lines(key: Sequence[tuple[str, str]]) -> list[str]:
    """Return the key of the labels as lines of the foot."""
    width = look.WIDTH - 2 * look.EDGE - 0.3
    lines = [f"{label}  {sentence(words)}" for label, words in key[:MOST_KEYS]]
    if len(key) > MOST_KEYS:
        lines.append(f"{len(key) - MOST_KEYS} more: differences.csv")
    return [part for line in lines for part in look.wrapped(line, width, look.SMALL)]


def _foot(drawn: Figure, status: Sequence[str], key: Sequence[str], height: float) -> None:
    ax = look.axes(drawn, look.EDGE, 0, look.WIDTH - 2 * look.EDGE, height)
    ax.set(xlim=(0, look.WIDTH - 2 * look.EDGE), ylim=(0, height))
    ax.axis("off")
    up = height - 0.1
    text: look.Style = {"va": "center", "size": look.SMALL, "gid": "label"}
    for one, words in enumerate(status):
        up -= look.SMALL * look.LINE
        ax.plot([0.1], [up], linestyle="none", **_mark(one))
        ax.text(0.3, up, words, **text)
    up -= 0.06
    for line in key:
        up -= look.SMALL * look.LINE
        ax.text(0.3, up, line, **text)
