"""Pictures of what it would be worth to know more: groups of parameters, and studies by their size."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from analysis.pictures import look
from analysis.pictures.cost_effectiveness import money_axis
from analysis.words.economics import money, per_qaly
from analysis.words.wording import Words, interval, policy_words, sentence

Z = 1.959963984540054
LEFT, ROW = 2.6, 0.36
ERROR = "95 % intervals of the estimate, from finite numbers of members and patients"


def information_bars(
    perfect: pd.DataFrame,
    groups: pd.DataFrame,
    threshold: float,
    currency: str = "€",
    words: Words = policy_words,
) -> Figure:
    """Return EVPI and the EVPPI of each group as bars.

    ``perfect``: as ``perfect_information`` returns it; ``groups``: as ``evppi`` does; both at ``threshold``.
    """
    all_known = perfect[perfect["threshold"] == threshold]
    rows = groups[groups["threshold"] == threshold].sort_values("evppi", ascending=False, kind="stable")
    if all_known.empty or rows.empty:
        return look.nothing(f"the value of information at {per_qaly(threshold, currency)}")
    whole = all_known.iloc[0]
    values = np.r_[whole["evpi"], rows["evppi"]].astype(float)
    errors = np.r_[whole["evpi_se"], rows["evppi_se"]].astype(float) * Z
    names = ["everything (EVPI)", *map(words, rows["group"])]
    note = (
        f"Expected gain per patient if these parameters were known before choosing, at "
        f"{per_qaly(threshold, currency)}, less the simulation's noise. Whiskers: {ERROR}. What groups are "
        "worth does not add up."
    )
    with look.style():
        labels = ["\n".join(look.wrapped(sentence(name), LEFT - 0.5, look.SMALL)) for name in names]
        row = max(ROW, max(label.count("\n") + 1 for label in labels) * look.SMALL * look.LINE + 0.08)
        height = row * len(names)
        drawn = look.figure(_worth_title(whole, rows, currency, words), note, height + 0.8)
        ends = [
            interval(max(value - error, 0.0), value + error, lambda amount: money(amount, currency))
            for value, error in zip(values, errors, strict=True)
        ]
        said = [f"{money(value, currency)} ({each})" for value, each in zip(values, ends, strict=True)]
        right = max(look.text_width(each, look.SMALL) for each in said) + look.EDGE + 0.1
        ax = look.axes(drawn, LEFT, 0.7, look.WIDTH - LEFT - right, height)
        where = np.arange(len(names))
        colours = [look.PALE, *[look.BLUE] * len(rows)]
        ax.barh(where, values, height=0.62, color=colours, gid="worth")
        ax.hlines(where, np.maximum(values - errors, 0), values + errors, color=look.INK, linewidth=1.4)
        for y, end, each in zip(where, values + errors, said, strict=True):
            text: look.Style = {"va": "center", "size": look.SMALL, "gid": "value"}
            ax.annotate(each, (end, y), (4, 0), textcoords="offset points", **text)
        ax.set_yticks(where, labels)
        ax.tick_params(axis="y", length=0, labelsize=look.SMALL)
        ax.set(ylim=(len(names) - 0.4, -0.6), xlabel="expected gain per patient")
        ax.set_xlim(0, float((values + errors).max()) * 1.02 or 1.0)
        ax.spines["left"].set_visible(False)
        money_axis(ax.xaxis, currency)
    return drawn


def _worth_title(whole: pd.Series, rows: pd.DataFrame, currency: str, words: Words) -> str:
    best = rows.iloc[0]
    if whole["evpi"] <= Z * whole["evpi_se"]:
        return f"Knowing everything may be worth nothing: its interval reaches {money(0.0, currency)}"
    if best["evppi"] <= Z * best["evppi_se"]:
        return "No group of parameters is worth knowing beyond the error of the estimates"
    name, share = words(str(best["group"])), best["evppi"] / whole["evpi"]
    of = f"{100 * share:.0f} % of all that could be learnt"
    # Estimates share their members, so this is on the safe side.
    if len(rows) > 1:
        second = rows.iloc[1]
        apart = best["evppi"] - second["evppi"] > Z * np.hypot(best["evppi_se"], second["evppi_se"])
        most = "is" if apart else "seems to be"
        return f"Knowing {name} {most} worth most: {money(best['evppi'], currency)} per patient, {of}"
    return f"Knowing {name} is worth {money(best['evppi'], currency)} per patient, {of}"


def study_sizes(table: pd.DataFrame, what: str, currency: str = "€") -> Figure:
    """Return the expected value of a study by its size.

    ``table``: as ``evsi`` returns it; ``what``: what the study observes, in words.
    """
    if table.empty or not look.known(table["evsi"]):
        return look.nothing("the value of a study")
    last, threshold = table.iloc[-1], float(table["threshold"].iloc[0])
    limit, limit_error = float(last["evppi"]), Z * float(last["evppi_se"])
    title = f"A study of {what} is expected to be worth nothing at any of these sizes"
    if limit > 0 and last["evsi"] > 0:
        enough = table[table["evsi"] >= 0.5 * limit]
        row = enough.iloc[0] if len(enough) else last
        title = (
            f"With {int(row['size']):,} observations, a study of {what} is expected to be worth "
            f"{money(row['evsi'], currency)} per patient, {100 * row['evsi'] / limit:.0f} % of an endless one"
        )
    note = (
        f"Expected gain per patient of choosing after the study, at {per_qaly(threshold, currency)}, before "
        f"its own costs. Bands: {ERROR}. Dashed: a study without end (EVPPI)."
    )
    with look.style():
        drawn = look.figure(title, note, 3.9)
        ax = look.axes(drawn, 1.0, 0.7, look.WIDTH - 1.0 - look.EDGE - 0.2, 3.0)
        sizes, worth, error = table["size"], table["evsi"], Z * table["evsi_se"]
        band: look.Style = {"color": look.BLUE, "alpha": 0.18, "linewidth": 0, "gid": "band"}
        ax.fill_between(sizes, np.maximum(worth - error, 0), worth + error, **band)
        ax.plot(sizes, worth, "o-", color=look.BLUE, linewidth=2, markeredgecolor="white", gid="evsi")
        dashed: look.Style = {"color": look.INK, "linestyle": (0, (5, 3)), "linewidth": 1.4}
        ax.axhline(limit, **dashed, gid="evppi")
        ax.set_xscale("log")
        ax.set_xticks(_some(list(sizes)), [f"{size:,}" for size in _some(list(sizes))])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set_ylim(0, max(float((worth + error).max()), limit + limit_error) * 1.06 or 1.0)
        money_axis(ax.yaxis, currency)
        ax.set(xlabel="observations in the study (logarithmic)", ylabel="expected gain per patient")
        known = f"{money(limit, currency)}: a study without end"
        text: look.Style = {"size": look.SMALL, "va": "bottom", "transform": ax.get_yaxis_transform()}
        ax.text(0.01, limit, known, **text, gid="label")
    return drawn


def _some(sizes: list[int]) -> list[int]:
    """Return at most eight of the sizes, first and last among them."""
    return sizes if len(sizes) <= 8 else [sizes[round(k)] for k in np.linspace(0, len(sizes) - 1, 8)]
