"""What tests share: patients under policies, with any override that the command takes; working folders."""

import functools
import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from conf.composition import composing
from conf.run import world_trees
from conf.schema import compose_run
from experiments.cli.command import main
from experiments.cli.first_run import FirstRun
from sim import compiling
from sim.clocks import compiled_clock, simpy_clock
from sim.compiled import numba_config
from sim.events import Journal
from sim.luck import draw_luck
from sim.parameters import pack
from sim.patient import YEAR_DAYS, new_patients

pytest_plugins = ("helpers.whatif_page",)

# Each full look for garbage goes through ten thousand tests and all that they import.
gc.set_threshold(compiling.BETWEEN_COLLECTIONS)

# What between them compiles all that the command runs.
EVERY_KIND = (
    "compare patients=2",
    "compare patients=2 rows=true journal=true",
    "compare patients=2 clinic=regional clock=simpy horizon_years=1",
    "compare patients=2 clinic=regional horizon_years=1",
    "sweep patients=2 horizon_years=1 compute.workers=1 grid={seed:[1]}",
    "validate trial=crab patients=50 most_patients=50",
    "patient number=1",
    "capacity patients=2 clinics=[regional] policies=[tme_alone] horizon_years=0.2 target_share=0.01 "
    "clock=compiled pictures=false",
)


def pytest_collection_finish() -> None:
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def compiled(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Compile once for all processes of the tests, so that no run within a test is the first one."""
    if numba_config.CACHE_DIR:
        cache = Path(numba_config.CACHE_DIR)
        with FileLock(cache / "tests.lock"):
            if not (cache / "tests.compiled").exists():
                for k, words in enumerate(EVERY_KIND):
                    assert main([*words.split(), f"out={tmp_path_factory.mktemp('compiled') / str(k)}"]) == 0
                (cache / "tests.compiled").touch()
    quiet = FirstRun()
    quiet.said = True  # a test may still compile a function for arguments of its own
    compiling.listeners[:] = [quiet]


@functools.cache
def world_of(policy: str, overrides: tuple[str, ...]) -> np.ndarray:
    """Return the packed world of a policy; composing it takes longer than a thousand patients."""
    run = compose_run(f"policies=[{policy}]", *overrides)
    return pack(*world_trees(run, run.policies[0]))


def lives(
    *overrides: str,
    policy: str = "tme_alone",
    first: int = 0,
    patients: int = 3000,
    seed: int = 1,
    years: float = 10.0,
    journal: Journal | None = None,
) -> np.ndarray:
    """Simulate patients ``first`` to ``first + patients - 1`` under one policy; return their rows.

    Either clock gives the same bits (tests/sim/clocks); the compiled one is much faster, and SimPy's keeps
    the journal.
    """
    rows = new_patients(first, first + patients)
    luck = draw_luck(first, first + patients, seed)
    world = world_of(policy, overrides)
    if journal is None:
        compiled_clock.simulate_rows(rows, luck, world, years * YEAR_DAYS)
    else:
        simpy_clock.simulate_rows(rows, luck, world, years * YEAR_DAYS, journal)
    return rows


@pytest.fixture(name="lives", scope="session")
def lives_fixture() -> Callable[..., np.ndarray]:
    """Return the function that simulates a few thousand patients under one policy."""
    return lives


@pytest.fixture(name="simulated", scope="session")
def simulated_fixture() -> Callable[..., np.ndarray]:
    """Return the same function, which remembers the rows that it has simulated: for reading only."""
    return functools.cache(lives)


@pytest.fixture
def hydra() -> Iterator[None]:
    """Let the files of ``conf`` be found."""
    with composing():
        yield


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, which is the working one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
