"""Plain English: no document, message or docstring uses the words that CONTRIBUTING asks to avoid."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import conf

ROOT = Path(conf.__file__).parent.parent
SOURCES = ("lrrc", "sim", "conf", "experiments", "analysis", "benchmarks", "examples", "tests")
SIMULATED = r"(a|an|the|its|each|one|every|all|these|those|many|new|them|it|patients?|cohorts?|rows?|points?)"
# A pattern, and what to write instead.
AVOIDED = {
    rf"\blive[sd]? {SIMULATED}\b(?! little)": "simulate",
    r"\b(is|are|was|were|be|been|being) lived\b": "simulated",
    r"\b(patients|members|rows|lives|cells?|block|cohort),? lived\b": "simulated",
    r"\blived (under|with|as one|once|by|to)\b": "simulated",
    r"\bwhose (life|lives)\b": "which patient",
    r"\b(told|tells?|telling)\b": "report, state, describe, list, show, distinguish",
    r"\b(goes|go|going|gone|went) on (with|where|as)\b": "continue, resume",
    r"\b(then|command|others) goe?s? on\b": "continue, resume",
    r"\bh[au]ngs? on\b": "depend on",
    r"\bmend(s|ed|ing)?\b": "fix, correct",
    r"\banew\b": "again",
    r"\bc[oa]mes? along\b": "included, shipped",
    r"\bhand(s|ed|ing)? (on|over)\b": "pass",
    r"\bcommon luck\b": "common random numbers, the same luck",
    r"\b(lives|patients|courses|counts) a (CPU )?second\b": "patients per second",
    r"\b(patients|QALYs|EUR|€|benefit|means?) a (patient|policy|QALY|course|member|draw)\b": "per patient",
    r"\bdeaths? of (cancer|other causes|a second cancer)\b": "death from cancer",
}
# The table of CONTRIBUTING that lists the words has to name them.
THE_TABLE = re.compile(r"^## Words\n.*?(?=^## )", re.MULTILINE | re.DOTALL)


def prose(path: Path) -> Iterator[str]:
    """Yield what a reader reads in a file: text outside of code blocks, comments, strings, names of tests."""
    text = path.read_text("utf-8")
    if path.suffix == ".md":
        text = THE_TABLE.sub("", text, count=1) if path.name == "CONTRIBUTING.md" else text
        yield re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    elif path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield node.name.replace("_", " ")
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.string
    else:
        yield text


def avoided(text: str) -> list[tuple[str, str]]:
    """Return the words of a text that are to be avoided, each with what surrounds it and what to write."""
    plain = " ".join(text.split())
    return [
        (plain[max(found.start() - 40, 0) : found.end() + 40], instead)
        for pattern, instead in AVOIDED.items()
        for found in re.finditer(pattern, plain, re.IGNORECASE)
    ]


@pytest.mark.parametrize("folder", ["", *SOURCES])
def test_no_text_uses_the_words_to_avoid(folder):
    within = ROOT / folder
    kinds = ("**/*.py", "**/*.yaml", "**/*.md") if folder else ("*.md", "docs/**/*.md", "Makefile")
    read = [path for kind in kinds for path in within.glob(kind)]
    assert read
    found = [
        f"{name}: {around}: write {instead}"
        for path in read
        if (name := path.relative_to(ROOT).as_posix()) != "tests/house/test_words.py"
        for text in prose(path)
        for around, instead in avoided(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    "sentence",
    [
        "This lives its cohort under its two arms.",
        "The same patient is lived under every policy.",
        "A queue that never clears is told in a warning.",
        "It says what the trials tell of each number.",
        "A sweep that is stopped goes on where it was, or can be gone on with.",
        "How far the results hang on uncertain parameters.",
        "What was wrong was then mended in the model.",
        "The numbers are fitted anew.",
        "The clinics that come along.",
        "Hand on records, not arrays.",
        "Compared with common luck.",
        "A million lives a second.",
    ],
)
def test_each_word_to_avoid_is_found(sentence):
    assert avoided(sentence)


def test_the_right_words_pass():
    text = (
        "The cohort is simulated under both arms. A queue that never clears is reported in a warning. "
        "Patients live longer with metastases. The same command resumes the sweep."
    )
    assert avoided(text) == []


def test_only_the_table_of_words_is_left_out_of_contributing():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    (table,) = THE_TABLE.findall(text)
    assert avoided(table) and table.count("\n") < 40
