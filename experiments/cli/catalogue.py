"""The catalogue: every experiment, and every command on a run's folder, known without importing it."""

from typing import NamedTuple


class Experiment(NamedTuple):
    """What the command knows of an experiment before importing it; ``task`` is ``module:function``.

    The function takes the composed configuration and the command line, and returns the run's folder. Its
    defaults are in ``conf/<experiment>.yaml``.
    """

    task: str
    summary: str
    examples: tuple[str, ...]


EXPERIMENTS = {
    "compare": Experiment(
        "experiments.compare:compare",
        "simulate one cohort under several policies, and compare the outcomes",
        (
            "lrrc compare",
            "lrrc compare scenario=dutch_tme",
            "lrrc compare policies=[tme_alone,short_course+washout_always] patients=5000",
            "lrrc compare surgery.leak_probability=0.08 out=leaks",
            "lrrc compare economics=dutch",
        ),
    ),
    "capacity": Experiment(
        "experiments.capacity:capacity",
        "let patients queue in clinics: how long they wait, what harm that does, what capacity is needed",
        (
            "lrrc capacity",
            "lrrc capacity clinics=[regional,backlog] policies=[tme_alone] patients=600",
            "lrrc capacity policies=[short_course,short_course+recurrences_first] clinic.linac_count=10",
        ),
    ),
    "patient": Experiment(
        "experiments.patient:patient",
        "describe one patient's course under each policy, and where the courses diverge",
        (
            "lrrc patient number=17",
            "lrrc patient find=averted",
            "lrrc patient scenario=dutch_tme find=perianastomotic",
            'lrrc patient find="salvage_margin == r0 and age_years < 60"',
        ),
    ),
    "sweep": Experiment(
        "experiments.sweep:sweep",
        "vary numbers, levers or groups over a grid, a list, a hypercube or the posterior",
        (
            "lrrc sweep 'grid={surgery.leak_probability:[0.02,0.05,0.08]}'",
            "lrrc sweep 'list=[{cohort:dutch_tme,washout:always},{cohort:dutch_tme,washout:never}]'",
            "lrrc sweep 'latin={surgery.leak_probability:[0.02,0.1]}' points=3 replications=2 out=hypercube",
            "lrrc sweep posterior=100 policies=[tme_alone,short_course] out=uncertain",
        ),
    ),
    "psa": Experiment(
        "experiments.psa:psa",
        "costs and QALYs under all uncertain numbers: which policy is worth its price, and how sure that is",
        (
            "lrrc psa",
            "lrrc psa members=100 patients=2000 out=quick",
            "lrrc psa economics=english policies=[usual_care,usual_care+lateral_before_7mm]",
            "lrrc psa 'evppi={late_harm:[harm],stoma:[economics.stoma_price_per_year]}'",
        ),
    ),
    "sensitivity": Experiment(
        "experiments.sensitivity:sensitivity",
        "what an outcome depends on: numbers one at a time, two or all together, and the model's structure",
        (
            "lrrc sensitivity",
            "lrrc sensitivity outcome=local_recurrence method=tornado vary=[margin,lateral_node]",
            "lrrc sensitivity method=map "
            "'map={surgery.leak_probability:[0.02,0.2],economics.stoma_price_per_year:[1000,4000]}'",
            "lrrc sensitivity method=[morris,sobol] by=section patients=2000 out=indices",
        ),
    ),
    "gains": Experiment(
        "experiments.gains:gains",
        "who gains from a policy, at what cost and harm, by what is seen before treatment; and a rule",
        (
            "lrrc gains",
            "lrrc gains policies=[usual_care,usual_care+lateral_before_7mm] threshold=20000",
        ),
    ),
    "budget": Experiment(
        "experiments.budget:budget",
        "what health care spends more or less, year by year, when a country takes a policy up",
        (
            "lrrc budget",
            "lrrc budget policies=[usual_care,tme_alone] uptake=[0.5,1,1] patients_per_year=2000",
        ),
    ),
    "validate": Experiment(
        "experiments.validate:validate",
        "emulate published trials, and show every published figure beside the simulated one",
        (
            "lrrc validate",
            "lrrc validate trial=dutch_tme",
            "lrrc validate trial=[rapido,trog_0104] disease=default",
            "lrrc validate trial=path/to/mine.yaml",
        ),
    ),
    "calibrate": Experiment(
        "experiments.calibrate:calibrate",
        "fit the uncertain numbers of the disease to published trials; finished work is never lost",
        (
            "lrrc calibrate",
            "lrrc calibrate trial=[dutch_tme] fitted=[margin,mesorectum] ensemble=100 search_evaluations=100",
        ),
    ),
}

