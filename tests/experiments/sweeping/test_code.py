"""The code digest of a ledger: words, docstrings and pictures leave it, reactions and folds change it."""

import shutil

import pytest

from experiments.sweeping import code
from experiments.sweeping.code import ROOT, code_digest, code_files

FOLDERS = ("sim", "conf", "experiments", "analysis")
STAYS = {
    "a word": ("analysis/words/terms.py", '"the centre of the pelvis"', '"the middle of the pelvis"'),
    "a docstring": ("sim/pathway/surgery.py", '    """Return', '    """Return the same, in other words:'),
    "a comment": ("sim/pelvis.py", "# Compartments that", "# The compartments which"),
    "a blank line": ("experiments/simulating/crowd.py", "\n\n\n", "\n\n\n\n"),
    "a picture": ("analysis/pictures/look.py", "WIDTH = 8.0", "WIDTH = 9.0"),
    "a table": ("analysis/tables/estimates.py", "PER = 1000", "PER = 100"),
    "how a sweep is run": ("experiments/sweeping/local_pool.py", "TURN_SECONDS = 0.5", "TURN_SECONDS = 0.4"),
}
MOVES = {
    "a reaction": ("sim/pathway/surgery.py", "patient.leaked = ", "patient.leaked = not "),
    "a mechanism": ("sim/mechanisms/margin.py", "Route.DISTAL", "Route.MESORECTUM"),
    "a bound of the schema": ("conf/schema.py", "units.Range(0, 100", "units.Range(0, 99"),
    "a fold": ("sim/counting/outcomes.py", "FOLDS = 32", "FOLDS = 16"),
    "who is simulated": ("experiments/simulating/crowd.py", "PILOT_HORIZONS = 3", "PILOT_HORIZONS = 4"),
    "text that is no docstring": ("sim/compiling.py", "listeners: list", '"text"\nlisteners: list'),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    root = tmp_path_factory.mktemp("code")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", "*.csv"))
    return root


def digest_after(change, copy, monkeypatch):
    name, old, new = change
    path = copy / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    monkeypatch.setattr(code, "ROOT", copy)
    try:
        return code.digest(code_files.__wrapped__())
    finally:
        path.write_text(text, "utf-8")


@pytest.mark.parametrize("what", STAYS)
def test_the_digest_stays_whatever_is_said_or_drawn(what, copy, monkeypatch):
    assert digest_after(STAYS[what], copy, monkeypatch) == code_digest()


@pytest.mark.parametrize("what", MOVES)
def test_the_digest_moves_with_all_that_counts_follow_from(what, copy, monkeypatch):
    assert digest_after(MOVES[what], copy, monkeypatch) != code_digest()


def test_a_file_that_is_added_or_gone_moves_the_digest(copy, monkeypatch):
    monkeypatch.setattr(code, "ROOT", copy)
    (copy / "sim/pathway/newcomer.py").write_text("X = 1\n")
    added = code.digest(code_files.__wrapped__())
    (copy / "sim/pathway/newcomer.py").unlink()
    assert code.digest(code_files.__wrapped__()) == code_digest() != added


def test_a_calibration_depends_on_the_estimates_too():
    assert code_digest(("analysis/tables",)) != code_digest()
    assert set(code_files()) < set(code_files(("analysis/tables",)))


def test_a_string_before_a_comment_and_letters_of_any_script_are_kept(tmp_path):
    path = tmp_path / "source.py"
    path.write_text(
        '"""Äußere."""\n\nX = "# no comment"  # größer\n\n\ndef f():\n    """Doc."""\n    return X\n'
    )
    assert code.statements(path) == 'X = "# no comment"\ndef f():\n    return X'
