"""``lrrc report``: a page and a workbook whose numbers are the run's; nothing of a folder is trusted."""

import html
import itertools
import json
import re
import shlex
import shutil
import warnings

import openpyxl
import pandas as pd
import pytest
from helpers.report_page import read_page

from analysis.words.wording import interval, percent, signed
from experiments import report as reporting
from experiments.cli.command import main
from experiments.draw import read_whole
from experiments.results import partial

POLICIES = "policies=[tme_alone,short_course+for_everyone]"
RUNS = {
    "compare": ("compare", "scenario=dutch_tme", "surgery.leak_probability=0.2", "patients=200"),
    "alone": ("compare", "patients=40", "policies=[tme_alone]", "pictures=false", "horizon_years=2"),
    "queues": ("compare", "clinic=regional", "patients=60", "policies=[tme_alone]", "pictures=false",
               "horizon_years=1"),
    "capacity": ("capacity", "patients=60", "policies=[tme_alone]", "clinics=[regional]", "horizon_years=1",
                 "target_share=0.01"),
    "grid": ("sweep", "grid={surgery.leak_probability:[0.02,0.3]}", "patients=100", "compute.workers=1",
             "policies=[tme_alone,washout_always]"),
    "groups": ("sweep", "list=[{cohort:dutch_tme,washout:always},{cohort:dutch_contemporary,washout:never}]",
               "patients=40", "horizon_years=2", "compute.workers=1", "policies=[tme_alone,short_course]"),
    "policies": ("sweep", "grid={policies:[[tme_alone,washout_never],[tme_alone]]}", "patients=40",
                 "horizon_years=2", "compute.workers=1"),
    "posterior": ("sweep", "posterior=3", "patients=100", "compute.workers=1",
                  "policies=[tme_alone,short_course]"),
    "validate": ("validate", "trial=crab", "patients=100", "most_patients=100"),
    "calibrate": ("calibrate", "trial=[crab]", "fitted=[margin]", "patients=200", "ensemble=20", "steps=1",
                  "search_evaluations=20", "workers=1"),
    "patient": ("patient", "number=17", "policies=[tme_alone,chemoradiotherapy]"),
}  # fmt: skip
OF_POLICIES = (
    "question patients policies results pictures numbers validation limits methods reproduce references"
)
OF_TRIALS = "question results pictures numbers limits methods reproduce references"
WITHOUT_PICTURES = ("alone", "queues")
FILES = ["report.bib", "report.html", "report.xlsx"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return a function that runs an experiment and reports it, once for all tests; it returns the folder."""
    folder, done = tmp_path_factory.mktemp("runs"), set()

    def run(name):
        if name not in done:
            assert main([*RUNS[name], f"out={folder / name}"]) == 0
            assert main(["report", str(folder / name)]) == 0
            done.add(name)
        return folder / name

    return run


@pytest.fixture
def copy(runs, tmp_path):
    """A copy of a reported comparison, to be damaged."""
    return shutil.copytree(runs("compare"), tmp_path / "received")


def sheet(path, name):
    """Return the rows of a sheet, the heads first."""
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(path)[name].iter_rows()]


# The others are long.
SHORT = ("compare", "validate", "patient")
# Made for tests of every page alone, and slow.
SLOW = ("capacity", "calibrate", "posterior", "grid", "groups")
PAGES = [pytest.param(name, marks=pytest.mark.long) if name in SLOW else name for name in RUNS]


@pytest.mark.parametrize(
    "name", [name if name in SHORT else pytest.param(name, marks=pytest.mark.long) for name in RUNS]
)
def test_every_experiment_has_a_report_without_an_empty_part(runs, name):
    folder = runs(name)
    page = read_page(folder / "report.html")
    parts = [attributes["id"] for attributes in page.all("section")]
    expected = OF_TRIALS if name in ("validate", "calibrate") else OF_POLICIES
    assert parts == [part for part in expected.split() if part != "pictures" or name not in WITHOUT_PICTURES]
    assert page.unclosed == []
    assert all(len(rows) > 1 for rows in page.tables.values()), "a table without a row"
    assert "nan" not in re.findall(r"\w+", page.text)
    assert "None" not in re.findall(r"\w+", page.text)
    assert "not advice for an individual patient" in page.text
    words = page.text.partition("The question")[2]
    assert "?" in words
    assert "lrrc reproduce" in page.text


@pytest.mark.parametrize("name", PAGES)
def test_the_page_opens_offline_and_runs_nothing(runs, name):
    text = (runs(name) / "report.html").read_text("utf-8")
    page = read_page(runs(name) / "report.html")
    assert not re.search(r"(?i)https?:|//[a-z]|@import|url\(", re.sub(r"base64,[^\"]*", "", text))
    assert {tag for tag, _ in page.elements}.isdisjoint(
        {"script", "link", "iframe", "object", "form", "base"}
    )
    for tag, attributes in page.elements:
        assert not any(key.startswith("on") for key in attributes), tag
        for key in ("href", "src"):
            assert (attributes.get(key) or "#").startswith(("#", "data:image/png;base64,"))
    (policy,) = (a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")


@pytest.mark.parametrize("name", PAGES)
def test_the_page_reads_aloud_in_order(runs, name):
    page = read_page(runs(name) / "report.html")
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("title")) == len(page.all("main")) == len(page.all("h1")) == 1
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert all(words for _, words in page.headings)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for attributes in page.all("a"):
        assert attributes["href"].removeprefix("#") in ids
    for _, attributes in page.elements:
        assert attributes.get("aria-labelledby", ids[0]) in ids
        if attributes.get("role") == "region" or attributes.get("tabindex"):
            assert attributes["aria-label"]
    assert all(len(attributes["alt"]) > 20 for attributes in page.all("img"))
    assert all(attributes.get("scope") in ("col", "row") for attributes in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table")) == len(page.tables), "a caption appears twice"


def test_the_numbers_of_the_page_are_those_of_the_tables(runs):
    folder = runs("compare")
    page = read_page(folder / "report.html")
    outcomes, differences, averted = (
        read_whole(folder / f"{n}.csv") for n in ("outcomes", "differences", "averted")
    )

    def whole(table, outcome, years):
        rows = table[(table["outcome"] == outcome) & (table["horizon_years"].fillna(0) == years)]
        rows = rows[(rows[["mechanism", "compartment", "group"]] == "all").all(axis=1)]
        return rows.set_index("policy")

    def said(row, write=percent, value="estimate", low="ci_low", high="ci_high"):
        return f"{write(row[value])} ({interval(row[low], row[high], write)})"

    policies = ["tme_alone", "short_course+for_everyone"]
    for caption, columns in {
        "Local recurrence, of 200": [("local_recurrence", years) for years in (2, 5, 10)],
        "Metastasis and survival at 5": [
            (name, 5)
            for name in ("distant_metastasis", "overall_survival", "disease_free_survival", "cancer_death")
        ],
        "Operation and salvage": [
            (name, 0)
            for name in (
                "crm_involved",
                "leak",
                "operative_death",
                "curative_intent",
                "salvage_resection",
                "r0",
            )
        ],
    }.items():
        expected = [[said(whole(outcomes, *column).loc[policy]) for column in columns] for policy in policies]
        assert [row[1:] for row in page.table(caption)] == expected
    for caption, outcome, place in (
        ("same patients: local recurrence", "local_recurrence", 2),
        ("same patients: metastasis", "overall_survival", 2),
    ):
        (row,) = page.table(caption)
        change = whole(differences, outcome, 5).loc[policies[1]]
        assert row[place] == said(change, lambda share: signed(100 * share))
    of_all = averted[(averted["mechanism"] == "all") & (averted["compartment"] == "all")]
    net = of_all[of_all["horizon_years"] == 5].iloc[0]
    (row,) = page.table("Local recurrences averted")
    assert row[3] == said(net, signed, "net", "net_low", "net_high")
    (row,) = page.table("Net averted by mechanism")
    apart = [float(cell.replace("−", "-")) for cell in row[1:]]
    assert sum(apart) == pytest.approx(net["net"], abs=0.3)
    assert len(apart) == 5
    beside = read_whole(folder / "published.csv")
    assert [row[2] for row in page.table("Published figures")] == [percent(p) for p in beside["published"]]


def test_a_sweeps_numbers_are_those_of_its_tables(runs):
    folder = runs("grid")
    outcomes = read_whole(folder / "outcomes.csv")
    rows = outcomes[(outcomes["outcome"] == "local_recurrence") & (outcomes["horizon_years"] == 5)]
    rows = rows[(rows[["mechanism", "compartment", "group"]] == "all").all(axis=1)]
    expected = {
        (f"{row['surgery.leak_probability']:g}", row["policy"]): percent(row["estimate"])
        for _, row in rows.iterrows()
    }
    stated = read_page(folder / "report.html").table("Local recurrence at 5 years, %")
    found = {
        (leak, policy): cell.split(" ")[0]
        for leak, *cells in stated
        for policy, cell in zip(("tme_alone", "washout_always"), cells, strict=True)
    }
    assert found == expected
    assert ["surgery.leak_probability", "0.02, 0.3"] in [
        row[:2] for row in read_page(folder / "report.html").table("What this run varies")
    ]


def test_what_a_sweep_varies_is_not_described_as_if_it_were_one(runs):
    page = read_page(runs("groups") / "report.html")
    assert "Who they are is varied by the sweep" in page.text
    assert "mean age" not in page.text
    assert not any("The cohort" in caption or "differ from the shipped" in caption for caption in page.tables)
    assert "The sweep sets in every policy: rectal washout before the anastomosis." in page.text
    assert "before the anastomosis: usual" not in page.text
    assert [row[0] for row in page.table("The levers in which")] == ["Treatment before surgery"]


def test_policies_that_a_sweep_varies_are_those_of_its_tables(runs):
    page = read_page(runs("policies") / "report.html")
    assert page.headings[0][1] == "Sweep over policies: TME alone and washout never"
    assert "chemoradiotherapy" not in page.text.partition("The patients")[0]


def of_all_at_five_years(table):
    """Return the rows of uncertainty.csv of local recurrence in all patients, by policy."""
    rows = table[(table["outcome"] == "local_recurrence") & (table["horizon_years"] == 5)]
    return rows[
        (rows[["mechanism", "compartment", "group"]] == "all").all(axis=1) & rows["comparator"].isna()
    ]


def test_a_posterior_sweep_states_both_intervals_and_does_not_call_them_luck_alone(runs):
    folder = runs("posterior")
    page = read_page(folder / "report.html")
    table = read_whole(folder / "uncertainty.csv")
    rows = of_all_at_five_years(table)
    expected = [
        f"{percent(row['estimate'])} ({interval(row['uncertainty_low'], row['uncertainty_high'])}) "
        f"[{interval(row['ci_low'], row['ci_high'])}]"
        for _, row in rows.iterrows()
    ]
    assert [cell for _, cell in page.table("Local recurrence at 5 years, %")] == expected
    assert "intervals of the fitted parameters" in page.text
    assert "They do not include the uncertainty of the parameters" not in page.text
    assert "of simulated luck only" not in page.text


def test_a_comparison_states_which_intervals_are_of_luck_and_which_of_uncertain_numbers(tmp_path):
    folder = tmp_path / "run"
    words = ("patients=2000", "policies=[usual_care,tme_alone]", "pictures=false")
    assert main(["compare", *words, f"out={folder}"]) == 0
    assert main(["report", str(folder)]) == 0
    page = read_page(folder / "report.html")
    assert "They do not include the uncertainty of the parameters" in page.text
    assert "Intervals in round brackets are" not in page.text
    assert "over the members of a posterior sample" not in page.text
    table = read_whole(folder / "uncertainty.csv")
    rows = of_all_at_five_years(table)
    expected = [
        f"{percent(row['estimate'])} ({interval(row['uncertainty_low'], row['uncertainty_high'])})"
        for _, row in rows.iterrows()
    ]
    assert len(expected) == 2
    assert [cells[1] for cells in page.table("How sure this is at 5 years")] == expected


@pytest.mark.parametrize("name", [name for name in RUNS if name not in ("posterior", "patient", *SLOW)])
def test_where_intervals_are_of_luck_the_page_says_so(runs, name):
    assert "95 % intervals of simulated luck" in read_page(runs(name) / "report.html").text


def test_numbers_that_were_changed_are_listed_with_default_and_source(runs):
    page = read_page(runs("compare") / "report.html")
    changed = {row[0]: row[1:] for row in page.table("differ from the shipped defaults")}
    value, default, source, of_default = changed["surgery.leak_probability"]
    assert (value, source) == ("0.2", "set in this run")
    assert float(default) != 0.2
    assert "meta.leak.all" in of_default
    assert changed["cohort.female_share"][:3] == ["0.36", "0.37", "england_rt_use.male"]
    assert "cohort.age_sd_years" not in changed, "the Dutch trial leaves it as it is"
    cohort = {row[0]: row[1:] for row in page.table("The cohort, number by number")}
    assert cohort["Women"] == ["0.36", "england_rt_use.male"]
    assert "meta.leak.all: " in page.text.partition("References")[2]
    unchanged = read_page(runs("alone") / "report.html")
    assert not any("differ from the shipped" in caption for caption in unchanged.tables)


def test_the_validation_of_other_numbers_is_not_claimed(runs):
    assert "has not been compared with any study" in read_page(runs("compare") / "report.html").text
    assert "has not been compared with any study" not in read_page(runs("alone") / "report.html").text
    assert "Known misses" in " ".join(read_page(runs("alone") / "report.html").tables)
    assert not any(
        "Known misses" in caption for caption in read_page(runs("validate") / "report.html").tables
    )


def test_it_says_how_to_run_it_again(runs):
    manifest = json.loads((runs("compare") / "manifest.json").read_text("utf-8"))
    page = read_page(runs("compare") / "report.html")
    facts = dict(page.table("What the run was made with"))
    assert facts["SHA-256 of the code"] == manifest["code"]["sources_sha256"]
    assert facts["Seed"] == "1"
    assert manifest["command"] in page.text
    digests = {row[0]: row[2] for row in page.table("The run's tables")}
    assert digests == {name: table["sha256"] for name, table in manifest["tables"].items()}


@pytest.mark.parametrize(
    "name", ["alone", *(pytest.param(n, marks=pytest.mark.long) for n in RUNS if n != "alone")]
)
def test_the_commands_that_it_gives_do_what_they_say(runs, name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(runs(name), tmp_path / "FOLDER")
    text = (runs(name) / "report.html").read_text("utf-8").partition('id="reproduce"')[2]
    lines = [html.unescape(line) for line in re.findall(r"<code>(lrrc [^<]*)</code>", text)]
    assert [line.split()[1] for line in lines[:3]] == ["reproduce", "rerun", "diff"]
    for line in lines[:3]:
        assert main(shlex.split(line)[1:]) == 0, line
    out = capsys.readouterr().out
    assert "\nreproduced: FOLDER\n" in out and (tmp_path / "CHANGED/manifest.json").is_file()
    assert re.search(r"\n  (seed|patients): ", out)


def test_files_of_ones_own_are_named_where_they_are(copy):
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    manifest["inputs"]["policy/mine.yaml"] = "0" * 64
    manifest["code"] |= {"commit": "0123456789abcdef", "dirty": True}
    (copy / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert main(["report", str(copy)]) == 0
    text = read_page(copy / "report.html").text
    assert "which are in the folder inputs: policy/mine.yaml." in text
    assert "at the commit 0123456789ab, with the packages" in text
    assert "Files had been changed since that commit" in text


# Of tables, the sheets that hold them.
TITLES = {"outcomes": "results", "differences": "differences", "averted": "averted", "harmed": "harmed"}


def test_the_workbook_holds_the_tables_as_values(runs):
    folder = runs("compare")
    book = openpyxl.load_workbook(folder / "report.xlsx")
    names = ["inputs", "policies", "results", "differences", "averted", "harmed", "published",
             "changed_numbers", "known_misses", "sources", "notes"]  # fmt: skip
    assert book.sheetnames == names
    for name, title in TITLES.items():
        head, *rows = sheet(folder / "report.xlsx", title)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = read_whole(folder / f"{name}.csv")
        found = pd.DataFrame(rows, columns=head).astype(table.dtypes)
        pd.testing.assert_frame_equal(found, table, check_exact=False, rtol=1e-12)
    for page in book:
        assert page.freeze_panes == "A2"
        assert all(cell.font.bold for cell in page[1])
        assert not any(cell.data_type == "f" for row in page.iter_rows() for cell in row)
        assert all(page.column_dimensions[cell.column_letter].width >= 8 for cell in page[1])
    formats = {
        (row[1].value, cell.value): cell.number_format
        for row in book["results"].iter_rows(min_row=2)
        for cell in row[8:9]
        if isinstance(cell.value, float) and row[10].value == "proportion"
    }
    assert set(formats.values()) == {"0.0%"}


def test_the_inputs_of_the_workbook_are_those_of_the_run(runs):
    _, *rows = sheet(runs("compare") / "report.xlsx", "inputs")
    inputs = {key: rest for key, *rest in rows}
    assert inputs["surgery.leak_probability"] == [0.2, "probability", "set in this run"]
    assert inputs["patients"][0] == 200
    assert inputs["cohort.age_mean_years"] == [64.5, "years", "cao04_table.age_lar, assumption"]
    _, *levers = sheet(runs("compare") / "report.xlsx", "policies")
    (neoadjuvant,) = (row for row in levers if row[0] == "neoadjuvant")
    assert neoadjuvant[2:] == ["none", "short course"]


def test_every_source_of_the_page_is_in_the_bibliography(runs):
    folder = runs("compare")
    text = (folder / "report.bib").read_text("utf-8")
    keys = re.findall(r"^@\w+\{(\w+),$", text, re.M)
    assert len(keys) == len(set(keys)) > 10
    assert text.count("{") == text.count("}")
    _, *sources = sheet(folder / "report.xlsx", "sources")
    named = {name for name, *_ in sources}
    assert {"lrrc_sim", "wilson1927", "agresti2005", "meta.leak.all"} <= named
    for name in named:
        assert name.replace("_", "\\_") in text or name in keys


def test_a_queue_brings_its_methods(runs):
    assert "[fishman1978]" in read_page(runs("queues") / "report.html").text
    assert "[fishman1978]" not in read_page(runs("alone") / "report.html").text


def test_pictures_say_what_they_show(runs):
    folder = runs("compare")
    images = read_page(folder / "report.html").all("img")
    assert len(images) == len(list(folder.glob("*.png")))
    assert images[0]["alt"].startswith("Curves of local recurrence over the years")
    assert "local recurrence at 5 years" in images[0]["alt"]
    assert "n = 200 simulated patients" in images[0]["alt"]


# A folder that was received


def test_what_a_folder_says_is_only_text(copy):
    attack = "</title><script>alert(1)</script><img src=x onerror=alert(1)>"
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    manifest |= {"command": attack, "platform": attack, "choices": {"cohort": attack, "clinic": attack}}
    manifest["code"]["version"] = "\u202e0.1"
    manifest["tables"] = {attack: {"rows": attack, "sha256": [attack]}}
    (copy / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    config = (copy / "config.yaml").read_text("utf-8")
    config = config.replace("Total mesorectal excision alone", json.dumps(attack))
    config = config.replace("washout: usual", f"washout: {json.dumps(attack)}", 1)
    (copy / "config.yaml").write_text(config.replace("short_course+for_everyone", "<b>bold</b>"), "utf-8")
    for path in copy.glob("*.csv"):
        path.write_text(path.read_text("utf-8").replace("short_course+for_everyone", "<b>bold</b>"), "utf-8")
    assert main(["report", str(copy)]) == 0
    page = read_page(copy / "report.html")
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "b"})
    assert len(page.all("img")) == len(list(copy.glob("*.png")))
    assert attack in page.text
    assert "\u202e" not in page.text


@pytest.mark.parametrize(
    "word",
    [
        "=1+1",
        "@SUM(A1)",
        *(pytest.param(w, marks=pytest.mark.long) for w in ("+1+1", "-1+1", '=HYPERLINK("x")')),
    ],
)
def test_a_word_that_looks_like_a_formula_stays_a_word(copy, word):
    for name in ("outcomes", "differences", "averted"):
        path = copy / f"{name}.csv"
        table = pd.read_csv(path).replace("short_course+for_everyone", f"'{word}")
        table.to_csv(path, index=False)
    assert main(["report", str(copy)]) == 0
    book = openpyxl.load_workbook(copy / "report.xlsx")
    cells = [row[0] for row in book["results"].iter_rows(min_row=2) if row[0].value == word]
    assert len(cells) > 100
    assert {cell.data_type for cell in cells} == {"s"}


def damage(name):
    def change(folder, outside):
        path = folder / name
        path.unlink(missing_ok=True)
        return path

    return change


def _link(name):
    def change(folder, outside):
        shutil.move(folder / name, outside / name)
        (folder / name).symlink_to(outside / name)

    return change


def _bytes(name, content):
    return lambda folder, outside: (folder / name).write_bytes(content)


def _without(name, column):
    def change(folder, outside):
        pd.read_csv(folder / name).drop(columns=column).to_csv(folder / name, index=False)

    return change


REFUSED = {
    "no configuration": (damage("config.yaml"), "config.yaml: is not a file"),
    "a manifest elsewhere": (_link("manifest.json"), "manifest.json: is a link that leads out"),
    "a configuration elsewhere": (_link("config.yaml"), "config.yaml: is a link that leads out"),
    "a table elsewhere": (_link("outcomes.csv"), "outcomes.csv: is a link that leads out"),
    "a picture elsewhere": (_link("incidence.png"), "incidence.png: is a link that leads out"),
    "no manifest": (_bytes("manifest.json", b"[1]"), "manifest.json: cannot be read"),
    "a tag": (_bytes("config.yaml", b"policy: !!python/object/apply:os.system [ls]\n"), "tag"),
    "a bomb": (
        _bytes("config.yaml", b"a: &a [1,1,1,1,1,1,1,1,1,1]\n" + b"".join(
            b"%c: &%c [%s]\n" % (k + 1, k + 1, b",".join([b"*%c" % k] * 10)) for k in range(97, 103)
        )),
        "aliases expanded",
    ),
    "no YAML": (_bytes("config.yaml", b"a: [\xff"), "config.yaml: is not UTF-8"),
    "half a table": (_bytes("outcomes.csv", b'policy,outcome\na,"b'), "outcomes.csv: "),
    "a column less": (_without("outcomes.csv", "estimate"), "it has no column estimate"),
    "nothing in a table": (_bytes("differences.csv", b""), "differences.csv: cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_a_damaged_folder_is_refused_in_a_line_and_its_report_stays(copy, tmp_path, capsys, change, message):
    before = {name: (copy / name).read_bytes() for name in FILES}
    outside = tmp_path / "outside"
    outside.mkdir()
    change(copy, outside)
    held = sorted(path.name for path in copy.iterdir())
    capsys.readouterr()
    assert main(["report", str(copy)]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert {name: (copy / name).read_bytes() for name in FILES} == before
    assert sorted(path.name for path in copy.iterdir()) == held


def test_a_run_without_levers_or_tables_is_refused_or_reported_but_never_a_fault(copy, capsys):
    for content in (
        b"",
        b"policy: 3\ncohort: [1]\nsurgery: x\n",
        b"policy: {a: 1, b: {washout: [1]}}\npatients: {}\n",
    ):
        (copy / "config.yaml").write_bytes(content)
        assert main(["report", str(copy)]) in (0, 2)
    (copy / "manifest.json").write_text('{"code": 3, "choices": [], "tables": 1, "command": {}}', "utf-8")
    assert main(["report", str(copy)]) == 0
    for path in copy.glob("*.csv"):
        path.unlink()
    capsys.readouterr()
    assert main(["report", str(copy)]) == 2
    assert "holds no table that a run leaves" in capsys.readouterr().err


def test_what_is_no_picture_is_left_out(copy):
    whole = (copy / "incidence.png").read_bytes()
    (copy / "incidence.png").write_bytes(b"<svg onload=alert(1)>")
    (copy / "survival.png").write_bytes(whole[:-20])
    (copy / "flow.png").write_bytes(whole.replace(b"IDAT", b"IDAX", 1))
    assert main(["report", str(copy)]) == 0
    assert len(read_page(copy / "report.html").all("img")) == len(list(copy.glob("*.png"))) - 3


def test_a_link_in_the_place_of_the_report_is_replaced_not_followed(copy, tmp_path):
    elsewhere = tmp_path / "precious"
    elsewhere.write_text("mine", "utf-8")
    (copy / "report.html").unlink()
    (copy / "report.html").symlink_to(elsewhere)
    assert main(["report", str(copy)]) == 0
    assert elsewhere.read_text("utf-8") == "mine"
    assert not (copy / "report.html").is_symlink()


def test_a_report_is_there_in_full_or_as_it_was(copy, monkeypatch, capsys):
    before = {name: (copy / name).read_bytes() for name in FILES}
    held = sorted(path.name for path in copy.iterdir())

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(partial, "replace", full)
    capsys.readouterr()
    assert main(["report", str(copy)]) == 2
    assert "cannot be written: No space left" in capsys.readouterr().err
    assert {name: (copy / name).read_bytes() for name in FILES} == before
    assert sorted(path.name for path in copy.iterdir()) == held


@pytest.mark.parametrize("words", [["nowhere"], ["a", "b"], ["x=1", "y"]])
def test_what_names_no_run_is_refused(here, capsys, words):
    assert main(["report", *words]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_same_folder_gives_the_same_page(copy):
    first = reporting.files(copy)
    again = reporting.files(copy)
    assert first["report.html"] == again["report.html"] == (copy / "report.html").read_bytes() or (
        first["report.html"] == again["report.html"]  # the name of the folder is on the page
    )
    assert first["report.bib"] == again["report.bib"]
