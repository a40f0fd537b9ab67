"""The module that is shipped, and what it follows from."""

from pathlib import Path
from typing import Any

from conf.run import Run
from experiments.engine.functions import Function, functions
from experiments.simulating.cohort import horizons, worlds_of
from experiments.sweeping.code import ROOT, source_digests

HERE = Path(__file__).parent
MODULE = HERE / "engine.wasm"
RECORD = HERE / "engine.json"  # the digest of its sources, and what it was made with
SCRIPT = HERE / "engine.mjs"  # which calls it


def engine_functions(run: Run) -> list[Function]:
    """Return the functions of the module; any run has the same."""
    world = next(iter(worlds_of(run).values()))
    return functions(world, run.clinic, horizons(run.horizon_years))


def sources(run: Run) -> dict[str, Any]:
    """Return what the module follows from: the code that is compiled, and where fields of records lie.

    The fields of a world are the keys of the configuration; their values are no part of the module.
    """
    own = (HERE / "functions.py", HERE / "build.py", ROOT / "conf" / "derived.py")
    return {
        **source_digests([*sorted((ROOT / "sim").rglob("*.py")), *own]),
        **{
            f"{function.name}.{name}": str(value.dtype.descr)
            for function in engine_functions(run)
            for name, value in function.arguments().items()
            if hasattr(value, "dtype")
        },
    }


def classic_script() -> str:
    """Return the script as a page or a worker can hold it: without the line that exports its names."""
    text, exports = SCRIPT.read_text("utf-8").rsplit("\nexport {", 1)
    assert exports.count("\n") == 1
    return text
