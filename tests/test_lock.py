"""The locks hold all that an environment needs, for every Python and system, so that nothing is resolved."""

import functools
import json
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import conf

ROOT = Path(conf.__file__).parent.parent
LOCKS = {name: (ROOT / name).read_text("utf-8") for name in ("requirements.lock", "build.lock")}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
GROUPS = PROJECT["dependency-groups"]
# What each pin requires, by its own metadata; `make lock` records it for pins of other systems, too.
RECORD = json.loads((ROOT / "requirements.json").read_text("utf-8"))
PYTHONS = {"3.11": "3.11.0", "3.12": "3.12.0", "3.13": "3.13.0"}
SYSTEMS = {
    "linux": ("linux", "posix", "Linux", "x86_64"),
    "linux_arm": ("linux", "posix", "Linux", "aarch64"),
    "mac_intel": ("darwin", "posix", "Darwin", "x86_64"),
    "mac_arm": ("darwin", "posix", "Darwin", "arm64"),
    "windows": ("win32", "nt", "Windows", "AMD64"),
}


def environment(python, system):
    """Return what markers ask of an interpreter on a system."""
    keys = ("sys_platform", "os_name", "platform_system", "platform_machine")
    return {
        **dict(zip(keys, SYSTEMS[system], strict=True)),
        "python_version": python,
        "python_full_version": PYTHONS[python],
        "implementation_name": "cpython",
        "implementation_version": PYTHONS[python],
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_version": "",
    }


ENVIRONMENTS = {f"{p}-{s}": environment(p, s) for p in PYTHONS for s in SYSTEMS}
requirement = functools.cache(Requirement)
everywhere = pytest.mark.parametrize("where", ENVIRONMENTS.values(), ids=ENVIRONMENTS.keys())


@functools.cache
def entries(lock):
    """Return the entries of a lock: name, version, marker or None, hashes."""
    joined = re.sub(r" \\\n +", " ", re.sub(r"^ *#.*\n", "", LOCKS[lock], flags=re.M))
    found = []
    for line in joined.splitlines():
        pin, *hashes = line.split(" --hash=")
        name, version, marker = re.fullmatch(r"([\w.-]+)==([\w.]+)(?: ; (.*))?", pin).groups()
        found.append((name, version, marker and Marker(marker), hashes))
    return found


def pins(lock, where):
    """Return the version of each name that the lock installs there."""
    there = [(n, v) for n, v, marker, _ in entries(lock) if marker is None or marker.evaluate(where)]
    assert len(there) == len(dict(there)), "a name is pinned twice"
    return dict(there)


def group(name):
    """Return the requirements of a dependency group and of those that it includes."""
    lines = []
    for line in GROUPS[name]:
        lines += group(line["include-group"]) if isinstance(line, dict) else [line]
    return lines


def needed(lines, pinned, where):
    """Return the names that the lines need, with what those need, and so on; each must be pinned well."""
    asked, waiting = {}, [(requirement(line), "") for line in lines]
    while waiting:
        need, extra = waiting.pop()
        if need.marker is not None and not need.marker.evaluate({**where, "extra": extra}):
            continue
        name = canonicalize_name(need.name)
        assert name in pinned, f"{need} is in no pin"
        assert need.specifier.contains(pinned[name], prereleases=True), f"{need}: pinned {pinned[name]}"
        about = RECORD[f"{name}=={pinned[name]}"]
        assert SpecifierSet(about["requires_python"]).contains(where["python_full_version"]), need
        for wanted in {"", *map(canonicalize_name, need.extras)} - asked.setdefault(name, set()):
            asked[name].add(wanted)
            waiting += [(requirement(line), wanted) for line in about["requires_dist"]]
    return set(asked)


@everywhere
def test_the_lock_holds_all_that_the_project_its_extras_and_groups_need_and_no_more(where):
    project = PROJECT["project"]
    lines = [*project["dependencies"], *sum(project["optional-dependencies"].values(), [])]
    lines += [line for name in GROUPS for line in group(name)]
    pinned = pins("requirements.lock", where)
    assert needed(lines, pinned, where) == set(pinned)


@everywhere
def test_what_builds_is_locked_apart_with_the_pins_of_the_whole(where):
    lines = [*PROJECT["build-system"]["requires"], *group("build")]
    pinned = pins("build.lock", where)
    assert needed(lines, pinned, where) == set(pinned)
    assert pinned.items() <= pins("requirements.lock", where).items()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_its_hashes_and_no_line_names_an_address(lock):
    assert len(entries(lock)) >= len(group("build"))
    for name, _, _, hashes in entries(lock):
        assert hashes, name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), name
    assert "://" not in LOCKS[lock]
    assert re.search(r"^\s*-(?!-hash=)", LOCKS[lock], re.M) is None


def test_the_record_is_of_these_pins_and_says_what_the_installed_packages_say():
    assert sorted(RECORD) == sorted(f"{name}=={version}" for name, version, *_ in entries("requirements.lock"))
    compared = 0
    for pin, about in RECORD.items():
        name, version = pin.split("==")
        try:
            installed = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        if installed.version == version:
            compared += 1
            said = installed.metadata.get_all("Requires-Dist") or []
            assert {*map(requirement, about["requires_dist"])} == {*map(requirement, said)}, pin
            assert about["requires_python"] == installed.metadata.get("Requires-Python", ""), pin
    assert compared > 100
