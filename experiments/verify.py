"""``lrrc verify``: black-box tests of the model, executed in any scenario; its status says pass or fail."""

import textwrap
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from conf.input_error import InputError, shown
from conf.request import Request

if TYPE_CHECKING:
    from experiments.black_box import Check

PATIENTS = 1_000  # where the scenario's own number is not asked for: every test sees somebody
MOST_PATIENTS = 20_000
WIDTH = 120
KEY_WORDS = {
    "patients": f"how many, at most {MOST_PATIENTS}; default: {PATIENTS}",
    "out": "a new or empty folder for the table verification.csv; default: nothing is written",
    "key=value": "a scenario, policies or a number, as lrrc compare takes them; also --config-dir DIR",
}
MARKS = {True: "pass", False: "FAIL", None: "-"}


def verify(asked: Request, words: Sequence[str]) -> int:
    """Run every black-box test on a scenario, print a line for each; return 0 if none failed, 1 otherwise.

    Raises InputError for other words, and for a scenario that cannot be run.
    """
    if words:
        raise InputError(
            f"{shown(' '.join(words))}: lrrc verify takes keys, as in: lrrc verify scenario=dutch_tme"
        )
    from conf.schema import read_run

    if not any(word.startswith("patients=") for word in asked.overrides):
        asked.config.patients = PATIENTS
    run = read_run(asked.config)
    if run.patients > MOST_PATIENTS:
        raise InputError(f"patients={run.patients}: must be at most {MOST_PATIENTS}: all rows are kept")
    from experiments.black_box import checks
    from experiments.results.run_folder import run_folder

    made = []
    policies = ", ".join(policy.name for policy in run.policies)
    print(f"{run.patients} patients, seed {run.seed}, {run.horizon_years:g} years; policies: {policies}\n")
    # The folder first: where nothing can be written, nothing is run.
    with run_folder("verify", run, asked) if run.out is not None else nullcontext() as folder:
        for check in checks(run):
            made.append(check)
            print(line(check), flush=True)
        if folder:
            import pandas as pd

            rows = [{**check._asdict(), "passed": MARKS[check.passed].lower()} for check in made]
            folder.table("verification.csv", pd.DataFrame(rows))
    failed = [check for check in made if check.passed is False]
    unseen = sum(check.passed is None for check in made)
    print(f"\n{verdict(len(made), len(failed), unseen)}")
    if folder:
        print(folder.final)
    return 1 if failed else 0


def line(check: "Check") -> str:
    """Return a test in words: how it went, what it claims, what was expected and what was seen."""
    head = f"{MARKS[check.passed]:<5} {check.area:<10} "
    body = f"{check.claim}: expected {check.expected}, seen {check.seen}"
    return "\n".join(textwrap.wrap(body, WIDTH, initial_indent=head, subsequent_indent=" " * len(head)))


def verdict(count: int, failed: int, unseen: int) -> str:
    """Return how many tests passed, in a sentence."""
    passed = count - failed - unseen
    words = f"{passed} of {count} tests passed"
    if failed:
        words += f", {failed} FAILED"
    return f"{words}; {unseen} had nothing to see in this scenario (-)" if unseen else words
