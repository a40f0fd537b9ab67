"""Pictures of what waiting costs, and of the capacity that would be enough."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.pictures import look
from analysis.pictures.waits import draw_key, key_height
from analysis.words.clinic import resource_words
from analysis.words.wording import (
    BEYOND,
    INTERVAL,
    INTERVALS,
    Finding,
    beyond_luck,
    headline_years,
    interval,
    policy_words,
    sentence,
    signed,
    years_words,
)

OUTCOMES = {
    "local_recurrence": "Local recurrence",
    "local_failure": "Local failure",
    "distant_metastasis": "Distant metastasis",
    "salvage_lost": "Salvage resection lost",
    "death": "Death",
}


def waiting_harm(harm: pd.DataFrame, population: str = "simulated patients") -> Figure:
    """Return what waiting caused, net per 1,000 patients with intervals, by clinic and policy."""
    if not look.known(harm["net"]):
        return look.nothing("what waiting costs")
    policies, clinics = list(harm["policy"].unique()), list(harm["clinic"].unique())
    looks = look.policy_looks(policies, None)
    years = headline_years(harm)
    stated = harm[harm["horizon_years"] == years]
    title, note = _harm_finding(stated, years)
    few = "" if look.known(stated["net_low"]) else "; too few patients for an interval"
    note += (
        f"Paired with a clinic where nobody waits. n = {int(stated['n'].max()):,} {population}, the same "
        f"everywhere. Whiskers: {INTERVALS}, of batch means{few}."
    )
    with look.style():
        left, bottom, row = 1.25, 0.6, 0.2
        key = key_height(policies)
        block = row * len(policies) + 0.14
        grid = look.Grid(len(OUTCOMES), left, 0.3, block * len(clinics))
        drawn, panels = grid.draw(title, note, [[words] for words in OUTCOMES.values()], bottom + key)
        low = -look.largest(-stated[["net", "net_low"]], 1.0)
        high = look.largest(stated[["net", "net_high"]], 1.0)
        for k, (outcome, ax) in enumerate(zip(OUTCOMES, panels, strict=True)):
            ax.axvline(0, color=look.INK, linewidth=1)
            for c, clinic in enumerate(clinics):
                mine = stated[(stated["outcome"] == outcome) & (stated["clinic"] == clinic)].set_index(
                    "policy"
                )
                for p, policy in enumerate(policies):
                    if policy not in mine.index:
                        continue
                    at = c * block + row * (p + 0.5)
                    found, drawn_as = mine.loc[policy], looks[policy]
                    ax.hlines(at, found["net_low"], found["net_high"], color=drawn_as.colour, linewidth=1.8)
                    ax.plot(
                        [found["net"]],
                        [at],
                        marker=drawn_as.marker,
                        color=drawn_as.colour,
                        markersize=7,
                        markeredgecolor="white",
                        zorder=4,
                        gid=f"net {policy}",
                    )
            ax.set(
                xlim=(low - 0.05 * (high - low), high + 0.05 * (high - low)),
                ylim=(block * len(clinics) - 0.1, -0.05),
            )
            ax.set_yticks(
                [c * block + (block - 0.14) / 2 for c in range(len(clinics))],
                [sentence(clinic.replace("_", " ")) for clinic in clinics],
            )
            ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
            ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
            ax.tick_params(axis="y", length=0, labelleft=k % grid.columns == 0)
            ax.tick_params(axis="x", labelbottom=k + grid.columns >= len(panels))
            ax.spines["left"].set_visible(False)
        words = f"caused by waiting per 1,000 patients within {years_words(years)}, net of those averted"
        height = drawn.get_size_inches()[1]
        drawn.text((left + grid.panels / 2) / look.WIDTH, (key + 0.08) / height, words, ha="center")
        draw_key(drawn, policies, looks)
    return drawn


def needed_capacity(needed: pd.DataFrame, population: str = "simulated patients") -> Figure:
    """Return the units of each resource that each policy needs, and what there is; a panel a clinic."""
    if needed.empty:
        return look.nothing("the capacity that is needed")
    policies, clinics = list(needed["policy"].unique()), list(needed["clinic"].unique())
    looks = look.policy_looks(policies, None)
    asked = needed.groupby("resource", sort=False)["needed"].max()
    names = [str(name) for name, most in asked.items() if not most <= 1] or list(asked.index)
    one = [resource_words(str(name)) for name, most in asked.items() if most == 1 and name not in names]
    title, note = _needed_finding(needed)
    note += (
        "The fewest with which every step is in time for the share that the run asks, all of them together. "
        f"Grey bar: what the clinic has. Searched with {population}."
    )
    if one:
        note += f" One is enough of: {', '.join(one)}."
    with look.style():
        left, bottom, row = 1.75, 0.6, 0.17
        key = key_height(policies)
        block = row * len(policies) + 0.12
        grid = look.Grid(len(clinics), left, 0.45, block * len(names))
        headings = [[sentence(clinic.replace("_", " "))] for clinic in clinics]
        drawn, panels = grid.draw(title, note, headings, bottom + key)
        limited = needed["count"].where(needed["count"] < 1_000_000)
        most = look.largest(needed["needed"], limited, 1.0)
        for k, (clinic, ax) in enumerate(zip(clinics, panels, strict=True)):
            mine = needed[needed["clinic"] == clinic]
            for r, name in enumerate(names):
                rows = mine[mine["resource"] == name].set_index("policy")
                if rows.empty:
                    continue
                has = float(rows["count"].iloc[0])
                middle = r * block + row * len(policies) / 2
                ax.barh(
                    middle,
                    min(has, 1.1 * most),
                    height=row * len(policies),
                    color=look.PALE,
                    gid=f"has {name}",
                )
                for p, policy in enumerate(policies):
                    units, drawn_as = rows["needed"].get(policy), looks[policy]
                    at = r * block + row * (p + 0.5)
                    ax.plot(
                        [units],
                        [at],
                        marker=drawn_as.marker,
                        color=drawn_as.colour,
                        markersize=6.5,
                        markeredgecolor="white",
                        clip_on=False,
                        zorder=4,
                        gid=f"needs {policy}",
                    )
            ax.set(xlim=(0, 1.05 * most), ylim=(block * len(names) - 0.06, -0.06))
            ax.set_yticks(
                [r * block + row * len(policies) / 2 for r in range(len(names))],
                [sentence(resource_words(name)) for name in names],
            )
            ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
            ax.tick_params(axis="y", length=0, labelleft=k % grid.columns == 0)
            ax.tick_params(axis="x", labelbottom=k + grid.columns >= len(panels))
            ax.spines["left"].set_visible(False)
        height = drawn.get_size_inches()[1]
        drawn.text((left + grid.panels / 2) / look.WIDTH, (key + 0.08) / height, "units", ha="center")
        draw_key(drawn, policies, looks)
    return drawn


def _harm_finding(stated: pd.DataFrame, years: float) -> Finding:
    within = f"within {years_words(years)}"
    beyond = stated[beyond_luck(stated, "net")]
    if beyond.empty:
        return Finding(f"No harm of waiting {within} {BEYOND}, in any clinic or under any policy", "")
    top = beyond.iloc[beyond["net"].abs().argmax()]
    nouns = {
        "local_recurrence": "local recurrences",
        "local_failure": "local failures",
        "distant_metastasis": "distant metastases",
        "salvage_lost": "lost salvage resections",
        "death": "deaths",
    }
    verb = "costs" if top["net"] > 0 else "averts"
    return Finding(
        f"Waiting {verb} {abs(top['net']):.1f} {nouns[top['outcome']]} per 1,000 patients {within} in the "
        f"{top['clinic'].replace('_', ' ')} clinic under {policy_words(top['policy'])}",
        f"{INTERVAL} {interval(top['net_low'], top['net_high'], signed)}. ",
    )


def _needed_finding(needed: pd.DataFrame) -> Finding:
    unmet = needed[needed["needed"].isna()]
    if len(unmet) == len(needed):
        return Finding("No count is enough: opening hours alone keep patients beyond their target", "")
    short = needed[needed["needed"] > needed["count"]]
    if len(short):
        top = short.iloc[(short["needed"] - short["count"]).argmax()]
        units = f"{top['needed']:.0f} {resource_words(top['resource'])}{'' if top['needed'] == 1 else 's'}"
        return Finding(
            f"{sentence(policy_words(top['policy']))} needs {units}, "
            f"and the {top['clinic'].replace('_', ' ')} clinic has {top['count']:.0f}",
            "",
        )
    if len(unmet):
        policy, clinic = unmet.iloc[0][["policy", "clinic"]]
        return Finding(
            f"No count is enough in the {clinic.replace('_', ' ')} clinic under {policy_words(policy)}: "
            "opening hours alone keep patients beyond their target",
            "",
        )
    return Finding("Every clinic has what every policy needs", "")
