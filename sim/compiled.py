"""How reactions are compiled: Numba, cached under a digest of this package's source.

Numba's own cache looks only at the file of the compiled function, so a constant changed in another
file would go unnoticed. Here any change of any source file of ``sim`` names another cache folder.

What lies in the cache is run, so it is a folder that nobody else can write to.
"""

import ctypes
import gc
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from sim.compiling import BETWEEN_COLLECTIONS, listeners, uncollected

with uncollected():
    import numba
    from llvmlite import binding as llvm  # type: ignore[import-untyped]
    from llvmlite import ir
    from numba.core import cgutils, event, registry, types
    from numba.extending import intrinsic

# Up to which cost, by LLVM's measure, a function is compiled into its callers.
INLINED_UP_TO, INLINED_UP_TO_IN_WHOLE = 250, 30_000


def _do_without_linear_algebra() -> None:
    """Spare Numba the look for SciPy's BLAS, which nothing here needs: its import is a tenth of a short run.

    Numba looks when it first compiles or loads a function, and takes a failure for a missing SciPy.
    """

    def missing() -> None:
        raise ImportError

    found = linalg.ensure_blas
    linalg.ensure_blas = missing
    try:
        import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = found


linalg: Any = import_module("numba.np.linalg")
_do_without_linear_algebra()


def _call_libm_without_errno() -> None:
    """Let compiled code call glibc's exp, log and pow as they are, without the wrappers that set errno.

    The results are the same, nothing here reads errno, and exp takes a fifth less time. Numba binds the
    functions of the oldest glibc that it supports, which have the slowest wrappers.
    """
    _ = registry.cpu_target.target_context  # binds Numba's, once
    try:
        versioned, libm = ctypes.CDLL(None).dlvsym, ctypes.CDLL("libm.so.6")
    except (AttributeError, OSError, TypeError):  # another C library
        return
    versioned.restype = ctypes.c_void_p
    versioned.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p)
    for name in ("exp", "log", "pow"):
        address = versioned(libm._handle, f"__{name}_finite".encode(), b"GLIBC_2.15")
        if address:
            llvm.add_symbol(name, address)


_call_libm_without_errno()

# Numba writes out what a function takes at each of thirty passes, for messages that nobody reads. The name
# of a record says the same as its fields in full, and is there already: a tenth of a compilation less.
types.Record.__repr__ = types.Type.__repr__  # type: ignore[method-assign]

numba_config: Any = numba.config  # its settings are made at import, unknown to a type checker
numba_types: Any = types

# One row of a structured array (a patient, luck, a world) as a reaction sees it: fields by name.
Record = Any


def kept_folder() -> Path | None:
    """Return the folder that compiled code is kept in; None where nothing is kept."""
    return Path(numba_config.CACHE_DIR) if _options["cache"] and not numba_config.DISABLE_JIT else None


