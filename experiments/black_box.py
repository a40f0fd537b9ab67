"""Black-box tests of the model: what must follow, whatever the numbers are, and what a scenario shows.

Each test asks for one consequence that is known beforehand (a probability of 0, no effect of a treatment, the
same seed) and compares it with what is simulated. None of them knows how the model comes to its results.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conf.clinics import checked_clinic
from conf.input_error import InputError
from conf.policies import Policy
from conf.run import Run, world_trees
from conf.schema import shipped
from experiments.simulating.cohort import count_block, horizons, simulate_block, worlds_of
from sim.counting.outcomes import ALL, FATES, since_diagnosis
from sim.parameters import pack
from sim.patient import YEAR_DAYS, Cause, Harm, Margin, Mechanism, Operation, Route
from sim.policy import Use

if TYPE_CHECKING:
    import pandas as pd

# Days on which something happened; infinity where it did not.
HAPPENED = (
    "operated_day", "recurrence_onset_day", "recurrence_found_day", "salvage_day", "rerecurrence_day",
    "metastasis_onset_day", "metastasis_found_day", "death_day",
)  # fmt: skip
# Probabilities that cells take, by the routes that they decide.
TAKES = {
    "margin.circumferential_take_probability": (Route.CIRCUMFERENTIAL,),
    "margin.distal_take_probability": (Route.DISTAL,),
    "mesorectum.take_probability": (Route.MESORECTUM,),
    "lateral_node.take_probability": (Route.LATERAL_LEFT, Route.LATERAL_RIGHT),
    "exfoliation.anastomotic_take_probability": (Route.ANASTOMOTIC,),
    "exfoliation.perianastomotic_take_probability": (Route.PERIANASTOMOTIC,),
    "spillage.take_probability": (Route.SPILLAGE,),
}
# Within these days one event follows another.
ORDER = (
    ("diagnosed_day", "operated_day"),
    ("operated_day", "recurrence_onset_day"),
    ("recurrence_onset_day", "recurrence_found_day"),
    ("recurrence_found_day", "salvage_day"),
    ("salvage_day", "rerecurrence_day"),
    ("metastasis_onset_day", "metastasis_found_day"),
)
ENDLESS = 1e9  # a time that no horizon reaches
ROUNDING = 1e-9  # of sums of estimates


class Seen(NamedTuple):
    """What a test found: in words what was expected and what was seen.

    ``passed``: None where the scenario gives nothing to see, such as leaks where nobody has an anastomosis.
    """

    expected: str
    seen: str
    passed: bool | None


class Check(NamedTuple):
    """One black-box test as it went: its area, what it claims, and what it found."""

    area: str
    claim: str
    expected: str
    seen: str
    passed: bool | None


class Model:
    """A scenario whose numbers, policy, seed and horizon can be changed; nobody waits.

    Its patients are simulated once for each change.
    """

    def __init__(self, run: Run) -> None:
        self.run, self.base = run, run.comparator
        self.kept: dict[str, np.ndarray] = {}
        self.tables: dict[str, pd.DataFrame] = {}

    def rows(
        self,
        numbers: Mapping[str, float] | None = None,
        policy: Policy | None = None,
        patients: tuple[int, int] | None = None,
        **settings: Any,
    ) -> np.ndarray:
        """Return the patients' rows under changes: numbers by key (a list takes the number throughout).

        ``patients``: the first and the one after the last; ``settings``: fields of ``Run``. Raises InputError
        where the changed numbers break a relation.
        """
        first, stop = patients or (0, self.run.patients)
        key = repr((numbers, policy, first, stop, settings))
        if key not in self.kept:
            run = dataclasses.replace(self.run, **changed(self.run, numbers or {}), **settings)
            world = pack(*world_trees(run, policy or self.base))
            self.kept[key] = simulate_block(run, {"": world}, first, stop)[""]
        return self.kept[key]

    def value(self, key: str) -> Any:
        """Return a number of the scenario."""
        section, _, name = key.partition(".")
        tree = self.run.cohort if section == "cohort" else self.run.parameters[section]
        return tree[name]


def changed(run: Run, numbers: Mapping[str, float]) -> dict[str, Any]:
    """Return the fields of a run in which numbers are replaced, lists by the same number throughout."""
    trees = {"cohort": dict(run.cohort), **{name: dict(tree) for name, tree in run.parameters.items()}}
    for key, number in numbers.items():
        section, _, name = key.partition(".")
        old = trees[section][name]
        trees[section][name] = [number] * len(old) if isinstance(old, list) else number
    return {"cohort": trees.pop("cohort"), "parameters": trees}


Test = Callable[[Model], Seen]
TESTS: list[tuple[str, str, Test]] = []


def claim(area: str, words: str) -> Callable[[Test], Test]:
    """Return a decorator that adds a test with the words for what it claims."""

    def add(test: Test) -> Test:
        TESTS.append((area, words, test))
        return test

    return add


def checks(run: Run) -> Iterator[Check]:
    """Yield each test as it went, in order; nobody waits, whatever the run's clinic.

    A test whose numbers break a relation of the scenario, or whose policy contradicts it, has nothing to see.
    """
    unlimited = checked_clinic(shipped("clinic/unlimited"), run.policies, run.parameters)
    model = Model(dataclasses.replace(run, clinic=unlimited, rows=False, journal=False))
    for area, words, test in TESTS:
        try:
            found = test(model)
        except InputError as error:
            found = Seen("such a scenario", f"refused: {str(error).partition(';')[0]}", None)
        yield Check(area, words, *found)


def nobody(flags: np.ndarray) -> Seen:
    """Return what a test found that expects no flag."""
    count = int(np.count_nonzero(flags))
    return Seen("none", f"{count} of {len(flags)}", None if not len(flags) else count == 0)


def everybody(flags: np.ndarray) -> Seen:
    """Return what a test found that expects every flag; nothing to see where there is none at all."""
    count = int(np.count_nonzero(flags))
    return Seen(f"all {len(flags)}", f"{count}", None if not len(flags) else count == len(flags))


def the_same(one: np.ndarray, other: np.ndarray, without: tuple[str, ...] = ()) -> Seen:
    """Return whether all patients are the same to the bit, apart from some fields."""
    different = np.zeros(len(one), bool)
    for name in one.dtype.names or ():
        if name not in without:
            unlike = one[name] != other[name]
            different |= unlike.reshape(len(one), -1).any(axis=1)
    return Seen("no difference", f"{int(different.sum())} differ", not different.any())


def only_adds(fewer: np.ndarray, more: np.ndarray) -> Seen:
    """Return whether those who have something still have it, and there are at least as many."""
    lost = int(np.count_nonzero(fewer & ~more))
    words = f"{int(fewer.sum())} to {int(more.sum())}, {lost} lost"
    return Seen("none lost", words, lost == 0 if fewer.any() or more.any() else None)


def operated(rows: np.ndarray) -> np.ndarray:
    """Return who had a resection of the primary, shape (n,)."""
    there: np.ndarray = np.isfinite(rows["operated_day"])
    return there


def recurred(rows: np.ndarray) -> np.ndarray:
    """Return who had a local recurrence that could be detected, shape (n,)."""
    there: np.ndarray = np.isfinite(rows["recurrence_onset_day"])
    return there


@claim("zero", "no leak where its probabilities are 0")
def _no_leak(model: Model) -> Seen:
    rows = model.rows({"surgery.leak_probability": 0.0, "surgery.occult_leak_probability": 0.0})
    return nobody((rows["leaked"] | rows["abscess"])[rows["anastomosis"]])


@claim("zero", "no recurrence beside the anastomosis without leaks")
def _no_abscess_route(model: Model) -> Seen:
    rows = model.rows({"surgery.leak_probability": 0.0, "surgery.occult_leak_probability": 0.0})
    return nobody(rows["survived"][:, Route.PERIANASTOMOTIC] > 0)


@claim("one", "every anastomosis leaks where the probability is 1")
def _all_leak(model: Model) -> Seen:
    rows = model.rows({"surgery.leak_probability": 1.0})
    return everybody(rows["leaked"][rows["anastomosis"]])


@claim("zero", "no perforation where its probability is 0")
def _no_perforation(model: Model) -> Seen:
    rows = model.rows({"surgery.perforation_probability": 0.0})
    return nobody(rows["perforated"][operated(rows)])


@claim("one", "every operation perforates where the probability is 1")
def _all_perforate(model: Model) -> Seen:
    rows = model.rows({"surgery.perforation_probability": 1.0})
    return everybody(rows["perforated"][operated(rows)])


@claim("zero", "no recurrence where all cells are killed")
def _all_cells_killed(model: Model) -> Seen:
    return nobody(recurred(model.rows(dict.fromkeys(TAKES, 0.0))))


@claim("zero", "no curative salvage where its probability is 0")
def _no_salvage(model: Model) -> Seen:
    rows = model.rows({"salvage.curative_probability": 0.0})
    return nobody((rows["curative_intent"] | np.isfinite(rows["salvage_day"]))[recurred(rows)])


NO_METASTASIS = {
    "metastasis.occult_probability": 0.0,
    "cohort.overlooked_metastasis_share": 0.0,
    "recurrence.dissemination_probability": 0.0,
    "salvage.metastasis_probability": 0.0,
    "primary.seeding_median_days": ENDLESS,
}


@claim("zero", "no metastasis where nothing seeds any")
def _no_metastasis(model: Model) -> Seen:
    return nobody(np.isfinite(model.rows(NO_METASTASIS)["metastasis_onset_day"]))


@claim("zero", "no death from cancer without recurrence, metastasis and a primary that kills")
def _no_cancer_death(model: Model) -> Seen:
    harmless = {"primary.death_median_days": ENDLESS}
    rows = model.rows({**NO_METASTASIS, **dict.fromkeys(TAKES, 0.0), **harmless})
    return nobody(rows["death_cause"] == Cause.CANCER)


@claim("zero", "no woman where their share is 0")
def _no_women(model: Model) -> Seen:
    return nobody(model.rows({"cohort.female_share": 0.0})["female"])


@claim("one", "women only where their share is 1")
def _all_women(model: Model) -> Seen:
    return everybody(model.rows({"cohort.female_share": 1.0})["female"])


@claim("one", "all who are operated on die at once where that is certain")
def _all_die(model: Model) -> Seen:
    rows = model.rows(EVERYONE_DIES)
    rows = rows[operated(rows)]
    return everybody((rows["death_day"] == rows["operated_day"]) & (rows["death_cause"] == Cause.OPERATIVE))


EVERYONE_DIES = {"mortality.operative_death_probability": 1.0, "mortality.operative_days": 0.0}


@claim("one", "and then there is no visit, and no recurrence is found")
def _nothing_later(model: Model) -> Seen:
    rows = model.rows(EVERYONE_DIES)
    rows = rows[operated(rows)]
    return nobody((rows["visits"] > 0) | np.isfinite(rows["recurrence_found_day"]))


# What operations leave whatever the probabilities are: a bowel that is not joined needs a stoma.
STOMAS = (Harm.TEMPORARY_STOMA, Harm.PERMANENT_STOMA)


@claim("zero", "no harm but stomas where its probabilities are 0")
def _no_harm(model: Model) -> Seen:
    numbers = {f"harm.{name}": 0.0 for name in model.run.parameters["harm"] if name.endswith("_probability")}
    rows = model.rows({**numbers, "salvage.curative_probability": 0.0})
    return nobody(np.isfinite(np.delete(rows["harm_from_day"], STOMAS, axis=1)).any(axis=1))


@claim("zero", "no stoma is closed where the probability is 0")
def _no_closure(model: Model) -> Seen:
    rows = model.rows({"harm.closure_probability": 0.0})
    first, until = (rows[f"harm_{name}_day"][:, Harm.TEMPORARY_STOMA] for name in ("from", "until"))
    permanent = rows["harm_from_day"][:, Harm.PERMANENT_STOMA]
    return nobody((permanent > until)[np.isfinite(first)])


@claim("order", "only the irradiated have a fracture or a second cancer from it")
def _only_irradiated(model: Model) -> Seen:
    rows = model.rows({"harm.fracture_probability": 1.0, "harm.second_cancer_probability": 1.0})
    late = np.isfinite(rows["harm_from_day"][:, [Harm.PELVIC_FRACTURE, Harm.SECOND_CANCER]]).any(axis=1)
    return nobody(late & (rows["radiotherapy_courses"] == 0))


@claim("order", "nobody has a permanent stoma and a bowel that works badly at once")
def _no_bowel_beside_a_stoma(model: Model) -> Seen:
    rows = model.rows({"harm.bowel_dysfunction_probability": 1.0})
    stoma = rows["harm_from_day"][:, Harm.PERMANENT_STOMA]
    bowel = rows["harm_until_day"][:, Harm.MAJOR_BOWEL_DYSFUNCTION]
    there = np.isfinite(stoma) & np.isfinite(rows["harm_from_day"][:, Harm.MAJOR_BOWEL_DYSFUNCTION])
    return nobody((bowel > stoma)[there])


@claim("death", "nothing happens after a death, and nothing is pending")
def _nothing_after_death(model: Model) -> Seen:
    rows = model.rows()
    dead = rows[np.isfinite(rows["death_day"])]
    later = np.isfinite(dead["agenda"]).any(axis=1)
    for name in HAPPENED:
        later |= np.isfinite(dead[name]) & (dead[name] > dead["death_day"])
    return nobody(later)


@claim("no effect", "a policy under another name gives the same results")
def _another_name(model: Model) -> Seen:
    other = dataclasses.replace(model.base, name="another name")
    return the_same(model.rows(), model.rows(policy=other))


def _no_effect(model: Model, lever: str, numbers: dict[str, float]) -> Seen:
    """Return whether a lever, without its effect, changes nothing."""
    levers: list[dict[str, Any]] = [{lever: False}, {lever: True}]
    off, on = (dataclasses.replace(model.base, **changed) for changed in levers)
    return the_same(model.rows(numbers, off), model.rows(numbers, on))


@claim("no effect", "leak prevention with an odds ratio of 1 changes nothing")
def _no_prevention(model: Model) -> Seen:
    return _no_effect(model, "leak_prevention", {"surgery.leak_prevention_odds_ratio": 1.0})


@claim("no effect", "a washout that clears nothing changes no outcome")
def _no_washout(model: Model) -> Seen:
    useless = {"exfoliation.washout_clears_probability": 0.0}
    always = dataclasses.replace(model.base, washout=Use.ALWAYS)
    never = dataclasses.replace(model.base, washout=Use.NEVER)
    return the_same(model.rows(useless, always), model.rows(useless, never), ("washed_out",))


def _ratios(model: Model, prefix: str) -> dict[str, float]:
    return {
        f"{section}.{name}": 1.0
        for section, tree in model.run.parameters.items()
        for name in tree
        if prefix in name.split("_") and name.endswith("_ratio")
    }


@claim("no effect", "centralisation with every ratio at 1 changes nothing")
def _no_centralisation(model: Model) -> Seen:
    return _no_effect(model, "centralisation", _ratios(model, "centralised"))


@claim("no effect", "training with every ratio at 1 changes nothing")
def _no_training(model: Model) -> Seen:
    return _no_effect(model, "surgical_training", _ratios(model, "trained"))


@claim("seeds", "the same seed gives the same patients")
def _same_seed(model: Model) -> Seen:
    # Simulated again: a run of its own, not the rows that are kept.
    return the_same(model.rows(), Model(model.run).rows())


@claim("seeds", "another seed gives other patients")
def _another_seed(model: Model) -> Seen:
    return _others(model.rows(), model.rows(seed=model.run.seed + 1))


@claim("seeds", "another replication gives other patients")
def _another_replication(model: Model) -> Seen:
    return _others(model.rows(), model.rows(replication=model.run.replication + 1))


def _others(one: np.ndarray, other: np.ndarray) -> Seen:
    same = int(np.count_nonzero(one["aggressiveness"] == other["aggressiveness"]))
    return Seen("none the same", f"{same} of {len(one)} the same", same == 0)


@claim("seeds", "a part of the cohort is the same alone")
def _a_part(model: Model) -> Seen:
    half = model.run.patients // 2
    stop = model.run.patients
    return the_same(model.rows()[half:], model.rows(patients=(half, stop)))


@claim("seeds", "both clocks simulate the same patients")
def _both_clocks(model: Model) -> Seen:
    return the_same(model.rows(clock="simpy"), model.rows(clock="compiled"))


@claim("horizon", "a longer horizon changes nothing that happened before")
def _longer_horizon(model: Model) -> Seen:
    years = model.run.horizon_years
    short, long = model.rows(horizon_years=years / 2), model.rows()
    different = np.zeros(len(long), bool)
    for name in HAPPENED:
        then = since_diagnosis(long, name)
        until = np.where(then <= years / 2 * YEAR_DAYS, then, np.inf)
        different |= since_diagnosis(short, name) != until
    return nobody(different)


@claim("horizon", "nothing happens after the horizon")
def _within_horizon(model: Model) -> Seen:
    rows = model.rows()
    late = np.zeros(len(rows), bool)
    for name in HAPPENED:
        days = since_diagnosis(rows, name)
        late |= np.isfinite(days) & (days > model.run.horizon_years * YEAR_DAYS)
    return nobody(late)


@claim("more", "a larger probability only adds leaks")
def _more_leaks(model: Model) -> Seen:
    key = "surgery.leak_probability"
    return only_adds(model.rows()["leaked"], model.rows({key: _larger(model, key)})["leaked"])


@claim("more", "a larger probability only adds perforations")
def _more_perforations(model: Model) -> Seen:
    key = "surgery.perforation_probability"
    return only_adds(model.rows()["perforated"], model.rows({key: _larger(model, key)})["perforated"])


def _larger(model: Model, key: str) -> float:
    return float((1.0 + model.value(key)) / 2)


def _more_take(key: str, routes: tuple[Route, ...]) -> Test:
    def test(model: Model) -> Seen:
        columns = list(routes)
        fewer = model.rows()["survived"][:, columns] > 0
        more = model.rows({key: _larger(model, key)})["survived"][:, columns] > 0
        return only_adds(fewer.ravel(), more.ravel())

    return test


for _key, _routes in TAKES.items():
    claim("more", f"a larger {_key} only adds")(_more_take(_key, _routes))


@claim("more", "a higher background mortality lets nobody live longer")
def _more_deaths(model: Model) -> Seen:
    key = "cohort.background_mortality_ratio"
    more = model.rows({key: 2.0 * model.value(key)})
    return nobody(more["death_day"] > model.rows()["death_day"])


@claim("order", "each event comes after the one that it follows from")
def _order(model: Model) -> Seen:
    rows = model.rows()
    wrong = np.zeros(len(rows), bool)
    for before, after in ORDER:
        wrong |= np.isfinite(rows[after]) & ~(rows[before] <= rows[after])
    return nobody(wrong)


@claim("order", "only the operated recur, only a salvage has a margin")
def _only_after(model: Model) -> Seen:
    rows = model.rows()
    wrong = recurred(rows) & ~operated(rows)
    wrong |= (rows["salvage_margin"] != Margin.NONE) & ~np.isfinite(rows["salvage_day"])
    wrong |= rows["leaked"] & (rows["operation"] != Operation.LOW_ANTERIOR_RESECTION)
    return nobody(wrong)


@claim("units", "no number of a patient is missing")
def _no_nan(model: Model) -> Seen:
    rows = model.rows()
    missing = np.zeros(len(rows), bool)
    for name in rows.dtype.names or ():
        if rows[name].dtype.kind == "f":
            missing |= np.isnan(rows[name]).reshape(len(rows), -1).any(axis=1)
    return nobody(missing)


@claim("units", "ages are within those of the cohort")
def _ages(model: Model) -> Seen:
    age = model.rows()["age_years"]
    low, high = model.value("cohort.age_min_years"), model.value("cohort.age_max_years")
    return Seen(f"{low:g} to {high:g} years", f"{age.min():.1f} to {age.max():.1f}", bool(
        low <= age.min() and age.max() <= high
    ))  # fmt: skip


def tables(model: Model) -> dict[str, "pd.DataFrame"]:
    """Return the tables of results of all the scenario's policies, as ``lrrc compare`` has them."""
    from analysis.tables import run as made

    if not model.tables:
        run = model.run
        tallies, pairs = count_block(run, worlds_of(run), 0, run.patients)
        model.tables = {
            "outcomes": made.outcomes(tallies, horizons(run.horizon_years)),
            "averted": made.averted(pairs, run.comparator.name),
            "harmed": made.harmed(pairs, run.comparator.name),
            "flow": made.flow(tallies),
        }
    return model.tables


