"""Pictures of queues: waits by step, length over time, and use of resources."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from analysis.pictures import look
from analysis.words.clinic import STEP_WORDS, resource_words, steps_asked
from analysis.words.wording import Finding, Words, percent, policy_words, sentence
from conf.clinics import NO_LIMIT

ROW = 0.19  # inches a policy's mark takes
DAY_TICKS = {
    0: "0",
    7: "1 w",
    14: "2 w",
    28: "4 w",
    91: "3 m",
    182: "6 m",
    365: "1 y",
    730: "2 y",
    1826: "5 y",
}
# The teams, beds and surgeons that go with an operation wait in the theatre's queue.
QUEUES = ("mri", "meeting", "linac", "theatre")
KEY_WIDTH = look.WIDTH - 2 * look.EDGE
KEY_MARK = 0.42  # inches, before a policy's name
LONG = 5.0  # patients: a queue that is worth a panel


def waits(waits: pd.DataFrame, population: str = "simulated patients") -> Figure:
    """Return the waits by step and policy, median to 90th centile, beside their targets; a panel a clinic.

    A step that nobody asks for, in any clinic and under any policy, has no row.
    """
    if not (waits["n"] > 0).any():
        return look.nothing("waits: nobody asked for anything")
    policies, clinics = list(waits["policy"].unique()), list(waits["clinic"].unique())
    looks = look.policy_looks(policies, None)
    title, note = _waits_finding(waits)
    note += (
        "Mark: median; line: to the 90th centile of those served; grey bar: target. Right: share of patients "
        f"who wait beyond it. {_patients(waits, population)}"
    )
    steps = steps_asked(waits["step"], waits["n"])
    with look.style():
        left, bottom = 1.3, 0.6
        key = key_height(policies)
        block = ROW * len(policies) + 0.14
        grid = look.Grid(len(clinics), left, 0.65, block * len(steps))
        grid.gap = 0.75  # room for the shares
        grid.width = (grid.panels - grid.gap * (grid.columns - 1)) / grid.columns
        headings = [[sentence(clinic.replace("_", " "))] for clinic in clinics]
        drawn, panels = grid.draw(title, note, headings, bottom + key)
        most = 1.1 * look.largest(waits[["p90_days", "target_days"]], 32.0)
        for k, (clinic, ax) in enumerate(zip(clinics, panels, strict=True)):
            mine = waits[waits["clinic"] == clinic]
            for row, step in enumerate(steps):
                top = row * block
                of_step = mine[mine["step"] == step].set_index("policy")
                for target in of_step["target_days"].dropna().unique():
                    span = [top, top + block - 0.14]
                    ax.plot([target] * 2, span, color=look.GREY, linewidth=3, gid="target")
                for p, policy in enumerate(policies):
                    if policy not in of_step.index:
                        continue
                    _wait_mark(ax, of_step.loc[policy], top + ROW * (p + 0.5), looks[policy], policy)
            ax.set_xscale("symlog", linthresh=7, linscale=0.5)
            ax.set(xlim=(0, most), ylim=(block * len(steps) - 0.1, -0.05))
            ax.xaxis.set_major_locator(FixedLocator(_spaced_ticks(ax, grid.width)))
            ax.xaxis.set_minor_locator(FixedLocator([]))
            ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: DAY_TICKS.get(round(value), "")))
            middles = [row * block + (block - 0.14) / 2 for row in range(len(steps))]
            ax.set_yticks(middles, [sentence(STEP_WORDS[step]) for step in steps])
            ax.tick_params(axis="y", length=0, pad=8, labelleft=k % grid.columns == 0)
            ax.tick_params(axis="x", labelbottom=k + grid.columns >= len(panels))
            ax.spines["left"].set_visible(False)
        _below(drawn, left + grid.panels / 2, key + 0.08, "days in the queue (w weeks, m months, y years)")
        draw_key(drawn, policies, looks)
    return drawn


def queue_lengths(queues: pd.DataFrame, population: str = "simulated patients") -> Figure:
    """Return the queues' lengths over time by policy; a panel for each clinic and queue that is ever long."""
    own = queues[queues["resource"].isin(QUEUES)]
    if not look.known(own["mean_length"]):
        return look.nothing("queues over time")
    policies, clinics = list(queues["policy"].unique()), list(queues["clinic"].unique())
    looks = look.policy_looks(policies, None)
    longest = own.groupby("resource")["mean_length"].max()
    long = [name for name in QUEUES if longest.get(name, 0.0) >= LONG]
    shown = long or [str(longest.idxmax())]
    title, note = _queues_finding(own)
    left_out = "Queues that never reach" if long else "Only the longest queue is drawn; none reaches"
    note += (
        "Means of four weeks. Teams and beds are waited for in the theatre's queue. "
        f"{left_out} {LONG:g} patients{' are left out' if long else ''}. Scales differ between queues. "
        f"Arrivals of {population}."
    )
    with look.style():
        left, bottom = 0.75, 0.6
        key = key_height(policies)
        cells = [(clinic, name) for clinic in clinics for name in shown]
        grid = look.Grid(len(cells), left, look.EDGE, 1.7)
        if len(shown) in (2, 3):  # a clinic a row
            grid = look.Grid(4 if len(shown) == 2 else 3, left, look.EDGE, 1.7)
            grid.count, grid.rows = len(cells), len(clinics)
        grid.gap = 0.6  # each queue has its own scale
        grid.width = (grid.panels - grid.gap * (grid.columns - 1)) / grid.columns
        headings = [
            [f"{sentence(clinic.replace('_', ' '))}: {resource_words(name)}"] for clinic, name in cells
        ]
        drawn, panels = grid.draw(title, note, headings, bottom + key)
        for k, ((clinic, name), ax) in enumerate(zip(cells, panels, strict=True)):
            mine = queues[(queues["clinic"] == clinic) & (queues["resource"] == name)]
            for p, policy in enumerate(policies):
                rows = mine[mine["policy"] == policy]
                apart = max(len(rows) // 5, 1)
                ax.plot(
                    rows["time_years"],
                    rows["mean_length"],
                    color=looks[policy].colour,
                    linewidth=1.2,
                    marker=looks[policy].marker,
                    markevery=(apart * p // len(policies), apart),
                    markersize=6,
                    markeredgecolor="white",
                    gid=f"queue {policy}",
                )
            ax.set(
                xlim=(0, look.largest(queues["time_years"], 0.01)),
                ylim=(0, 1.05 * look.largest(longest[name], 1.0)),
            )
            ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
            ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
            ax.tick_params(axis="x", labelbottom=k + grid.columns >= len(panels))
        _below(drawn, left + grid.panels / 2, key + 0.08, "years since the first patient who counts")
        height = drawn.get_size_inches()[1]
        drawn.text(
            0.1 / look.WIDTH,
            (bottom + key + grid.rows_height / 2) / height,
            "patients in the queue",
            va="center",
            rotation=90,
        )
        draw_key(drawn, policies, looks)
    return drawn


def utilisation(utilisation: pd.DataFrame, population: str = "simulated patients") -> Figure:
    """Return the share of open time in use by resource and policy; a panel a clinic."""
    if utilisation.empty:
        return look.nothing("the use of resources")
    policies, clinics = list(utilisation["policy"].unique()), list(utilisation["clinic"].unique())
    looks = look.policy_looks(policies, None)
    names = list(utilisation["resource"].unique())
    title, note = _utilisation_finding(utilisation)
    note += (
        "Minutes in use of those open: time too short for one more operation stays unused. "
        f"Grey: full. While the {population} arrive."
    )
    with look.style():
        left, bottom = 1.75, 0.6
        key = key_height(policies)
        row = max(0.29, 0.09 * len(policies))
        grid = look.Grid(len(clinics), left, 0.3, row * len(names))
        grid.gap = 0.5
        grid.width = (grid.panels - grid.gap * (grid.columns - 1)) / grid.columns
        headings = [[sentence(clinic.replace("_", " "))] for clinic in clinics]
        drawn, panels = grid.draw(title, note, headings, bottom + key)
        most = look.largest(utilisation["utilisation"], 1.0)
        for k, (clinic, ax) in enumerate(zip(clinics, panels, strict=True)):
            mine = utilisation[utilisation["clinic"] == clinic]
            ax.axvline(1.0, color=look.GREY, linewidth=1.4)
            for row in range(len(names)):
                ax.axhline(row, color=look.PALE, linewidth=0.8, zorder=0)
            for p, policy in enumerate(policies):
                use = mine[mine["policy"] == policy].set_index("resource")["utilisation"].reindex(names)
                aside = (p - (len(policies) - 1) / 2) * 0.6 / len(policies)
                ax.plot(
                    use,
                    np.arange(len(names)) + aside,
                    linestyle="",
                    marker=looks[policy].marker,
                    color=looks[policy].colour,
                    markersize=7,
                    markeredgecolor="white",
                    clip_on=False,
                    gid=f"use {policy}",
                )
            look.percent_axis(ax.xaxis, 4)
            ax.set(xlim=(0, 1.03 * most), ylim=(len(names) - 0.5, -0.5))
            ax.set_yticks(range(len(names)), [sentence(resource_words(name)) for name in names])
            ax.tick_params(axis="y", length=0, pad=8, labelleft=k % grid.columns == 0)
            ax.tick_params(axis="x", labelbottom=k + grid.columns >= len(panels))
            ax.spines["left"].set_visible(False)
        _below(drawn, left + grid.panels / 2, key + 0.08, "share of open time in use")
        draw_key(drawn, policies, looks)
    return drawn


def _wait_mark(ax: Axes, row: pd.Series, at: float, drawn_as: look.PolicyLook, policy: str) -> None:
    if row["n"] == 0:
        return
    if not np.isnan(row["median_days"]):
        ax.plot([row["median_days"], row["p90_days"]], [at, at], color=drawn_as.colour, linewidth=2.2)
        ax.plot(
            [row["median_days"]],
            [at],
            marker=drawn_as.marker,
            color=drawn_as.colour,
            markersize=7,
            markeredgecolor="white",
            clip_on=False,
            zorder=4,
            gid=f"median {policy}",
        )
    beyond = "0 %" if row["share_beyond_target"] < 0.0005 else f"{percent(row['share_beyond_target'])} %"
    ax.annotate(
        beyond,
        (1, at),
        (4, 0),
        xycoords=ax.get_yaxis_transform(),
        textcoords="offset points",
        va="center",
        size=look.SMALL - 1,
        color=look.INK if row["share_beyond_target"] > 0.1 else look.GREY,
        gid="beyond",
    )


def _spaced_ticks(ax: Axes, width: float) -> list[int]:
    """Return the days to write below an axis of this width in inches, so that no two touch."""
    low, high = ax.transScale.transform([(day, 0) for day in ax.get_xlim()])[:, 0]
    ticks: list[int] = []
    free_from = -1.0
    for day in DAY_TICKS:
        at = (ax.transScale.transform((day, 0))[0] - low) / (high - low) * width
        if free_from <= at <= width:
            ticks.append(day)
            free_from = at + 0.42
    return ticks


def key_height(policies: list[str], words: Words = policy_words) -> float:
    """Return the height that the key of policies takes, in inches; ``words`` returns a policy's name."""
    return sum(height for _, height in _key_rows(policies, words)) + 0.1


def draw_key(
    drawn: Figure, policies: list[str], looks: dict[str, look.PolicyLook], words: Words = policy_words
) -> None:
    """Explain each policy's colour and mark in rows at the foot of a figure."""
    up = key_height(policies, words) - 0.02
    for row, height in _key_rows(policies, words):
        up -= height
        ax = look.axes(drawn, look.EDGE, up, KEY_WIDTH, height)
        ax.set(xlim=(0, KEY_WIDTH), ylim=(0, 1))
        ax.axis("off")
        at = 0.0
        for name in row:
            drawn_as = looks[name]
            ax.plot(
                [at + 0.02, at + 0.17, at + 0.32],
                [0.5] * 3,
                color=drawn_as.colour,
                linewidth=2,
                marker=drawn_as.marker,
                markevery=[1],
                markersize=7,
                markeredgecolor="white",
            )
            lines = "\n".join(_key_lines(words(name)))
            ax.text(at + KEY_MARK, 0.46, lines, va="center", linespacing=1.2, gid="label")
            at += _key_entry(words(name))


def _key_rows(policies: list[str], words: Words) -> list[tuple[list[str], float]]:
    """Return the policies by rows of the key, each with its height."""
    rows: list[list[str]] = [[]]
    used = 0.0
    for name in policies:
        wide = _key_entry(words(name))
        if rows[-1] and used + wide > KEY_WIDTH:
            rows.append([])
            used = 0.0
        rows[-1].append(name)
        used += wide
    return [
        (row, max(len(_key_lines(words(name))) for name in row) * look.TEXT * look.LINE + 0.05)
        for row in rows
    ]


def _key_entry(name: str) -> float:
    return KEY_MARK + max(look.text_width(line, look.TEXT) for line in _key_lines(name)) + 0.3


def _key_lines(name: str) -> list[str]:
    return look.wrapped(name, KEY_WIDTH - KEY_MARK - 0.1, look.TEXT)


def _below(drawn: Figure, middle: float, up: float, words: str) -> None:
    drawn.text(middle / look.WIDTH, up / drawn.get_size_inches()[1], words, ha="center")


def _patients(table: pd.DataFrame, population: str) -> str:
    asked = table["n"].max()
    return f"n = up to {asked:,} requests a step, of {population}."


def _waits_finding(waits: pd.DataFrame) -> Finding:
    """Return the longest wait beyond a target, or that all is in time."""
    asked = waits[(waits["n"] > 0) & waits["share_beyond_target"].notna()]
    if asked.empty:
        return Finding("Who waits beyond the target is not known", "")
    worst = asked.iloc[asked["share_beyond_target"].argmax()]
    step, clinic = STEP_WORDS[worst["step"]], worst["clinic"].replace("_", " ")
    if worst["share_beyond_target"] <= 0.1:
        return Finding(
            "Nine in ten patients are in time for every step, in every clinic and under every policy", ""
        )
    share = percent(worst["share_beyond_target"])
    return Finding(
        f"{share} % wait longer than {worst['target_days']:g} days for {step} in the {clinic} clinic under "
        f"{policy_words(worst['policy'])}",
        "",
    )


def _queues_finding(queues: pd.DataFrame) -> Finding:
    top = queues.iloc[queues["mean_length"].argmax()]
    if top["mean_length"] < 1:
        return Finding("Fewer than one patient is in any queue, in any clinic and under any policy", "")
    count = f"{top['mean_length']:.0f}"
    return Finding(
        f"In the worst four weeks, {count} patient{' waits' if count == '1' else 's wait'} for "
        f"{_one(top['resource'])} in the {top['clinic'].replace('_', ' ')} clinic under "
        f"{policy_words(top['policy'])}",
        "",
    )


def _one(resource: str) -> str:
    words = resource_words(resource)
    return f"{'an' if words[0] in 'aeiouM' else 'a'} {words}"


def _utilisation_finding(table: pd.DataFrame) -> Finding:
    if table["utilisation"].isna().all():
        if (table["count"] >= NO_LIMIT).all():
            return Finding("No resource has a limit", "")
        return Finding("How much of its open time a resource is in use is not known", "")
    top = table.iloc[table["utilisation"].argmax()]
    share = f"{100 * top['utilisation']:.0f} %"
    return Finding(
        f"Most used: {resource_words(top['resource'])}, for {share} of its open time in the "
        f"{top['clinic'].replace('_', ' ')} clinic under {policy_words(top['policy'])}",
        "",
    )
