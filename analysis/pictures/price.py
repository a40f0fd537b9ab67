"""Picture of what each policy averts and what it costs, both sides on one scale."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.pictures import look, two_sides
from analysis.words.price import harms_there
from analysis.words.terms import HARM
from analysis.words.wording import (
    BEYOND,
    INTERVALS,
    beyond_luck,
    comparator_words,
    headline_years,
    leaders,
    listed,
    patients_words,
    policy_words,
    sentence,
    years_words,
)
from sim.counting.outcomes import ALL, LASTING

RECURRENCE = "local_recurrence"
WORDS = {RECURRENCE: "local recurrence", **{harm.name.lower(): words for harm, words in HARM.items()}}
WORDS |= {"second_cancer": "second cancer", "severe_morbidity": "severe morbidity"}
WORDS |= {"salvage_morbidity": "morbidity of salvage", "bowel_obstruction": "bowel obstruction"}
WORDS |= {"severe_toxicity": "severe toxicity"}
LIVED_WITH = tuple(harm.name.lower() for harm in LASTING)
ENDS = ("", "_low", "_high")


def averted_and_harmed(
    averted: pd.DataFrame, harmed: pd.DataFrame, population: str = "simulated patients"
) -> Figure:
    """Return the patients whom each policy spares a recurrence or a harm, and those whom it gives one."""
    if averted.empty or harmed.empty:
        return look.message(
            "Nothing averted or harmed: there is one policy, and nothing to compare it with",
            "Name two policies or more to see what each averts and what it costs.",
        )
    if not look.known(averted["net"]) or not look.known(harmed["net"]):
        return look.nothing("what is averted and what is harmed")
    years = headline_years(averted)
    both = sides(averted, harmed, years)
    names = [name for name in WORDS if (both["name"] == name).any()]
    policies = list(dict.fromkeys(both["policy"]))
    note = (
        f"{patients_words(both, population, compared=True)} Whiskers: {INTERVALS}. Same scale for all. "
        f"Stomas and dysfunction: in those who live with them at {years_words(years)}; "
        "recurrence and the other harms: in those who have had them by then. A patient who is not operated "
        "on cannot have a local recurrence."
    )
    with look.style():
        left, bottom = 2.0, 0.95
        grid = look.Grid(len(policies), left, look.EDGE, 0.27 * len(names), below=0.45, most=2)
        headings = [look.wrapped(sentence(policy_words(p)), grid.width, look.SMALL) for p in policies]
        drawn, panels = grid.draw(_title(both, averted, years), note, headings, bottom)
        limits = two_sides.limits(both, "better", "worse", 0.45, grid.width)
        for k, (policy, ax) in enumerate(zip(policies, panels, strict=True)):
            rows = both[both["policy"] == policy].set_index("name").reindex(names)
            two_sides.bars(ax, rows, "better", "worse", 0.66, look.SMALL - 1, _whole_from_100)
            ax.set(xlim=limits, ylim=(len(names) - 0.4, -0.6))
            ax.axhline(0.5, color=look.PALE, linewidth=1, zorder=0)
            ax.set_yticks(range(len(names)), [WORDS[name] for name in names])
            ax.tick_params(axis="y", length=0, labelleft=k % grid.columns == 0, labelsize=look.SMALL)
            ax.spines["left"].set_visible(False)
            ax.xaxis.set_major_locator(MaxNLocator(max(5, int(1.3 * grid.width)), steps=[1, 2, 5, 10]))
            ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):g}"))
        middle = (left + grid.panels / 2) / look.WIDTH
        words = f"patients per 1,000, compared with {comparator_words(averted)}"
        fits = look.wrapped(words, grid.panels, look.TEXT)[0]
        drawn.text(middle, 0.43 / drawn.get_size_inches()[1], fits, ha="center")
        look.swatch(drawn, left + grid.panels / 2 - 2.2, 0.13, look.ORANGE, "caused or harmed", "////")
        look.swatch(drawn, left + grid.panels / 2 + 0.3, 0.13, look.BLUE, "averted or spared")
    return drawn


def sides(averted: pd.DataFrame, harmed: pd.DataFrame, years: float) -> pd.DataFrame:
    """Return what is better and what is worse at a horizon, per 1,000, by policy and name, with intervals.

    ``better``: recurrences averted and harms spared; ``worse``: caused and harmed; ``net``: more with it.
    """
    whole = averted[(averted["mechanism"] == ALL) & (averted["compartment"] == ALL)]
    whole = whole[whole["horizon_years"] == years]
    recurrence = whole[["policy", "n"]].assign(name=RECURRENCE)
    for new, old in (("better", "averted"), ("worse", "caused")):
        recurrence = recurrence.assign(**{f"{new}{end}": whole[f"{old}{end}"] for end in ENDS})
    net = {"net": -whole["net"], "net_low": -whole["net_high"], "net_high": -whole["net_low"]}
    recurrence = recurrence.assign(**net)
    at = harmed[harmed["horizon_years"] == years]
    at = at[at["harm"].isin(harms_there(at))]
    renamed = {"harm": "name"}
    renamed |= {f"spared{end}": f"better{end}" for end in ENDS}
    renamed |= {f"harmed{end}": f"worse{end}" for end in ENDS}
    return pd.concat([recurrence, at.rename(columns=renamed)[list(recurrence.columns)]], ignore_index=True)


def _whole_from_100(number: float) -> str:
    return f"{number:.1f}" if number < 99.95 else f"{number:.0f}"


def _title(both: pd.DataFrame, averted: pd.DataFrame, years: float) -> str:
    """Return what the policy that averts most recurrences costs, where that is beyond luck."""
    against, within = comparator_words(averted), f"within {years_words(years)}"
    recurrence = both[both["name"] == RECURRENCE].set_index("policy")
    fewer = recurrence[recurrence["net_high"] < 0]
    if fewer.empty:
        return f"No policy averts recurrences {within} compared with {against} {BEYOND}"
    best = leaders(-fewer["net"], "{:.1f}".format)
    number = f"{-fewer['net'].min():.1f} recurrences per 1,000 patients {within}"
    if len(best) > 1:
        return f"{sentence(listed(map(policy_words, best)))} each avert {number}"
    said = f"{sentence(policy_words(best[0]))} averts {number}"
    harms = both[(both["policy"] == best[0]) & (both["name"] != RECURRENCE)].set_index("name")
    more = harms[beyond_luck(harms, "net") & (harms["net"] > 0)]
    if more.empty:
        return f"{said}; no harm is more frequent {BEYOND}"
    worst = str(more["net"].idxmax())
    verb = "live with" if worst in LIVED_WITH else "have had"
    return f"{said}; {more['net'].max():.1f} more {verb} {WORDS[worst]}"
