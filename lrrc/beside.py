"""The four packages that do the work, loaded from beside this one, whatever the working folder contains."""

import importlib.util
import os
import sys
import threading
from pathlib import Path
from types import ModuleType

PACKAGES = ("sim", "conf", "experiments", "analysis")
HERE = Path(__file__).resolve().parents[1]
_loading = threading.Lock()


def load_packages() -> None:
    """Load the packages, where that has not been done.

    Raises ImportError, with its file, where a module of such a name from elsewhere is loaded in this process.
    """
    with _loading:
        for name in PACKAGES:
            if name in sys.modules and not _is_ours(sys.modules[name], name):
                raise ImportError(
                    f"lrrc needs the name {name}, which {_place(sys.modules[name])} has in this process; "
                    f"rename that file or folder, or use lrrc in a process that does not import it",
                    name=name,
                )
        for name in PACKAGES:
            if name not in sys.modules:
                _load(name)


def _load(name: str) -> None:
    file = HERE / name / "__init__.py"
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=[str(file.parent)])
    if spec is None or spec.loader is None:
        raise ImportError(f"lrrc needs the package {name}, and {file} cannot be loaded", name=name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise


def _is_ours(module: ModuleType, name: str) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and os.path.realpath(file) == str(HERE / name / "__init__.py")


def _place(module: ModuleType) -> str:
    """Return the file of a module, or the folder of a package without one."""
    folders = list(getattr(module, "__path__", []))
    return getattr(module, "__file__", None) or (folders[0] if folders else "another module")
