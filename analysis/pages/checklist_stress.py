"""STRESS-DES of a run: what is known of each item."""

from collections.abc import Mapping

from analysis.pages.checklist_frame import Answer, Facts, said, table
from analysis.pages.diagrams import levers_that_differ
from conf.input_error import in_full

PURPOSE = (
    "The model simulates, patient by patient, how a rectal cancer comes back in the pelvis: by which of five "
    "mechanisms cells stay behind, in which compartment they grow, how the recurrence is found and treated, "
    "and what a policy of treatment prevents. It compares policies on the same patients with common random "
    "numbers. It is for research and teaching."
)
LEFT_OUT = "What the model leaves out, and why, is listed at the end of `docs/model.md`."


def policies_compared(facts: Facts) -> list[str]:
    """Return the policies of a run with their descriptions, as paragraphs."""
    if not facts.policies:
        return ["This run's configuration names no policies by itself; see its `config.yaml`."]
    rows = [["policy", "description"]]
    rows += [[name, levers.get("description", "")] for name, levers in facts.policies.items()]
    comparator = facts.setting("comparator")
    return [f"Policies compared, each with {comparator} as the comparator:", table(rows)]


def differences(facts: Facts) -> list[str]:
    """Return the levers in which the policies differ, as paragraphs."""
    rows = levers_that_differ(facts.policies, str(facts.config.get("comparator")))
    if len(rows) < 2:
        return ["The run has no two policies that differ in a lever."]
    return [
        "The policies differ in these levers, and in nothing else (read from the configuration):",
        table(rows),
    ]


# Keys of a sweep's or a calibration's configuration that say what is varied.
VARIED = (
    "grid",
    "list",
    "latin",
    "points",
    "design_seed",
    "posterior",
    "replications",
    "fitted",
    "target_share",
)


def design(facts: Facts) -> list[str]:
    """Return what an experiment varies beside the policies, as paragraphs: a design, trials, clinics."""
    rows = [[key, in_full(facts.config[key])] for key in VARIED if facts.config.get(key) is not None]
    found = []
    if rows:
        found += ["The experiment's design, as it was configured:", table([("key", "value"), *rows])]
    for key, words in (
        ("trials", "has its own cohort and policies"),
        ("clinics", "has its own capacity"),
    ):
        if isinstance(named := facts.config.get(key), Mapping | list):
            count = f"{len(named)} {key if len(named) > 1 else key[:-1]}"
            found.append(f"{count}; each {words}; `config.yaml` has them in full.")
    return found


def changes(facts: Facts) -> list[str]:
    """Return the numbers that differ from the shipped default, as paragraphs."""
    if not facts.changed:
        return ["No other number of the disease, the cohort or the clinic differs from the shipped default."]
    rows = [("number", "in this run", "shipped default", "comes from"), *facts.changed]
    return [f"{len(facts.changed)} numbers differ from the shipped default:", table(rows)]


def numbers(facts: Facts) -> str:
    """Return where all numbers are described, in a paragraph."""
    return (
        f"The model has {facts.numbers} numbers (single values or lists). Each is "
        "in `docs/parameters.md` with "
        "its value, 95 % range, origin, sources and the functions that read it; "
        "`lrrc evidence` lists them for "
        "any scenario. The values of this run are all in its `config.yaml`."
    )


