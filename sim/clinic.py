"""The clinic: what an event must have before it can happen."""

from collections.abc import Iterable

import simpy


class UnlimitedClinic:
    """Everything is there at once: every request is granted without waiting."""

    def serve(self, number: int, event: int) -> Iterable[simpy.Event]:
        """Return the requests that patient ``number`` must wait for before the event: none."""
        return ()
