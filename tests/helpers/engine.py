"""The shipped engine, asked in Node or, where there is none, in Chromium."""

import base64
import functools
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from conf.composition import composed, composing
from conf.schema import read_run
from experiments.engine.layout import layout, numbers, written
from experiments.engine.module import MODULE, SCRIPT, classic_script

NODE = shutil.which("node") or shutil.which("nodejs")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NOBODY_TO_ASK = "no Node and no browser: apt-get install nodejs, or chromium"
# Without sandbox: tests may run as root.
ALONE = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
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
    """Ask in a worker of a page that is opened from disk and may load nothing."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder) / "page.html"
        page_file.write_text(PAGE, "utf-8")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ALONE))
        try:
            page = browser.new_page()
            page.goto(page_file.as_uri())
            answers = page.evaluate(
                FROM_PAGE, [classic_script() + ASKED.read_text("utf-8") + IN_A_WORKER, given]
            )
        finally:
            browser.close()
    assert isinstance(answers, list), answers
    return answers


PAGE = """<!doctype html><meta charset="utf-8"><title>engine</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none';
script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:; worker-src blob:">"""
IN_A_WORKER = """
const names = { loadEngine, fromBase64, worldOf, setNumber, statesOf, addCounts, longestWarmUp };
const text = (bytes) => {
  let letters = "";
  const step = 32768;
  for (let k = 0; k < bytes.length; k += step) letters += String.fromCharCode(...bytes.subarray(k, k + step));
  return btoa(letters);
};
onmessage = ({ data }) => answers(names, data).then(
  (found) => postMessage(found.map(text)),
  (error) => postMessage(String(error)),
);
"""
FROM_PAGE = """([script, given]) => new Promise((done) => {
  const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  worker.onmessage = ({ data }) => done(data);
  worker.onerror = (event) => done(`worker: ${event.message}`);
  worker.postMessage(given);
})"""
