"""A process that begins with this project's code, whatever program started it and wherever.

By itself a spawned process runs the program's main file again, which in a script that has no
``if __name__ == "__main__"`` would start the sweep again; and it looks for ``experiments`` in the folder of
that script first.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import spawn
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any

CODE = str(Path(__file__).resolve().parents[2])
_beginning = threading.Lock()


class WorkerProcess(SpawnProcess):
    """A spawned process that imports the packages beside this one and no main file."""

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802  the name is of multiprocessing
        with _prepared():
            return SpawnProcess._Popen(process_obj)


class WorkerContext(SpawnContext):
    """The context of ``multiprocessing`` that starts such processes."""

    Process = WorkerProcess


@contextmanager
def _prepared() -> Iterator[None]:
    """Let a process that this thread starts be prepared so; what other threads start is as ever."""
    thread = threading.get_ident()

    def preparation(name: str) -> dict[str, Any]:
        data: dict[str, Any] = prepare(name)
        if threading.get_ident() == thread:
            data.pop("init_main_from_name", None)
            data.pop("init_main_from_path", None)
            data["sys_path"] = [CODE, *data["sys_path"]]
        return data

    with _beginning:
        prepare = spawn.get_preparation_data
        spawn.get_preparation_data = preparation
        try:
            yield
        finally:
            spawn.get_preparation_data = prepare
