"""What waiting cost: the same patients in a clinic and without queues."""

import numpy as np
import pandas as pd

from analysis.estimates import batch_mean
from sim.outcomes import since_diagnosis
from sim.patient import YEAR_DAYS

PER = 1000  # patients
# What is told of a life, and the day on which it came; salvage is harm where it did not come.
DAYS = {
    "local_recurrence": "recurrence_found_day",
    "distant_metastasis": "metastasis_found_day",
    "death": "death_day",
    "salvage_lost": "salvage_day",
}


def harm(rows: np.ndarray, unhindered: np.ndarray, horizons_years: tuple[float, ...]) -> pd.DataFrame:
    """Return what waiting caused and averted per 1,000 patients, each with an interval, and the net of them.

    ``rows`` and ``unhindered``, dtype ROW, shape (n,): the same patients in order of arrival, in the clinic
    and without queues. ``local_recurrence``, ``distant_metastasis`` and ``death`` count those who have it
    by the horizon; ``salvage_lost`` those whose recurrence is not resected by then.
    """
    found = []
    for outcome, field in DAYS.items():
        for years in horizons_years:
            has, had = (
                (since_diagnosis(lives, field) <= years * YEAR_DAYS) != (outcome == "salvage_lost")
                for lives in (rows, unhindered)
            )
            line: dict[str, object] = {"outcome": outcome, "horizon_years": years, "n": len(rows)}
            for name, values in (
                ("caused", has & ~had),
                ("averted", had & ~has),
                ("net", has.astype(int) - had.astype(int)),
            ):
                _, centre, low, high = batch_mean(values)
                least = -np.inf if name == "net" else 0.0
                line |= {
                    name: PER * centre,
                    f"{name}_low": PER * max(low, least),
                    f"{name}_high": PER * high,
                }
            found.append(line)
    return pd.DataFrame(found)
