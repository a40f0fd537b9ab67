"""What the tests of the installation share: the locks, read, and what the project needs of them."""

import functools
import json
import re
import tomllib
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import conf

ROOT = Path(conf.__file__).parent.parent
LOCKS = {
    name: (ROOT / name).read_text("utf-8") for name in ("requirements.lock", "build.lock", "engine.lock")
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
GROUPS = PROJECT["dependency-groups"]
# What each pin requires, by its own metadata; `make lock` records it for pins of other systems, too.
RECORD = json.loads((ROOT / "requirements.json").read_text("utf-8"))
requirement = functools.cache(Requirement)


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
