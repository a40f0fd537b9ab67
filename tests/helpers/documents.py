"""What reads and makes the documents: the modules of docs/sphinx, which is no package."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import conf

ROOT = Path(conf.__file__).parent.parent


def loaded(name: str) -> ModuleType:
    """Return a module of docs/sphinx, loaded once."""
    full = f"docs_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, ROOT / f"docs/sphinx/{name}.py")
        assert spec and spec.loader
        module = sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[full]


blocks = loaded("blocks")
