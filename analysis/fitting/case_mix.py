"""A cohort's numbers from a table of patients: age, sex, height, T and N, as hospitals write them down."""

import csv
import io
import math
import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conf.input_error import InputError, choice, shown

# The spellings of each column, in lower case, with _ for anything but letters and digits.
SPELLINGS = {
    "age": ("age", "age_years", "age_at_diagnosis"),
    "sex": ("sex", "gender"),
    "height": (
        "height", "height_cm", "height_above_verge_cm", "height_above_anal_verge_cm",
        "distance_from_verge_cm", "distance_from_anal_verge_cm",
    ),
    "t": ("t", "ct", "t_stage", "t_category", "clinical_t"),
    "n": ("n", "pn", "n_stage", "n_category"),
    "cn": ("cn", "clinical_n", "mri_n"),
}  # fmt: skip
SEXES = {
    "female": ("f", "female", "woman", "w", "women"),
    "male": ("m", "male", "man", "men"),
}
T_NAMES = ("T1", "T2", "T3ab", "T3cd", "T4a", "T4b")
MISSING = ("", "na", "n/a", "nan", "null", "none", "unknown", "missing", "?", "-", ".")
LARGEST_BYTES = 100_000_000
FEWEST = 20  # patients, of whom a cohort can be made
FEWEST_OF_A_T = 10  # patients of a T category, of whom the share with involved nodes is taken
OLDEST = 110.0
Tree = Mapping[str, Any]


@dataclass
class CaseMix:
    """A cohort's numbers: ``found`` by key, with how many patients were used and who was left out and why."""

    found: dict[str, Any]
    used: int
    left_out: Counter[str]
    notes: list[str] = field(default_factory=list)


def case_mix(path: Path, cohort: Tree, staging: Tree) -> CaseMix:
    """Return a cohort's numbers from the patients of a CSV file, one a line.

    ``cohort``: the numbers of the cohort that it starts from, which divide what the table does not (T3 and T4
    without a letter) and stay where it is silent. ``staging``: ``node_sensitivity`` and ``node_specificity``,
    by which involved nodes follow from nodes as MRI read them (a column cN); a column N is taken as it is.
    A patient of whom any of these columns is empty or cannot be understood is left out.

    Raises InputError for a file that cannot be read, has none of the columns or too few patients.
    """
    header, lines = _table(path)
    columns = _columns(path, header)
    bounds = cohort["height_bounds_cm"]
    readers: dict[str, Callable[[str], Any]] = {
        "age": _age, "sex": _female, "height": lambda text: _height(text, bounds), "t": _t, "n": _n, "cn": _n,
    }  # fmt: skip
    patients, left_out = [], Counter[str]()
    for number, words in lines:
        try:
            if len(words) != len(header):
                raise ValueError(f"has {len(words)} values under {len(header)} headings")
            patients.append({name: _value(name, words[k], readers[name]) for name, k in columns.items()})
        except ValueError as error:
            left_out[str(error)] += 1
            left_out.setdefault(f"first line: {error}", number)
    first = {text.removeprefix("first line: "): line for text, line in left_out.items() if ": " in text}
    reasons = Counter(
        {
            f"{text} (first in line {first[text]})": n
            for text, n in left_out.items()
            if not text.startswith("first")
        }
    )
    if len(patients) < FEWEST:
        why = "".join(f"; {n} left out: {text}" for text, n in reasons.most_common(3))
        raise InputError(
            f"from={path}: {len(patients)} patients can be used; at least {FEWEST} are needed{why}"
        )
    mix = CaseMix({}, len(patients), reasons)
    of = {name: [patient[name] for patient in patients] for name in columns}
    if "age" in of:
        mix.found |= _ages(of["age"])
    if "sex" in of:
        mix.found["female_share"] = _rounded(statistics.fmean(of["sex"]))
    weights = _weights(of.get("t"), of.get("height"), cohort, mix)
    if "t" in of:
        mix.found["ct_shares"] = _shares([sum(column) for column in zip(*weights, strict=True)])
    if "height" in of:
        _heights(of["height"], weights, cohort, mix)
    if "n" in of or "cn" in of:
        _nodes(of.get("n") or of["cn"], weights, cohort, staging if "cn" in of else None, mix)
    silent = [name for name in ("age", "sex", "height", "t") if name not in of]
    silent += [] if "n" in of or "cn" in of else ["n"]
    if silent:
        mix.notes.append(f"The table has no column {', '.join(silent)}")
    return mix


