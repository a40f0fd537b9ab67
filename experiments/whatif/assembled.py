"""The page as one file: engine, content, script and style inlined; it loads nothing."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from experiments.engine.layout import written
from experiments.engine.module import MODULE, classic_script

PAGE = Path(__file__).parent / "page"
# In this order: what is used while a script is read comes before.
SCRIPTS = (
    "words",
    "html",
    "svg",
    "estimates",
    "tables",
    "model",
    "value",
    "pool",
    "pictures/recurrence",
    "pictures/survival",
    "pictures/averted",
    "pictures/plane",
    "pictures/pelvis",
    "pictures/flow",
    "pictures/icons",
    "pictures/waits",
    "pictures/outcomes",
    "controls",
    "headline",
    "patient",
    "lessons",
    "takeaway",
    "terms",
    "main",
)


def script() -> str:
    """Return the page's script, a classic one: a page that is opened from disk may start no module."""
    own = "\n".join((PAGE / f"{name}.js").read_text("utf-8") for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{classic_script()}\n{own}\n}})();\n'


def worker() -> str:
    """Return the script of a worker."""
    return f'"use strict";\n{classic_script()}\n{(PAGE / "worker.js").read_text("utf-8")}'


def assembled(content: dict[str, Any]) -> str:
    """Return the page of this content."""
    code = script()
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    policy = (
        "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; worker-src blob:; "
        f"script-src 'sha256-{digest}' 'wasm-unsafe-eval' blob:; base-uri 'none'; form-action 'none'"
    )
    sentences = content["sentences"]
    parts = {
        "policy": policy,
        "title": sentences["title"],
        "noscript": sentences["noscript"],
        "style": (PAGE / "page.css").read_text("utf-8"),
        # Within a script only the end of a script is special.
        "content": written(content).replace("</", "<\\/"),
        "worker": worker(),
        "module": base64.b64encode(MODULE.read_bytes()).decode(),
        "script": code,
    }
    assert not any("</script" in parts[name] for name in ("content", "worker", "script"))
    text, *rest = (PAGE / "page.html").read_text("utf-8").split("@@")
    for name, after in zip(rest[::2], rest[1::2], strict=True):
        text += parts[name] + after
    return text
