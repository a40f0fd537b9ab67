"""The page "What if?", written and opened for tests."""

import pytest

from helpers.engine import CHROMIUM
from helpers.whatif import NO_BROWSER, Opened, chromium

FEW = 3000  # patients


@pytest.fixture(scope="module")  # Playwright runs once at a time in a process
def browser():
    if CHROMIUM is None:
        pytest.skip(NO_BROWSER)
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def page_file(tmp_path_factory):
    """The page of the default comparison, of few patients."""
    from experiments.cli.command import main

    path = tmp_path_factory.mktemp("page") / "whatif.html"
    assert main(["whatif", f"patients={FEW}", "open=false", f"out={path}"]) == 0
    return path


@pytest.fixture
def open_page(browser, page_file):
    """Return a function that opens the page; nothing may go wrong in it, and nothing is loaded."""
    pages = []

    def opened(**settings):
        pages.append(Opened(browser, page_file, **settings))
        return pages[-1]

    yield opened
    for each in pages:
        assert each.wrong == []
        each.close()


@pytest.fixture
def opened(open_page):
    return open_page().done()


@pytest.fixture(scope="module")
def shown(browser, page_file):
    """The page, once for all tests that only look at it."""
    page = Opened(browser, page_file).done()
    yield page
    assert page.wrong == []
    page.close()
