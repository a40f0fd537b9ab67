"""The source of the model as data: where a number is read, and which events a reaction books.

Read from the code itself, so that a page or a diagram made from it cannot differ from what is run.
"""

import ast
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

import sim
from conf.numbers import Use

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
    read as ``clinic["x"]`` or, of a resource, ``clinic[f"{resource}_count"]``.
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
