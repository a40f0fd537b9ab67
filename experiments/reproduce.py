"""Running a folder again and comparing what comes out, table by table."""

import platform
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.input_error import InputError
from conf.overrides import override
from conf.received import read_json
from experiments.draw import read_whole
from experiments.paper import Item, read_paper
from experiments.rerun import performed
from experiments.results.ending import NotReproducedError
from experiments.results.received_run import ReceivedRun, received_run
from experiments.results.run_folder import code_version, machine, package_versions

if TYPE_CHECKING:
    import pandas as pd

KEY_WORDS = {"out": "the folder of the new run, kept; without it nothing is kept"}
TOLERANCE = 1e-9  # of a number whose processor or packages differ, relative
LISTED = 5  # cells of a table that differ
# Columns that say what a row is about; the others are what it found.
FOUND = ("n", "estimate", "ci_low", "ci_high")


def reproduce(words: Sequence[str]) -> str:
    """Reproduce a run's folder, a zip of it, or each item of a paper.yaml; return what was found.

    Raises InputError for what cannot be run again, and NotReproducedError where a table is another.
    """
    if not words or "=" in words[0] or words[0].startswith("-"):
        raise InputError(
            f"{' '.join(words)}: name a run or a paper.yaml, as in: lrrc reproduce runs/compare/NAME"
        )
    name, *more = words
    for word in more:
        if not word.startswith("out=") or word == "out=":
            raise InputError(f"{word}: only out=FOLDER can be set; lrrc rerun takes changes")
    if name.endswith((".yaml", ".yml")):
        if more:
            raise InputError(f"{more[0]}: a paper has several runs, and keeps none")
        return reproduced_paper(name)
    out = more[-1].partition("=")[2] if more else None
    with received_run(name) as run, tempfile.TemporaryDirectory() as scratch:
        lines, same = reproduced(run, out or str(Path(scratch) / "again"))
    text = "\n".join(lines)
    if not same:
        raise NotReproducedError(text)
    return text


def reproduced(run: ReceivedRun, out: str) -> tuple[list[str], bool]:
    """Run a folder again into ``out``; return what to print, and whether all its tables are the same."""
    command = shlex.join(["lrrc", "reproduce", run.name])
    result = performed(run, [override(f"out={out}")], command)
    assert result.folder is not None
    elsewhere = differing_code(run.manifest)
    lines, same = [], True
    digests = digests_of(result.folder)
    for table in sorted(run.table_digests()):
        words, equal = compared_table(run, table, digests, result.folder, bool(elsewhere))
        lines += words
        same &= equal
    if elsewhere:
        lines += [
            "",
            "what differs from when the run was made, then and now:",
            *(f"  {line}" for line in elsewhere),
        ]
    verdict = f"reproduced: {run.name}" if same else f"not reproduced: {run.name}"
    return [*lines, "", verdict], same


def digests_of(folder: Path) -> dict[str, str]:
    """Return the digest of the content of each table of a folder that was just written."""
    manifest = read_json(folder / "manifest.json") or {}
    return {name: str(about["sha256"]) for name, about in manifest["tables"].items()}


def compared_table(
    run: ReceivedRun, table: str, digests: Mapping[str, str], folder: Path, tolerant: bool
) -> tuple[list[str], bool]:
    """Return what to print about one table, and whether it is reproduced.

    ``digests``: those of the new tables, in ``folder``; ``tolerant``: other code, packages or another
    processor, so that numbers may differ in their last digits.
    """
    digest = run.table_digests()[table]
    if table not in digests:
        return [f"{table}: is not written by this version"], False
    there = (run.folder / table).is_file()
    if there and run.altered(table):
        return [f"{table}: was altered since the run: it is not the file that the run wrote"], False
    if digests[table] == digest:
        return [
            f"{table}: the same" + ("" if there else ", by its digest; the file is gone from the folder")
        ], True
    if not there:
        return [f"{table}: differs, and the file is gone from the folder"], False
    return _difference(table, read_whole(run.folder / table), read_whole(folder / table), tolerant)


