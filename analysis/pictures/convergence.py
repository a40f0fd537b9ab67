"""Picture of how the intervals of a sweep narrow as patients are added."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.pictures import look
from analysis.words.sweep import about
from analysis.words.wording import INTERVAL, INTERVALS, Words, policy_words

LEFT, RIGHT, BOTTOM, HEIGHT = 0.95, 3.2, 0.75, 3.4  # inches


def convergence(
    table: pd.DataFrame, names: list[str], precision: float, words: Words = policy_words
) -> Figure:
    """Return the half-width of each policy's interval by the patients simulated; a line for each point."""
    if not (look.known(table["half_width"]) and (table["half_width"] > 0).any()):
        return look.nothing("how the intervals narrow")
    policies = list(dict.fromkeys(table["policy"]))
    outcome, years = str(table["outcome"].iloc[0]), float(table["horizon_years"].iloc[0])
    looks = look.policy_looks(policies, policies[0])
    labels = {policy: look.wrapped(words(policy), RIGHT - 0.75, look.TEXT) for policy in policies}
    height = max(HEIGHT, sum(look.label_height(lines) + 0.1 for lines in labels.values()))
    met = table.groupby([*names, "replication", "policy"])["half_width"].last().max() <= precision
    with look.style():
        drawn = look.figure(
            f"The {INTERVALS} are as narrow as asked for"
            if met
            else f"Not every {INTERVAL} is as narrow as asked for",
            f"{about(outcome, years)}. A line for each design point and policy; dashed: a half-width of "
            f"{100 * precision:.3g} percentage points.",
            height + BOTTOM + 0.15,
        )
        ax = look.axes(drawn, LEFT, BOTTOM, look.WIDTH - LEFT - RIGHT, height, xscale="log", yscale="log")
        for policy, of_policy in table.groupby("policy", sort=False):
            for _, part in of_policy.groupby([*names, "replication"], sort=False):
                drawn_as = looks[str(policy)]
                ax.plot(
                    part["patients"],
                    part["half_width"],
                    color=drawn_as.colour,
                    linestyle=drawn_as.line,
                    linewidth=1.5,
                    marker="." if len(part) == 1 else None,
                    gid=f"half-width {policy}",
                )
        ax.axhline(precision, color=look.GREY, linestyle=(0, (4, 3)), linewidth=1.2, gid="precision")
        ax.set(xlabel="patients", ylabel="half-width, percentage points")
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g}")
        ax.yaxis.set_minor_formatter(lambda value, _: f"{100 * value:.3g}" if f"{value:e}"[0] in "25" else "")
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        ax.xaxis.set_minor_formatter(lambda value, _: "")
        top = BOTTOM + height
        for policy in policies:
            taken = look.label_height(labels[policy]) + 0.1
            text = "\n".join(labels[policy])
            look.swatch(drawn, look.WIDTH - RIGHT + 0.15, top - taken / 2, looks[policy].colour, text)
            top -= taken
    return drawn