def _of(table: "pd.DataFrame", outcome: str, **where: object) -> "pd.DataFrame":
    """Return the rows of an outcome that is not split, apart from what is asked."""
    asked = {"outcome": outcome, "mechanism": ALL, "compartment": ALL, "group": ALL, **where}
    for name, value in asked.items():
        if value is not None:
            table = table[table[name] == value]
    return table


def _sums(expected: str, worst: float, count: int) -> Seen:
    return Seen(expected, f"largest difference {worst:.1g} of {count}", worst < ROUNDING if count else None)


@claim("sums", "recurrences by mechanism add up to all")
def _mechanisms(model: Model) -> Seen:
    table = tables(model)["outcomes"]
    names = [mechanism.name.lower() for mechanism in Mechanism]
    parts = _of(table, "local_recurrence", mechanism=None)
    parts = parts[parts["mechanism"].isin(names)]
    summed = parts.groupby(["policy", "horizon_years"])["estimate"].sum()
    whole = _of(table, "local_recurrence").set_index(["policy", "horizon_years"])["estimate"]
    return _sums("their incidence", float((summed - whole).abs().max()), len(whole))


@claim("sums", "the fates of the patients add up to one")
def _fates(model: Model) -> Seen:
    table = tables(model)["outcomes"]
    names = ["disease_free_survival", *FATES]
    parts = table[table["outcome"].isin(names) & (table["group"] == ALL)]
    summed = parts.groupby(["policy", "horizon_years"])["estimate"].sum()
    return _sums("1 at each horizon", float((summed - 1.0).abs().max()), len(summed))


