"""A posterior sample: the disease's fitted numbers, drawn together, a line a member.

``lrrc calibrate`` writes such a file; the shipped one is ``conf/posterior.csv``.
"""

import csv
import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from conf import units
from conf.discrepancy import Discrepancy, read_discrepancy
from conf.input_error import InputError, nearest, shown
from conf.received import file_within, read_json
from conf.run import Tree
from conf.schema import shipped
from conf.uncertain import Uncertain, uncertain_numbers, with_values
from conf.used_files import digest_of, note_own, note_shipped

MEMBER = "member"
SHIPPED = Path(__file__).parent / "posterior.csv"
MOST_BYTES = 200_000_000  # of a posterior file
MOST_DIGITS = 18  # of a member's number


@dataclass(frozen=True)
class Sample:
    """The first members of a posterior file: by member the values of ``numbers``, in their order.

    ``name``: the file as it was given; ``sha256``: of its bytes; ``held``: how many members it holds;
    ``made_by``: the command and the code of the run in whose folder it lies, or None; ``discrepancy``: of
    studies from the model, from the same fit where it lies beside the file, else the shipped one.
    """

    name: str
    sha256: str
    held: int
    made_by: Tree | None
    numbers: tuple[Uncertain, ...]
    members: dict[int, tuple[float, ...]]
    discrepancy: Discrepancy

    def disease(self, parameters: Mapping[str, Tree], member: int) -> dict[str, Tree]:
        """Return the disease with all numbers of a member; those that the file does not hold stay.

        Shares of a whole are made to add up to 1. Raises InputError where they are all 0.
        """
        values = self.members[member]
        try:
            return with_values(parameters, self.numbers, values)
        except ZeroDivisionError as error:
            zero = next(
                number.section + "." + number.name
                for number, value in zip(self.numbers, values, strict=True)
                if number.name.endswith("_shares") and value == 0
            )
            raise InputError(
                f"{self.name}: member {member}: {zero}: the shares of a whole cannot all be 0"
            ) from error

    def provenance(self) -> Tree:
        """Return where the members come from, for the manifest."""
        return {
            "file": self.name.removeprefix("posterior_from="),
            "sha256": self.sha256,
            "members_held": self.held,
            "members": list(self.members),
            "numbers": [number.key for number in self.numbers],
            "made_by": self.made_by,
        }

    def refuse_set(self, key: str) -> None:
        """Raise InputError where a key sets a number that the members set."""
        for number in self.numbers:
            if f"{number.section}.{number.name}.".startswith(f"{key}."):
                raise InputError(
                    f"{key}: cannot be set too: the posterior sample draws {number.key} jointly with other "
                    "numbers; leave it out, or name a file without that column, posterior_from=FILE"
                )


def read_sample(count: object, source: object) -> Sample | None:
    """Return the first ``count`` members (or all) of a posterior file, checked; None where none are asked.

    ``source``: a file, or the folder of a calibration; None: the shipped one. Raises InputError, naming
    line, column, value and what is allowed.
    """
    if count is None:
        if source is not None:
            raise InputError(
                f"posterior_from={shown(source)}: say how many members, as in posterior=100 or posterior=all"
            )
        return None
    name, path = _file(source)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{name}: is larger than {MOST_BYTES:,} bytes, the most that is read")
        content = path.read_bytes()
        if path == SHIPPED:
            note_shipped(SHIPPED.name, digest_of(content))
        else:
            note_own(SHIPPED.name, content)
        lines = content.decode("utf-8-sig").splitlines()
        rows = [*csv.reader(lines, skipinitialspace=True)]
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{name}: is not text; a posterior file is a table with commas (CSV)") from error
    if not any(line.strip() for line in lines):
        raise InputError(f"{name}: is empty; its first line names the columns: {MEMBER}, and numbers")
    numbers, members = _table(name, rows)
    wanted = _count(count, len(members), name)
    first = dict(list(members.items())[:wanted])
    digest = hashlib.sha256(content).hexdigest()
    return Sample(name, digest, len(members), _made_by(path), numbers, first, read_discrepancy(path))


def members_of_the_fit(parameters: Mapping[str, Tree], count: int) -> Sample | None:
    """Return members of the shipped sample for a run with this disease; None where it is not the fitted one.

    A number that the run sets otherwise than the fit is none of the members': it keeps its value.
    """
    sample = read_sample(count, None)
    assert sample is not None
    return of_the_fit(sample, parameters)


