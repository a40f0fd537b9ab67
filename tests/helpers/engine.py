"""The shipped engine, asked in Node or, where there is none, in Chromium."""

import base64
import functools
import json
import shutil
import subprocess
from pathlib import Path

from conf.composition import composed, composing
from conf.schema import read_run
from experiments.engine.layout import layout, numbers, written
from experiments.engine.module import MODULE, SCRIPT

NODE = shutil.which("node") or shutil.which("nodejs")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NOBODY_TO_ASK = "no Node and no browser: apt-get install nodejs, or chromium"
# Without sandbox: tests may run as root.
ALONE = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync")
ASKED = Path(__file__).with_name("engine_asked.mjs")


@functools.cache
def exported(*overrides):
    """Return a run, its layout and its numbers, as they go to a browser."""
    with composing():
        run = read_run(composed("compare", overrides)[0])
        return run, written(layout(run)), written(numbers(run))


def asked(requests, *overrides, by="any"):
    """Return what the engine answers to each request, bytes; ``overrides`` are of the exported run."""
    _, where, what = exported(*overrides)
    given = {
        "file": SCRIPT.as_uri(),
        "script": SCRIPT.read_text("utf-8"),
        "module": base64.b64encode(MODULE.read_bytes()).decode(),
        "layout": where,
        "numbers": what,
        "requests": requests,
    }
    answers = by_node(given) if NODE and by != "chromium" else by_chromium(given)
    return [base64.b64decode(answer) for answer in answers]


def by_node(given):
    ended = subprocess.run(
        [NODE, "--input-type=module", "-e", ASKED.read_text("utf-8") + FROM_NODE],
        input=json.dumps(given),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout.split()


FROM_NODE = """
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const given = JSON.parse(Buffer.concat(chunks).toString());
const engine = await import(given.file);
const texts = (await answers(engine, given)).map((answer) => Buffer.from(answer).toString("base64"));
process.stdout.write(texts.join("\\n"));
"""


def by_chromium(given):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ALONE))
        try:
            return browser.new_page().evaluate(FROM_PAGE % ASKED.read_text("utf-8"), given)
        finally:
            browser.close()


FROM_PAGE = """async (given) => {
  %s
  const url = URL.createObjectURL(new Blob([given.script], { type: "text/javascript" }));
  const engine = await import(url);
  return (await answers(engine, given)).map((bytes) => {
    let text = "";
    const step = 32768;
    for (let k = 0; k < bytes.length; k += step) text += String.fromCharCode(...bytes.subarray(k, k + step));
    return btoa(text);
  });
}"""
