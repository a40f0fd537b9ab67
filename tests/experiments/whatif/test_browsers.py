"""Other browsers, and many pages at once, end with the numbers of the command."""

import io

import numpy as np
import pandas as pd
import pytest
from helpers.firefox import FIREFOX, NO_FIREFOX, firefox
from helpers.whatif import Opened
from PIL import Image

from experiments.cli.command import main

# Playwright's own, of its event loop, when it ends.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
in_firefox = pytest.mark.skipif(FIREFOX is None, reason=NO_FIREFOX)
PAGES = 10
MANY = 20_000  # patients
DONE = """new Promise((done) => {
  const look = () => (Number(document.body.dataset.done ?? 0) >= TIMES ? done(true) : setTimeout(look, 50));
  look();
})"""
# The numbers below the policies, row by row.
ROWS = """[...document.querySelectorAll("#results tr:not(.unit)")].map(
  (row) => [...row.children].map((cell) => cell.textContent.trim()))"""
CHANGED = """(() => {
  const slider = document.querySelector("[data-key='lateral_threshold_mm 2']");
  slider.value = 4;
  slider.dispatchEvent(new Event("change"));
})() ?? null"""
IN_A_CLINIC = """(() => {
  const clinic = document.querySelector("[data-key='clinic']");
  clinic.value = "regional";
  clinic.dispatchEvent(new Event("change"));
})() ?? null"""


@pytest.fixture(scope="module")
def fox(page_file):
    """Firefox with the page open, simulated."""
    with firefox() as found:
        found.size(1366, 900)
        found.open(page_file.as_uri())
        found.value(DONE.replace("TIMES", "1"))
        yield found
        assert found.wrong == []


@in_firefox
def test_firefox_opens_the_file_and_shows_the_same_numbers(fox, shown):
    for place in ("#headline", "#says"):
        there = fox.value(f"document.querySelector('{place}').textContent")
        assert there == shown.page.text_content(place) and len(there) > 100
    rows = fox.value(ROWS)
    assert rows == shown.page.evaluate(ROWS) and len(rows) > 10


@in_firefox
def test_firefox_draws_every_policy_of_the_picture(fox):
    """On a screenshot: each policy's colour, from where its curve begins to its bar."""
    picture = np.asarray(Image.open(io.BytesIO(fox.screenshot())).convert("RGB")).astype(int)
    box = fox.value("document.querySelector('#figure').getBoundingClientRect()")
    left, top, width, height = (int(box[name]) for name in ("x", "y", "width", "height"))
    figure = picture[top : top + height, left : left + width]
    looks = fox.value("JSON.parse(document.getElementById('content').textContent).looks")
    assert len({look["colour"] for look in looks[:4]}) == 4
    for look in looks[:4]:
        colour = [int(look["colour"][k : k + 2], 16) for k in (1, 3, 5)]
        near = np.flatnonzero((np.abs(figure - colour).max(axis=2) < 12).any(axis=0))
        # Across the picture, not a mark alone; lines may be dotted.
        assert len(near) > 60 and np.ptp(near) > width / 3, look["colour"]


@in_firefox
def test_in_firefox_too_a_moved_lever_and_a_clinic_give_the_numbers_of_chromium(fox, opened):
    for times, change in enumerate((CHANGED, IN_A_CLINIC), start=2):
        before = fox.value(ROWS)
        fox.value(change)
        fox.value(DONE.replace("TIMES", str(times)))
        with opened.simulating():
            opened.page.evaluate(change)
        rows = fox.value(ROWS)
        assert rows == opened.page.evaluate(ROWS) and rows != before


@pytest.mark.long
def test_ten_pages_at_once_end_with_the_numbers_of_the_command(browser, tmp_path):
    path = tmp_path / "whatif.html"
    assert main(["whatif", f"patients={MANY}", "open=false", f"out={path}"]) == 0
    assert main(["compare", f"patients={MANY}", "pictures=false", f"out={tmp_path / 'run'}"]) == 0
    outcomes = pd.read_csv(tmp_path / "run" / "outcomes.csv")
    found = outcomes.query(
        "outcome == 'local_recurrence' and horizon_years == 5 and mechanism == 'all'"
        " and compartment == 'all' and group == 'all'"
    )
    pages = [Opened(browser, path) for _ in range(PAGES)]
    texts = []
    for page in pages:
        page.done()
        assert page.wrong == []
        texts.append(page.page.evaluate(ROWS))
        page.close()
    assert all(text == texts[0] for text in texts)
    name, *cells = texts[0][0]
    assert name == "Local recurrence"
    assert [cell.split()[0] for cell in cells] == [f"{1000 * share:.1f}" for share in found["estimate"]]
