"""Guidelines: risk groups by what a clinician sees, at three moments, and the decision diagram that they are.

A file ``guideline/NAME.yaml`` names the groups of ``meeting``, ``restaging`` and ``pathology`` by conditions.
In a list the first group that fits counts; in a mapping no two groups may hold for one patient.
"""

import ast
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from conf import composition as library
from conf.condition import COMPARISONS, Condition
from conf.guideline_file import OTHERWISE, WHEN, written_groups
from conf.input_error import InputError, choice, nearest, shown
from sim.counting.columns import READABLE
from sim.patient import T_CATEGORY, new_patients
from sim.seen import MOST_GROUPS, MOST_TESTS, NO_GROUP, Comparison, Moment, Seen, end_of, seen_from

EXAMPLE = "ct >= t3cd or fascia_threatened"
SEEN = {column.name.lower(): column for column in Seen}
FLAGS = frozenset(
    column for name, column in SEEN.items() if READABLE[name].of(new_patients(0, 1)).dtype == bool
)
COMPARED: dict[type[ast.cmpop], Comparison] = {
    ast.Eq: Comparison.EQUAL,
    ast.NotEq: Comparison.UNEQUAL,
    ast.Lt: Comparison.BELOW,
    ast.LtE: Comparison.AT_MOST,
    ast.Gt: Comparison.ABOVE,
    ast.GtE: Comparison.AT_LEAST,
}
HOLDS = {comparison: COMPARISONS[kind] for kind, comparison in COMPARED.items()}
TURNED = {
    Comparison.BELOW: Comparison.ABOVE,
    Comparison.AT_MOST: Comparison.AT_LEAST,
    Comparison.ABOVE: Comparison.BELOW,
    Comparison.AT_LEAST: Comparison.AT_MOST,
}
# Nobody knows these while the patient is treated.
HIDDEN = ("nodes", "lateral_involved", "aggressiveness", "radiosensitivity", "lateral_sterilised")
# What columns of whole numbers can be.
WHOLE = {
    Seen.CN: (0.0, 1.0, 2.0),
    Seen.T_CATEGORY: (1.0, 2.0, 3.0, 4.0),
    Seen.PATHOLOGICAL_STAGE: (0.0, 1.0, 2.0, 3.0),
}
STEP = 1e-6  # between other numbers
MOST_CASES = 200_000  # of what can be seen, in looking for groups that overlap


@dataclass(frozen=True)
class Group:
    """A risk group: its name, the moment at which patients are placed in it, and who is in it."""

    name: str
    moment: Moment
    condition: str  # ``otherwise``: whoever is left


@dataclass(frozen=True)
class Guideline:
    """The risk groups of a guideline, moment by moment, each moment's in their order.

    Raises InputError for a condition that is none, or that asks for what is not seen by then, and for groups
    without an order that overlap.
    """

    name: str
    description: str
    groups: tuple[Group, ...]
    without_order: tuple[Moment, ...] = ()  # moments whose groups may not overlap

    def __post_init__(self) -> None:
        self.diagram()
        for moment in self.without_order:
            _refuse_overlap(self, moment)

    def names(self) -> list[str]:
        """Return the names of the groups, in order."""
        return [group.name for group in self.groups]

    def of(self, name: str) -> Group:
        """Return the group of this name. Raises InputError where there is none."""
        for group in self.groups:
            if group.name == name:
                return group
        names = self.names()
        raise InputError(f"guideline {self.name}: there is no group {name}{choice(name, names)}")

    def at(self, moment: Moment) -> list[tuple[int, Group]]:
        """Return the groups of a moment with their numbers, in their order."""
        return [(k, group) for k, group in enumerate(self.groups) if group.moment is moment]

    def diagram(self) -> dict[str, list[float]]:
        """Return the groups as a decision diagram: lists of floats, ``starts`` by moment, the rest by test.

        ``columns`` (members of ``Seen``), ``comparisons``, ``numbers``, ``if_true``, ``if_false``: what is
        compared, and where the walk goes on; see ``sim.guideline.group_of``.
        """
        starts, tests = self._compiled()
        if len(tests) > MOST_TESTS:
            raise InputError(
                f"guideline {self.name}: {len(tests)} comparisons; at most {MOST_TESTS} are allowed"
            )
        rest = [_Test(Seen.AGE_YEARS, Comparison.EQUAL, 0.0, NO_GROUP, NO_GROUP)] * (MOST_TESTS - len(tests))
        columns, comparisons, numbers, if_true, if_false = zip(*tests, *rest, strict=True)
        return {
            "starts": [float(start) for start in starts],
            "columns": [float(column) for column in columns],
            "comparisons": [float(comparison) for comparison in comparisons],
            "numbers": [float(number) for number in numbers],
            "if_true": [float(place) for place in if_true],
            "if_false": [float(place) for place in if_false],
        }

    def _compiled(self) -> tuple[list[int], "list[_Test]"]:
        """Return where the walk of each moment begins, and the tests."""
        tests: list[_Test] = []
        starts = []
        for moment in Moment:
            start = NO_GROUP
            for k, group in reversed(self.at(moment)):
                start = _Compiler(self, group, tests).walk(end_of(k), start)
            starts.append(start)
        return starts, tests

    def changed(self, key: str, name: str, part: str, value: object) -> "Guideline":
        """Return the guideline with another number for a column of a group's condition, or another condition.

        ``part`` is ``condition`` or the column. Raises InputError, naming ``key``, where the group does not
        compare the column with one number.
        """
        group = self.of(name)
        if part == "condition":
            if not isinstance(value, str):
                raise InputError(f"{key}={shown(value)}: must be a condition, as in {EXAMPLE}")
            text = value
        else:
            text = _with_number(key, self, group, part, value)
        own = replace(group, condition=text)
        return replace(self, groups=tuple(own if g.name == name else g for g in self.groups))

    def content(self) -> dict[str, Any]:
        """Return the guideline as a file has it."""
        moments: dict[str, Any] = {}
        for moment in Moment:
            own = [{group.name: group.condition} for _, group in self.at(moment)]
            if own:
                unordered = moment in self.without_order
                moments[moment.name.lower()] = (
                    {name: text for one in own for name, text in one.items()} if unordered else own
                )
        return {"name": self.name, "description": self.description, **moments}


