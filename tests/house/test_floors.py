"""The house: imports go down only, from floor to floor and from wing to wing, and never in a circle."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import sim

ROOT = Path(sim.__file__).parent.parent
FLOORS = ("lrrc", "experiments", "analysis", "conf", "sim")  # from the top down
FILES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))
OUTSIDE = {"hydra", "omegaconf", "pandas", "matplotlib", "seaborn"}
# Within a floor, from the top down; wings of one line know nothing of each other. "": the files at its root.
WINGS = {
    "lrrc": [("",)],
    "experiments": [
        ("pages",),
        ("cli",),
        ("",),
        ("whatif",),
        ("calibrating", "engine", "valuing"),
        ("sweeping",),
        ("simulating", "results"),
    ],
    "analysis": [("pages",), ("pictures",), ("words",), ("tables",), ("fitting", "economics")],
    "conf": [("",)],
    "sim": [("clocks",), ("clinic", "counting"), ("pathway",), ("mechanisms",), ("",)],
}
# What analysis may know of sim: results, no clock and no reaction.
RESULTS = {
    "sim.counting",
    "sim.clinic.load",
    "sim.clinic.queues",
    "sim.patient",
    "sim.policy",
    "sim.events",
    "sim.seen",
}


def imported(source):
    """Return the full names that a source imports, anywhere in it; ``from a import b`` gives a.b."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {"." * node.level + f"{node.module or ''}.{alias.name}" for alias in node.names}
    return names


def of(names, packages):
    """Return the names that are one of the packages, or within one."""
    return sorted(name for name in names if any(f"{name}.".startswith(f"{package}.") for package in packages))


def named(path):
    return path.relative_to(ROOT).as_posix()


def module(path):
    return named(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


MODULES = {module(path): path for path in FILES}


def imported_modules(path):
    """Return the modules of this project that a file imports."""
    names = imported(path.read_text("utf-8"))
    modules = {own for name in names for own in (name, name.rpartition(".")[0]) if own in MODULES}
    return {name for name in modules if MODULES[name].name != "__init__.py"}


def wing(name):
    """Return the floor of a module, and its wing: "" where it stands at the root."""
    floor, *between, _ = name.split(".") if "." in name else (name, "")
    return floor, between[0] if between else ""


def circle(graph):
    """Return a circle in a graph of what needs what, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_an_import_is_found_wherever_it_stands():
    source = "import a.b\nfrom c import d\ndef f():\n    from e.f import g\nif 1:\n    from . import h\n"
    assert imported(source) == {"a.b", "c.d", "e.f.g", "..h"}
    assert of({"sim.clocks.simpy_clock", "simpy", "sim"}, ["sim"]) == ["sim", "sim.clocks.simpy_clock"]


def test_a_circle_is_found():
    assert circle({"a": {"b"}, "b": {"c"}}) == []
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})) == {"a", "b", "c"}


def test_every_floor_has_its_wings():
    found = {}
    for path in FILES:
        floor, *between, _ = path.relative_to(ROOT).parts
        found.setdefault(floor, set()).add("/".join(between))
    listed = {floor: {name for line in lines for name in line} | {""} for floor, lines in WINGS.items()}
    assert found == listed
    for floor, names in found.items():
        for name in names - {""}:
            assert ast.get_docstring(ast.parse((ROOT / floor / name / "__init__.py").read_text("utf-8")))


@pytest.mark.parametrize("path", FILES, ids=named)
def test_imports_go_down_only(path):
    names = imported(path.read_text("utf-8"))
    assert [name for name in names if name.startswith(".")] == [], "write imports in full"
    floor = path.relative_to(ROOT).parts[0]
    above = [*FLOORS[: FLOORS.index(floor)], "tests", "benchmarks", "examples"]
    assert of(names, above) == []
    if named(path).endswith("__init__.py"):
        return
    order = {name: k for k, line in enumerate(WINGS[floor]) for name in line}
    own = wing(module(path))[1]
    for other in imported_modules(path):
        if wing(other)[0] == floor and (theirs := wing(other)[1]) != own:
            assert order[theirs] > order[own], f"{module(path)} imports {other}"


def test_no_import_goes_in_a_circle():
    graph = {name: imported_modules(path) - {name} for name, path in MODULES.items()}
    assert circle(graph) == []


@pytest.mark.parametrize("path", [path for path in FILES if path.is_relative_to(ROOT / "sim")], ids=named)
def test_the_simulation_knows_no_files_tables_or_pictures(path):
    assert of(imported(path.read_text("utf-8")), OUTSIDE) == []


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.is_relative_to(ROOT / "analysis")], ids=named
)
def test_the_analysis_knows_results_but_neither_clocks_reactions_nor_hydra(path):
    names = imported(path.read_text("utf-8"))
    assert of(names, ["hydra"]) == []
    assert sorted(set(of(names, ["sim"])) - set(of(names, RESULTS))) == []
