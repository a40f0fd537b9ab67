"""Numbers that are simulated with and that nobody writes: from a cohort's numbers and the disease's."""

import math
from collections.abc import Mapping
from typing import Any

Tree = dict[str, Any]


def derived(cohort: Tree, parameters: Mapping[str, Tree]) -> Tree:
    """Return the record ``derived`` of a world.

    ``abdominal_mesorectal_share``: mesorectal planes among resections without a perineal phase such that,
    with the abdominoperineal ones of the cohort, its ``plane_shares`` are those of all elective resections
    under tailored operations and no quality levers.
    """
    return {
        "abdominal_mesorectal_share": abdominal_share(
            cohort["plane_shares"][0], perineal_share(cohort), parameters["surgery"]["apr_plane_odds_ratio"]
        )
    }


def abdominal_share(share: float, perineal: float, odds_ratio: float) -> float:
    """Return p such that ``(1 - perineal) p + perineal p'`` is a share, p' having odds of p times a ratio."""
    if not 0.0 < share < 1.0:
        return share
    # The positive root of a quadratic, in the form that loses no digits where the ratio is near 1.
    square = (1.0 - perineal) * (odds_ratio - 1.0)
    linear = 1.0 + (perineal - share) * (odds_ratio - 1.0)
    root = math.sqrt(max(linear * linear + 4.0 * square * share, 0.0))
    return min(2.0 * share / (linear + root), 1.0)


def perineal_share(cohort: Tree) -> float:
    """Return the expected share of abdominoperineal resections among a cohort's tailored operations."""
    bounds, shares = cohort["height_bounds_cm"], cohort["height_shares"]
    limit, reflection = cohort["apr_up_to_cm"], cohort["reflection_cm"]
    t4a = cohort["ct_shares"][4] / sum(cohort["ct_shares"])
    low = low_t4a = 0.0
    for k, share in enumerate(shares):
        width = bounds[k + 1] - bounds[k]
        up_to = within((limit - bounds[k]) / width)
        low += share * up_to
        # A T4a tumour below the reflection is moved to between it and the top, by the same uniform.
        below = within((reflection - bounds[k]) / width)
        room = bounds[-1] - reflection
        moved = within((limit - reflection) / room) if room > 0.0 else 1.0 * (limit >= reflection)
        low_t4a += share * (max(up_to - below, 0.0) + min(below, moved))
    return float(cohort["apr_share"] * ((1.0 - t4a) * low + t4a * low_t4a) / sum(shares))


def within(share: float) -> float:
    return min(max(share, 0.0), 1.0)
