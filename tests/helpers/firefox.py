"""Debian's Firefox, driven by its own protocol, WebDriver BiDi: Playwright drives no Firefox but its own."""

import asyncio
import base64
import contextlib
import itertools
import json
import re
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

from tornado.websocket import websocket_connect

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
NO_FIREFOX = "no Firefox: apt-get install firefox-esr"
LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
LONGEST = 120  # seconds that the browser may take to start, or to answer


class Firefox:
    """A headless Firefox with one window, and what it said of errors in the page."""

    def __init__(self, connection, loop):
        self._connection, self._loop = connection, loop
        self._numbers = itertools.count(1)
        self.wrong = []
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        (window,) = self.ask("browsingContext.getTree")["contexts"]
        self.window = window["context"]

    def ask(self, method, **params):
        """Return the answer to a command; raises AssertionError where it is refused."""
        return _awaited(self._asked(method, params), self._loop)

    async def _asked(self, method, params):
        number = next(self._numbers)
        await self._connection.write_message(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            said = await self._connection.read_message()
            assert said is not None, "Firefox has ended"
            said = json.loads(said)
            if said["type"] == "event":
                self._note(said)
            elif said.get("id") == number:
                assert said["type"] == "success", said
                return said["result"]

    def _note(self, said):
        if said["method"] == "log.entryAdded" and said["params"]["level"] == "error":
            self.wrong.append(said["params"]["text"])
        elif said["method"] == "network.beforeRequestSent":
            url = said["params"]["request"]["url"]
            if not url.startswith(("file:", "blob:", "data:")):
                self.wrong.append(url)

    def size(self, width, height):
        self.ask(
            "browsingContext.setViewport", context=self.window, viewport={"width": width, "height": height}
        )

    def open(self, url):
        self.ask("browsingContext.navigate", context=self.window, url=url, wait="complete")

    def value(self, script):
        """Return the value of an expression in the page, a promise's when it is kept; plain, as of JSON."""
        found = self.ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({script})))()",
            target={"context": self.window},
            awaitPromise=True,
        )
        assert found["type"] == "success", found
        return json.loads(found["result"]["value"])

    def screenshot(self):
        """Return a picture of the window, as PNG."""
        return base64.b64decode(self.ask("browsingContext.captureScreenshot", context=self.window)["data"])


@contextlib.contextmanager
def firefox():
    """A Firefox with a profile of its own."""
    with tempfile.TemporaryDirectory() as profile:
        said = Path(profile) / "said"
        with said.open("wb") as log:
            started = subprocess.Popen(
                [FIREFOX, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"],
                stdout=log,
                stderr=log,
            )
        # In a thread of its own: in this one Playwright may have a loop that runs.
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        connection = None
        try:
            connection = _awaited(_connected(started, said), loop)
            yield Firefox(connection, loop)
        finally:
            started.terminate()
            started.wait(LONGEST)
            if connection is not None:
                _awaited(_closed(connection), loop)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


def _awaited(promised, loop):
    return asyncio.run_coroutine_threadsafe(promised, loop).result(LONGEST)


async def _closed(connection):
    """Wait until a connection whose other end is gone is closed; left open, it warns in a later test."""
    connection.close()
    while connection.protocol is not None:
        await asyncio.sleep(0.01)


async def _connected(started, said):
    while not (found := LISTENING.search(said.read_text("utf-8", "replace"))):
        assert started.poll() is None, said.read_text("utf-8", "replace")
        await asyncio.sleep(0.1)
    return await websocket_connect(f"{found[1]}/session", max_message_size=2**28)
