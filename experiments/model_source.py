"""The source of the model as data: where a number is read, and which events a reaction books.

Read from the code itself, so that a page or a diagram made from it cannot differ from what is run.
"""

import ast
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import sim
from conf.economics import COUNTED_WITH, ECONOMICS
from conf.numbers import Use
from sim.events import Event

SIM = Path(sim.__file__).parent
ROOT = SIM.parent
# A clinic's numbers are read as items, outside the model too.
READ_AS_ITEMS = ("clinic",)
READERS = (SIM, ROOT / "experiments/simulating", ROOT / "analysis/tables")


def parsed(path: Path) -> ast.Module:
    """Return the source of a file, parsed once."""
    return _parsed(path)


@functools.cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def uses(trees: Mapping[str, Mapping[str, object]]) -> dict[str, list[Use]]:
    """Return where each number is read, by its full key, in the order of files and lines.

    ``trees``: the numbers of each section, by section and name. ``world.surgery.x`` and ``surgery.x`` are
    readings of ``surgery.x``, also where another name stands for ``world.surgery``; a clinic's numbers are
    read as ``clinic["x"]`` or, of a resource, ``clinic[f"{resource}_count"]``; a price or a utility by what
    it is counted with.
    """
    found: dict[str, set[Use]] = {f"{s}.{name}": set() for s, tree in trees.items() for name in tree}
    for path in (path for folder in READERS for path in folder.rglob("*.py")):
        file = path.relative_to(ROOT).as_posix()
        for function, node in _functions(parsed(path)):
            known = _stands_for(node, trees)
            for part in _own(node):
                if not isinstance(part, ast.expr):
                    continue
                for key in _read(part, known, trees):
                    found[key].add(Use(file, part.lineno, function))
    # The model first, then what surrounds it.
    order = {folder.relative_to(ROOT).parts[0]: k for k, folder in enumerate(READERS)}
    return {
        key: sorted(places, key=lambda use: (order[use.file.partition("/")[0]], use))
        for key, places in found.items()
    }


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Yield each function with its name, methods under their class, and the module itself without."""
    yield "", tree
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef):
                    yield f"{node.name}.{inner.name}", inner


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function, or those of a module that are in no function."""
    for part in ast.iter_child_nodes(node):
        if isinstance(node, ast.Module | ast.ClassDef) and isinstance(part, ast.FunctionDef):
            continue
        yield part
        yield from _own(part)


def _stands_for(node: ast.AST, trees: Mapping[str, object]) -> dict[str, str]:
    """Return the section that each local name stands for: its own name, or what it was assigned."""
    known = {section: section for section in trees}
    for part in _own(node):
        if (
            isinstance(part, ast.Assign)
            and isinstance(part.value, ast.Attribute)
            and part.value.attr in trees
            and len(part.targets) == 1
            and isinstance(part.targets[0], ast.Name)
        ):
            known[part.targets[0].id] = part.value.attr
    return known


def _read(
    part: ast.expr, known: Mapping[str, str], trees: Mapping[str, Mapping[str, object]]
) -> Iterator[str]:
    """Yield the full keys of the numbers that a node reads."""
    if isinstance(part, ast.Attribute):
        section = _section(part.value, known)
        if section in trees and part.attr in trees[section]:
            yield f"{section}.{part.attr}"
        if section == ECONOMICS and section in trees:
            yield from (f"{section}.{key}" for key, names in COUNTED_WITH.items() if part.attr in names)
        for other in READ_AS_ITEMS:
            # Packed first: the record has other names than the section.
            if section not in trees and part.attr in trees.get(other, {}):
                yield f"{other}.{part.attr}"
    elif isinstance(part, ast.Subscript):
        section = _section(part.value, known)
        if section not in READ_AS_ITEMS:
            return
        item = part.slice.value if isinstance(part.slice, ast.Constant) else None
        if isinstance(item, str) and item in trees[section]:
            yield f"{section}.{item}"
        elif isinstance(part.slice, ast.JoinedStr) and isinstance(part.slice.values[-1], ast.Constant):
            end = part.slice.values[-1].value
            assert isinstance(end, str)
            yield from (f"{section}.{name}" for name in trees[section] if name.endswith(end))


def _section(node: ast.expr, known: Mapping[str, str]) -> str:
    """Return the section that an expression stands for, or nothing."""
    if isinstance(node, ast.Name):
        return known.get(node.id, "")
    if isinstance(node, ast.Attribute):
        return known.get(node.attr, "") if node.attr == known.get(node.attr) else ""
    return ""


