"""``lrrc report`` in a browser: axe finds nothing wrong at any width, and it prints on A4."""

import re
import shutil

import pytest
from helpers.every_run import SWEPT

from experiments.cli.command import main

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no browser: apt-get install chromium fonts-dejavu-core"),
    # Playwright's own, of its event loop, when it ends.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ALONE = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
WIDTHS = (375, pytest.param(768, marks=pytest.mark.long), 1366)  # a phone, a tablet, a laptop
RUNS = {
    "plain": ("compare", "patients=100", "policies=[tme_alone,short_course]", "pictures=false"),
    "compare": ("compare", "scenario=dutch_tme", "surgery.leak_probability=0.2", "patients=200"),
    "sweep": ("sweep", SWEPT, "patients=40", "horizon_years=2", "policies=[tme_alone,short_course]",
              "compute.workers=1"),
}  # fmt: skip
LONG = [pytest.param(name, marks=pytest.mark.long) for name in ("compare", "sweep")]
NAMES = ["plain", *LONG]


@pytest.fixture(scope="module")
def browser():
    """A browser that opens nothing but what it is given."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ALONE))
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Return a function that makes a run and its report, once, and returns the page."""
    folder = tmp_path_factory.mktemp("reports")

    def page(name):
        there = folder / name
        if not there.exists():
            assert main([*RUNS[name], f"out={there}"]) == 0
            assert main(["report", str(there)]) == 0
        return there / "report.html"

    return page


@pytest.fixture
def opened(browser, report):
    """Return a function that opens the report of a run in a window of this width."""
    contexts = []

    def open_page(name, width):
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, offline=True))
        page = contexts[-1].new_page()
        page.goto(report(name).as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


def violations(page):
    """Return what axe finds wrong on a page: the rule and the element, a line each."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response
    assert len(found["passes"]) > 10  # it has really looked
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found["violations"] for node in rule["nodes"]]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_no_violation(opened, name, width):
    page = opened(name, width)
    assert violations(page) == []
    # Wide tables scroll in their own frames; the page never does.
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_no_violation_in_print_and_the_print_has_pages_of_a4(opened, name, tmp_path):
    page = opened(name, 794)  # A4 at 96 dots per inch
    page.emulate_media(media="print")
    assert violations(page) == []
    path = tmp_path / "report.pdf"
    page.pdf(path=path, prefer_css_page_size=True, print_background=True)
    content = path.read_bytes()
    assert content.startswith(b"%PDF-")
    boxes = {tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox \[([\d. ]+)\]", content)}
    assert boxes and all(abs(w - 595) < 2 and abs(h - 842) < 2 for _, _, w, h in boxes)


def test_axe_sees_what_is_wrong(opened):
    page = opened("plain", 1366)
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"data:,\">')")
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert {line.partition(":")[0] for line in violations(page)} == {"image-alt", "html-has-lang"}