def _table(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the headings, and the lines that are not empty with their numbers. Raises InputError."""
    where = f"from={path}"
    if path.suffix.lower() in (".xlsx", ".xls", ".ods", ".numbers"):
        raise InputError(f"{where}: is a spreadsheet's own format; save it as CSV (UTF-8)")
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError(f"{where}: is larger than {LARGEST_BYTES:,} bytes")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{where}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: is not UTF-8; save it as CSV (UTF-8)") from error
    first = text.split("\n", 1)[0]
    delimiter = max((",", ";", "\t"), key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        lines = [(reader.line_num, [word.strip() for word in words]) for words in reader if any(words)]
    except csv.Error as error:
        raise InputError(f"{where}: line {reader.line_num}: {error}") from error
    if not lines:
        raise InputError(
            f"{where}: is empty; its first line must hold the headings, such as age,sex,height,T,N"
        )
    return lines[0][1], lines[1:]


def _columns(path: Path, header: Sequence[str]) -> dict[str, int]:
    """Return the place of each column that is understood. Raises InputError."""
    spelt = {spelling: name for name, spellings in SPELLINGS.items() for spelling in spellings}
    columns: dict[str, int] = {}
    for place, heading in enumerate(header):
        name = spelt.get(re.sub(r"[^a-z0-9]+", "_", heading.lower()).strip("_"), "")
        if name in columns:
            raise InputError(
                f"from={path}: the columns {shown(header[columns[name]])} and {shown(heading)} "
                f"both hold {name}"
            )
        if name:
            columns[name] = place
    if "n" in columns and "cn" in columns:  # what is involved says more than what MRI read
        del columns["cn"]
    if not columns:
        headings = shown(", ".join(header))
        known = [spellings[0] for spellings in SPELLINGS.values()]
        raise InputError(f"from={path}: no column of {headings} is known{choice('', known)}")
    return columns


def _value(name: str, text: str, read: Callable[[str], Any]) -> Any:
    if text.lower() in MISSING:
        raise ValueError(f"{name} is missing")
    return read(text)


def _number(name: str, text: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{name}={shown(text)} is no number")
    return value


def _age(text: str) -> float:
    age = _number("age", text)
    if not 0 < age <= OLDEST:
        raise ValueError(f"age={shown(text)} is not from 0 to {OLDEST:g} years")
    return age


def _female(text: str) -> bool:
    for name, words in SEXES.items():
        if text.lower() in words:
            return name == "female"
    raise ValueError(f"sex={shown(text)} is neither female nor male (F, M)")


def _height(text: str, bounds: Sequence[float]) -> float:
    height = _number("height", re.sub(r"\s*cm$", "", text))
    if not bounds[0] <= height <= bounds[-1]:
        raise ValueError(f"height is not from {bounds[0]:g} to {bounds[-1]:g} cm above the verge")
    return height


def _t(text: str) -> str:
    found = re.fullmatch(r"(?:c|mr|p|yp)?t?\s*(1|2|3|4)\s*(a|b|c|d|ab|cd)?", text.lower())
    if not found or (found[1] == "4" and found[2] not in (None, "a", "b")):
        raise ValueError(f"T={shown(text)} is none of T1, T2, T3, T3a to T3d, T3ab, T3cd, T4, T4a, T4b")
    if found[1] in "12":
        return found[1]
    letter = found[2] or ""
    return found[1] + (
        {"a": "ab", "b": "ab", "c": "cd", "d": "cd"}.get(letter, letter) if found[1] == "3" else letter
    )


def _n(text: str) -> int:
    found = re.fullmatch(r"(?:c|mr|p|yp)?n?\s*(0|1|2)\s*[abc]?", text.lower())
    if not found:
        raise ValueError(f"N={shown(text)} is none of N0, N1, N1a to N1c, N2, N2a, N2b")
    return int(found[1])


def _ages(ages: Sequence[float]) -> dict[str, float]:
    """Return the normal that, cut off at the youngest and the oldest, has these ages' mean and deviation."""
    low, high = math.floor(min(ages)), math.ceil(max(ages))
    mean, sd = statistics.fmean(ages), statistics.pstdev(ages)
    centre, spread = mean, sd
    for _ in range(200 if sd > 0 else 0):
        has_mean, has_sd = _cut_off(centre, spread, low, high)
        if not has_sd > 0:
            break
        centre = min(max(centre + mean - has_mean, low), high)
        spread = min(spread * sd / has_sd, 2 * (high - low))
    return {
        "age_mean_years": round(centre, 2),
        "age_sd_years": round(spread, 2),
        "age_min_years": float(low),
        "age_max_years": float(high),
    }


def _cut_off(centre: float, spread: float, low: float, high: float) -> tuple[float, float]:
    """Return mean and standard deviation of a normal of which what lies outside is put at the ends."""
    normal = statistics.NormalDist()
    a, b = (low - centre) / spread, (high - centre) / spread
    within = normal.cdf(b) - normal.cdf(a)
    below, above = normal.cdf(a), 1 - normal.cdf(b)
    first = a * below + b * above + normal.pdf(a) - normal.pdf(b)
    second = a * a * below + b * b * above + within + a * normal.pdf(a) - b * normal.pdf(b)
    return centre + spread * first, spread * math.sqrt(max(second - first * first, 0.0))


def _weights(
    stages: Sequence[str] | None, heights: Sequence[float] | None, cohort: Tree, mix: CaseMix
) -> list[list[float]]:
    """Return the share of each patient in the six categories of T; unlettered T3 and T4 are divided."""
    shares = cohort["ct_shares"]
    if stages is None:
        return []
    places = {"1": 0, "2": 1, "3ab": 2, "3cd": 3, "4a": 4, "4b": 5}
    weights = []
    for k, stage in enumerate(stages):
        row = [0.0] * len(shares)
        if stage in places:
            row[places[stage]] = 1.0
        else:
            one, other = (2, 3) if stage == "3" else (4, 5)
            # No T4a below the reflection, where there is no peritoneum.
            low = stage == "4" and heights is not None and heights[k] < cohort["reflection_cm"]
            whole = shares[one] + shares[other]
            row[one] = 0.0 if low else (shares[one] / whole if whole > 0 else 0.5)
            row[other] = 1.0 - row[one]
        weights.append(row)
    for stage in ("3", "4"):
        if n := sum(each == stage for each in stages):
            mix.notes.append(
                f"T{stage} without a letter, {n} patients: divided as in the cohort it starts from"
            )
    return weights


def _heights(
    heights: Sequence[float], weights: Sequence[Sequence[float]], cohort: Tree, mix: CaseMix
) -> None:
    bounds = cohort["height_bounds_cm"]
    bands = [0.0] * (len(bounds) - 1)
    for k, height in enumerate(heights):
        band = next(band for band in range(len(bands)) if height <= bounds[band + 1])
        bands[band] += 1.0 - (weights[k][4] if weights else 0.0)
    if sum(bands) > 0:
        mix.found["height_shares"] = _shares(bands)
    if weights and any(row[4] for row in weights):
        mix.notes.append("Heights are of all but T4a, which lie above the reflection")


def _nodes(
    nodes: Sequence[int],
    weights: Sequence[Sequence[float]],
    cohort: Tree,
    staging: Tree | None,
    mix: CaseMix,
) -> None:
    """Set the shares with N1 and N2 by T, for each category with patients enough."""
    n1, n2 = list(cohort["n1_share"]), list(cohort["n2_share"])
    few, none = [], []
    for category in range(len(n1)):
        # Without T in the table, all categories are alike.
        weight = [row[category] for row in weights] if weights else [1.0] * len(nodes)
        if (total := sum(weight)) < FEWEST_OF_A_T:
            few.append(T_NAMES[category])
            continue
        shares = [sum(w for w, n in zip(weight, nodes, strict=True) if n == k) / total for k in (1, 2)]
        if staging is not None:
            sensitivity, specificity = staging["node_sensitivity"], staging["node_specificity"]
            read1, shares = shares[0], _involved(shares, sensitivity, specificity)
            if read1 < (1.0 - specificity) * (1.0 - shares[1]):
                none.append(T_NAMES[category])
        n1[category], n2[category] = map(_rounded, shares)
    mix.found |= {"n1_share": n1, "n2_share": n2}
    if few:
        mix.notes.append(
            f"Nodes of {', '.join(few)}: as in the cohort it starts from; fewer than {FEWEST_OF_A_T} patients"
        )
    if staging is not None:
        mix.notes.append("cN is MRI's reading; involved nodes follow from its sensitivity and specificity")
    if none:
        mix.notes.append(f"cN of {', '.join(none)}: MRI reads more nodes than the table holds; no N1 is left")


def _involved(read: Sequence[float], sensitivity: float, specificity: float) -> list[float]:
    """Return the shares with N1 and N2 that MRI reads so: false positives are N1, negatives N0."""
    read1, read2 = read
    false = 1.0 - specificity
    n2 = min(read2 / sensitivity, 1.0) if sensitivity > 0 else read2
    n1 = (read1 - false * (1.0 - n2)) / (sensitivity - false) if sensitivity > false else read1
    return [min(max(n1, 0.0), 1.0 - n2), n2]


def _rounded(value: float) -> float:
    return round(value, 4)


def _shares(amounts: Iterable[float]) -> list[float]:
    """Return shares with four decimals that add up to 1: what rounding leaves goes to the largest."""
    amounts = list(amounts)
    total = sum(amounts)
    shares = [_rounded(amount / total) for amount in amounts]
    largest = max(range(len(shares)), key=shares.__getitem__)
    shares[largest] = _rounded(1.0 - sum(share for k, share in enumerate(shares) if k != largest))
    return shares
