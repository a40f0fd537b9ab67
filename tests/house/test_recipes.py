"""The recipes of CONTRIBUTING.md, followed to the letter in a copy of the repository; it still stands."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.engine import CHROMIUM
from helpers.recipes import RECIPES, copy, follow, section, steps
from helpers.whatif import Opened, chromium

import conf

ROOT = Path(conf.__file__).parent.parent
LINKER = ROOT / ".venv" / "linker"
DOCUMENT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
# What says at once that something is missing; and what simulates.
FAST = (
    "tests/house/test_floors.py", "tests/conf/test_parameters.py", "tests/conf/test_policies.py",
    "tests/conf/test_relations.py",
)  # fmt: skip
SLOW = (
    "tests/conf/test_schema.py", "tests/sim/test_claims.py", "tests/sim/test_common_luck.py",
    "tests/sim/test_levers.py", "tests/sim/test_luck.py", "tests/sim/test_distributions.py",
    "tests/sim/test_patient.py", "tests/sim/counting", "tests/sim/pathway/test_journey.py",
    "tests/sim/mechanisms", "tests/sim/clinic/test_clinic.py", "tests/analysis/tables",
    "tests/analysis/pictures/test_titles.py", "tests/analysis/pictures/test_flow.py",
    "tests/house/test_documents.py",
)  # fmt: skip


@pytest.fixture(name="followed", scope="module")
def followed_fixture(tmp_path_factory):
    """A copy of the repository in which every recipe has been followed, one after the other."""
    folder = copy(ROOT, tmp_path_factory.mktemp("followed") / "copy")
    for heading in RECIPES:
        follow(section(DOCUMENT, heading), folder)
    return folder


def run(folder, *words, compiled=False):
    """Run Python in a copy of the repository, with its own modules; return what it printed."""
    path = os.pathsep.join(map(str, (folder, LINKER)))
    system = {**os.environ, "PYTHONPATH": path, "NUMBA_DISABLE_JIT": "0" if compiled else "1"}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=system, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def pass_tests(folder, *files, compiled=False):
    return run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files, compiled=compiled)


def lrrc(folder, *words, compiled=False):
    return run(folder, "-m", "experiments.cli.command", *words, compiled=compiled)


def test_a_step_changes_adds_or_appends():
    recipe = (
        "1. x\n   ```diff\n   --- a.py\n    b\n   -c\n   +d\n   @@\n   +e\n   --- f.md\n   +g\n   +\n   ```\n"
    )
    recipe += "   ```yaml\n   # conf/h.yaml\n   i: 1\n   ```\n   ```yaml\n   only: shown\n   ```\n"
    assert list(steps(recipe)) == [
        ("a.py", "b\nc", "b\nd"), ("a.py", "", "e\n"), ("f.md", "", "g\n\n"), ("conf/h.yaml", "", "i: 1\n"),
    ]  # fmt: skip


def test_a_step_that_fits_nowhere_or_twice_is_no_step(tmp_path):
    (tmp_path / "a.py").write_text("b\nb\n", "utf-8")
    for found in ("c", "b"):
        with pytest.raises(AssertionError, match=r"a\.py: [02] times"):
            follow(f"```diff\n--- a.py\n {found}\n+d\n```\n", tmp_path)


@pytest.mark.parametrize("heading", RECIPES)
def test_a_recipe_has_steps_and_a_test(heading):
    touched = [file for file, _, _ in steps(section(DOCUMENT, heading))]
    assert len(touched) >= 4
    assert any(file.startswith("tests/") for file in touched)


@pytest.mark.long
def test_after_every_recipe_the_style_is_right_and_nothing_is_missing(followed):
    run(followed, "-m", "ruff", "check", ".")
    run(followed, "-m", "ruff", "format", "--check", ".")
    pass_tests(followed, *FAST)


@pytest.mark.long
def test_what_was_added_is_simulated_described_and_counted(followed):
    words = [
        "patients=150",
        "clock=simpy",
        "policies=[tme_alone,frozen_section]",
        "pictures=false",
        "rows=true",
    ]
    more = ["perineural.left_probability=[1,1,1,1,1,1]", "perineural.take_probability=1"]
    folder = Path(lrrc(followed, "compare", *words, *more, "out=run").splitlines()[-1])
    outcomes = (folder / "outcomes.csv").read_text("utf-8")
    assert ",stoma_closed," in outcomes and ",perineural," in outcomes and "frozen_section," in outcomes
    told = lrrc(followed, "patient", "find=perineural", "patients=150", *more, words[2])
    assert "cells along the nerves of the pelvis" in told
    rows = pd.read_parquet(folder / "patients.parquet")
    (number, *_) = rows["number"][rows["stoma_closed_day"].notna() & (rows["policy"] == "tme_alone")]
    assert "The stoma is closed." in lrrc(followed, "patient", f"number={number}", *more, words[2])
    assert "female_perforation_odds_ratio: 0.9  # conf/parameters/surgery.yaml" in lrrc(
        followed, "compare", "--cfg", "job", "-p", "surgery"
    )


@pytest.mark.long
def test_after_every_recipe_the_tests_pass(followed):
    assert " passed" in pass_tests(followed, *SLOW, compiled=True)


@pytest.mark.long
@pytest.mark.skipif(CHROMIUM is None, reason="no browser: apt-get install chromium fonts-dejavu-core")
@pytest.mark.skipif(not LINKER.is_dir(), reason="no linker: make .venv/.linker")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Playwright's own, at its end
def test_what_was_added_is_on_the_page_what_if_without_a_line_of_its_script(followed):
    """The lever moves there; the outcome and the mechanism are counted, with the numbers of the command."""
    touched = [file for heading in RECIPES for file, _, _ in steps(section(DOCUMENT, heading))]
    assert not any(
        file.startswith(("experiments/whatif/", "experiments/engine/", "conf/sentences/")) for file in touched
    )
    run(followed, "-m", "experiments.pages.json_schema")
    run(followed, "-m", "experiments.engine.build", compiled=True)
    words = ["patients=2000", "policies=[tme_alone,frozen_section]"]
    page = Path(lrrc(followed, "whatif", *words, "open=false", compiled=True).strip())
    folder = Path(lrrc(followed, "compare", *words, "pictures=false", compiled=True).splitlines()[-1])
    theirs = pd.read_csv(followed / folder / "outcomes.csv")
    with chromium() as browser:
        opened = Opened(browser, followed / page).done()
        opened.view("takeaway")
        mine = pd.read_csv(opened.saved("table outcomes", followed / "mine.csv"))
        opened.view("compare")
        opened.press("more levers")
        rows = opened.page.locator("tbody.levers tr:has([data-lever='frozen_section'])")
        assert rows.inner_text().startswith("Frozen section")
        opened.page.focus("tr:has([data-lever='frozen_section']) th")
        assert "no cells stay beyond it" in opened.page.inner_text("#term")
        with opened.simulating():
            opened.page.check("[data-key='frozen_section 0']")
        opened.press("picture outcomes")
        listed = opened.page.locator(".outcomes tbody tr th").all_inner_texts()
        opened.view("takeaway")
        moved = pd.read_csv(opened.saved("table outcomes", followed / "moved.csv"))
        assert opened.wrong == []
        opened.close()
    assert "Stoma closed" in listed and any("perineural" in name for name in listed)
    assert {"stoma_closed"} <= set(mine["outcome"]) and {"perineural"} <= set(mine["mechanism"])
    assert len(mine) == len(theirs)
    np.testing.assert_allclose(mine["estimate"], theirs["estimate"], rtol=1e-8, atol=1e-10)
    # With the lever the first policy is the second.
    first, second = (part["estimate"].to_numpy() for _, part in moved.groupby("policy", sort=False))
    np.testing.assert_array_equal(first, second)
    before, after = (part["estimate"].to_numpy() for _, part in mine.groupby("policy", sort=False))
    assert (before != after).any()
