"""``make mutants``: break one thing of the model at a time, and see whether a test notices.

Uncompiled and in forked processes, as each mutant of ``sim`` would else be compiled for a minute: everything
is imported once, then a child takes the mutated code of one function and runs the tests of its file. What
stands outside functions is imported afresh in the child. Results are kept by the digest of file and tests: a
run that was stopped resumes, and only what changed is run again.
"""

import ast
import csv
import gc
import hashlib
import importlib
import os
import signal
import sys
import time
import types
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum
from importlib import abc, machinery, util
from pathlib import Path
from typing import Any, NamedTuple

import pytest

os.environ |= {"NUMBA_DISABLE_JIT": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
CODE = Path(__file__).resolve().parent.parent
KEPT = CODE / ".mutants.csv"
PACKAGES = ("sim", "conf", "analysis", "experiments")
HELPERS = ("tests/helpers/by_hand.py", "tests/helpers/lives_by_hand.py")
HERE = ("conftest", "helpers", *(path.stem for path in (CODE / "tests").rglob("*.py")))
QUIET = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:terminalreporter", "-m", "not long")
BY_HAND = sorted((CODE / "tests/sim/mechanisms").glob("test_mechanisms_*.py"))
MECHANISMS = tuple(path.stem.removeprefix("test_mechanisms_") for path in BY_HAND)
TESTS: dict[str, tuple[str, ...]] = {
    **{
        f"sim/mechanisms/{name}.py": (f"tests/sim/mechanisms/test_mechanisms_{name}.py",)
        for name in MECHANISMS
    },
    "sim/pathway/salvage.py": ("tests/sim/pathway/test_salvage_decisions.py",),
    "sim/counting/outcomes.py": ("tests/sim/counting/test_outcomes_by_hand.py",),
    "sim/counting/tally.py": ("tests/sim/counting/test_tally_by_hand.py",),
    **dict.fromkeys(
        ("sim/counting/estimates.py", "sim/counting/batches.py", "analysis/tables/estimates.py"),
        ("tests/analysis/tables/test_estimates_by_hand.py", "tests/analysis/tables/test_estimates.py"),
    ),
}
SWAPS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,), ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,), ast.Pow: (ast.Mult,), ast.Mod: (ast.Mult,), ast.FloorDiv: (ast.Mult,),
    ast.LShift: (ast.RShift,), ast.RShift: (ast.LShift,), ast.BitOr: (ast.BitAnd,),
    ast.BitAnd: (ast.BitOr,), ast.BitXor: (ast.BitAnd,), ast.And: (ast.Or,), ast.Or: (ast.And,),
    ast.Continue: (ast.Break,), ast.Break: (ast.Continue,),
}  # fmt: skip
OTHER_NAMES = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "floor": "ceil", "ceil": "floor",
    "zeros": "ones", "any": "all", "all": "any",
}  # fmt: skip


class Mutant(NamedTuple):
    """One change: of a field of a node, to another node."""

    holder: ast.AST
    field: str
    place: int | None  # in the field, where that is a list
    new: ast.AST
    function: str | None  # qualified name; None outside functions
    name: str  # line, then what was and what is


def changes(node: ast.AST, module: types.ModuleType) -> Iterator[ast.AST]:
    """Yield what a node may become."""
    for other in SWAPS.get(type(node), ()):
        yield other()
    match node:
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield ast.Constant(value + 1)
        case ast.Attribute(value=ast.Name(id=name), attr=member):
            kind = getattr(module, name, None)
            if isinstance(kind, type) and issubclass(kind, IntEnum):
                names = list(kind.__members__)
                yield ast.Attribute(node.value, names[(names.index(member) + 1) % len(names)], node.ctx)
            elif member in OTHER_NAMES:
                yield ast.Attribute(node.value, OTHER_NAMES[member], node.ctx)
            elif member == "inf":
                yield ast.UnaryOp(ast.USub(), node)
        case ast.Name(id=name) if name in OTHER_NAMES:
            yield ast.Name(OTHER_NAMES[name], node.ctx)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.If() | ast.While():
            copied = {name: getattr(node, name) for name in node._fields}
            yield type(node)(**{**copied, "test": ast.UnaryOp(ast.Not(), node.test)})
        case ast.IfExp():
            yield ast.IfExp(node.test, node.orelse, node.body)
        # A name that is never bound would be noticed by any test that comes there.
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.AugAssign():
            yield ast.Pass()
        case ast.Expr(value=ast.Call()):
            yield ast.Pass()


