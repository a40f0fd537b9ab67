"""The floors: imports go down only, from experiments through analysis and conf to sim."""

import ast
from pathlib import Path

import pytest

import sim

ROOT = Path(sim.__file__).parent.parent
FLOORS = ("experiments", "analysis", "conf", "sim")  # from the top down
FILES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))
OUTSIDE = {"hydra", "omegaconf", "pandas", "matplotlib", "seaborn"}
# What analysis may know of sim: results and the words they are told in, no clock and no reaction.
RESULTS = {
    "sim.columns",
    "sim.outcomes",
    "sim.tally",
    "sim.patient",
    "sim.policy",
    "sim.events",
    "sim.vocabulary",
    "sim.sentences",
    "sim.terms",
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


def test_an_import_is_found_wherever_it_stands():
    source = "import a.b\nfrom c import d\ndef f():\n    from e.f import g\nif 1:\n    from . import h\n"
    assert imported(source) == {"a.b", "c.d", "e.f.g", "..h"}
    assert of({"sim.clocks.simpy_clock", "simpy", "sim"}, ["sim"]) == ["sim", "sim.clocks.simpy_clock"]


def test_every_floor_has_files():
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == set(FLOORS)


@pytest.mark.parametrize("path", FILES, ids=named)
def test_imports_go_down_only(path):
    names = imported(path.read_text("utf-8"))
    assert [name for name in names if name.startswith(".")] == [], "write imports in full"
    floor = path.relative_to(ROOT).parts[0]
    assert of(names, [*FLOORS[: FLOORS.index(floor)], "tests", "benchmarks", "examples"]) == []


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
