"""``make bench``: every benchmark, or those that are named, each in a process of its own, as one table."""

import multiprocessing
import platform
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pandas as pd

from benchmarks import economics as valuing
from benchmarks import sweep as sweeping
from benchmarks.clinic import attended_a_second
from benchmarks.clocks import patients_a_second
from benchmarks.executors import POINTS, WORKERS, Spent, sweeps
from benchmarks.peers import ENGINES, OURS, same_ends, simulate_toy, version
from benchmarks.pictures import drawing_seconds
from benchmarks.recovery import REPETITIONS, SMALL, recovered
from benchmarks.scale import start_seconds, whole_job

CLOCKS = ("simpy", "compiled")
COHORTS = (10_000, 100_000)
CLINIC_COHORTS = (20_000, 100_000)
PEER_COHORTS = (2_000, 20_000)
REPEATS = 3
# Patients, policies, clinic.
WHOLE_JOBS = ((1_000_000, 4, "unlimited"), (10_000_000, 2, "unlimited"), (100_000, 1, "regional"))


def clocks() -> None:
    """Courses per second where nobody waits."""
    print(f"{'':<34}{'patients':>10}{'patients/s':>12}{'peak MiB':>10}")
    for clock in CLOCKS:
        print(f"{clock} clock, nobody waits")
        for patients in COHORTS:
            for _ in range(REPEATS):
                rate, peak_mib = _alone(patients_a_second, clock, patients)
                print(f"{'':<34}{patients:>10,}{rate:>12,.0f}{peak_mib:>10,.0f}")


def clinic() -> None:
    """Patients per second in a clinic with queues."""
    print(f"{'':<34}{'patients':>10}{'patients/s':>12}{'peak MiB':>10}")
    for clock in CLOCKS:
        print(f"{clock} clock, clinic=regional, with those who come before and after")
        seconds: dict[int, float] = {}
        for patients in CLINIC_COHORTS:
            for _ in range(REPEATS):
                rate, spent, peak_mib = _alone(attended_a_second, clock, patients)
                seconds[patients] = min(spent, seconds.get(patients, spent))
                print(f"{'':<34}{patients:>10,}{rate:>12,.0f}{peak_mib:>10,.0f}")
        few, many = CLINIC_COHORTS
        ratio = seconds[many] / seconds[few]
        print(f"cost of {many:,} against {few:,} patients, best of {REPEATS}: {ratio:.2f}")


def peers() -> None:
    """The same toy clinic in this project's queues, SimPy, Ciw and salabim."""
    print(f"{'toy clinic, best of ' + str(REPEATS):<34}{'patients':>10}{'patients/s':>12}{'ratio':>10}")
    for patients in PEER_COHORTS:
        reference, ours = None, 0.0
        for engine in ENGINES:
            if (installed := version(engine)) is None:
                print(f"{engine:<34}{patients:>10,}{'missing':>12}  (pip install {engine})")
                continue
            tried = [_alone(simulate_toy, engine, patients) for _ in range(REPEATS)]
            waited = tried[0][1]
            reference = waited if engine == OURS else reference
            assert reference is not None  # ours is the first of ENGINES
            if not same_ends(waited, reference):
                raise SystemExit(f"{engine} let patients wait otherwise than {OURS}: nothing to compare")
            rate = patients / min(seconds for seconds, _ in tried)
            ours = rate if engine == OURS else ours
            print(f"{f'{engine} {installed}':<34}{patients:>10,}{rate:>12,.0f}{ours / rate:>10.1f}")


def executors() -> None:
    """The same sweep with local processes and on a Dask cluster."""
    what = f"sweep of {POINTS} points, {WORKERS} workers"
    print(f"{what:<34}{'local s':>10}{'dask s':>12}{'ratio':>10}")
    made = list(sweeps(REPEATS))
    for kind in Spent._fields:
        for spent in made:
            local, dask = (getattr(spent[name], kind) for name in ("local", "dask"))
            print(f"{kind:<34}{local:>10.1f}{dask:>12.1f}{dask / local:>10.2f}")
        local, dask = (min(getattr(spent[name], kind) for spent in made) for name in ("local", "dask"))
        print(f"{f'{kind}, best of {REPEATS}':<34}{local:>10.1f}{dask:>12.1f}{dask / local:>10.2f}")