@claim("sums", "averted less caused is the difference of the policies")
def _net(model: Model) -> Seen:
    made = tables(model)
    table = made["averted"]
    table = table[(table["mechanism"] == ALL) & (table["compartment"] == ALL)]
    if table.empty:
        return Seen("that of incidence", "one policy only", None)
    incidence = _of(made["outcomes"], "local_recurrence").set_index(["policy", "horizon_years"])["estimate"]
    worst = 0.0
    for row in table.to_dict("records"):
        at = row["horizon_years"]
        difference = float(incidence[row["comparator"], at] - incidence[row["policy"], at])
        worst = max(worst, abs((row["averted"] - row["caused"]) / 1000 - difference))
    return _sums("that of incidence", worst, len(table))


@claim("sums", "harmed less spared is the difference of the policies")
def _net_harm(model: Model) -> Seen:
    made = tables(model)
    table = made["harmed"]
    if table.empty:
        return Seen("that of the shares", "one policy only", None)
    shares = made["outcomes"].set_index(["outcome", "policy", "horizon_years"])["estimate"].sort_index()
    worst = 0.0
    for row in table.to_dict("records"):
        harm, at = row["harm"], row["horizon_years"]
        mine, theirs = (shares.loc[harm, row[name], at].item() for name in ("policy", "comparator"))
        worst = max(worst, abs((row["harmed"] - row["spared"]) / 1000 - (mine - theirs)))
    return _sums("that of the shares", worst, len(table))


