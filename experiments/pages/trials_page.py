"""``make trial-format``: the parts of docs/trials.md that follow from the code and the shipped files.

A skeleton, the columns of conditions, the keys of a cohort, and what the shipped cohorts and trials set.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from analysis.words.columns import unit_by_name
from analysis.words.own_files import COHORT, COHORT_FILES
from conf import units
from conf.composition import composing, options, read
from conf.input_error import in_full
from conf.run import Tree
from conf.trials import named_cohort
from experiments.cli.guide import about
from experiments.cli.trial_skeleton import SKELETON
from sim.counting.columns import COLUMNS

PAGE = Path(__file__).resolve().parents[2] / "docs/trials.md"
DEFAULT = "dutch_contemporary"


def parts() -> dict[str, str]:
    """Return the text of each part by its name."""
    with composing():
        return {
            "skeleton": f"```yaml\n# path/to/mine.yaml\n{SKELETON}```",
            "columns": _columns(),
            "cohort keys": _keys(named_cohort(DEFAULT)),
            "cohorts": _cohorts(named_cohort(DEFAULT)),
            "cohorts of trials": _trials(),
        }


def page(text: str) -> str:
    """Return docs/trials.md with the parts of today between their marks."""
    for name, content in parts().items():
        begin, end = marks(name)
        before, _, after = text.partition(begin)
        text = f"{before}{begin}\n{content}\n{end}{after.partition(end)[2]}"
    return text


def marks(name: str) -> tuple[str, str]:
    """Return what stands before and after a part."""
    return f"<!-- {name}: written by `make trial-format` -->", f"<!-- end of {name} -->"


def _columns() -> str:
    rows = [
        (
            f"`{name}`",
            column.meaning + (" (trait)" if column.trait else ""),
            ", ".join(f"`{word}`" for word in column.words),
        )
        for name, column in COLUMNS.items()
    ]
    return _table(("column", "meaning", "its words"), rows)


def _keys(default: Tree) -> str:
    rows = [
        (
            f"`{key}`",
            words,
            unit_by_name(key),
            units.range_of(f"cohort.{key}").words,
            _value(default[key]),
        )
        for key, words in COHORT.items()
    ]
    files = [(f"`{key}`", words, "", "a name", _value(default[key])) for key, words in COHORT_FILES.items()]
    return _table(("key", "what it does", "unit", "allowed", "default"), [*rows, *files])


def _cohorts(default: Tree) -> str:
    others = {name: named_cohort(name) for name in options("cohort") if name != DEFAULT}
    keys = [
        key
        for key in default
        if any(cohort.get(key, default[key]) != default[key] for cohort in others.values())
    ]
    who = [(f"`{name}`", about("cohort", name)) for name in (DEFAULT, *others)]
    numbers = [
        (
            f"`{key}`",
            _value(default[key]),
            *(
                "" if cohort.get(key, default[key]) == default[key] else _value(cohort[key])
                for cohort in others.values()
            ),
        )
        for key in keys
    ]
    names = [f"`{name}`" for name in (DEFAULT, *others)]
    return f"{_table(('cohort', 'patients'), who)}\n\n{_table(('key', *names), numbers)}"


def _trials() -> str:
    rows = []
    for name in options("trial"):
        given = read("trial", name)
        own = ", ".join(f"`{key}` {_value(value)}" for key, value in given["cohort"].items() if key != "base")
        rows.append((f"{given['title']} (`{name}`)", f"`{given['cohort']['base']}`", own))
    return _table(("trial", "base", "what it sets"), rows)


def _value(value: object) -> str:
    return in_full(value).replace(",", ", ")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def main() -> int:
    """Write the parts into docs/trials.md; return the exit status."""
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
    print(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