def pictures() -> None:
    """All pictures of a default run."""
    print(f"{'all pictures of a default run':<34}{'pictures':>10}{'seconds':>12}")
    drawn, seconds = _alone(drawing_seconds)
    print(f"{'':<34}{drawn:>10.0f}{seconds:>12.1f}")


def scale() -> None:
    """Whole jobs of the compiled clock, from a seed to merged counts, and what comes before the first."""
    print(
        f"{'whole job, all cores':<34}{'patients':>12}{'courses/s':>12}{'/CPU s':>12}{'uncounted too':>15}"
        f"{'s':>8}{'peak MiB':>10}"
    )
    for patients, policies, clinic in WHOLE_JOBS:
        for _ in range(REPEATS):
            rate, a_cpu_second, all_a_cpu_second, seconds, peak_mib = _alone(
                whole_job, patients, policies, clinic
            )
            what = f"clinic={clinic}, policies: {policies}"
            print(
                f"{what:<34}{patients:>12,}{rate:>12,.0f}{a_cpu_second:>12,.0f}{all_a_cpu_second:>15,.0f}"
                f"{seconds:>8.1f}{peak_mib:>10,.0f}"
            )
    starting, compiling = start_seconds()
    print(
        f"from nothing to the first counts {starting:.1f} s; where all is first compiled {compiling:.1f} s\n"
    )


def sweep() -> None:
    """A sweep on processes of this machine."""
    points, patients = f"{sweeping.POINTS:,}", f"{sweeping.PATIENTS:,}"
    what = f"{points} points, {patients} patients, 4 policies, {sweeping.WORKERS} processes"
    print(f"sweep of {what}: {sweeping.sweep_seconds():.1f} s")


def economics() -> None:
    """Costs and quality of life: what they add to a run, and a probabilistic analysis."""
    print(f"{'costs and QALYs beside outcomes':<34}{'µs a course':>12}{'with them':>12}")
    for years in (10, 60):
        apart, ratio = _alone(valuing.added_share, years)
        print(f"{f'{years} years, 4 policies':<34}{apart:>12.2f}{ratio:>11.2f}x")
    seconds, peak_mib = _alone(valuing.psa_seconds)
    what = f"{valuing.MEMBERS:,} members, {valuing.PATIENTS:,} patients, {len(valuing.POLICIES)} policies"
    print(f"lrrc psa, {what}: {seconds:.1f} s, {peak_mib:,.0f} MiB of the largest process")


def recovery() -> None:
    """True numbers that lie within a small calibration's 95 % posterior."""
    print(f"{f'known numbers, {REPETITIONS} calibrations':<46}{'within':>10}{'of':>6}{'width':>10}")
    found = pd.concat([_alone(recovered, k, *SMALL) for k in range(REPETITIONS)])
    for key, of_one in [*found.groupby("key"), ("all", found)]:
        within, width = of_one["within"].sum(), of_one["width_ratio"].mean()
        print(f"{key:<46}{within:>10}{len(of_one):>6}{width:>10.2f}")


BENCHMARKS = {
    f.__name__: f for f in (scale, clocks, clinic, sweep, economics, peers, executors, pictures, recovery)
}


def main(names: list[str]) -> None:
    """Run the benchmarks of these names, or all, and print their figures."""
    if unknown := [name for name in names if name not in BENCHMARKS]:
        raise SystemExit(f"{unknown[0]}: there is no such benchmark; there are: {', '.join(BENCHMARKS)}")
    print(f"Python {platform.python_version()}, {platform.machine()}; CPU seconds of one core\n")
    for name in names or BENCHMARKS:
        BENCHMARKS[name]()
        print()


def _alone(benchmark: Callable[..., Any], *what: str | int) -> Any:
    """Run a benchmark in a fresh process, so that peak memory is its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(benchmark, *what).result()


if __name__ == "__main__":
    main(sys.argv[1:])
