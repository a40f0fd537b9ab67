"""The experiments as functions, and the folder of a run read back."""

import os
from typing import Any

from lrrc.alone import alone
from lrrc.run import Run

Folder = str | os.PathLike[str]


def compare(*, config_dir: Folder | None = None, progress: bool = False, **settings: Any) -> Run:
    """Compare policies in one cohort, with common random numbers: the same patients with the same luck.

    ``settings`` are those of ``lrrc compare`` as Python values; a name with a dot goes in ``**{...}`` or in a
    mapping of its group, and what is not given is as in the command. The main ones:

    - ``policies``: names; ``+`` combines two. The first is the ``comparator`` unless another is named
    - ``patients``, of every policy, ``seed``, ``horizon_years``
    - ``cohort``, ``scenario``, ``clinic``, ``disease``: the name of a file in ``conf``, or of your own
    - any number of the model, such as ``surgery.leak_probability``
    - ``out``: the folder to write, the same as the command's; without it nothing is written
    - ``config_dir``: a folder with files of your own, such as ``policy/mine.yaml``
    - ``progress``: show a bar while it works, and say when the model is compiled (once, about a minute)

    The run's tables are ``outcomes``, ``differences``, ``averted``, ``harmed``, ``curves`` and ``flow``, with
    ``published`` where the scenario has published figures, ``waits`` where patients queue and ``journal``
    where ``journal=True``. ``print(run)`` begins with the answer, where the scenario asks a question. Raises
    InputError for what cannot be run.

    >>> run = lrrc.compare(policies=["tme_alone", "short_course"], patients=5_000, seed=7)
    >>> run = lrrc.compare(scenario="dutch_tme", **{"surgery.leak_probability": 0.08})
    >>> run = lrrc.compare(surgery={"leak_probability": 0.08}, out="runs/leaks")
    """
    return _perform("compare", settings, config_dir, progress)


def capacity(*, config_dir: Folder | None = None, progress: bool = False, **settings: Any) -> Run:
    """Let patients queue in clinics: how long they wait, what harm that does, and what capacity is needed.

    ``settings`` are those of ``lrrc capacity``; ``clinics``: names; ``target_share``: of patients, to be
    served in time. The others, and ``out``, are those of ``compare``; every clinic and policy has common
    random numbers. The run's tables are ``waits``, ``queues``, ``utilisation``, ``waiting_harm`` and
    ``needed``.
    Raises InputError for what cannot be run.

    >>> run = lrrc.capacity(clinics=["regional", "backlog"], policies=["tme_alone"], patients=600)
    """
    return _perform("capacity", settings, config_dir, progress)


def patient(*, config_dir: Folder | None = None, progress: bool = False, **settings: Any) -> Run:
    """Follow one patient under each policy, with common random numbers: courses differ where a policy acts.

    ``settings`` are those of ``lrrc patient``: ``number``, from 0 on, or ``find``, a word or a condition that
    chooses one; the others, and ``out``, are those of ``compare``. ``print(run)`` reads as a story; the run's
    table is ``journal``, its picture ``timeline``. Raises InputError for what cannot be run, and where no
    patient fits.

    >>> run = lrrc.patient(number=17)
    >>> run = lrrc.patient(find="salvage_margin == r0 and age_years < 60")
    """
    return _perform("patient", settings, config_dir, progress)


def sweep(*, config_dir: Folder | None = None, progress: bool = False, **settings: Any) -> Run:
    """Vary numbers, levers or groups over a grid, a list, a hypercube or the posterior sample.

    ``settings`` are those of ``lrrc sweep``: ``grid``, ``list`` or ``latin``, ``posterior``, ``replications``
    and others; the rest are those of ``compare``. All points have common random numbers. Several processes
    share the work, one for each core, unless ``compute={"workers": 1}``; they do not run your script again,
    so it needs no ``if __name__ == "__main__"``.

    With ``out`` each finished task is kept at once, and the same call continues where it stopped. The run's
    tables are ``outcomes``, ``differences`` and ``design``, with a column for each swept name;
    ``uncertainty`` and ``members`` of a posterior sample; ``convergence`` where ``precision`` is set. Raises
    InputError for what cannot be run, and IncompleteError where tasks failed.

    >>> run = lrrc.sweep(grid={"surgery.leak_probability": [0.02, 0.05, 0.08]}, patients=2_000)
    """
    return _perform("sweep", settings, config_dir, progress)