def of_the_fit(sample: Sample, parameters: Mapping[str, Tree]) -> Sample | None:
    """Return a sample without the numbers that a run sets otherwise than the fit; None where most are."""
    fitted = shipped("disease/calibrated")
    kept = [k for k, number in enumerate(sample.numbers) if number.of(fitted) == number.of(parameters)]
    if 2 * len(kept) < len(sample.numbers):
        return None
    return dataclasses.replace(
        sample,
        numbers=tuple(sample.numbers[k] for k in kept),
        members={name: tuple(values[k] for k in kept) for name, values in sample.members.items()},
    )


def _made_by(path: Path) -> Tree | None:
    manifest = read_json(path.with_name("manifest.json")) or {}
    kinds = {"command": str, "code": dict, "finished_utc": str}
    if not all(isinstance(manifest.get(key), kind) for key, kind in kinds.items()):
        return None
    return {key: manifest[key] for key in kinds}


def _file(source: object) -> tuple[str, Path]:
    if source is None:
        return "conf/posterior.csv", SHIPPED
    # A file named 2026 reaches us as a number.
    if isinstance(source, bool) or not isinstance(source, (str, int)) or str(source) == "":
        raise InputError(f"posterior_from={shown(source)}: must be a file, or the folder of a calibration")
    name, path = f"posterior_from={source}", Path(str(source)).expanduser()
    if not path.exists():
        raise InputError(f"{name}: there is no such file")
    if not path.is_dir() and not path.is_file():
        raise InputError(f"{name}: is neither a file nor a folder")
    if path.is_dir():
        path /= SHIPPED.name
        if not path.is_file():
            raise InputError(
                f"{name}: there is no {SHIPPED.name} in this folder; a complete calibration's has one"
            )
        file_within(path)
    return name, path.resolve()


def _count(count: object, held: int, name: str) -> int:
    if count == "all":
        return held
    if isinstance(count, float) and count.is_integer():
        count = int(count)
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InputError(
            f"posterior={shown(count)}: must be how many members, from 1 to {held}, or all; "
            "a file of your own is named by posterior_from=FILE"
        )
    if count > held:
        raise InputError(
            f"posterior={shown(count)}: {name} holds {held} members; ask for at most {held}, or all"
        )
    return count


def _table(name: str, rows: list[list[str]]) -> tuple[tuple[Uncertain, ...], dict[int, tuple[float, ...]]]:
    """Return the numbers that the columns are, and each member's values."""
    columns = [cell.strip() for cell in rows[0]]
    known = {number.key: number for number in uncertain_numbers()}
    if MEMBER not in columns:
        raise InputError(f"{name}: line 1: there is no column {MEMBER}{nearest(MEMBER, columns)}")
    for column in columns:
        if columns.count(column) > 1:
            raise InputError(f"{name}: line 1: column {column} appears twice")
        if column not in known and column != MEMBER:
            raise InputError(
                f"{name}: line 1: column {shown(column)}: must be an uncertain number of the disease"
                f"{nearest(column, known)}"
            )
    numbers = tuple(known[column] for column in columns if column != MEMBER)
    if not numbers:
        raise InputError(f"{name}: line 1: besides {MEMBER} there must be a column for each number")
    allowed = {number.key: units.range_of(f"{number.section}.{number.name}") for number in numbers}
    members: dict[int, tuple[float, ...]] = {}
    for number, row in enumerate(rows[1:], 2):
        if not row:
            continue
        line = f"{name}: line {number}"
        if len(row) != len(columns):
            raise InputError(f"{line}: holds {len(row)} values, and there are {len(columns)} columns")
        cells = dict(zip(columns, map(str.strip, row), strict=True))
        member = cells.pop(MEMBER)
        if not member.isdecimal() or len(member) > MOST_DIGITS:
            raise InputError(f"{line}, column {MEMBER}: {shown(member)}: must be a whole number of 0 or more")
        if int(member) in members:
            raise InputError(f"{line}, column {MEMBER}: {member} appears twice; number each member once")
        members[int(member)] = tuple(
            _value(f"{line}, column {column}", cell, allowed[column]) for column, cell in cells.items()
        )
    if not members:
        raise InputError(f"{name}: holds no member; each line after the first is one")
    return numbers, members


def _value(where: str, cell: str, allowed: units.Range) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = float("nan")
    if not allowed.holds(value):
        raise InputError(f"{where}: {shown(cell) or 'empty'}: must be a number, {allowed.words}")
    return value
