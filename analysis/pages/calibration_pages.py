"""What a calibration shows its reader: pictures, and the text that the command prints."""

from pathlib import Path

import pandas as pd

from analysis.pictures import look
from analysis.pictures.calibration import converged, identified, three_digits, traded


def draw_calibration(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Draw what was learnt of the numbers, what trades off, and how the search went.

    ``tables``: parameters, tradeoffs and trace, as ``lrrc calibrate`` writes them.
    """
    look.save(identified(tables["parameters"]), folder, "identified")
    look.save(traded(tables["tradeoffs"]), folder, "traded")
    look.save(converged(tables["trace"]), folder, "converged")


def summary(tables: dict[str, pd.DataFrame]) -> str:
    """Return the text that ``lrrc calibrate`` prints."""
    targets, numbers = tables["targets"], tables["parameters"]
    misses = targets[~targets["inside"]].sort_values("z", key=abs, ascending=False)
    narrowed = numbers[numbers["searched"]].sort_values("width_ratio").head(12)
    lines = [
        f"{int(targets['inside'].sum())} of {len(targets)} targets inside their published intervals; "
        f"chi-square {(targets['z'] ** 2).sum():.1f}",
        f"{int(numbers['searched'].sum())} of {len(numbers)} numbers affect some target",
        "",
        f"{'narrowed most':<52}{'prior (95 %)':<20}{'posterior (95 %)':<20}fitted",
    ]
    for _, row in narrowed.iterrows():
        prior = f"{three_digits(row['prior_low'])} to {three_digits(row['prior_high'])}"
        posterior = f"{three_digits(row['posterior_low'])} to {three_digits(row['posterior_high'])}"
        lines.append(f"  {row['key']:<50}{prior:<20}{posterior:<20}{three_digits(row['fitted'])}")
    if len(misses):
        lines += ["", f"{'missed':<52}{'published (95 %)':<26}fitted"]
    for _, row in misses.head(15).iterrows():
        low, high = three_digits(row["published_low"]), three_digits(row["published_high"])
        published = f"{three_digits(row['published'])} ({low} to {high})"
        lines.append(f"  {row['endpoint']:<50}{published:<26}{three_digits(row['fitted'])}")
    return "\n".join(lines)
