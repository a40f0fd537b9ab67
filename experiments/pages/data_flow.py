"""``make data-flow``: how `lrrc compare` becomes a folder, as a diagram in CONTRIBUTING.md, from the code.

The command's function is followed from wing to wing: what it refers to of another file, what that refers to,
and so on. An arrow goes from who calls to who is called, with the functions, what they take and return.
"""

import ast
import builtins
import functools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from experiments.cli.catalogue import EXPERIMENTS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- data flow: written by `make data-flow` -->", "<!-- end of the data flow -->"
FLOORS = ("experiments", "conf", "analysis", "sim")
START = "experiments.cli.command:main"
COMMAND = "compare"
# What everything refers to, and nothing flows through.
LEFT_OUT = ("conf.input_error", "sim.compiled", "sim.compiling", "sim.distributions", "experiments.cli.guide")
SHARED = "sim"  # what all wings of sim share, and the words for it: an arrow to it is from who makes the rows
MOST = 3  # functions that an arrow names
SHORT = {
    "AbstractContextManager[RunFolder | None]": "RunFolder or None",
    "AbstractContextManager[RunFolder]": "RunFolder",
    "np.ndarray": "array",
    "pd.DataFrame": "table",
    "Record": "record",
}

Definition = ast.FunctionDef | ast.ClassDef


class Call(NamedTuple):
    """A reference from a wing to a function or class of another."""

    caller: str
    called: str
    words: str


@functools.cache
def module(name: str) -> ast.Module | None:
    """Return the source of a module of this project, or None where there is no such file."""
    path = ROOT / f"{name.replace('.', '/')}.py"
    within = name.partition(".")[0] in FLOORS and path.is_file()
    return ast.parse(path.read_text("utf-8")) if within else None


@functools.cache
def definitions(name: str) -> dict[str, Definition]:
    """Return the functions and classes of a module, by name."""
    tree = module(name)
    body = tree.body if tree else []
    return {node.name: node for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def imports(tree: ast.AST, whole: bool) -> dict[str, str]:
    """Return what each imported name stands for, ``module:name`` or ``module:``; ``whole``: at its top."""
    nodes = ast.iter_child_nodes(tree) if whole else ast.walk(tree)
    found = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                stands_for = f"{full}:" if module(full) else f"{node.module}:{alias.name}"
                found[alias.asname or alias.name] = stands_for
    return found


def referred(name: str, node: Definition) -> Iterator[str]:
    """Yield what a function or class refers to, ``module:name``, in the order of its lines."""
    tree = module(name)
    assert tree is not None
    known = {own: f"{name}:{own}" for own in definitions(name)} | imports(tree, True) | imports(node, False)
    for part in _in_order(node):
        if isinstance(part, ast.Name) and part.id in known and not known[part.id].endswith(":"):
            yield known[part.id]
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            of = known.get(part.value.id, "")
            yield from [of + part.attr] if of.endswith(":") else []


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is done in a function, not what its signature and decorators name."""
    for part in ast.iter_child_nodes(node):
        if isinstance(node, ast.FunctionDef) and part not in node.body:
            continue
        if isinstance(part, ast.AnnAssign) and part.value is None:
            continue
        yield part
        yield from _in_order(part)


def wing(name: str) -> str:
    """Return the wing of a module, such as ``sim.clocks``; its floor where it stands at the root of it."""
    return name.rpartition(".")[0]


def calls() -> list[Call]:
    """Return every call from wing to wing that the command comes by, each once, in the order of its lines."""
    task = EXPERIMENTS[COMMAND].task
    waiting, seen = [START, task], {START, task}
    found: dict[Call, None] = {}
    found[Call(wing(START.partition(":")[0]), wing(task.partition(":")[0]), words(task))] = None
    while waiting:
        name, _, of = waiting.pop(0).partition(":")
        node = definitions(name).get(of)
        if node is None:
            continue
        for other in referred(name, node):
            theirs, _, what = other.partition(":")
            if theirs in LEFT_OUT or what not in definitions(theirs):
                continue
            passed = words(other)
            shared = wing(theirs) == SHARED and not name.startswith("experiments.")
            if passed and wing(theirs) != wing(name) and not shared:
                found[Call(wing(name), wing(theirs), passed)] = None
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return list(found)


def words(full: str) -> str:
    """Return a function with what it takes and returns of this project's types, if it has any."""
    name, _, of = full.partition(":")
    node = definitions(name)[of]
    if isinstance(node, ast.ClassDef):
        return ""
    takes = [_type(argument.annotation) for argument in node.args.args if argument.annotation]
    ours = dict.fromkeys(word for word in takes if _is_ours(word))
    gives = _type(node.returns) if node.returns else ""
    if not ours and not _is_ours(gives):
        return ""
    return f"{of}({', '.join(ours)})" + (f" → {gives}" if gives not in ("", "None") else "")


def _type(node: ast.expr) -> str:
    text = str(node.value) if isinstance(node, ast.Constant) else ast.unparse(node)
    text = text.replace("'", "").replace('"', "")
    for long, short in SHORT.items():
        text = text.replace(long, short)
    return text.replace(" | None", "").replace(" | ", " or ")


def _is_ours(text: str) -> bool:
    """Return whether a type is one of this project's, or a table or an array."""
    named = re.findall(r"[A-Za-z_]\w*", text)
    plain = {
        *dir(builtins),
        "Any",
        "Callable",
        "Iterable",
        "Iterator",
        "Mapping",
        "Sequence",
        "Path",
        "None",
        "os",
        "PathLike",
    }
    return any(word not in plain for word in named)


def diagram() -> str:
    """Return the diagram as Mermaid text."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for call in calls():
        arrows.setdefault((call.caller, call.called), []).append(call.words)
    wings = list(dict.fromkeys(end for arrow in arrows for end in arrow))
    lines = ["flowchart TD"]
    for floor in FLOORS:
        lines.append(f"  subgraph {floor}")
        for name in (each for each in wings if each.partition(".")[0] == floor):
            lines.append(f'    {_id(name)}["{_label(name)}<br>{_about(name)}"]')
        lines.append("  end")
    for (caller, called), listed in arrows.items():
        shown = listed[:MOST] + ([f"and {len(listed) - MOST} more"] if len(listed) > MOST else [])
        lines.append(f'  {_id(caller)} -->|"{"<br>".join(shown)}"| {_id(called)}')
    return "\n".join(lines)


def _id(name: str) -> str:
    return name.replace(".", "_") + "_"


def _label(name: str) -> str:
    floor, _, within = name.partition(".")
    return within or f"{floor}/*.py"


def _about(name: str) -> str:
    """Return what a wing's docstring begins with."""
    tree = ast.parse((ROOT / name.replace(".", "/") / "__init__.py").read_text("utf-8"))
    first = (ast.get_docstring(tree) or "").split("\n")[0]
    return re.split(r"[.:]( |$)" if "." in name else r"[.]( |$)", first)[0].replace('"', "'")


def page(text: str) -> str:
    """Return CONTRIBUTING.md with the diagram of today between its marks."""
    before, _, after = text.partition(BEGIN)
    return f"{before}{BEGIN}\n```mermaid\n{diagram()}\n```\n{END}{after.partition(END)[2]}"


def main() -> int:
    """Write the diagram into CONTRIBUTING.md; return the exit status."""
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