def mutants(tree: ast.AST, module: types.ModuleType, within: str | None = None) -> Iterator[Mutant]:
    """Yield every mutant of a tree; annotations, decorators, names of fields and words are left alone."""
    own = tree.name if isinstance(tree, ast.FunctionDef | ast.ClassDef) else None
    inside = f"{within}.{own}" if within and own else own or within
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns", "decorator_list", "bases", "type_comment", "ctx"):
            continue
        for place, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(node, ast.AST) or isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr):
                continue
            function = inside if field == "body" or not own else within
            for new in changes(node, module):
                if function is None and isinstance(new, ast.Pass):
                    continue
                line = getattr(node, "lineno", getattr(tree, "lineno", 0))
                shown = tree if isinstance(node, ast.operator | ast.cmpop | ast.boolop) else node
                before = ast.unparse(shown).splitlines()[0]
                mutant = Mutant(tree, field, place, new, function, "")
                old = _put(mutant, new)
                after = ast.unparse(tree if shown is tree else new).splitlines()[0]
                _put(mutant, old)
                yield mutant._replace(name=f"{line}: {before} -> {after}")
            yield from mutants(node, module, function)


def _put(mutant: Mutant, new: ast.AST) -> Any:
    """Put a node where the mutant's is; return what was there."""
    if mutant.place is None:
        old = getattr(mutant.holder, mutant.field)
        setattr(mutant.holder, mutant.field, new)
    else:
        holder = getattr(mutant.holder, mutant.field)
        old, holder[mutant.place] = holder[mutant.place], new
    return old


def code_of(code: types.CodeType, qualified: str) -> types.CodeType:
    """Return a function's code within a module's."""
    first, _, rest = qualified.partition(".")
    own = next(c for c in code.co_consts if isinstance(c, types.CodeType) and c.co_name == first)
    return code_of(own, rest) if rest else own


class Mutated(abc.Loader):
    """Imports one module from a mutated tree."""

    def __init__(self, name: str, code: types.CodeType) -> None:
        self.name, self.code = name, code

    def find_spec(self, name: str, *_: object) -> machinery.ModuleSpec | None:
        """Return the module's spec, if it is the one."""
        if name != self.name:
            return None
        return util.spec_from_loader(name, self, origin=str(CODE / f"{name.replace('.', '/')}.py"))

    def create_module(self, _: machinery.ModuleSpec) -> None:
        """Leave it to Python."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Run the mutated code."""
        module.__file__ = str(CODE / f"{self.name.replace('.', '/')}.py")
        exec(self.code, module.__dict__)


