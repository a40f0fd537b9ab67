"""What is shown to Python users runs as it is shown."""

import base64
import json
import re
import runpy
from pathlib import Path

import pytest

import lrrc

ROOT = Path(lrrc.__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "python.md").read_text("utf-8")
NOTEBOOK = ROOT / "examples" / "compare_policies.ipynb"
executed = runpy.run_path(str(ROOT / "examples" / "execute.py"))["executed"]


def kinds(cell):
    """Return the kinds of a cell's outputs."""
    return [sorted(output.get("data", [output["output_type"]])) for output in cell["outputs"]]


@pytest.mark.long
def test_every_block_of_the_page_runs_in_order_as_in_a_notebook(here, capsys):
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert len(blocks) == len(re.findall(r"^```\w", PAGE, re.MULTILINE)) >= 7
    namespace = {"__name__": "__main__"}
    for block in blocks:
        exec(compile(block, "docs/python.md", "exec"), namespace)
    assert [path.name for path in here.iterdir()] == ["runs"]
    assert len(namespace["at_5_years"]) == 2
    assert "patients=0: must be a whole number of 1 or more\n" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(set(re.findall(r"lrrc\.(\w+)", PAGE))))
def test_every_name_that_the_page_has_of_lrrc_is_public(name):
    assert name in dir(lrrc)


def test_the_cells_of_the_notebook_still_run_and_show_what_it_shows(here):
    kept = json.loads(NOTEBOOK.read_text("utf-8"))
    again = executed(kept)
    assert [*here.iterdir()] == []
    code = [cell for cell in kept["cells"] if cell["cell_type"] == "code"]
    ran = [cell for cell in again["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert [kinds(cell) for cell in code] == [kinds(cell) for cell in ran]
    assert sum(kinds(cell) == [["image/png", "text/plain"]] for cell in ran) == 3
    assert ["text/html", "text/plain"] in kinds(ran[0])


def test_the_pictures_of_the_notebook_are_small():
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    pictures = [base64.b64decode(data["image/png"]) for data in outputs if "image/png" in data]
    assert sum(map(len, pictures)) < 300_000
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
