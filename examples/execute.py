"""Run the cells of a notebook in order, in one namespace, and write their outputs into it.

    python examples/execute.py examples/compare_policies.ipynb

It needs no Jupyter: what a cell prints, and what its last line shows, are kept as Jupyter would keep them.
"""

import ast
import base64
import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

Cell = dict[str, Any]
RICH = {"image/png": "_repr_png_", "text/html": "_repr_html_"}


def executed(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return the notebook with the outputs of its cells. Raises what a cell raises."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    cells, count = [], 0
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            count += 1
            outputs = outputs_of("".join(cell["source"]), namespace, count)
            cell = {**cell, "execution_count": count, "outputs": outputs}
        cells.append(cell)
    return {**notebook, "cells": cells}


def outputs_of(source: str, namespace: dict[str, Any], count: int) -> list[Cell]:
    """Run a cell; return what it prints and what its last line shows."""
    *before, last = ast.parse(source).body
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(before, []), "<cell>", "exec"), namespace)
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
        else:
            exec(compile(ast.Module([*before, last], []), "<cell>", "exec"), namespace)
            value = None
    outputs: list[Cell] = []
    if printed.getvalue():
        text = printed.getvalue().splitlines(keepends=True)
        outputs.append({"output_type": "stream", "name": "stdout", "text": text})
    if value is not None:
        shown = {"output_type": "execute_result", "execution_count": count, "metadata": {}}
        outputs.append({**shown, "data": data_of(value)})
    return outputs


def data_of(value: Any) -> dict[str, Any]:
    """Return what a notebook shows of a value, by kind."""
    data: dict[str, Any] = {"text/plain": repr(value).splitlines(keepends=True)}
    for kind, method in RICH.items():
        shown = getattr(value, method)() if hasattr(value, method) else None
        if isinstance(shown, bytes):
            data[kind] = base64.b64encode(shown).decode()
        elif shown is not None:
            data[kind] = shown.splitlines(keepends=True)
    return data


def main(path: Path) -> None:
    """Run a notebook's cells and write it again."""
    notebook = executed(json.loads(path.read_text("utf-8")))
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
