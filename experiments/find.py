"""Choosing patients worth telling: a condition in words and row fields, read without running any of it."""

import ast
import operator
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

import numpy as np

from conf.input_error import InputError, nearest
from sim.patient import (
    MECHANISM_OF_ROUTE,
    ROW,
    YEAR_DAYS,
    Cause,
    Compartment,
    FoundBy,
    Margin,
    Mechanism,
    Operation,
    Plane,
    Procedure,
    Quadrant,
    Route,
    SpillPattern,
    TStage,
)
from sim.policy import Regimen

LONGEST = 300  # characters; Python reads deeper nesting at the risk of the stack
COMPARISONS = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
ARITHMETIC = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
# Fields whose members have names: ``salvage_margin == r0``.
MEMBERS: dict[str, type[IntEnum]] = {
    "ct": TStage,
    "quadrant": Quadrant,
    "regimen": Regimen,
    "operation": Operation,
    "plane": Plane,
    "spill_pattern": SpillPattern,
    "recurrence_route": Route,
    "recurrence_compartment": Compartment,
    "found_by": FoundBy,
    "metastasis_found_by": FoundBy,
    "salvage_procedure": Procedure,
    "salvage_margin": Margin,
    "death_cause": Cause,
}
CONSTANTS = {"true": True, "false": False, "never": np.inf}
MECHANISMS = {m.name.lower(): [r for r in Route if MECHANISM_OF_ROUTE[r] == m] for m in Mechanism}
# Mechanisms and routes of one name hold the same recurrences.
ORIGINS = {**{r.name.lower(): [r] for r in Route}, **MECHANISMS}
WORDS = ("averted", "caused", *ORIGINS)
# The columns of patients.parquet.
FIELDS = {
    (f"{name}_{k}" if shape else name): (name, k if shape else None)
    for name in ROW.names or ()
    for shape in [ROW[name].shape]
    for k in range(shape[0] if shape else 1)
}

Values = Any  # an array over patients, or a number
Names = Callable[[str], Values]


class Condition:
    """A condition on patients. Raises InputError for what is no condition, naming the part."""

    def __init__(self, text: str) -> None:
        self.text = text
        if len(text) > LONGEST:
            raise InputError(f"find: at most {LONGEST} characters, not {len(text)}")
        try:
            self.tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError) as error:
            raise InputError(
                f'find={text}: not understood; write a word, or a condition as in find="salvage_margin == r0 '
                'and age_years < 60"'
            ) from error
        # Once over one patient: whatever is wrong is said before anything is simulated.
        nobody = {"": np.zeros(1, ROW)}
        self.fits(nobody, "", 1.0)

    def fits(self, lives: Mapping[str, np.ndarray], comparator: str, horizon_years: float) -> np.ndarray:
        """Return for each patient whether the condition holds under any of the policies, shape (n,).

        ``lives``: rows by policy, the same patients in the same order. Words hold for the patient, whatever
        the policy: a recurrence found under the comparator and not under another policy is ``averted``, the
        reverse ``caused``; a mechanism or a route is that of a recurrence found under any of them.
        """
        found = {
            name: rows["recurrence_found_day"] - rows["diagnosed_day"] <= horizon_years * YEAR_DAYS
            for name, rows in lives.items()
        }
        first = found[comparator]
        others = [which for name, which in found.items() if name != comparator]
        nobody = np.zeros(len(first), bool)
        words = {
            "averted": np.logical_or.reduce([nobody, *(first & ~other for other in others)]),
            "caused": np.logical_or.reduce([nobody, *(other & ~first for other in others)]),
        }
        for word, routes in ORIGINS.items():
            told = [which & np.isin(lives[name]["recurrence_route"], routes) for name, which in found.items()]
            words[word] = np.logical_or.reduce(told)

        result = nobody
        for rows in lives.values():

            def value(name: str, rows: np.ndarray = rows) -> Values:
                if name in words:
                    return words[name]
                if name in CONSTANTS:
                    return CONSTANTS[name]
                if name not in FIELDS:
                    hint = nearest(name, [*WORDS, *FIELDS])
                    hint = hint or f"; words are {', '.join(WORDS)}, fields those of patients.parquet"
                    raise self._wrong(name, f"is no word and no field of a patient's row{hint}")
                field, k = FIELDS[name]
                return rows[field] if k is None else rows[field][:, k]

            with np.errstate(all="ignore"):
                held = self._value(self.tree, value)
            if np.asarray(held).dtype != np.dtype(bool):
                raise self._wrong(ast.unparse(self.tree), "is a number; compare it, as in age_years < 60")
            result = result | held
        return result

    def _wrong(self, part: str, why: str) -> InputError:
        return InputError(f"find={self.text}: {part} {why}")

    def _value(self, node: ast.expr, value: Names) -> Values:
        if isinstance(node, ast.BoolOp):
            parts = [self._flag(part, value) for part in node.values]
            combine = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
            return combine.reduce(np.broadcast_arrays(*parts))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return np.logical_not(self._flag(node.operand, value))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return 0.0 - self._value(node.operand, value)
        if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
            left, right = (1.0 * self._value(side, value) for side in (node.left, node.right))
            return ARITHMETIC[type(node.op)](left, right)
        if isinstance(node, ast.Compare) and all(type(one) in COMPARISONS for one in node.ops):
            return self._compared(node, value)
        if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
            return node.value
        if isinstance(node, ast.Name):
            return value(node.id)
        raise self._wrong(
            ast.unparse(node), "is not allowed; there are and, or, not, comparisons and + - * /"
        )

    def _flag(self, node: ast.expr, value: Names) -> Values:
        """Return a part of an and, an or or a not: a number there is an oversight."""
        held = self._value(node, value)
        if np.asarray(held).dtype != np.dtype(bool):
            raise self._wrong(ast.unparse(node), f"is a number; compare it, as in {ast.unparse(node)} > 0")
        return held

    def _compared(self, node: ast.Compare, value: Names) -> Values:
        sides = [node.left, *node.comparators]
        members = next((MEMBERS[s.id] for s in sides if isinstance(s, ast.Name) and s.id in MEMBERS), None)

        def side(part: ast.expr) -> Values:
            if members and isinstance(part, ast.Name) and part.id not in FIELDS:
                if part.id.upper() not in members.__members__:
                    names = ", ".join(member.lower() for member in members.__members__)
                    raise self._wrong(part.id, f"is not one of {names}")
                return int(members[part.id.upper()])
            return self._value(part, value)

        values = [side(part) for part in sides]
        pairs = zip(node.ops, values, values[1:], strict=False)
        held = [COMPARISONS[type(one)](left, right) for one, left, right in pairs]
        return np.logical_and.reduce(np.broadcast_arrays(*held))
