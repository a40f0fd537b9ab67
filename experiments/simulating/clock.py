"""Which clock simulates a run's patients: the results are the same with either, to the bit."""

from types import ModuleType

from conf.run import Run


def clock_of(run: Run) -> ModuleType:
    """Return the run's clock, ``sim.clocks.simpy_clock`` or ``sim.clocks.compiled_clock``.

    Both have ``simulate_rows`` and ``simulate_in_clinic``.
    """
    if run.clock == "compiled":
        from sim.clocks import compiled_clock

        return compiled_clock
    from sim.clocks import simpy_clock

    return simpy_clock
