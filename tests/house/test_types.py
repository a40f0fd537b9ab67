"""What mypy checks: `make lint` types every package that is shipped, strictly."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]


def test_every_package_that_is_shipped_is_typed():
    shipped = TOOLS["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(shipped) <= set(TOOLS["mypy"]["files"])
    lint = (ROOT / "Makefile").read_text("utf-8").partition("\nlint:")[2].partition("\n\n")[0]
    # Named files would take the place of those in pyproject.toml.
    assert lint.splitlines()[-1] == "\t$(BIN)/mypy"


def test_what_is_lenient_is_lenient_for_named_modules_alone():
    own = {key: value for key, value in TOOLS["mypy"].items() if key != "overrides"}
    assert own["strict"] is True
    assert [
        key for key, value in own.items() if value is False or key.startswith(("ignore", "disable"))
    ] == []
    assert all(
        name not in ("*", "conf.*", "experiments.*", "analysis.*")
        for one in TOOLS["mypy"]["overrides"]
        for name in one["module"]
    )