class _Test(NamedTuple):
    column: Seen
    comparison: Comparison
    number: float
    if_true: int
    if_false: int


class _Compiler:
    """Writes one group's condition into the diagram, from its ends: a test after what follows it."""

    def __init__(self, guideline: Guideline, group: Group, tests: list[_Test]) -> None:
        self.group, self.tests = group, tests
        self.key = f"guideline {guideline.name}: {group.moment.name.lower()}: {group.name}"

    def walk(self, yes: int, no: int) -> int:
        """Return where the walk begins that ends at ``yes`` for those in the group, and else at ``no``."""
        if self.group.condition == OTHERWISE:
            return yes
        self.condition = Condition(self.key, self.group.condition, READABLE, {}, EXAMPLE)
        return self._place(self.condition.tree, yes, no)

    def _place(self, node: ast.expr, yes: int, no: int) -> int:
        if isinstance(node, ast.BoolOp):
            both = isinstance(node.op, ast.And)
            for part in reversed(node.values):
                if both:
                    yes = self._place(part, yes, no)
                else:
                    no = self._place(part, yes, no)
            return yes if both else no
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self._place(node.operand, no, yes)
        if isinstance(node, ast.Compare):
            return self._compared(node, yes, no)
        if isinstance(node, ast.Name) and node.id in ("true", "false"):
            return yes if node.id == "true" else no
        if isinstance(node, ast.Name):
            column = self._column(node)
            if column not in FLAGS:
                raise self.condition.wrong(node.id, "is no flag; compare it with a number, as in cn == 2")
            return self._test(column, Comparison.EQUAL, 1.0, yes, no)
        raise self.condition.wrong(
            ast.unparse(node),
            "is not allowed; a guideline compares a column with a number, with and, or, not and in",
        )

    def _compared(self, node: ast.Compare, yes: int, no: int) -> int:
        sides = [node.left, *node.comparators]
        for one, left, right in reversed(list(zip(node.ops, sides, sides[1:], strict=False))):
            yes = self._pair(node, one, left, right, yes, no)
        return yes

    def _pair(
        self, node: ast.Compare, one: ast.cmpop, left: ast.expr, right: ast.expr, yes: int, no: int
    ) -> int:
        if isinstance(one, (ast.In, ast.NotIn)) and isinstance(right, (ast.Tuple, ast.List)):
            column = self._column(left)
            if isinstance(one, ast.NotIn):
                yes, no = no, yes
            for item in reversed(right.elts):
                no = self._test(column, Comparison.EQUAL, self._number(column, item), yes, no)
            return no
        if type(one) not in COMPARED:
            raise self.condition.wrong(
                ast.unparse(node), "is not understood; a list follows in, as in ct in (t1, t2)"
            )
        comparison = COMPARED[type(one)]
        if self._is_column(right) and not self._is_column(left):
            left, right = right, left
            comparison = TURNED.get(comparison, comparison)
        column = self._column(left)
        return self._test(column, comparison, self._number(column, right), yes, no)

    def _test(self, column: Seen, comparison: Comparison, number: float, yes: int, no: int) -> int:
        self.tests.append(_Test(column, comparison, number, yes, no))
        return len(self.tests) - 1

    def _is_column(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in READABLE

    def _column(self, node: ast.expr) -> Seen:
        """Return the column that a name means. Raises InputError where nobody sees it by then."""
        if not isinstance(node, ast.Name):
            raise self.condition.wrong(
                ast.unparse(node), "is no column; a guideline compares columns with numbers"
            )
        known = [name for name, column in SEEN.items() if seen_from(column) <= self.group.moment]
        if node.id in known:
            return SEEN[node.id]
        listed = f"there are {', '.join(known)}"
        if node.id in HIDDEN:
            raise self.condition.wrong(node.id, f"is hidden: no clinician sees it; {listed}")
        if node.id in SEEN:
            first = WHEN[seen_from(SEEN[node.id])]
            raise self.condition.wrong(node.id, f"is not known {WHEN[self.group.moment]}: it is seen {first}")
        if node.id in READABLE:
            raise self.condition.wrong(node.id, f"is not known {WHEN[self.group.moment]}; {listed}")
        raise self.condition.wrong(node.id, f"is not a column{nearest(node.id, known)}; {listed}")

    def _number(self, column: Seen, node: ast.expr) -> float:
        name = column.name.lower()
        words = READABLE[name].words
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self._number(column, node.operand)
        if isinstance(node, ast.Name) and node.id in ("true", "false"):
            return float(node.id == "true")
        word = (
            node.id if isinstance(node, ast.Name) else node.value if isinstance(node, ast.Constant) else None
        )
        if word == "never" and not words:
            return math.inf
        if isinstance(word, str):
            if word in words:
                return float(words[word])
            allowed = f"is not one of {', '.join(words)}" if words else "is no number"
            raise self.condition.wrong(word, f"{allowed}{nearest(word, words)}")
        if isinstance(word, (bool, int, float)):
            return float(word)
        raise self.condition.wrong(
            ast.unparse(node),
            "is no number; a guideline compares a column with one, as in short_axis_mm >= 7",
        )


def _with_number(key: str, guideline: Guideline, group: Group, column: str, value: object) -> str:
    """Return a group's condition with another number beside a column."""
    tree = Condition(key, group.condition, READABLE, {}, EXAMPLE).tree
    found: list[tuple[ast.Compare, int]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for k, (left, right) in enumerate(itertools.pairwise(sides)):
                for side, other in ((left, k + 1), (right, k)):
                    if isinstance(side, ast.Name) and side.id == column:
                        found.append((node, other))
    if len(found) != 1:
        why = "compares it more than once" if found else "does not compare it with a number"
        numbers = [name for name in SEEN if f"{name} " in f"{group.condition} "]
        hint = "" if found else choice(column, ["condition", *numbers])
        raise InputError(
            f"{key}={shown(value)}: group {group.name} of guideline {guideline.name} is "
            f"{group.condition!r} and {why}; set guideline.{group.name}.condition instead{hint}"
        )
    new: ast.expr
    if isinstance(value, str):
        new = ast.Name(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < math.inf:
        new = ast.Constant(value)
    else:
        raise InputError(f"{key}={shown(value)}: must be a number, or a word for one")
    node, place = found[0]
    if place == 0:
        node.left = new
    else:
        node.comparators[place - 1] = new
    return ast.unparse(tree)


def read_guideline(name: str) -> Guideline:
    """Return the guideline in ``guideline/name.yaml``. Raises InputError for a file that is none."""
    where = f"guideline {name}: "
    content = library.read("guideline", name)
    description = str(content.pop("description", name))
    content.pop("source", None)
    moments = [moment.name.lower() for moment in Moment]
    groups: list[Group] = []
    for key in content:
        if key not in moments:
            raise InputError(f"{where}{key}: there is no such moment{choice(str(key), moments)}")
    for moment in Moment:
        given = content.get(moment.name.lower(), [])
        groups += _groups(f"{where}{moment.name.lower()}", moment, given)
    if not groups:
        raise InputError(f"{where}its file names no group; write meeting: [{{high: {EXAMPLE}}}]")
    if len(groups) > MOST_GROUPS:
        raise InputError(f"{where}{len(groups)} groups; at most {MOST_GROUPS} are allowed")
    names = [group.name for group in groups]
    for group in names:
        if names.count(group) > 1:
            raise InputError(f"{where}{group}: the name of two groups; name each group once")
    unordered = tuple(m for m in Moment if isinstance(content.get(m.name.lower()), Mapping))
    return Guideline(name, description, tuple(groups), unordered)


def _groups(where: str, moment: Moment, given: object) -> Iterator[Group]:
    example = f"[{{high: {EXAMPLE}}}, {{low: otherwise}}]"
    parts = [given] if isinstance(given, Mapping) else given
    if not isinstance(parts, list) or not all(isinstance(part, Mapping) and part for part in parts):
        raise InputError(f"{where}={shown(given)}: must be a list of groups, as in {example}")
    if parts is given and any(len(part) > 1 for part in parts):
        raise InputError(f"{where}={shown(given)}: each item of the list names one group, as in {example}")
    pairs = written_groups(given)
    for k, (name, condition) in enumerate(pairs):
        if not isinstance(name, str) or not name.isidentifier() or name in (OTHERWISE, "condition"):
            raise InputError(f"{where}: {shown(name)}: must be the name of a group: letters, digits and _")
        if isinstance(condition, bool):
            condition = str(condition).lower()
        if not isinstance(condition, str):
            raise InputError(f"{where}: {name}={shown(condition)}: must be a condition, as in {EXAMPLE}")
        if condition.strip() == OTHERWISE and k < len(pairs) - 1:
            raise InputError(f"{where}: {name}: {OTHERWISE} is who is left, so it comes last")
        yield Group(name, moment, condition.strip())


def _refuse_overlap(guideline: Guideline, moment: Moment) -> None:
    """Refuse groups without an order that a patient could both be in: at the edges of every comparison."""
    groups = [group for _, group in guideline.at(moment) if group.condition != OTHERWISE]
    compiled = [Guideline(guideline.name, "", (group,))._compiled() for group in groups]
    values: dict[Seen, set[float]] = {}
    for _, tests in compiled:
        for test in tests:
            values.setdefault(test.column, set()).update(_around(test.column, test.number))
    key = f"guideline {guideline.name}: {moment.name.lower()}"
    advice = "write them as a list, [{a: ...}, {b: ...}], of which the first that fits counts"
    if np.prod([len(own) for own in values.values()], dtype=float) > MOST_CASES:
        raise InputError(f"{key}: too many comparisons to find whether groups overlap; {advice}")
    for case in itertools.product(*values.values()):
        seen = dict(zip(values, case, strict=True))
        if {Seen.CT, Seen.T_CATEGORY} <= seen.keys() and T_CATEGORY[int(seen[Seen.CT])] != seen[
            Seen.T_CATEGORY
        ]:
            continue  # nobody is both
        inside = [
            group.name
            for group, (starts, tests) in zip(groups, compiled, strict=True)
            if _ends(starts[moment], tests, seen)
        ]
        if len(inside) > 1:
            words = ", ".join(
                f"{column.name.lower()} {_word(column, value)}" for column, value in seen.items()
            )
            raise InputError(
                f"{key}: {inside[0]} and {inside[1]} overlap, as for {words}, and have no order; {advice}"
            )


def _around(column: Seen, number: float) -> tuple[float, ...]:
    """Return values on both sides of a number, and the number: what a column can hold there."""
    name = column.name.lower()
    if column in FLAGS:
        return (0.0, 1.0)
    if READABLE[name].words:
        return tuple(float(value) for value in READABLE[name].words.values())
    return WHOLE.get(column, (number - STEP, number, number + STEP))


def _word(column: Seen, value: float) -> str:
    if column in FLAGS:
        return "true" if value else "false"
    words = [word for word, number in READABLE[column.name.lower()].words.items() if number == value]
    return words[0] if words else f"{value:g}"


def _ends(place: int, tests: Sequence[_Test], seen: Mapping[Seen, float]) -> bool:
    """Return whether the walk for what is seen ends in the one group of the tests."""
    while place >= 0:
        test = tests[place]
        held = HOLDS[test.comparison](seen[test.column], test.number)
        place = test.if_true if held else test.if_false
    return place != NO_GROUP


def no_groups() -> dict[str, list[float]]:
    """Return the diagram of a policy without a guideline."""
    return Guideline("", "", ()).diagram()