def stress_des(facts: Facts) -> dict[str, Answer]:
    """Return what is known of each item of STRESS-DES, by number."""
    outcomes = ", ".join(f"`{name}`" for name in facts.outcomes)
    limited = facts.limited
    activities = table([("event", "reaction", "books or moves"), *facts.events], plain=True)
    packages = facts.manifest.get("packages")
    versions = (
        [(name, version) for name, version in packages.items()] if isinstance(packages, Mapping) else []
    )
    return {
        "1.1": ([PURPOSE], "the question of this study, its background, and who is to use the answer."),
        "1.2": (
            [
                f"Outcomes in this run's tables: {outcomes or 'see the tables in the folder'}. "
                "Each is defined "
                "in `docs/outcomes.md`, with the patients that it is counted over and the method of its 95 % "
                "interval. They are counted when a patient's course is complete. Intervals show the error of "
                "simulating a cohort of this size; they leave out the uncertainty of the parameters."
            ],
            "which of these outcomes are primary, and why.",
        ),
        "1.3": (
            [*policies_compared(facts), *design(facts), f"Experiment: {facts.of('experiment')}."],
            "why these policies were chosen; of a sweep, why these values.",
        ),
        "2.1": (
            [
                "Generated from the code: an arrow goes from an event to each event "
                "that its reaction books or "
                "moves. What nobody sees is dashed. A death ends all that is pending; "
                "a refusal is booked when "
                "a wait for radiotherapy or a salvage begins.",
                f"```mermaid\n{facts.diagram}\n```",
            ],
            "",
        ),
        "2.2": (
            [
                "`docs/model.md` describes a patient's course step by step, with the file of each step.",
                LEFT_OUT,
            ],
            "",
        ),
        "2.3": ([*differences(facts), *design(facts), *changes(facts)], ""),
        "2.4": (
            [
                "Requests in a clinic are ranked by class, day and the patient's number, and granted when "
                "all that they need is free and open for long enough (`docs/clinic.md`, "
                "the rule of the queues). "
                "Visits follow the policy's schedule; a visit whose day has passed is skipped."
            ],
            "",
        ),
        "2.5.1": (
            [
                f"Patients. Each is a row of {len(facts.attributes)} fields (`sim/patient.py`): "
                f"{', '.join(f'`{name}`' for name in facts.attributes)}."
            ],
            "",
        ),
        "2.5.2": (["Read from the code:", activities], ""),
        "2.5.3": (
            [
                f"Resources: {', '.join(facts.resources)}. Which step needs which is in `docs/clinic.md`. "
                + (
                    "This run's clinic is limited; its counts and hours are in `config.yaml` under `clinic`."
                    if limited
                    else "In this run nobody waits: all are without limit."
                )
            ],
            "",
        ),
        "2.5.4": (
            [
                "One request at a time for a patient; within a class by arrival; the policy's lever "
                "`queue_priority` can put recurrences or primary tumours first. Death, palliation, refusal "
                "after too long a wait, and the end of follow-up take a patient out of a queue."
            ],
            "",
        ),
        "2.5.5": (
            [
                "A patient enters at diagnosis and leaves by death or at the horizon. "
                + (
                    "Patients arrive at random (exponential gaps); others fill the clinic before them and "
                    "arrive after them, and are not counted."
                    if limited
                    else "Nobody waits, so the time of arrival has no effect."
                )
            ],
            "",
        ),
        "3.1": (
            [
                f"{facts.evidence} published figures from {facts.publications} publications, each with its "
                "study, population, size and where it was read (`conf/evidence.csv`; most were read from "
                "abstracts). " + _own_inputs(facts)
            ],
            "data of your own: their source, dates, size, and permission to use them.",
        ),
        "3.2": (
            [
                f"{facts.fitted} numbers of the shipped default were fitted to trials and registries: "
                f"{facts.fit}. Disease of this run: {facts.of('choices', 'disease')}; `default` has the "
                "numbers that were set by hand."
            ],
            "what was done to data of your own before they were used.",
        ),
        "3.3": ([numbers(facts), *changes(facts)], "why any number was changed."),
        "3.4": (
            [
                f"{facts.assumed} of the {facts.numbers} numbers rest on an assumption, alone or beside a "
                "source; `lrrc evidence assumption` lists them. Assumptions of the structure are in "
                "`docs/model.md`."
            ],
            "assumptions that this study adds.",
        ),
        "4.1": (
            [
                "Terminating: each patient is followed from diagnosis to death or the horizon. "
                + (
                    f"The clinic is filled before the first patient who counts; the warm-up was measured by "
                    f"MSER-5: {facts.of('warm_up')}."
                    if limited
                    else "Nothing is shared between patients, so there is no warm-up."
                )
            ],
            "",
        ),
        "4.2": (
            [
                f"{facts.setting('horizon_years')} years from diagnosis for each patient; "
                "the unit of time is a day."
            ],
            "",
        ),
        "4.3": (
            [
                f"One cohort of {facts.of('patients')} patients under each policy (seed {facts.of('seed')}, "
                f"replication {facts.of('replication')}), with common random numbers; "
                "differences are paired. "
                "Patients who wait for nobody are independent, so a larger cohort takes the place of "
                "replications. Where patients queue, intervals come from batches of neighbours."
            ],
            "why this many patients are enough for the question.",
        ),
        "5.1": (
            [
                f"lrrc-sim {facts.of('code', 'version')}, Python {facts.of('python')}, "
                f"on {facts.of('platform')}.",
                *([table([("package", "version"), *versions])] if versions else []),
            ],
            "",
        ),
        "5.2": (
            [
                f"NumPy's Philox generator. Each of the model's {facts.draws} named "
                "decisions has a stream of "
                "its own, keyed by seed, replication and name and advanced to the patient's number "
                "(`sim/luck.py`). All policies share the same uniforms."
            ],
            "",
        ),
        "5.3": (
            [
                "Next event: the earliest of a patient's agenda; ties by the order "
                "of the events, then by the "
                f"patient. Clock: {facts.of('clock')}. The SimPy and the compiled "
                "clock give the same patients "
                "to the bit. A sweep runs its tasks on processes, Dask or Slurm, with the same results."
            ],
            "",
        ),
        "5.4": (
            [
                f"{facts.of('machine', 'cores')} cores, {facts.of('machine', 'memory_gib')} GiB, "
                f"{facts.of('machine', 'processor')}; the run took {facts.of('run_seconds')} seconds."
            ],
            "",
        ),
        "6.1": (
            [
                f"Apache-2.0. Commit {facts.of('code', 'commit')} (changed since: "
                f"{facts.of('code', 'dirty')}), "
                f"digest of the sources {facts.of('code', 'sources_sha256')}, of the locked packages "
                f"{facts.of('code', 'lock_sha256')}. `lrrc reproduce` runs this folder "
                "again and compares every "
                "table."
            ],
            "the address where model and folder can be had, and a DOI if there is one.",
        ),
    }


def _own_inputs(facts: Facts) -> str:
    inputs = facts.manifest.get("inputs")
    own = (
        [name for name in inputs if str(name).partition("/")[0] in OWN] if isinstance(inputs, Mapping) else []
    )
    return (
        f"Files of the user's own: {said(', '.join(map(str, own)))}." if own else "No file of the user's own."
    )


OWN = ("cohort", "policy", "clinic", "economics", "scenario", "disease", "follow_up", "trial")
