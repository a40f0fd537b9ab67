"""The locks hold all that an environment needs, for every Python and system, so that nothing is resolved."""

import re
from importlib import metadata

import pytest
from helpers.locks import GROUPS, LOCKS, PROJECT, RECORD, entries, group, needed, pins, requirement

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
LOCK = "requirements.lock"
everywhere = pytest.mark.parametrize("where", ENVIRONMENTS.values(), ids=ENVIRONMENTS.keys())


@everywhere
def test_the_lock_holds_all_that_the_project_its_extras_and_groups_need_and_no_more(where):
    lines = list(PROJECT["project"]["dependencies"])
    for extra in PROJECT["project"]["optional-dependencies"].values():
        lines += extra
    for name in GROUPS.keys() - {"engine"}:
        lines += group(name)
    pinned = pins(LOCK, where)
    assert needed(lines, pinned, where) == set(pinned)


@everywhere
def test_what_builds_is_locked_apart_with_the_pins_of_the_whole(where):
    lines = [*PROJECT["build-system"]["requires"], *group("build")]
    pinned = pins("build.lock", where)
    assert needed(lines, pinned, where) == set(pinned)
    assert pinned.items() <= pins(LOCK, where).items()


def test_the_linker_of_the_engine_is_locked_apart_and_alone():
    (wanted,) = map(requirement, group("engine"))
    ((name, version, marker, _),) = entries("engine.lock")
    assert (name, marker) == (wanted.name, None)
    assert wanted.specifier.contains(version)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_its_hashes_and_no_line_names_an_address(lock):
    assert entries(lock)
    for name, _, _, hashes in entries(lock):
        assert hashes, name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), name
    assert "://" not in LOCKS[lock]
    assert re.search(r"^\s*-(?!-hash=)", LOCKS[lock], re.M) is None


def test_the_record_is_of_these_pins_and_says_what_the_installed_packages_say():
    assert sorted(RECORD) == sorted(
        f"{name}=={version}" for name, version, *_ in entries("requirements.lock")
    )
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