class Booked(NamedTuple):
    """What the reaction to an event does to the agenda: the events that it books or moves, or calls off."""

    reaction: tuple[str, ...]  # the functions that the event calls
    books: tuple[str, ...]  # names of Event, in their order
    calls_off: tuple[str, ...]


Function = tuple[Path, str]  # the file that defines it, and its name
JOURNEY = SIM / "pathway/journey.py"
REACTIONS = (SIM / "pathway", SIM / "mechanisms", SIM / "agenda.py")


def bookings() -> dict[str, Booked]:
    """Return what each event's reaction books and calls off, by the name of the event, in their order.

    ``sim/pathway/journey.py`` says which functions an event calls; they are followed through all that they
    call of ``sim/pathway``, ``sim/mechanisms`` and ``sim/agenda.py``. Raises ValueError for an event that no
    branch is for.
    """
    known = _reactions()
    calls = _called_by_event()
    order = [event.name for event in Event]
    made = {}
    for event in order:
        if event not in calls:
            raise ValueError(f"{event} has no branch in {JOURNEY.relative_to(ROOT)}")
        books: set[str] = set()
        off: set[str] = set()
        seen: set[Function] = set()
        waiting = [_meant(JOURNEY, name) for name in calls[event]]
        while waiting:
            function = waiting.pop()
            if function in known and function not in seen:
                seen.add(function)
                booked, called_off, called = known[function]
                books |= booked
                off |= called_off
                waiting += called
        made[event] = Booked(
            tuple(calls[event]),
            tuple(name for name in order if name in books),
            tuple(name for name in order if name in off),
        )
    return made


@functools.cache
def _imported(file: Path) -> dict[str, Function]:
    """Return the functions that a file of the model imports from another, by the name they have in it."""
    return {
        alias.asname or alias.name: (ROOT / f"{node.module.replace('.', '/')}.py", alias.name)
        for node in parsed(file).body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def _meant(file: Path, name: str) -> Function:
    """Return the function that a name stands for in a file: two files may use one name for two functions."""
    return _imported(file).get(name, (file, name))


def _reactions() -> dict[Function, tuple[set[str], set[str], list[Function]]]:
    """Return, of each function of the model, the events it books, those it calls off, and what it calls."""
    found = {}
    files = [
        file for place in REACTIONS for file in ([place] if place.suffix else sorted(place.glob("*.py")))
    ]
    functions = [
        (file, node) for file in files for node in parsed(file).body if isinstance(node, ast.FunctionDef)
    ]
    for file, node in functions:
        books: set[str] = set()
        off: set[str] = set()
        called: list[Function] = []
        named = _loops_over_events(node)
        for part in ast.walk(node):
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
                called.append(_meant(file, part.func.id))
                if part.func.id == "call_off":
                    off |= _events(part.args[1], named)
            elif isinstance(part, ast.Assign | ast.AugAssign):
                targets = part.targets if isinstance(part, ast.Assign) else [part.target]
                for target in targets:
                    if (
                        isinstance(target, ast.Subscript)
                        and isinstance(target.value, ast.Attribute)
                        and target.value.attr == "agenda"
                    ):
                        (off if _is_infinity(part.value) else books).update(_events(target.slice, named))
        found[file, node.name] = (books, off, called)
    return found


def _loops_over_events(node: ast.FunctionDef) -> dict[str, set[str]]:
    """Return the events that a loop's name stands for, by that name."""
    return {
        part.target.id: {name for item in part.iter.elts for name in _events(item, {})}
        for part in ast.walk(node)
        if isinstance(part, ast.For)
        and isinstance(part.target, ast.Name)
        and isinstance(part.iter, ast.Tuple | ast.List)
    }


def _events(node: ast.expr, named: Mapping[str, set[str]]) -> set[str]:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Event":
        return {node.attr}
    return named.get(node.id, set()) if isinstance(node, ast.Name) else set()


def _is_infinity(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "inf"


def _called_by_event() -> dict[str, list[str]]:
    """Return the functions that each event calls, from the branches of ``happen`` and of what it calls."""
    calls: dict[str, list[str]] = {}
    for branch in (part for part in ast.walk(parsed(JOURNEY)) if isinstance(part, ast.If)):
        if any(isinstance(part, ast.LtE) for part in ast.walk(branch.test)):  # of several events
            continue
        names = {
            name for part in ast.walk(branch.test) if isinstance(part, ast.expr) for name in _events(part, {})
        }
        for name in names:
            calls[name] = [
                statement.value.func.id
                for statement in branch.body
                if isinstance(statement, ast.Expr)
                and isinstance(statement.value, ast.Call)
                and isinstance(statement.value.func, ast.Name)
            ]
    return calls
