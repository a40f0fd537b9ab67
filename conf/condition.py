"""A condition on patients, as in ``crm_mm <= 1 and operation == apr``; read, never run.

``find=`` of ``lrrc patient`` and the subgroups of a trial are the same language, over the columns of
``sim.counting.columns``.
"""

import ast
import copy
import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import numpy as np

from conf.input_error import InputError, nearest, shown
from sim.counting.columns import COLUMNS, READABLE
from sim.patient import new_patients

LARGEST = 2**1023  # of whole numbers: one that a float can hold
LONGEST = 300  # characters; Python reads deeper nesting at the risk of the stack
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: np.isin,
    ast.NotIn: lambda left, right: ~np.isin(left, right),
}
ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}

Values = Any  # an array over patients, a number, or a list of numbers
Names = Callable[[str], Values]
Words = Mapping[str, Mapping[str, int]]  # by column: the words for its values


COLUMN_WORDS = {name: column.words for name, column in READABLE.items() if column.words}


def read_condition(
    key: str,
    text: object,
    flags: Collection[str] = (),
    example: str = "crm_mm <= 1",
    subgroups: Mapping[str, "Condition"] | None = None,
) -> "Condition":
    """Return a condition on the columns of a patient's row, checked before anything is simulated.

    ``flags``: names that may stand in it beside columns, each true or false of a patient. ``subgroups``:
    conditions by name; a name in the text stands for its condition. Raises InputError.
    """
    if not isinstance(text, str):
        raise InputError(f"{key}={shown(text)}: must be a condition, as in {example}")
    read = Condition(key, text, READABLE, COLUMN_WORDS, example)
    of_names = _OfNames(subgroups or {})
    read.tree = of_names.visit(read.tree)
    nobody = new_patients(0, 1)
    nothing = dict.fromkeys([*flags, *(subgroups or {})], np.zeros(1, bool))
    read.holds(read.names(lambda name: np.asarray(READABLE[name].of(nobody)), nothing))
    if of_names.found:
        read.text = ast.unparse(read.tree)
    return read


class _OfNames(ast.NodeTransformer):
    """Puts the conditions of named subgroups where their names stand."""

    def __init__(self, subgroups: Mapping[str, "Condition"]) -> None:
        self.subgroups, self.found = subgroups, False

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.subgroups:
            return node
        self.found = True
        return copy.deepcopy(self.subgroups[node.id].tree)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        self.generic_visit(node)
        # One `and` within another is one, as it would have been written without names.
        node.values = [
            part
            for value in node.values
            for part in (
                value.values if isinstance(value, ast.BoolOp) and type(value.op) is type(node.op) else [value]
            )
        ]
        return node


class Condition:
    """A condition on patients. ``key`` is what messages call it; ``columns`` are the names that a comparison
    can hold; ``words`` the values that have names.

    Raises InputError for what is no condition, naming the part.
    """

    def __init__(
        self, key: str, text: str, columns: Iterable[str], words: Words, example: str = "crm_mm <= 1"
    ) -> None:
        text = " ".join(text.split())  # one line, as messages are
        self.key, self.text, self.columns, self.words = key, text, frozenset(columns), words
        if len(text) > LONGEST:
            raise InputError(f"{key}: at most {LONGEST} characters, not {len(text)}")
        try:
            self.tree = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError) as error:
            raise InputError(f"{key}={text}: not understood; write {example}") from error
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value > LARGEST:
                raise InputError(f"{key}={text}: {shown(node.value)} is too large a number")

    def holds(self, names: Names) -> np.ndarray:
        """Return whether the condition holds, bool, shape (n,) or () where it names no column.

        ``names`` returns the values of a name, but for true and false, or raises InputError.
        """
        with np.errstate(all="ignore"):
            held = self._value(self.tree, names)
        if np.asarray(held).dtype != np.dtype(bool):
            raise self.wrong(ast.unparse(self.tree), "is a number; compare it, as in age_years < 60")
        return np.asarray(held)

    def names(self, column: Names, flags: Mapping[str, np.ndarray] | None = None) -> Names:
        """Return what ``holds`` takes: flags, then columns by ``column``; ``never`` is infinite."""
        flags = flags or {}

        def value(name: str) -> Values:
            if name in flags:
                return flags[name]
            if name == "never":
                return np.inf
            if name not in READABLE:
                hint = nearest(name, [*flags, *READABLE])
                listed = ", ".join([*flags, *COLUMNS])
                raise self.wrong(
                    name, f"is not a column{hint}{' There' if hint else '; there'} are: {listed}"
                )
            return column(name)

        return value

    def wrong(self, part: str, why: str) -> InputError:
        """Return the refusal of a part of the condition."""
        return InputError(f"{self.key}={self.text}: {part} {why}")

    def _value(self, node: ast.expr, names: Names) -> Values:
        if isinstance(node, ast.BoolOp):
            parts = [self._flag(part, names) for part in node.values]
            combine = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
            return combine.reduce(np.broadcast_arrays(*parts))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return np.logical_not(self._flag(node.operand, names))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return 0.0 - self._value(node.operand, names)
        if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
            # NumPy's numbers, so that 1 / 0 is infinite and no fault.
            left, right = (np.multiply(1.0, self._value(side, names)) for side in (node.left, node.right))
            return ARITHMETIC[type(node.op)](left, right)
        if isinstance(node, ast.Compare) and all(type(one) in COMPARISONS for one in node.ops):
            return self._compared(node, names)
        if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
            return node.value
        if isinstance(node, ast.Name):
            return node.id == "true" if node.id in ("true", "false") else names(node.id)
        raise self.wrong(
            ast.unparse(node), "is not allowed; there are and, or, not, in, comparisons and + - * /"
        )

    def _flag(self, node: ast.expr, names: Names) -> Values:
        """Return a part of an and, an or or a not: a number there is an oversight."""
        held = self._value(node, names)
        if np.asarray(held).dtype != np.dtype(bool):
            raise self.wrong(ast.unparse(node), f"is a number; compare it, as in {ast.unparse(node)} > 0")
        return held

    def _compared(self, node: ast.Compare, names: Names) -> Values:
        sides = [node.left, *node.comparators]
        column = next((s.id for s in sides if isinstance(s, ast.Name) and s.id in self.words), "")
        words = self.words.get(column, {})

        def side(part: ast.expr) -> Values:
            if isinstance(part, (ast.Tuple, ast.List)):
                items = [side(item) for item in part.elts]
                if any(isinstance(item, list) or np.ndim(item) for item in items):
                    raise self.wrong(ast.unparse(part), "is not understood; a list holds numbers or words")
                return items
            word = part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else None
            if word is None and words and isinstance(part, ast.Name) and part.id not in self.columns:
                word = part.id  # salvage_margin == r0
            if word is None:
                return self._value(part, names)
            if word not in words:
                allowed = (
                    f"is not one of {', '.join(words)}" if words else "is a word, and this column has none"
                )
                raise self.wrong(word, allowed)
            return words[word]

        values = [side(part) for part in sides]
        held = []
        for one, left, right in zip(node.ops, values, values[1:], strict=False):
            if isinstance(one, (ast.In, ast.NotIn)) != isinstance(right, list) or isinstance(left, list):
                raise self.wrong(
                    ast.unparse(node), "is not understood; a list follows in, as in ct in (t1, t2)"
                )
            held.append(COMPARISONS[type(one)](left, right))
        return np.logical_and.reduce(np.broadcast_arrays(*held))
