"""What the model predicts for studies that a fit left out, for the page of a validation."""

import pandas as pd

from analysis.fitting.prediction import coverage
from analysis.words.endpoints import number
from conf.discrepancy import KINDS, LEFT_OUT

PICTURE = "left_out"
HEAD = "| kind | | endpoints | inside the published interval | in the 50 % interval | in the 95 % interval |"


def shipped() -> pd.DataFrame:
    """Return what the shipped fit predicts for each of its studies without it."""
    return pd.read_csv(LEFT_OUT)


def left_out_section(left_out: pd.DataFrame, endpoints: pd.DataFrame) -> list[str]:
    """Return the lines of the section: coverage by kind, the picture, and the refits that check it.

    ``left_out``: as ``shipped``; ``endpoints``: as ``analysis.words.endpoints.labels`` returns them.
    """
    found = coverage(left_out)
    whole = found.iloc[-1]
    lines = [
        "## Studies left out of the fit",
        "",
        "Each study of the calibration set, predicted by a fit to the others: the prediction lies inside the "
        f"published 95 % interval at {_percent(whole['inside'])} of {int(whole['endpoints'])} endpoints. "
        "The predictive intervals hold what is uncertain of the numbers, how far studies lie from what the "
        "model predicts for them (the discrepancy, estimated by kind of outcome and without the study), and "
        f"the sampling of the published figure: the 50 % ones hold {_percent(whole['half'])} of the "
        f"published figures, the 95 % ones {_percent(whole['nearly_all'])}.",
        "",
        HEAD,
        "|---|---|--:|--:|--:|--:|",
        *(
            f"| {row['kind']} | {KINDS.get(row['kind'], '')} | {int(row['endpoints'])} | "
            f"{' | '.join(_percent(row[name]) for name in ('inside', 'half', 'nearly_all'))} |"
            for _, row in found.iterrows()
        ),
        "",
        f"![Where published figures lie in what other studies predict]({PICTURE}.png)",
        "",
        "The predictions are by a linear approximation to all evaluations of the fit.",
    ]
    checked = left_out[left_out["refit"].notna()]
    if len(checked):
        lines[-1] += (
            " For these studies the search for the best fit was run again without them, which finds the most "
            "probable numbers and not their mean:"
        )
        lines += ["", *_refits(checked, endpoints)]
    return [*lines, ""]


def _refits(checked: pd.DataFrame, endpoints: pd.DataFrame) -> list[str]:
    measure = endpoints.set_index(["trial", "endpoint"])["measure"]
    lines = [
        "| study | endpoint | published | predicted without it | refitted without it |",
        "|---|---|--:|--:|--:|",
    ]
    for _, row in checked.iterrows():
        kind = str(measure[(row["trial"], row["endpoint"])])
        words = [number(row[name], kind) for name in ("published", "predicted", "refit")]
        lines.append(f"| {row['trial']} | `{row['endpoint']}` | {' | '.join(words)} |")
    return lines


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
