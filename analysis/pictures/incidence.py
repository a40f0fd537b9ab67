"""Pictures of local recurrence over time: by policy, and stacked by mechanism."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.pictures import look
from analysis.words.wording import (
    BEYOND,
    INTERVAL,
    INTERVALS,
    Finding,
    at_horizon,
    beyond_luck,
    change,
    comparator_of,
    comparator_words,
    finding,
    headline_years,
    interval,
    origin_words,
    patients_words,
    percent,
    points,
    policy_words,
    sentence,
    years_words,
)
from sim.counting.outcomes import ALL

OUTCOME, NOUN = "local_recurrence", "local recurrence"
AXIS = "patients with local recurrence"


def incidence(
    curves: pd.DataFrame,
    outcomes: pd.DataFrame,
    differences: pd.DataFrame,
    population: str = "simulated patients",
) -> Figure:
    """Return the cumulative incidence of local recurrence by policy, with 95 % bands, death competing."""
    whole = curves[(curves["outcome"] == OUTCOME) & (curves["mechanism"] == ALL)]
    if not look.known(whole["estimate"]):
        return look.nothing(NOUN)
    policies = list(whole["policy"].unique())
    looks = look.policy_looks(policies, comparator_of(differences))
    years = headline_years(outcomes)
    headline_rows = at_horizon(outcomes, OUTCOME, years).reindex(policies)
    title, note = _none(whole, outcomes) or finding(outcomes, differences, OUTCOME, NOUN)
    note += f"{patients_words(whole, population, len(policies) > 1)} Bands: {INTERVALS}; death competes."
    with look.style():
        left, width = 0.95, 3.85
        room = look.WIDTH - left - width - look.LABEL_INDENT - look.EDGE
        names = {name: look.wrapped(policy_words(name), room, look.TEXT) for name in policies}
        height = max(3.1, sum(look.label_height(lines) for lines in names.values()))
        drawn = look.figure(title, note, height + 0.95)
        ax = look.axes(drawn, left, 0.65, width, height)
        _frame(ax, whole, years, 10)
        ax.axvline(years, color=look.PALE, linewidth=1.2, zorder=0)
        ends = []
        for name in policies:
            rows = whole[whole["policy"] == name]
            look.curve(ax, name, rows, headline_rows.loc[name], looks[name], fainter=len(policies) > 4)
            value = f"{percent(headline_rows.loc[name, 'estimate'])} %"
            ends.append((rows["estimate"].iloc[-1], value, names[name], looks[name]))
        # What is written is the value at the grey line: no line leads there from the curve's end.
        look.labels_at_ends(ax, ends, tied=bool(whole["time_years"].max() == years))
        ax.text(
            1 + 0.46 / width,
            1 + 0.08 / height,
            f"at {years_words(years)}",
            transform=ax.transAxes,
            color=look.GREY,
        )
    return drawn


def incidence_by_mechanism(
    curves: pd.DataFrame,
    outcomes: pd.DataFrame,
    differences: pd.DataFrame,
    population: str = "simulated patients",
) -> Figure:
    """Return the cumulative incidence of local recurrence stacked by mechanism, one panel a policy."""
    curves = curves[curves["outcome"] == OUTCOME]
    whole = curves[curves["mechanism"] == ALL]
    if not look.known(whole["estimate"]):
        return look.nothing(f"{NOUN} by mechanism")
    policies = list(whole["policy"].unique())
    mechanisms = [name for name in curves["mechanism"].unique() if name != ALL]
    if not mechanisms:
        return look.nothing(f"{NOUN} by mechanism")
    colours = {name: look.STACK[k % len(look.STACK)] for k, name in enumerate(mechanisms)}
    years = headline_years(outcomes)
    headline_rows = at_horizon(outcomes, OUTCOME, years).reindex(policies)
    title, note = _none(whole, outcomes) or _finding(outcomes, differences, mechanisms)
    note += patients_words(whole, population, len(policies) > 1)
    note += f" Dotted: {INTERVAL}, of the total; death competes."
    with look.style():
        left, legend, bottom = 0.95, 1.55, 0.65
        grid = look.Grid(len(policies), left, legend, 2.6 if len(policies) <= 3 else 1.8)
        headings = {
            name: [
                *look.wrapped(sentence(policy_words(name)), grid.width, look.SMALL),
                f"{percent(headline_rows.loc[name, 'estimate'])} % at {years_words(years)}",
            ]
            for name in policies
        }
        drawn, panels = grid.draw(title, note, list(headings.values()), bottom)
        for k, (name, ax) in enumerate(zip(policies, panels, strict=True)):
            total = whole[whole["policy"] == name]
            layers = (
                curves[curves["policy"] == name]
                .pivot(index="time_years", columns="mechanism", values="estimate")
                .reindex(columns=mechanisms)
            )
            ax.stackplot(
                layers.index,
                [layers[mechanism].fillna(0.0) for mechanism in mechanisms],
                colors=[colours[mechanism] for mechanism in mechanisms],
                edgecolor="white",
                linewidth=0.6,
            )
            ax.plot(total["time_years"], total["estimate"], color=look.INK, linewidth=1.4, gid="total")
            for edge in ("ci_low", "ci_high"):
                ax.plot(total["time_years"], total[edge], color=look.INK, linewidth=1, linestyle=":")
            _frame(ax, whole, years, 4)
            ax.set(xlabel="", ylabel="")
            ax.tick_params(labelleft=k % grid.columns == 0, labelbottom=k + grid.columns >= len(policies))
        height = drawn.get_size_inches()[1]
        middle = (left + grid.panels / 2) / look.WIDTH
        drawn.text(middle, 0.15 / height, "years since diagnosis", ha="center")
        middle = (bottom + grid.rows_height / 2) / height
        drawn.text(0.12 / look.WIDTH, middle, AXIS, va="center", rotation=90)
        # In the order of the stack, from the top down.
        for k, mechanism in enumerate(reversed(mechanisms)):
            up = bottom + grid.rows_height - grid.above[0] - 0.3 - 0.3 * k
            look.swatch(drawn, look.WIDTH - legend + 0.1, up, colours[mechanism], policy_words(mechanism))
    return drawn


def _frame(ax: Axes, whole: pd.DataFrame, years: float, ticks: int) -> None:
    # The curve of a run of less than a month is its start alone.
    look.years_axis(ax, float(whole["time_years"].max()) or years, ticks)
    look.percent_axis(ax.yaxis, 6)
    # A share near zero is not blown up to look like much.
    ax.set(ylim=(0, max(1.05 * look.largest(whole[["estimate", "ci_high"]]), 0.02)), ylabel=AXIS)


def _none(whole: pd.DataFrame, outcomes: pd.DataFrame) -> Finding | None:
    """Return what to say where nobody had a recurrence."""
    last = float(outcomes["horizon_years"].max())
    # The curves end with a whole month, the outcomes at the horizon.
    if whole["estimate"].max() > 0 or at_horizon(outcomes, OUTCOME, last)["estimate"].max() > 0:
        return None
    title = f"No local recurrence within {years_words(last)}"
    return Finding(title, f"{INTERVAL} {interval(0.0, whole['ci_high'].iloc[-1])} %. ")


def _finding(outcomes: pd.DataFrame, differences: pd.DataFrame, mechanisms: list[str]) -> Finding:
    """Return the largest change of one mechanism beyond luck; of one policy, which mechanism leads."""
    years = headline_years(outcomes)
    at = f"at {years_words(years)}"
    compared = pd.concat([at_horizon(differences, OUTCOME, years, name) for name in mechanisms])
    if compared.empty:
        rows = pd.concat([at_horizon(outcomes, OUTCOME, years, name) for name in mechanisms])
        if rows.empty:
            return Finding(f"{sentence(NOUN)} by mechanism {at} is not known", "")
        ranked = rows.sort_values("estimate", ascending=False)
        first, others = ranked.iloc[0], ranked.iloc[1:]
        under = f"under {policy_words(first['policy'])}"
        if not first["ci_low"] > others["ci_high"].max():
            return Finding(f"No mechanism of {NOUN} leads {at} {under} {BEYOND}", "")
        origin, share = origin_words(first["mechanism"]), percent(first["estimate"])
        return Finding(
            f"Local recurrence {origin} leads: {share} % {at} {under}",
            f"{INTERVAL} {interval(first['ci_low'], first['ci_high'])} %. ",
        )
    beyond = compared[beyond_luck(compared)]
    if beyond.empty:
        against = comparator_words(compared)
        return Finding(f"No difference from {against} in any mechanism of {NOUN} {at} {BEYOND}", "")
    largest = beyond.iloc[beyond["estimate"].abs().argmax()]
    found = at_horizon(outcomes, OUTCOME, years, largest["mechanism"])
    noun = f"{NOUN} {origin_words(largest['mechanism'])}"
    return Finding(change(found, largest, noun, at), f"Paired difference {points(largest)}. ")
