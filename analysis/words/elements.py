"""What the elements of a listed number are of: a T category, a regimen, a plane, a procedure."""

import re

from analysis.words.wording import policy_words
from sim.counting.outcomes import HARMS

T = ("T1", "T2", "T3 to 5 mm", "T3 beyond 5 mm", "T4a", "T4b")
NODES = ("N0", "N1", "N2")
REGIMENS = (
    "no treatment before surgery", "short course", "delayed short course", "chemoradiotherapy",
    "total neoadjuvant", "long course",
)  # fmt: skip
PLANES = ("mesorectal plane", "intramesorectal plane", "muscularis plane")
MARGINS = ("R0", "R1", "R2")
OPERATIONS = ("no operation", "low anterior resection", "abdominoperineal resection", "Hartmann")
PROCEDURES = (
    "no salvage", "central resection", "exenteration", "abdominosacral resection", "sidewall resection",
    "perineal resection",
)  # fmt: skip
SITES = ("central", "anterior", "posterior", "lateral", "perineal")
FURTHER = ("no further compartment", "one more", "two more", "three more")
OF = {
    "luminal_cells_probability": REGIMENS,
    "sterilised_probability": REGIMENS,
    "sterilised_odds_ratio": REGIMENS,
    "interval_weeks": REGIMENS,
    "complete_response_probability": REGIMENS,
    "regression_share": REGIMENS,
    "node_clearance_probability": REGIMENS,
    "irradiated_onset_ratio": REGIMENS,
    "excision_residue_probability": T,
    "involved_probability": NODES,
    "deposit_probability": NODES,
    "fascia_distance_nodes_ratio": NODES,
    "left_probability": PLANES,
    "plane_loss_mm": PLANES,
    "extra_compartments_shares": FURTHER,
    "site_curative_odds_ratio": SITES,
    "complication_probability": PROCEDURES,
    "rerecurrence_probability": MARGINS,
    "metastasis_probability": MARGINS,
    "resection_ward_days": OPERATIONS,
    "salvage_ward_days": PROCEDURES,
    "salvage_intensive_care_days": PROCEDURES,
}


def element_words(name: str, place: int) -> str:
    """Return what an element of a listed number is of, for people; else its place, from 1.

    ``name``: the number's own key without its section; ``place``: from 0.
    """
    if name.startswith("harm_"):
        return policy_words(HARMS[place])
    of = OF.get(name) or (T if name.startswith("t_") else NODES if name.startswith("nodes_") else ())
    return of[place] if place < len(of) else str(place + 1)


def of_all(name: str) -> str:
    """Return a listed number's key without what its elements are of: ``take_odds_ratio``."""
    return re.sub("^(t|nodes)_|(?<=_)nodes_", "", name)