def _difference(
    table: str, then: "pd.DataFrame", now: "pd.DataFrame", tolerant: bool
) -> tuple[list[str], bool]:
    import numpy as np

    if list(then.columns) != list(now.columns) or len(then) != len(now):
        return [f"{table}: has other columns or {len(now):,} rows instead of {len(then):,}"], False
    cells, largest = [], 0.0
    for name in then:
        one, other = then[name], now[name]
        if one.dtype.kind in "fiu" and other.dtype.kind in "fiu":
            a, b = one.to_numpy(float), other.to_numpy(float)
            differs = ~((a == b) | (np.isnan(a) & np.isnan(b)))
            near = np.abs(a - b) <= TOLERANCE * np.maximum(np.abs(a), np.abs(b))
            if tolerant and one.dtype.kind == "f":
                largest = max(largest, float(np.abs(a - b)[differs & near].max(initial=0.0)))
                differs &= ~near
        else:
            differs = (one.astype(str) != other.astype(str)).to_numpy()
        cells += [(int(row), str(name)) for row in np.flatnonzero(differs)]
    if not cells and not tolerant:
        return [f"{table}: has another digest, though its cells read the same"], False
    if not cells:
        return [f"{table}: the same except for rounding, by at most {largest:.2g}"], True
    lines = [f"{table}: {len(cells):,} of {then.size:,} cells differ"]
    for row, name in sorted(cells)[:LISTED]:
        change = f"{name} {then[name].iloc[row]}, now {now[name].iloc[row]}"
        lines.append(f"  {_about(then, row)}: {change}{_size(then, now, row, name)}")
    if len(cells) > LISTED:
        lines.append(f"  and {len(cells) - LISTED:,} more")
    return lines, False


def _about(table: "pd.DataFrame", row: int) -> str:
    words = [
        f"{name}={table[name].iloc[row]}"
        for name in table
        if name not in FOUND and table[name].iloc[row] != "all"
    ]
    return f"row {row + 1}" + (f" ({', '.join(words[:4])})" if words else "")


def _size(then: "pd.DataFrame", now: "pd.DataFrame", row: int, name: str) -> str:
    """Return how large a difference is against the half-width of the interval of the estimate."""
    if name != "estimate" or not {"ci_low", "ci_high"} <= set(then.columns):
        return ""
    half = (then["ci_high"].iloc[row] - then["ci_low"].iloc[row]) / 2
    change = abs(now[name].iloc[row] - then[name].iloc[row])
    return f" ({change / half:.2g} of the half-width of its interval)" if half > 0 else ""


def differing_code(manifest: Mapping[str, Any]) -> list[str]:
    """Return what differs between where a run was made and here: code, lock, packages, Python, processor."""
    here = {
        "code": code_version(),
        "packages": package_versions(),
        "python": platform.python_version(),
        "machine": machine(),
    }
    return differing_between(manifest, here)


def differing_between(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return what differs between the code and machines of two manifests, a line each."""
    code = [_mapping(manifest.get("code")) for manifest in (one, other)]
    packages = [_mapping(manifest.get("packages")) for manifest in (one, other)]
    machines = [_mapping(manifest.get("machine")) for manifest in (one, other)]
    pairs = [
        ("version", *(part.get("version") for part in code)),
        ("sources", *(part.get("sources_sha256") for part in code)),
        ("lock", *(part.get("lock_sha256") for part in code)),
        *((name, *(part.get(name) for part in packages)) for name in sorted({*packages[0], *packages[1]})),
        ("Python", one.get("python"), other.get("python")),
        ("processor", *(part.get("processor") for part in machines)),
        ("processor features", *(part.get("features") for part in machines)),
    ]
    return [f"{what}: {_short(then)}, then {_short(now)}" for what, then, now in pairs if then != now]


def _mapping(part: Any) -> Mapping[str, Any]:
    return part if isinstance(part, Mapping) else {}


def _short(value: Any) -> str:
    text = "unknown" if value is None else str(value)
    return text if len(text) <= 16 else text[:12]


def reproduced_paper(name: str) -> str:
    """Reproduce each item of a paper; return a line for each. Raises NotReproducedError where one differs."""
    lines, same = [], True
    for item in read_paper(Path(name)):
        words, equal = _reproduced_item(item)
        same &= equal
        lines += words
    verdict = f"{'reproduced' if same else 'not reproduced'}: {name}"
    text = "\n".join([*lines, verdict])
    if not same:
        raise NotReproducedError(text)
    return text


def _reproduced_item(item: Item) -> tuple[list[str], bool]:
    with tempfile.TemporaryDirectory() as scratch:
        digest = digests_of(item.made_in(Path(scratch) / "again")).get(item.table)
    if digest is None:
        return [f"{item.name}: {item.table} is not written by: {item.command}"], False
    if digest == item.sha256:
        return [f"{item.name}: the same ({item.table})"], True
    return [f"{item.name}: {item.table} has another content, {digest}, not {item.sha256}"], False
