"""The parameters: each has a range, an uncertainty and a source, and none is written in Python."""

import ast
import csv
import re
from pathlib import Path

import pytest

import sim
from conf import schema, units
from conf.schema import shipped, shipped_sections

CONF = Path(schema.__file__).parent
SIM = Path(sim.__file__).parent
DISTRIBUTIONS = ("beta", "lognormal", "normal", "uniform", "fixed")
ID = re.compile(r"[A-Za-z]\w*(?:\.\w+)+")
COHORT = "dutch_contemporary"

with open(CONF / "evidence.csv", newline="") as file:
    EVIDENCE = {row["id"]: row for row in csv.DictReader(file)}


def leaves(tree, path=()):
    """Yield the path and the value of every leaf; an uncertainty is a leaf."""
    for key, value in tree.items():
        if isinstance(value, dict) and "distribution" not in value:
            yield from leaves(value, (*path, key))
        else:
            yield ".".join((*path, key)), value


def flat(value):
    return value if isinstance(value, list) else [value]


VALUES = dict(leaves({section: shipped(f"parameters/{section}") for section in shipped_sections()}))
VALUES |= dict(leaves({"cohort": shipped(f"cohort/{COHORT}")}))
UNCERTAINTIES = dict(
    leaves({f.stem: shipped(f"uncertainty/{f.stem}") for f in CONF.glob("uncertainty/*.yaml")})
)
FILES = [
    *sorted(CONF.glob("parameters/*.yaml")),
    *sorted(CONF.glob("cohort/*.yaml")),
    *sorted(CONF.glob("life_table/*.yaml")),
    *sorted(CONF.glob("uncertainty/*.yaml")),
    *sorted(CONF.glob("scenario/*.yaml")),
    *sorted(CONF.glob("trial/*.yaml")),
]
COMMENTED = [file for file in FILES if file.parent.name in ("parameters", "cohort", "life_table")]
TRIALS = [file for file in FILES if file.parent.name == "trial"]


def named_in(text):
    """Return the words of a text that look like ids, less the names of files and of parameters."""
    words = {word for word in ID.findall(text) if not word.endswith((".yaml", ".csv"))}
    return words - set(VALUES)


def test_every_parameter_has_an_uncertainty_and_none_is_orphaned():
    assert list(UNCERTAINTIES.keys() - VALUES.keys()) == []
    assert list(VALUES.keys() - UNCERTAINTIES.keys()) == []


def test_every_parameter_is_read_by_the_simulation():
    source = "\n".join(file.read_text() for file in SIM.rglob("*.py"))
    assert [key for key in VALUES if not re.search(rf"\.{key.rpartition('.')[2]}\b", source)] == []


@pytest.mark.parametrize("key", sorted(UNCERTAINTIES))
def test_an_uncertainty_is_a_distribution_an_interval_around_the_value_and_a_source(key):
    uncertainty = UNCERTAINTIES[key]
    assert set(uncertainty) == {"distribution", "low", "high", "source"}
    assert uncertainty["distribution"] in DISTRIBUTIONS
    value, low, high = VALUES[key], uncertainty["low"], uncertainty["high"]
    assert isinstance(low, list) == isinstance(high, list) == isinstance(value, list)
    for least, default, most in zip(flat(low), flat(value), flat(high), strict=True):
        assert least <= default <= most
    sources = flat(uncertainty["source"])
    assert sources and len(set(sources)) == len(sources)
    assert [source for source in sources if source != "assumption" and source not in EVIDENCE] == []