def _source_digest() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _cache_folder() -> Path:
    """Return the folder for compiled code, in the user's cache. Raises OSError where it cannot be had."""
    ours = platformdirs.user_cache_path("lrrc-sim", appauthor=False)
    if not ours.is_absolute():
        raise OSError(f"{ours} is not an absolute path")
    missing = [folder for folder in ours.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    _private(ours)
    return _private(ours / _source_digest())


def _private(folder: Path) -> Path:
    """Return a folder that this user alone can write to, made where it was missing. Raises OSError."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise OSError(f"{folder} is not a folder")
    # Windows has neither owners of this kind nor modes; there the user's profile is private.
    if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o022):
        raise OSError(f"{folder} can be written by others; remove it")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OSError(f"{folder} cannot be written")
    return folder


def _has_cache() -> bool:
    if "NUMBA_CACHE_DIR" not in os.environ and not numba_config.DISABLE_JIT:
        try:
            numba_config.CACHE_DIR = str(_cache_folder())
        except OSError as error:
            why = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            for listener in listeners:
                listener.keeps_nothing(why)
            return False
    return True


class _Heard(event.Listener):
    """Passes on that something is compiled, and lets garbage be looked for rarely meanwhile.

    Before a function is finished those that it calls are compiled, within it; each has its own inlining.
    """

    thresholds = gc.get_threshold()

    def __init__(self) -> None:
        self.inlining: list[int] = []  # up to which cost, of the functions that are being compiled

    def on_start(self, event: Any) -> None:
        if not self.inlining:
            self.thresholds = gc.get_threshold()
            gc.set_threshold(BETWEEN_COLLECTIONS)
        is_whole = event.data["dispatcher"].py_func in _whole
        self.inlining.append(INLINED_UP_TO_IN_WHOLE if is_whole else INLINED_UP_TO)
        self._inline()
        for listener in listeners:
            listener.begins()

    def on_end(self, event: Any) -> None:
        self.inlining.pop()
        self._inline()
        if not self.inlining:
            gc.set_threshold(*self.thresholds)
        for listener in listeners:
            listener.ended()

    def _inline(self) -> None:
        up_to = self.inlining[-1] if self.inlining else INLINED_UP_TO
        llvm.set_option("", f"-inline-threshold={up_to}")


_whole: set[Callable[..., Any]] = set()
event.register("numba:compile", _Heard())  # type: ignore[no-untyped-call]

_options: dict[str, Any] = {
    "cache": _has_cache(),
    "nogil": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,  # nothing calls these from C: a tenth of a compilation
}
_njit = numba.njit(**_options)
# Without the counting of references to arrays, which is atomic: it took half the time of a life.
_njit_in_place = numba.njit(**_options, _nrt=False)  # type: ignore[call-overload]


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a reaction or a function that reactions call; plain Python under NUMBA_DISABLE_JIT=1.

    It works in the arrays and records that it is given, and makes no array.
    """
    return _njit_in_place(function)


def compiled_inline(function: Callable[..., Any]) -> Callable[..., Any]:
    """As ``compiled``, into its callers: a call would pass every array word by word."""
    return numba.njit(**_options, _nrt=False, forceinline=True)(function)  # type: ignore[call-overload]


def compiled_whole(function: Callable[..., Any]) -> Callable[..., Any]:
    """As ``compiled``, with nearly all that it calls compiled into it: faster, and long to compile."""
    _whole.add(function)
    return _njit_in_place(function)


def compiled_allocating(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that makes arrays of its own."""
    return _njit(function)


def in_threads(work: Callable[[int], Any], parts: int) -> list[Any]:
    """Return what ``work`` returns for each part, 0 to ``parts - 1``, a thread for each.

    Compiled functions let other threads run. Numba's own threads would keep a core busy while they wait for
    the next loop, and its parallel loops take long to compile.
    """
    if parts == 1:
        return [work(0)]
    with ThreadPoolExecutor(parts) as pool:
        return list(pool.map(work, range(parts)))


@contextmanager
def on_one_core() -> Iterator[int]:
    """Share out nothing to threads, where that would not pay. Yields how many threads there are otherwise."""
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        yield threads
    finally:
        numba.set_num_threads(threads)


def record_dtype(fields: list[Any]) -> np.dtype[Any]:
    """Return the dtype of these fields, aligned: in its arrays ``array[i].field`` works, compiled or not.

    Without ``np.record`` a row that is indexed outside compiled code has no attributes.
    """
    return np.dtype((np.record, np.dtype(fields, align=True)))


@intrinsic
def _wide_product(typing_context: Any, a: Any, b: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wide, half = ir.IntType(128), ir.IntType(64)
        product = builder.mul(*(builder.zext(argument, wide) for argument in arguments))
        high = builder.lshr(product, ir.Constant(wide, 64))
        pack: Any = cgutils.pack_array
        return pack(builder, [builder.trunc(high, half), builder.trunc(product, half)])

    return numba_types.UniTuple(types.uint64, 2)(types.uint64, types.uint64), generate


# Of two uint64 the product's high and low half, in one instruction; in compiled code only.
wide_product: Callable[..., Any] = _wide_product
