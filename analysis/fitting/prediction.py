"""How often predictive intervals held the figures of studies that a fit left out."""

import pandas as pd


def coverage(left_out: pd.DataFrame) -> pd.DataFrame:
    """Return by kind and for ``all``: ``endpoints``, and the shares ``inside`` the published interval, and
    of published figures within the ``half`` and the ``nearly_all`` (95 %) intervals of the prediction.
    """
    named = [(str(name), part) for name, part in left_out.groupby("kind", sort=True)]
    lines = []
    for name, part in [*named, ("all", left_out)]:
        probability = part["probability"]
        lines.append(
            {
                "kind": name,
                "endpoints": len(part),
                "inside": part["inside"].mean(),
                "half": probability.between(0.25, 0.75).mean(),
                "nearly_all": probability.between(0.025, 0.975).mean(),
            }
        )
    return pd.DataFrame(lines)