@pytest.mark.parametrize("key", sorted(UNCERTAINTIES))
def test_a_distribution_fits_the_range_of_its_unit(key):
    allowed = units.range_of(key)
    uncertainty = UNCERTAINTIES[key]
    pairs = list(zip(flat(uncertainty["low"]), flat(uncertainty["high"]), strict=True))
    assert all(allowed.holds(low) and allowed.holds(high) for low, high in pairs)
    uncertain = [(low, high) for low, high in pairs if low < high]
    match uncertainty["distribution"]:
        case "fixed":
            assert not uncertain
        case "beta":
            assert allowed == units.FRACTION
            assert uncertain and all(low > 0 and high < 1 for low, high in uncertain)
        case "lognormal":
            assert allowed in (units.POSITIVE, units.NOT_NEGATIVE, units.SPREAD)
            assert uncertain and all(low > 0 for low, _ in uncertain)
        case "normal":
            assert allowed == units.LOG
            assert uncertain
        case "uniform":
            assert uncertain


@pytest.mark.parametrize("file", COMMENTED, ids=lambda file: file.stem)
def test_every_value_names_its_source_beside_it(file):
    keys = shipped(f"{file.parent.name}/{file.stem}").keys() - {"defaults", "description"}
    if file.parent.name == "cohort":
        keys |= set(re.findall(r"^(usual_care|life_table):", file.read_text(), re.MULTILINE))
    beside = dict(re.findall(r"^\s*(\w+): +[^#\n]*?(?:  # (.*))?$", file.read_text(), re.MULTILINE))
    assert keys == beside.keys() - {"description"}
    unsourced = [
        key
        for key, comment in beside.items()
        if key in keys and not (named_in(comment) & EVIDENCE.keys() or re.search(r"\bassumption\b", comment))
    ]
    assert unsourced == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_every_id_that_is_named_stands_in_the_evidence(file):
    assert sorted(named_in(file.read_text()) - EVIDENCE.keys()) == []


def test_the_evidence_holds_what_is_used_and_nothing_else():
    with open(CONF / "evidence.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert ",".join(header) == (
        "id,topic,study,population,arm,n,endpoint,horizon_years,value,ci_low,ci_high,unit,source,read_from,note"
    )
    ids = [row[0] for row in rows]
    assert ids == sorted(set(ids))
    used = {word for file in CONF.rglob("*.yaml") for word in named_in(file.read_text())}
    assert sorted(set(ids) - used) == []
    for row in EVIDENCE.values():
        float(row["value"])
        assert row["study"] and row["unit"] and row["source"]


def test_published_figures_are_those_of_the_evidence():
    for file in CONF.glob("scenario/*.yaml"):
        for figure in shipped(f"scenario/{file.stem}").get("published", []):
            row = EVIDENCE[figure["evidence"]]
            assert float(row["value"]) == figure["published"], figure
            assert float(row["horizon_years"]) == figure["horizon_years"], figure


@pytest.mark.parametrize("file", TRIALS, ids=lambda file: file.stem)
def test_every_number_of_a_trials_cohort_names_its_source_beside_it(file):
    trial = shipped(f"trial/{file.stem}")
    arms = [arm["cohort"] for arm in trial["arms"].values() if isinstance(arm, dict) and "cohort" in arm]
    keys = set().union(trial["cohort"], *arms) - {"base"}
    beside = re.findall(r"^ +(\w+): +[^#\n]*?(?:  # (.*))?$", file.read_text(), re.MULTILINE)
    comments = [(key, comment) for key, comment in beside if key in keys]
    assert {key for key, _ in comments} == keys
    unsourced = [
        key
        for key, comment in comments
        if not (named_in(comment) & EVIDENCE.keys() or re.search(r"\bassumption\b", comment))
    ]
    assert unsourced == []


def restated(row, endpoint):
    """Return what an endpoint may print for a row: the value, what is left of one, months, a share of n."""
    value, n = float(row["value"]), endpoint.get("n")
    if row["unit"] == "years":
        return {12 * value}
    if row["unit"] == "months" and endpoint["outcome"] == "median":
        return {value}
    if row["unit"] == "months":  # a median survival, as the half that then lives
        return {0.5} if abs(12 * endpoint["horizon_years"] - value) < 0.01 else set()
    if row["unit"] == "count":
        return {round(value / n, 3)}
    if row["unit"] == "risk difference":
        return {value}
    if endpoint.get("ratio") == "difference":  # against the row that the comment names
        return {round(value - float(EVIDENCE[row["id"].replace("_llnd", "")]["value"]), 3)}
    return {value, round(1 - value, 4)} if row["unit"] == "proportion" else {value}