@claim("sums", "every patient is counted, once")
def _counted(model: Model) -> Seen:
    n = _of(tables(model)["outcomes"], "local_recurrence")["n"]
    expected = model.run.patients
    return Seen(f"{expected} under each policy", f"{n.min()} to {n.max()}", bool((n == expected).all()))


@claim("sums", "each recurrence found has one way, from mechanism to fate")
def _ways(model: Model) -> Seen:
    table = tables(model)["flow"]
    ways = int(table[table["policy"] == model.base.name]["n"].sum())
    found = int(np.isfinite(model.rows()["recurrence_found_day"]).sum())
    return Seen(f"{found} under {model.base.name}", f"{ways}", ways == found)


@claim("units", "proportions are from 0 to 1, and within their intervals")
def _proportions(model: Model) -> Seen:
    table = tables(model)["outcomes"]
    table = table[(table["unit"] == "proportion") & table["estimate"].notna()]
    columns = table[["ci_low", "estimate", "ci_high"]].to_numpy(float)
    wrong = (columns < -ROUNDING) | (columns > 1 + ROUNDING)
    disorder = (columns[:, 0] > columns[:, 1] + ROUNDING) | (columns[:, 1] > columns[:, 2] + ROUNDING)
    return nobody(wrong.any(axis=1) | disorder)


@claim("units", "life years are at most the horizon")
def _life_years(model: Model) -> Seen:
    table = tables(model)["outcomes"]
    years = table[table["outcome"] == "life_years"]["estimate"]
    horizon = model.run.horizon_years
    words = f"{years.min():.2f} to {years.max():.2f}"
    return Seen(f"0 to {horizon:g}", words, bool(years.between(0, horizon).all()))