# What is done with a run's folder: the function takes the words of the command line, the folder among them,
# and returns the path that it wrote; the module's KEY_WORDS hold the words for its keys.
ON_RUNS = {
    "draw": Experiment(
        "experiments.draw:draw",
        "draw a run's pictures again, from the tables in its folder",
        ("lrrc draw runs/compare/2026-05-04_09-30-00",),
    ),
    "rerun": Experiment(
        "experiments.rerun:rerun",
        "run again what a folder or a zip of it holds, with changes if wanted",
        (
            "lrrc rerun runs/compare/2026-05-04_09-30-00",
            "lrrc rerun runs/compare/2026-05-04_09-30-00.zip surgery.leak_probability=0.08 out=leaks",
        ),
    ),
    "reproduce": Experiment(
        "experiments.reproduce:reproduce",
        "run a folder or a paper.yaml again and compare every table (exit status 1 if one differs)",
        ("lrrc reproduce runs/compare/2026-05-04_09-30-00", "lrrc reproduce examples/papers/dutch_tme.yaml"),
    ),
    "diff": Experiment(
        "experiments.diff:diff",
        "show what differs between two runs, or between two policies: levers, and who is treated differently",
        ("lrrc diff runs/compare/2026-05-04_09-30-00 leaks", "lrrc diff dutch_before_2014 dutch_2014"),
    ),
    "checklist": Experiment(
        "experiments.checklist:checklist",
        "reporting checklists of a run, filled in where known: STRESS-DES, ODD, CHEERS, AdViSHE, TECH-VER",
        ("lrrc checklist runs/compare/2026-05-04_09-30-00",),
    ),
    "report": Experiment(
        "experiments.report:report",
        "write a run's report, in one page that needs no network and as a workbook: report.html, report.xlsx",
        ("lrrc report runs/compare/2026-05-04_09-30-00",),
    ),
    "export": Experiment(
        "experiments.export:export",
        "write a run's tables with labels of variables and values, for Stata or R",
        (
            "lrrc export runs/compare/2026-05-04_09-30-00 format=stata",
            "lrrc export runs/compare/2026-05-04_09-30-00 format=r out=labelled",
        ),
    ),
    "animate": Experiment(
        "experiments.animate:animate",
        "animate a run with a journal: its patients move through the clinic, in animation.html",
        ("lrrc animate runs/compare/2026-05-04_09-30-00",),
    ),
}

# What writes a file of the user's own: as ON_RUNS, but the words are a kind of file, a name and settings.
OWN_FILES = {
    "new": Experiment(
        "experiments.new:new",
        "write a file of your own, with every key, its default and what it may be",
        (
            "lrrc new policy mine",
            "lrrc new guideline ours like=english",
            "lrrc new cohort mine from=patients.csv",
            "lrrc new clinic mine dir=hospital",
            "lrrc new economics mine like=english",
        ),
    ),
}

# What is asked of the model itself, in a scenario: the function takes what lrrc compare would run, and the
# words that set nothing; it prints, and returns the exit status. The module's KEY_WORDS are as in ON_RUNS.
ON_MODEL = {
    "whatif": Experiment(
        "experiments.whatif.command:whatif",
        "one page that holds the model: move a lever in a browser and see what follows, without a network",
        (
            "lrrc whatif",
            "lrrc whatif cohort=dutch_tme policies=[tme_alone,short_course] out=trial.html",
            "lrrc whatif open=false",
        ),
    ),
    "scenarios": Experiment(
        "experiments.scenarios:scenarios",
        "questions to start from: scenarios by reader, and one of them in full",
        ("lrrc scenarios", "lrrc scenarios dutch_tme"),
    ),
    "evidence": Experiment(
        "experiments.evidence:evidence",
        "every number of the model: value, range, what it rests on, where the code reads it",
        (
            "lrrc evidence leak",
            "lrrc evidence surgery",
            "lrrc evidence perforation cohort=dutch_tme",
            "lrrc evidence utility economics=dutch",
        ),
    ),
    "verify": Experiment(
        "experiments.verify:verify",
        "black-box tests of the model in a scenario: zero and one, no effect, seeds, horizon, sums",
        (
            "lrrc verify",
            "lrrc verify scenario=dutch_tme",
            "lrrc verify margin.apr_perineal_share=0.9 out=checked",
        ),
    ),
}

# What one learns from: the function takes the words of the command line, and prints; it is called within
# ``composing``, and returns the exit status. The module's KEY_WORDS are as in ON_RUNS.
TO_LEARN = {
    "lesson": Experiment(
        "experiments.lesson:lesson",
        "lessons: a question, your prediction, what the model says, and why",
        (
            "lrrc lesson",
            "lrrc lesson radiotherapy",
            "lrrc lesson radiotherapy prediction=2",
            "lrrc lesson radiotherapy vary=1",
            "lrrc lesson lrrc_files/lesson/mine.yaml",
        ),
    ),
}
