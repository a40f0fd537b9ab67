"""With ``NUMBA_DISABLE_JIT=1`` everything runs as it does compiled, and leaves the same tables."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import sim
from conf.run import world_trees
from conf.schema import compose_run
from experiments.cli.command import main
from experiments.compare import journal, patients, tables_of
from experiments.results.run_folder import content_digest
from experiments.simulating.cohort import simulate
from sim.clinic.needs import arrival_days
from sim.clocks import compiled_clock, simpy_clock
from sim.luck import draw_luck
from sim.parameters import pack
from sim.patient import new_patients

CODE = Path(sim.__file__).parent.parent
ONE = "policies=[chemoradiotherapy+expert_centre]"
TRIAL = """
title: A share
cohort: {base: dutch_contemporary}
arms: {surgery: tme_alone}
follow_up_years: 3
endpoints:
  - {evidence: share, arm: surgery, outcome: share, of: age_years < 60, published: 0.2, n: 100}
"""
# In a queue more than a thousand patients come before those who count.
CLINIC = ("clinic=regional", "clinic.arrivals_per_year=40", "horizon_years=0.5", ONE)
COMMANDS = {
    "nobody waits, compiled": ("compare", "clock=compiled", "patients=25", "rows=true", ONE),
    "nobody waits, simpy": ("compare", "clock=simpy", "patients=25", "rows=true", "journal=true", ONE),
    "a patient": ("patient", "number=3", "patients=4", "policies=[tme_alone,short_course]"),
    "a trial": ("validate", "trial=share.yaml", "patients=20", "most_patients=20"),
    "queues, compiled": ("compare", "clock=compiled", "patients=20", "rows=true", *CLINIC),
    "queues, simpy": ("compare", "clock=simpy", "patients=20", "rows=true", "journal=true", *CLINIC),
    "a patient who waits": ("patient", "number=3", "patients=20", *CLINIC),
    "capacity": ("capacity", "patients=20", "clinics=[regional]", "horizon_years=0.5", ONE),
    "a sweep": ("sweep", "grid={seed:[1,2]}", "patients=10", "compute.workers=1", ONE),
}
PRINT_DIGESTS = """
import sys
sys.path[:0] = ["tests", "tests/sim/clocks"]
import test_uncompiled
print(test_uncompiled.few_lives())
"""
RUN = """
import sys
from experiments.cli.command import main
sys.exit(max(main(command.split("|")) for command in sys.argv[1:]))
"""


def few_lives():
    """The digest of every table of a few patients by either clock, with and without queues, as one text."""
    made = {}
    for clock, more in (("compiled", ()), ("simpy", ("journal=true",))):
        run = compose_run(ONE, "patients=12", f"clock={clock}", "rows=true", *more)
        simulated = simulate(run)
        tables = {**tables_of(run, simulated), "patients": patients(simulated.rows)}
        if more:
            tables["journal"] = journal(run, simulated)
        made |= {f"{clock} {name}": content_digest(table) for name, table in tables.items()}
    run = compose_run(ONE, "clinic=strained")
    world = pack(*world_trees(run, run.policies[0]))
    for clock in (compiled_clock, simpy_clock):
        rows, luck = new_patients(0, 25), draw_luck(0, 25, 1)
        rows["agenda"][:, 0] = arrival_days(luck["arrival"], 4000.0)
        log = clock.simulate_in_clinic(rows, luck, world, run.clinic, 1000.0).log
        assert rows["waited_days"].sum() > 300.0
        frame = pd.DataFrame({name: log[name] for name in ("number", "event", "asked_day", "left_day")})
        made[f"{clock.__name__} log"] = content_digest(frame)
        made[f"{clock.__name__} rows"] = content_digest(patients({"": [rows]}))
    return json.dumps(made, indent=0)


def digests(folder):
    """The digest of each table that a run left."""
    tables = json.loads((folder / "manifest.json").read_text("utf-8"))["tables"]
    return {name: table["sha256"] for name, table in tables.items()}


def plainly(code, *words, here=CODE):
    """Start Python without compiling; a warning of NumPy is an error there as it is in the tests."""
    return subprocess.Popen(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", code, *words],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "MPLBACKEND": "agg"},
        cwd=here,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_few_lives_are_the_same_by_either_clock_with_and_without_queues():
    with plainly(PRINT_DIGESTS) as plain:
        compiled = few_lives()
        printed, errors = plain.communicate()
    assert (plain.returncode, errors) == (0, "")
    assert printed.strip() == compiled
    made = json.loads(compiled)
    for name in ("outcomes", "patients", "curves"):
        assert made[f"compiled {name}"] == made[f"simpy {name}"]


@pytest.mark.long
def test_every_command_leaves_the_same_tables(here):
    (here / "share.yaml").write_text(TRIAL)
    words = ["|".join([*command, f"out=plain{k}"]) for k, command in enumerate(COMMANDS.values())]
    with plainly(RUN, *words, here=here) as plain:
        for k, command in enumerate(COMMANDS.values()):
            assert main([*command, f"out=compiled{k}"]) == 0
        _, errors = plain.communicate()
    assert (plain.returncode, errors) == (0, "")
    for k, name in enumerate(COMMANDS):
        mine, theirs = (digests(here / f"{kind}{k}") for kind in ("plain", "compiled"))
        assert mine == theirs and (mine or "patient" in name), name


def test_rows_of_every_record_have_their_fields_as_attributes():
    """A dtype that is made otherwise has rows without, which nobody notices compiled."""
    made = {
        path.name
        for path in (CODE / "sim").rglob("*.py")
        if re.search(r"np\.dtype\(|np\.rec\b|recarray", path.read_text("utf-8"))
    }
    assert made == {"compiled.py"}
