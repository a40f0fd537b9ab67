"""The page "What if?" in Chromium: opened from disk, as a teacher opens it."""

import contextlib
import json

from helpers.engine import ALONE, CHROMIUM

NO_BROWSER = "no browser: apt-get install chromium fonts-dejavu-core"
LONGEST = 120_000  # milliseconds that a simulation may take on a busy machine


@contextlib.contextmanager
def chromium():
    """A browser that opens nothing but what it is given."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ALONE))
        try:
            yield browser
        finally:
            browser.close()


class Opened:
    """A page that is open; every error and every attempt to load something is kept in ``wrong``."""

    def __init__(self, browser, path, width=1366, height=768, scheme="light", link=""):
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True
        )
        self.page = self.context.new_page()
        self.wrong = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.wrong.append(said.text))
        self.page.on("request", lambda asked: self.wrong.append(asked.url) if loads(asked.url) else None)
        self.page.goto(path.as_uri() + link)

    def done(self, times=1):
        """Wait until so many simulations are complete."""
        self.page.wait_for_selector(f'body[data-done="{times}"]', timeout=LONGEST)
        return self

    def times(self):
        return int(self.page.get_attribute("body", "data-done") or 0)

    @contextlib.contextmanager
    def simulating(self):
        """Wait, after what is done within, for another complete simulation."""
        before = self.times()
        yield
        self.done(before + 1)

    def view(self, name):
        self.page.click(f"[data-view={name}]")

    def press(self, key):
        self.page.click(f'[data-key="{key}"]')

    def saved(self, key, path):
        """Press a button that keeps a file; return its path."""
        with self.page.expect_download() as found:
            self.press(key)
        found.value.save_as(path)
        return path

    def state(self):
        """Return the state in the link."""
        return json.loads(self.page.evaluate("decodeURIComponent(location.hash.slice(1))"))

    def close(self):
        self.context.close()


def loads(url):
    return not url.startswith(("file:", "blob:", "data:"))
