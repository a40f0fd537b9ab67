"""How reactions are compiled: Numba, cached under a digest of this package's source.

Numba's own cache looks only at the file of the compiled function, so a constant changed in another
file would go unnoticed. Here any change of any source file of ``sim`` names another cache folder.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

numba_config: Any = numba.config  # its settings are made at import, unknown to a type checker

# One row of a structured array (a patient, luck, a world) as a reaction sees it: fields by name.
Record = Any


def _source_digest() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _cache_folder() -> Path:
    """Return a writable folder for compiled code: the user's cache, or a temporary one."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for candidate in (root, Path(tempfile.gettempdir())):
        folder = candidate / "lrrc-sim" / _source_digest()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return Path(tempfile.mkdtemp(prefix="lrrc-sim-"))


if "NUMBA_CACHE_DIR" not in os.environ:
    numba_config.CACHE_DIR = str(_cache_folder())

_njit = numba.njit(cache=True, nogil=True, error_model="numpy")


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a reaction or a function that reactions call; plain Python under NUMBA_DISABLE_JIT=1."""
    return _njit(function)


def compiled_parallel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a loop over patients whose ``numba.prange`` threads share out."""
    return numba.njit(cache=True, nogil=True, error_model="numpy", parallel=True)(function)


def table(array: np.ndarray) -> np.ndarray:
    """Return the array so that ``table[i].field`` works, compiled or not."""
    return array.view(np.recarray) if numba_config.DISABLE_JIT else array
