"""``make bench``: every benchmark, each in a process of its own, as one table."""

import multiprocessing
import platform
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

from benchmarks.clinic import attended_a_second
from benchmarks.clocks import lives_a_second
from benchmarks.pictures import drawing_seconds

CLOCKS = ("simpy", "compiled")
COHORTS = (10_000, 100_000)
CLINIC_COHORTS = (20_000, 100_000)
REPEATS = 3


def main() -> None:
    """Run the benchmarks and print their figures."""
    print(f"Python {platform.python_version()}, {platform.machine()}; CPU seconds of one core\n")
    print(f"{'':<34}{'patients':>10}{'patients/s':>12}{'peak MiB':>10}")
    for clock in CLOCKS:
        print(f"{clock} clock, nobody waits")
        for patients in COHORTS:
            for _ in range(REPEATS):
                rate, peak_mib = _alone(lives_a_second, clock, patients)
                print(f"{'':<34}{patients:>10,}{rate:>12,.0f}{peak_mib:>10,.0f}")
        print(f"{clock} clock, clinic=regional, with those who come before and after")
        seconds = {}
        for patients in CLINIC_COHORTS:
            for _ in range(REPEATS):
                rate, spent, peak_mib = _alone(attended_a_second, clock, patients)
                seconds[patients] = min(spent, seconds.get(patients, spent))
                print(f"{'':<34}{patients:>10,}{rate:>12,.0f}{peak_mib:>10,.0f}")
        few, many = CLINIC_COHORTS
        ratio = seconds[many] / seconds[few]
        print(f"cost of {many:,} against {few:,} patients, best of {REPEATS}: {ratio:.2f}")

    print(f"\n{'all pictures of a default run':<34}{'pictures':>10}{'seconds':>12}")
    pictures, drawing = _alone(drawing_seconds)
    print(f"{'':<34}{pictures:>10.0f}{drawing:>12.1f}")


def _alone(benchmark: Callable[..., tuple[float, ...]], *what: str | int) -> tuple[float, ...]:
    """Run a benchmark in a fresh process, so that peak memory is its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(benchmark, *what).result()


if __name__ == "__main__":
    main()
