"""``make bench``: every benchmark, each in a process of its own, as one table."""

import multiprocessing
import platform
from concurrent.futures import ProcessPoolExecutor

from benchmarks.pictures import drawing_seconds
from benchmarks.simpy_clock import lives_a_second

COHORTS = (10_000, 100_000)
REPEATS = 3


def main() -> None:
    """Run the benchmarks and print their figures."""
    print(f"Python {platform.python_version()}, {platform.machine()}; CPU seconds of one core\n")
    print(f"{'SimPy clock, unlimited clinic':<34}{'patients':>10}{'patients/s':>12}{'peak MiB':>10}")
    context = multiprocessing.get_context("spawn")  # so that peak memory is the benchmark's own
    for patients in COHORTS:
        for _ in range(REPEATS):
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                rate, peak_mib = pool.submit(lives_a_second, patients).result()
            print(f"{'':<34}{patients:>10,}{rate:>12,.0f}{peak_mib:>10,.0f}")
    print(f"\n{'all pictures of a default run':<34}{'pictures':>10}{'seconds':>12}")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        pictures, seconds = pool.submit(drawing_seconds).result()
    print(f"{'':<34}{pictures:>10}{seconds:>12.1f}")


if __name__ == "__main__":
    main()