@pytest.mark.parametrize("file", TRIALS, ids=lambda file: file.stem)
def test_published_endpoints_are_those_of_the_evidence(file):
    wrong = []
    for endpoint in shipped(f"trial/{file.stem}")["endpoints"]:
        row = EVIDENCE[endpoint["evidence"]]
        printed = [float(row[end]) for end in ("ci_low", "ci_high") if row[end]]
        given = [endpoint[end] for end in ("low", "high") if end in endpoint]
        complement = [round(1 - end, 4) for end in reversed(printed)]
        if endpoint["published"] not in restated(row, endpoint):
            wrong.append(endpoint)
        spread = row["note"].startswith("limits are")  # of patients: no interval of the figure
        if printed and row["unit"] != "years" and not spread and given not in (printed, complement):
            wrong.append(endpoint)
    assert wrong == []


# Numbers that Python may hold, by file (and function): each with its reason. Everything else stands in conf/.
EVERYWHERE = {0: "none", 1: "all, and the odds ratio of no effect", 2: "both sides; stage II"}
PHILOX = "a multiplier or a step of the key"
WICHURA = "Algorithm AS 241: its splits and coefficients"
ALLOWED = {
    "seen.py": {24: "groups of a guideline", 96: "comparisons of a guideline"},
    "agenda.py": {3: "minima side by side", 4: "minima side by side"},
    "clinic/load.py": {24: "hours of a day", 52: "weeks of a year", 4: "a quarter"},
    "clinic/warm_up.py": {5: "observations of a batch", 4: "batches at least"},
    "clinic/needs.py": {
        5: "fractions of a week",
        7: "days of a week",
        24: "hours of a day",
        1440: "minutes of a day",
    },
    "counting/columns.py": {3: "a member", 12: "months of a year"},
    "clocks/compiled_clock.py": {
        8: "bytes of a word",
    },
    "clocks/simpy_clock.py": {
        500: "patients in one environment, for speed",
        4096: "lines of the log at first",
    },
    "compiled.py": {
        16: "letters of a digest",
        0o700: "rights to a folder",
        0o022: "rights of others to write",
        64: "bits of half a product",
        128: "bits of a product",
        250: "of LLVM's cost of a function",
        30_000: "of LLVM's cost of a function",
    },
    "compiling.py": {
        50_000: "objects between two looks for garbage",
    },
    "distributions.py": {
        32: "bits of the grid of days",
        0.5: "rounding to the grid",
        0.75: "the upper quartile",
        3: "a quarter: three quarters are above it",
        4: "a quarter",
    },
    "distributions.py is_central": WICHURA,
    "distributions.py quantile_near_median": WICHURA,
    "distributions.py normal_quantile": WICHURA,
    "pathway/follow_up.py": {3: "stage III"},
    "luck.py": {
        3: "the last number of a Philox counter",
        4: "numbers of a Philox counter",
        5: "one of the numbers of two counters",
        6: "one of the numbers of two counters",
        7: "one of the numbers of two counters",
        8: "bytes of a uniform",
        10: "rounds of Philox",
        0xD2E7470EE14C6C93: PHILOX,
        0xCA5A826395121157: PHILOX,
        0x9E3779B97F4A7C15: PHILOX,
        0xBB67AE8584CAA73B: PHILOX,
        12: "bits dropped of 64, so that 52 are left",
        16: "bytes of a key",
        52: "bits of a uniform",
        0.5: "middle of a uniform's step",
    },
    "pathway/mortality.py": {5: "the life table is in five-year bands", 1000: "years that nobody lives"},
    "pathway/neoadjuvant.py": {3: "sessions of a contact boost", 7: "days of a week"},
    "counting/outcomes.py": {
        64: "bits of a word",
        8: "a member of an enumeration; words that are counted together",
        3: "three or more compartments; a member",
        4: "a member of an enumeration",
        5: "a member of an enumeration",
        6: "the end of the fates among the members",
        7: "a bit of what has happened by a horizon",
        12: "months of a year",
        16: "life time is summed in sixteenths of a day",
        30: "30-day mortality: the definition",
        32: "folds of the jackknife",
    },
    "patient.py": {3: "clinical T3", 4: "clinical T4", 365.25: "days of a year"},
    "pathway/primary.py": {0.5: "a median"},
    "clinic/queues.py": {
        7: "days of a week",
        24: "hours of a day",
        1_000_000: "units of which nobody can want one more",
    },
    "pathway/salvage.py": {5: "fractions of a week", 7: "days of a week"},
    "pathway/organ_preservation.py": {3: "looks at a response", 7: "days of a week"},
    "pathway/response.py": {7: "days of a week"},
    "pathway/surgery.py": {3: "stage III", 10: "millimetres of a centimetre"},
    "counting/batches.py gamma_half_above": "coefficients of an asymptotic series, and where it holds",
    "counting/batches.py": {
        1.959963984540054: "the normal quantile of 0.975",
        0.05: "the tails beyond a 95 % interval",
        0.9: "the largest correlation of neighbouring batches",
        1e-9: "where the search of a quantile ends",
        1e-17: "where a series ends",
        3: "a coefficient of Kendall's",
        4: "sums side by side",
        6: "sums side by side",
        8: "sums side by side",
    },
    "counting/estimates.py": {
        0.5: "half a patient",
        3: "states of an outcome",
        4: "a coefficient of Wilson's",
        0.05: "what is written as none per 1,000",
        1000: "patients",
    },
    "counting/samples.py": {
        20: "folds of the jackknife",
        24: "steps of a crude follow-up",
        10: "the largest log ratio",
        0.5: "the middle of a step",
        50: "steps of the search",
        1e-10: "where the search ends",
    },
    "counting/tally.py": {
        3: "states of an outcome",
        30: "batches of neighbours",
        9: "pairs of states",
        12: "months of a year",
        32: "patients of a chunk",
        5: "one of eight patients",
        6: "one of eight patients",
        7: "one of eight patients",
        8: "patients whose states are added together",
        16: "digits of a sum of states",
        4: "the same state under both policies",
    },
    "counting/value.py": {
        100: "hundredths of the currency",
        1_000_000: "millionths of a year",
        12: "states of a life beside the harms",
        3: "a state's beginning, end and ratio",
        32: "turning points beside those of states",
    },
}


def numbers_written(file):
    """Return (function, number) of the numbers in a source file; members of enumerations are names."""
    found = set()

    def walk(node, function):
        if isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(base) for base in node.bases):
            return
        if isinstance(node, ast.FunctionDef):
            function = function or node.name
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            found.add((function, node.value))
        for child in ast.iter_child_nodes(node):
            walk(child, function)

    walk(ast.parse(file.read_text()), None)
    return found


def test_no_number_of_the_disease_is_written_in_python():
    met = set()
    for file in sorted(SIM.rglob("*.py")):
        name = file.relative_to(SIM).as_posix()
        for function, number in sorted(numbers_written(file), key=str):
            if f"{name} {function}" in ALLOWED:
                met.add(f"{name} {function}")
            elif number not in EVERYWHERE:
                assert number in ALLOWED.get(name, {}), f"{name}: {number}: a number of the disease?"
                met.add((name, number))
    listed = {
        entry
        for name, numbers in ALLOWED.items()
        for entry in ([name] if isinstance(numbers, str) else [(name, number) for number in numbers])
    }
    assert sorted(listed - met, key=str) == [], "no longer written: take it off the list"
