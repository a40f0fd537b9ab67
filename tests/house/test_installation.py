"""From a bare Python to the main job: by make with old and new pips, and as a wheel outside the clone."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from helpers.locks import LOCKS, PROJECT, ROOT, entries, needed, pins
from packaging.markers import default_environment
from packaging.utils import canonicalize_name

from experiments.results.run_folder import PACKAGES, SOURCES, sources_digest

BIN = "Scripts" if os.name == "nt" else "bin"
PIPS = ("pip==22.3", "pip==23.0", "pip==23.2", "pip")
# What `make test` hands to its children, and what points into this environment.
OURS = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "ARGS", "PIP", "PYTHON", "PYTHONPATH", "VIRTUAL_ENV")


def done(*command, cwd, **environment):
    """Run a command as in a shell of its own and return its output; fail with all that it said."""
    env = {key: value for key, value in os.environ.items() if key not in OURS} | environment
    ended = subprocess.run([*map(str, command)], cwd=cwd, env=env, capture_output=True, text=True)
    assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


@pytest.fixture
def clone(tmp_path):
    """A copy of what git keeps of this tree, with its changes and without its environment."""
    listed = done("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (tmp_path / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / "clone" / name)
    return tmp_path / "clone"


def distributions(python):
    """Return the version of each distribution in an environment, by canonical name."""
    code = "import importlib.metadata as m; print(*{d.name + '==' + d.version for d in m.distributions()})"
    found = [pin.split("==") for pin in done(python, "-c", code, cwd=python.parent).split()]
    return {canonicalize_name(name): version for name, version in found}


@pytest.mark.long
@pytest.mark.parametrize("pip", PIPS)
def test_make_installs_the_locks_and_nothing_else_with_every_pip(clone, tmp_path, pip):
    python = shutil.which("python3.11")
    if python is None:
        pytest.skip("the pips of Python 3.11 need python3.11")
    done(python, "-m", "venv", tmp_path / "pip", cwd=tmp_path)
    chooser = tmp_path / "pip" / BIN / "python"
    done(chooser, "-m", "pip", "install", "--upgrade", pip, cwd=tmp_path)
    own = clone / ".venv" / BIN / "python"
    # A cache of its own, so that nothing that another pip built is taken; bytecode takes half the time.
    pips = {"PIP_CACHE_DIR": str(tmp_path / "cache"), "PIP_NO_COMPILE": "1"}
    words = (f"PYTHON={python}", f"PIP={chooser} -m pip --python {own}")
    done("make", ".venv/.installed", *words, cwd=clone, **pips)
    for script in ("lrrc", "lrrc-sim"):
        assert done(own.with_name(script), "--version", cwd=tmp_path).startswith("lrrc-sim ")
    done(chooser, "-m", "pip", "--python", own, "check", cwd=tmp_path)
    where = json.loads(done(own, "-c", MARKERS, cwd=tmp_path))
    given = {name: version for name, version in distributions(own).items() if name not in ("pip", "lrrc-sim")}
    assert given == pins("requirements.lock", where)
    shutil.rmtree(clone)  # nearly a gigabyte


MARKERS = "import json; from packaging.markers import default_environment as d; print(json.dumps(d()))"


def test_the_check_of_every_change_makes_its_environment_from_nothing_and_ends_with_the_tests(tmp_path):
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    (tmp_path / ".venv").mkdir()
    rules = ("python:\n\t@true\n", "lint:\n\t@test ! -e .venv\n", "test: lint\n\t@echo 7 passed\n")
    (tmp_path / "Makefile").write_text("".join(rules), "utf-8")
    # A test installs nothing: the browser is there, as far as .ci/run looks.
    browser = tmp_path / "bin" / "chromium"
    browser.parent.mkdir()
    browser.write_text("#!/bin/sh\n", "utf-8")
    browser.chmod(0o755)
    path = f"{browser.parent}{os.pathsep}{os.environ['PATH']}"
    assert done("bash", ".ci/run", cwd=tmp_path, PATH=path).splitlines()[-1] == "7 passed"


def wheel(folder):
    """Build the wheel of this tree with the locked tools, and return its path."""
    return Path(next(WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])))


def test_the_wheel_holds_all_code_and_numbers_and_both_scripts(tmp_path):
    with zipfile.ZipFile(wheel(tmp_path)) as file:
        packed = {name for name in file.namelist() if ".dist-info/" not in name}
        (scripts,) = (name for name in file.namelist() if name.endswith("entry_points.txt"))
        commands = dict(re.findall(r"^([\w-]+) = (.*)$", file.read(scripts).decode(), re.M))
    tree = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == tree
    made_from_the_code = {".json", ".wasm"}  # for editors, and the engine of a browser
    page = {".css", ".html", ".js", ".mjs"}
    assert {Path(name).suffix for name in packed} == {*SOURCES, *made_from_the_code, *page}
    assert commands == dict.fromkeys(("lrrc", "lrrc-sim"), "experiments.cli.command:main")


@pytest.mark.long
def test_the_wheel_runs_the_main_job_outside_the_clone_with_what_the_lock_holds(tmp_path):
    where = {**default_environment(), "extra": ""}
    runtime = needed(PROJECT["project"]["dependencies"], pins("requirements.lock", where), where)
    lines = [
        " --hash=".join((f"{name}=={version}" + (f" ; {marker}" if marker else ""), *hashes))
        for name, version, marker, hashes in entries("requirements.lock")
        if name in runtime
    ]
    (tmp_path / "runtime.lock").write_text("\n".join(lines) + "\n", "utf-8")
    (tmp_path / "build.lock").write_text(LOCKS["build.lock"], "utf-8")
    done(sys.executable, "-m", "venv", tmp_path / "environment", cwd=tmp_path)
    own = tmp_path / "environment" / BIN / "python"
    install = (own, "-m", "pip", "install", "--no-deps", "--no-build-isolation")
    for lock in ("build.lock", "runtime.lock"):
        done(*install, "--require-hashes", "-r", lock, cwd=tmp_path)
    done(*install, wheel(tmp_path), cwd=tmp_path)
    done(own, "-m", "pip", "check", cwd=tmp_path)

    (tmp_path / "elsewhere").mkdir()
    digests = []
    for script in ("lrrc", "lrrc-sim"):
        words = ("compare", "patients=40", "policies=[tme_alone,short_course]", f"out={script}")
        done(own.with_name(script), *words, cwd=tmp_path / "elsewhere")
        manifest = json.loads((tmp_path / "elsewhere" / script / "manifest.json").read_text("utf-8"))
        assert manifest["code"]["version"] == metadata.version("lrrc-sim")
        assert manifest["code"]["sources_sha256"] == sources_digest(ROOT)
        assert manifest["code"]["commit"] is None
        digests.append(manifest["tables"])
    assert digests[0] == digests[1]


@pytest.fixture(scope="module")
def uv(tmp_path_factory):
    """The newest uv, as ``make lock`` takes it."""
    folder = tmp_path_factory.mktemp("uv")
    done(sys.executable, "-m", "venv", folder, cwd=folder)
    done(folder / BIN / "python", "-m", "pip", "install", "uv", cwd=folder)
    return folder / BIN / "uv"


@pytest.mark.long
def test_uvx_runs_the_wheel_by_the_name_of_the_project(uv, tmp_path):
    words = ("--python", sys.executable, "--from", wheel(tmp_path), "lrrc-sim", "--version")
    assert done(uv, "tool", "run", *words, cwd=tmp_path).startswith("lrrc-sim ")


@pytest.mark.long
def test_every_system_has_a_file_of_every_pin(uv, tmp_path):
    words = ("--dry-run", "--no-deps", "--require-hashes", "--only-binary", ":all:")
    words += ("--no-binary", "antlr4-python3-runtime", "--target", "none", "-r", ROOT / "requirements.lock")
    systems = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "x86_64-pc-windows-msvc")
    systems += ("x86_64-apple-darwin", "aarch64-apple-darwin")
    for python in ("3.11", "3.12", "3.13"):
        for system in systems:
            where = ("--python-version", python, "--python-platform", system)
            done(uv, "pip", "install", *where, *words, cwd=tmp_path)