class Run:
    """A plugin for pytest: runs the tests that it collects, then each mutant in a child that forks off."""

    def __init__(
        self, path: str, tests: tuple[str, ...], kept: dict[str, str], note: Callable[[str, str], None]
    ) -> None:
        self.path, self.tests, self.kept, self.note = path, tests, kept, note
        source = Path(path).read_text("utf-8")
        test = "".join(Path(name).read_text("utf-8") for name in tests)
        helpers = [Path(name).read_text("utf-8") for name in HELPERS if Path(name).stem in test]
        self.digest = hashlib.sha256("".join([source, test, *helpers]).encode()).hexdigest()[:12]
        self.name = path[: -len(".py")].replace("/", ".")
        self.tree = ast.parse(source)
        self.module = importlib.import_module(self.name)
        self.count = {"killed": 0, "survived": 0, "not run": 0}

    def over(self, stop: float) -> dict[str, int]:
        """Run every mutant that has no result yet, until a time; return how many there are of each result."""
        self.stop = stop
        if pytest.main([*QUIET, *self.tests], plugins=[self]) != 0:
            raise SystemExit(f"{' '.join(self.tests)}: fails without any mutant")
        return self.count

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests as they are, and then those of each mutant."""
        started = time.monotonic()
        if not session.items or not passes(session):
            return False
        seconds = 10 + int(10 * (time.monotonic() - started))
        gc.freeze()
        for first in (self.tree.body[0], next(n for n in self.tree.body if isinstance(n, ast.FunctionDef))):
            nothing = Mutant(
                self.tree, "body", self.tree.body.index(first), first, getattr(first, "name", None), ""
            )
            if not self.survives(nothing, session, seconds):
                raise SystemExit(f"{' '.join(self.tests)}: fails in a child without any mutant")
        for k, mutant in enumerate(mutants(self.tree, self.module)):
            key = f"{self.digest} {k} {mutant.name}"
            if key not in self.kept and time.monotonic() < self.stop:
                result = "survived" if self.survives(mutant, session, seconds) else "killed"
                self.kept[key] = result
                self.note(key, result)
            result = self.kept.get(key, "not run")
            self.count[result] += 1
            if result == "survived":
                print(f"  survived: {self.path}:{mutant.name}", file=sys.stderr)
        return True

    def survives(self, mutant: Mutant, session: pytest.Session, seconds: int) -> bool:
        """Return whether the tests pass in a child that runs the mutant; too long a child is killed."""
        child = os.fork()
        if child:
            return os.waitpid(child, 0)[1] == 0
        status = 1
        try:
            signal.alarm(seconds)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            _put(mutant, mutant.new)
            code = compile(ast.fix_missing_locations(self.tree), self.path, "exec")
            function: Any = self.module
            for part in (mutant.function or "").split("."):
                function = getattr(function, part, None)
            if isinstance(function, types.FunctionType):
                function.__code__ = code_of(code, mutant.function or "")
                status = 0 if passes(session) else 1
            else:  # the module's own level, or a class's
                for name in [m for m in sys.modules if m.split(".")[0] in (*PACKAGES, *HERE)]:
                    del sys.modules[name]
                sys.meta_path.insert(0, Mutated(self.name, code))
                status = int(pytest.main([*QUIET, *self.tests]))
        finally:
            os._exit(status)


def passes(session: pytest.Session) -> bool:
    """Return whether every collected test passes; the first that does not is the last that runs."""
    session.testsfailed = 0
    for item, following in zip(session.items, [*session.items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return False
    return True


def main(words: list[str]) -> None:
    """Run the mutants of the files whose names hold one of the words, or all, for at most ``minutes=60``."""
    minutes = next((float(word.partition("=")[2]) for word in words if word.startswith("minutes=")), 60.0)
    wanted = [word for word in words if "=" not in word]
    stop = time.monotonic() + 60 * minutes
    os.chdir(CODE)
    sys.path[:0] = [str(CODE), str(CODE / "tests")]
    kept: dict[str, str] = {}
    if KEPT.is_file():
        with KEPT.open(newline="", encoding="utf-8") as file:
            kept = {key: result for key, result in csv.reader(file)}
    total = Counter[str]()
    with KEPT.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)

        def note(key: str, result: str) -> None:
            writer.writerow([key, result])
            file.flush()

        for path, tests in TESTS.items():
            if not wanted or any(word in path for word in wanted):
                total += (count := Counter(Run(path, tests, kept, note).over(stop)))
                print(line_of(path, count), flush=True)
    print(line_of("all", total))
    if total["not run"]:
        raise SystemExit(f"{total['not run']} were not run in {minutes:g} minutes; the same command resumes")


def line_of(what: str, count: Mapping[str, int]) -> str:
    """Return a line of the table of results."""
    killed, survived = count["killed"], count["survived"]
    share = killed / max(killed + survived, 1)
    return f"{what:<34}{killed:>5} killed{survived:>5} survived{share:>8.1%}"


if __name__ == "__main__":
    main(sys.argv[1:])
