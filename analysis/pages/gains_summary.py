"""Who gains, as a table to read."""

import math
import textwrap
from collections.abc import Mapping

import pandas as pd

from analysis.pages.economics_summary import WIDEST, head, more_money, more_years
from analysis.words.economics import whole_money
from analysis.words.wording import DASH, interval, policy_words, sentence, signed

WIDTH = 58
EVERYBODY = "everybody"


def gains_summary(tables: Mapping[str, pd.DataFrame], currency: str, threshold: float) -> str:
    """Return for each policy the groups of patients with what they gain, and the rule that treats them."""
    gains, rules = tables["gains"], tables["rules"].set_index("policy")
    about = (
        "What patients gain from a policy over the comparator, by what is seen before treatment; with the "
        f"same luck. Net benefit: QALYs at {whole_money(threshold)} {currency} each, less costs, per patient "
        "of the group, as the 95 % interval of simulated luck."
    )
    lines = [textwrap.fill(about, WIDEST), ""]
    columns = [
        ("patients", "%", 9),
        ("treated", "otherwise, %", 13),
        ("averted", "per 1,000", 10),
        ("needed", "to avert one", 13),
        ("QALYs", "", 8),
        ("net benefit", currency, 20),
    ]
    for policy, of in gains.groupby("policy", sort=False):
        comparator = of["comparator"].iloc[0]
        lines += [f"{sentence(policy_words(str(policy)))}, against {policy_words(comparator)}"]
        lines += head(WIDTH, columns)
        for row in of.to_dict("records"):
            needed = DASH if math.isnan(row["needed"]) else f"{row['needed']:.0f}"
            low_high = interval(row["benefit_low"], row["benefit_high"], more_money)
            cells = [
                f"{100 * row['share']:>9.1f}",
                f"{100 * row['treated']:>13.1f}",
                f"{signed(row['averted_per_1000']):>10}",
                f"{needed:>13}",
                f"{more_years(row['qalys']):>8}",
                f"  {low_high:>18}",
            ]
            lines.append(f"  {row['group']:{WIDTH - 2}}{''.join(cells)}")
        rule = rules.loc[[policy]].to_dict("records")[0]
        low_high = interval(rule["benefit_low"], rule["benefit_high"], more_money)
        worth = f"{more_money(rule['benefit'])} ({low_high})"
        if rule["condition"] == EVERYBODY:
            words = f"The rule: treat everybody, {worth} {currency} per patient of the cohort."
        elif rule["condition"]:
            words = (
                f"The rule: treat if {rule['condition']}: {100 * rule['share']:.0f} % of the patients, and "
                f"{worth} {currency} per patient of the cohort; to treat everybody gives "
                f"{more_money(rule['everybody'])}."
            )
        else:
            words = f"The rule: treat nobody; to treat everybody gives {more_money(rule['everybody'])}."
        lines += ["", textwrap.fill(words, WIDEST), ""]
    lines.append(
        textwrap.fill(
            "A rule is found in half of the patients; it, and treating everybody, are valued in the other "
            f"half. Needed: treated otherwise for each recurrence averted; {DASH}: those averted may be "
            "simulated luck. All of this holds for the base case; for how sure it is, see lrrc psa.",
            WIDEST,
        )
    )
    return "\n".join([*lines, ""])