def validate(*, config_dir: Folder | None = None, progress: bool = False, **settings: Any) -> Run:
    """Emulate published trials, and compare every published figure with the simulated one.

    ``settings`` are those of ``lrrc validate``: ``trial``, a name, a list of names or the path of a file;
    ``patients`` and ``most_patients`` of every arm; ``disease``. The arms of a trial have common random
    numbers. The run's tables are ``endpoints``, ``curves`` and ``agreement``. Raises InputError for what
    cannot be run.

    >>> run = lrrc.validate(trial="dutch_tme", patients=10_000)
    """
    return _perform("validate", settings, config_dir, progress)


def psa(*, config_dir: Folder | None = None, progress: bool = False, **settings: Any) -> Run:
    """Value policies under all uncertain numbers: costs, QALYs, how sure a choice is, what knowing is worth.

    ``settings`` are those of ``lrrc psa``: ``members``, ``patients`` of each, ``economics``, ``thresholds``,
    ``evppi`` (groups of numbers), ``study``, ``precision``, ``discrepancy``; the rest are those of ``sweep``.
    The run's tables are ``psa``, ``incremental``, ``against_comparator``, ``plane``, ``acceptability``,
    ``evpi``, ``evppi``, ``variance`` and ``members``, and ``evsi`` of a study. Policies have common random
    numbers within each member. Raises as ``sweep``.

    >>> run = lrrc.psa(members=100, patients=2_000)
    """
    return _perform("psa", settings, config_dir, progress)


def sensitivity(*, config_dir: Folder | None = None, progress: bool = False, **settings: Any) -> Run:
    """Show what an outcome depends on: numbers one at a time, two or all together, and the structure.

    ``settings`` are those of ``lrrc sensitivity``: ``method``, ``outcome``, ``of``, ``vary``, ``map``; the
    rest are those of ``sweep``. All points have common random numbers. Raises as ``sweep``.

    >>> run = lrrc.sensitivity(method="tornado", outcome="local_recurrence", patients=2_000)
    """
    return _perform("sensitivity", settings, config_dir, progress)


def gains(*, config_dir: Folder | None = None, progress: bool = False, **settings: Any) -> Run:
    """Show who gains from a policy, by what is seen before treatment, and a rule that treats those.

    ``settings`` are those of ``lrrc gains``: ``threshold``, ``economics``; the rest are those of ``compare``.
    Policies have common random numbers. The run's tables are ``gains`` and ``rules``. Raises InputError for
    what cannot be run.

    >>> run = lrrc.gains(policies=["usual_care", "usual_care+lateral_before_7mm"])
    """
    return _perform("gains", settings, config_dir, progress)


def budget(*, config_dir: Folder | None = None, progress: bool = False, **settings: Any) -> Run:
    """Show what health care spends more or less, year by year, as a policy is taken up.

    ``settings`` are those of ``lrrc budget``: ``uptake``, ``patients_per_year``, ``economics``; the rest are
    those of ``compare``, with common random numbers. The run's tables are ``budget`` and ``yearly_costs``.
    Raises InputError for what cannot be run.

    >>> run = lrrc.budget(uptake=[0.5, 1.0, 1.0])
    """
    return _perform("budget", settings, config_dir, progress)


def load(folder: Folder) -> Run:
    """Return a run from the folder that it left, by the command or by ``out``: tables, pictures, summary.

    The folder is read as data, and nothing in it is run; ``patients()`` needs a run with ``rows=True``.
    Raises InputError where it is no run's, and, when a table is first used, where that cannot be read.

    >>> lrrc.load("runs/compare/2026-05-04_09-30-00").outcomes
    """
    with alone():
        from lrrc.folder import run_in

        return run_in(os.fspath(folder))


def _perform(name: str, settings: dict[str, Any], config_dir: Folder | None, progress: bool) -> Run:
    with alone(progress) as notices:
        from conf.composition import composing, refuse_shadows
        from conf.request import request_of
        from experiments.results.ending import IncompleteError
        from experiments.results.result import perform

        with composing(config_dir):
            refuse_shadows()
            asked = request_of(name, settings, config_dir)
            keep = asked.config.get("out") is not None
            try:
                result = perform(name, asked, keep=keep)
            except IncompleteError as error:
                # What it names lies in a folder that is gone.
                words = (
                    str(error) if keep else "; ".join([*notices, "nothing was kept; out= keeps what is done"])
                )
                raise IncompleteError(words) from error
    return Run(
        experiment=name,
        command=asked.command,
        tables=result.tables,
        about=f"{result.patients_per_policy:,} patients, {len(result.policies)} policies, seed {result.seed}",
        summary=lambda: result.summary,
        pictures=lambda: result.later() if result.later else result.pictures,
        patients=result.patients,
        warnings=[*result.warnings, *(words.removeprefix("warning: ") for words in notices)],
        folder=result.folder,
    )
