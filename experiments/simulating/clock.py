"""Which clock lives a run's patients: the same lives by either, to the bit."""

from types import ModuleType

from conf.run import Run


def clock_of(run: Run) -> ModuleType:
    """Return the run's clock, ``sim.clocks.simpy_clock`` or ``sim.clocks.compiled_clock``.

    Both have ``live`` and ``live_in_clinic``.
    """
    if run.clock == "compiled":
        from sim.clocks import compiled_clock

        return compiled_clock
    from sim.clocks import simpy_clock

    return simpy_clock
