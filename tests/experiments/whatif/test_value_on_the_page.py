"""Costs and QALYs on the page: numbers, words and order are the command's, by any country's prices."""

import json
import random
import re

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers.whatif import Opened
from test_same_numbers import TABLES, assert_the_command_gives_the_same

from analysis.economics.incremental import frontier
from analysis.words.economics import value_words
from conf import economics
from conf.composition import composing, options
from conf.economics import PERSPECTIVES, world_economics
from conf.schema import compose_run
from experiments.cli.command import main
from experiments.whatif.assembled import PAGE
from sim.patient import Cost

# Playwright's own, of its event loop, when it ends.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
VALUED = (*TABLES, "economics")
DOMINATES = {"costs less, gains more", "gains more, costs no more"}
DOMINATED = {"costs more, gains less", "gains less, costs no less"}


def shown_rows(opened):
    """Return the table of costs and QALYs: by the words of a row its cells, the estimates alone."""
    opened.view("compare")
    opened.press("picture value")
    rows = opened.page.eval_on_selector_all(
        ".value .table tbody tr:not(.unit)",
        """all => all.map((row) => [...row.children].map(
          (cell) => (cell.querySelector("b") ?? cell).textContent.trim()))""",
    )
    return {heading: cells for heading, *cells in rows}


def amount(text):
    return float(re.sub(r"[A-Z€£,+ ]", "", text).replace("−", "-"))


def assert_shown(opened, run, sign, comparator=0):
    """Compare every figure of the table and the order with economics.csv of a run."""
    table = pd.read_csv(run / "economics.csv")
    policies = list(dict.fromkeys(table["policy"]))
    terms = yaml.safe_load((run / "config.yaml").read_text("utf-8"))["economics"]
    thresholds = terms["thresholds_per_qaly"]
    threshold, total = thresholds[len(thresholds) // 2], f"costs_{terms['perspective']}"
    rows = shown_rows(opened)
    alone = table[table["comparator"].isna()].set_index(["policy", "quantity"])["estimate"]
    beside = table[table["comparator"].notna()].set_index(["policy", "quantity"])
    for p, policy in enumerate(policies):
        assert amount(rows["Costs"][p]) == pytest.approx(alone[policy, total], abs=0.51)
        assert amount(rows["QALYs"][p]) == pytest.approx(alone[policy, "qalys"], abs=0.0051)
        assert amount(rows["Life years"][p]) == pytest.approx(alone[policy, "life_years"], abs=0.0051)
        if p == comparator:
            continue
        costs, qalys = beside.loc[(policy, total)], beside.loc[(policy, "qalys")]
        assert amount(rows["Costs more"][p]) == pytest.approx(costs["estimate"], abs=0.51)
        assert amount(rows["QALYs gained"][p]) == pytest.approx(qalys["estimate"], abs=0.00051)
        net = threshold * qalys["estimate"] - costs["estimate"]
        (heading,) = [name for name in rows if name.startswith("Net benefit at")]
        assert amount(heading.removeprefix("Net benefit at ").removesuffix(" per QALY")) == threshold
        assert amount(rows[heading][p]) == pytest.approx(net, abs=0.51)
        assert_same_ratio(rows[f"{sign} per QALY gained"][p], value_words(costs, qalys))
        said = opened.page.inner_text(f"[data-bought='{p}']").replace("\u2060", "")
        assert what_is_bought(costs, qalys) in said, policy
        unsure = "this many patients cannot say" in said
        assert unsure or ("it is worth it" if net > 0 else "it is not worth it") in said, policy
    if len(policies) < 3:
        return
    order, status, _ = frontier(*(alone[:, name].loc[policies].to_numpy() for name in (total, "qalys")))
    lines = opened.page.locator(".value .order li").all_inner_texts()
    assert [line.split()[0] for line in lines] == ["ABCD"[k] for k in order]
    for k, line in zip(order, lines, strict=True):
        assert ("dominated" in line) == (status[k] != "on the frontier")
        assert ("extendedly" in line) == (status[k] == "extendedly dominated")


def what_is_bought(costs, qalys):
    """Return what must be in the sentence on a policy, from its differences with their intervals."""
    spends, gains = costs["estimate"] > 0, qalys["estimate"] > 0
    if holds_zero(qalys):
        if holds_zero(costs):
            return "neither costs nor QALYs differ beyond simulated luck"
        return "more, for no difference in QALYs" if spends else "less, with no difference in QALYs"
    if holds_zero(costs):
        return f"{'gain' if gains else 'lose'} {per_1000(qalys)} QALYs, and their costs do not differ"
    if spends != gains:
        return "It costs less and gains more" if gains else "It costs more and gains less"
    patients = 1e6 / abs(costs["estimate"])
    of_million = rounded(patients * abs(qalys["estimate"]))
    if gains:
        return f"1 million buys {of_million} QALYs, in {patients:,.0f} patients."
    return f"1 million is saved in {patients:,.0f} patients, who lose {of_million} QALYs."


def holds_zero(row):
    return not (row["ci_low"] > 0 or row["ci_high"] < 0)


def per_1000(row):
    return rounded(1000 * abs(row["estimate"]))


def rounded(number):
    return f"{number:,.0f}" if number >= 9.95 else f"{number:.1f}"


def assert_same_ratio(shown, command):
    """The page says what dominance is; a number is the command's."""
    if command == "dominates":
        assert shown in DOMINATES
    elif command == "dominated":
        assert shown in DOMINATED
    elif command == "–":
        assert shown == "–, QALYs may be luck"
    else:
        number = command.partition(" saved")[0]
        assert amount(shown.partition(" saved")[0]) == pytest.approx(float(number.replace(",", "")), abs=0.51)
        assert ("saved per QALY lost" in shown) == command.endswith("lost")


def choose(opened, key, setting):
    with opened.simulating():
        opened.page.select_option(f"[data-key='{key}']", setting)


def test_costs_and_qalys_of_moved_levers_are_those_of_the_command(opened, tmp_path):
    page = opened.page
    choose(opened, "economics", "dutch")
    assert page.get_attribute("[data-key='picture value']", "aria-selected") == "true"
    choose(opened, "policy 3", "chemoradiotherapy")
    choose(opened, "washout 1", "always")
    with opened.simulating():
        page.check("[data-key='comparator 1']")
    page.select_option("[data-key='perspective']", "health_care")
    threshold = page.locator("[data-key='threshold']")
    threshold.evaluate("(one) => { one.value = 40000; one.dispatchEvent(new Event('input')); }")
    # While it is dragged the words and the line follow, and the slider stays.
    assert "At €40,000 per QALY" in page.inner_text(".value .best")
    assert threshold.evaluate("(one) => one.isConnected && one.valueAsNumber") == 40000
    threshold.evaluate("(one) => { one.value = 30000; one.dispatchEvent(new Event('input')); }")
    threshold.dispatch_event("change")
    page.click(".all-numbers summary")
    page.locator("[data-key='search']").fill("costs discount")
    with opened.simulating():
        page.locator("[data-key='number economics.costs_discount_rate_per_year']").fill("0.05")
        page.locator("[data-key='number economics.costs_discount_rate_per_year']").press("Enter")
    assert opened.state()["economics"] == {
        "file": "dutch",
        "perspective": "health_care",
        "threshold_per_qaly": 30000,
    }
    run = assert_the_command_gives_the_same(opened, tmp_path, VALUED)
    assert_shown(opened, run, "€", comparator=1)
    assert "discounted at 5 %" in page.inner_text("#says")


@pytest.mark.long
def test_where_patients_queue_costs_and_qalys_are_those_of_the_command(opened, tmp_path):
    choose(opened, "clinic", "expert_centre")
    choose(opened, "economics", "english")
    run = assert_the_command_gives_the_same(opened, tmp_path, (*VALUED, "waits"))
    assert_shown(opened, run, "£")
    # Nothing of society has a price: there is nothing to choose.
    assert not opened.page.locator("[data-key='perspective']").count()


@pytest.mark.long
def test_few_patients_cannot_say_what_the_money_buys(opened, open_page, tmp_path):
    names = ("usual_care", "usual_care+lateral_before_7mm", "tme_alone")
    state = {
        **opened.state(),
        "patients": 200,
        "policies": [{"policy": name, "levers": {}} for name in names],
        "economics": {"file": "english"},
    }
    few = open_page(link=f"#{json.dumps(state)}").done()
    assert few.page.get_attribute("[data-key='picture value']", "aria-selected") == "true"
    run = assert_the_command_gives_the_same(few, tmp_path, VALUED)
    assert_shown(few, run, "£")
    said = few.page.inner_text(".value")
    assert "beyond simulated luck" in said and "cannot say" in said and "QALYs may be luck" in said
    assert "simulated luck alone could put" in said


@pytest.fixture(scope="module")
def own_page(tmp_path_factory):
    """The page of a country of one's own, with a perspective, a threshold and a price of the command line."""
    folder = tmp_path_factory.mktemp("own")
    with composing():
        resolved = compose_run("economics=dutch").economics.resolved()
    mine = resolved | {"currency": "PLN", "horizon_years": 20.0, "travel_price": 3.0}
    (folder / "mine" / "economics").mkdir(parents=True)
    (folder / "mine" / "economics" / "poland.yaml").write_text(yaml.safe_dump(mine), "utf-8")
    words = ["economics=poland", "economics.perspective=health_care", "economics.visit_price=77"]
    words += ["economics.thresholds_per_qaly=[1000,90000]", "policies=[tme_alone,short_course]"]
    own = ["--config-dir", str(folder / "mine"), "patients=1000", "open=false"]
    assert main(["whatif", *own, *words, f"out={folder / 'page.html'}"]) == 0
    return folder / "page.html"


@pytest.mark.long
def test_a_country_of_one_s_own_is_on_the_page_with_what_the_command_line_says(browser, own_page, tmp_path):
    opened = Opened(browser, own_page).done()
    state = opened.state()
    assert state["economics"] == {
        "file": "poland",
        "perspective": "health_care",
        "threshold_per_qaly": 90000,
    }
    assert state["numbers"] == {"economics.visit_price": 77}
    run = assert_the_command_gives_the_same(opened, tmp_path, VALUED)
    assert_shown(opened, run, "PLN")
    opened.view("takeaway")
    (tmp_path / "mine" / "scenario").mkdir(parents=True)
    opened.saved("save scenario/what_if.yaml", tmp_path / "mine" / "scenario" / "what_if.yaml")
    folders = ["--config-dir", str(tmp_path / "mine")]
    (tmp_path / "mine" / "economics").symlink_to(own_page.parent / "mine" / "economics")
    words = ["scenario=what_if", "pictures=false", f"out={tmp_path / 'again'}"]
    assert main(["compare", *folders, *words]) == 0
    both = [pd.read_csv(tmp_path / name / "economics.csv") for name in ("run", "again")]
    pd.testing.assert_frame_equal(*both)
    opened.view("compare")
    says = opened.page.inner_text("#says")
    assert "over 20 years" in says and "not a lifetime" in says and "PLN of 2023" in says
    # Another country's prices are as its file has them.
    choose(opened, "economics", "dutch")
    assert opened.state()["economics"] == {"file": "dutch"} and opened.state()["numbers"] == {}
    choose(opened, "economics", "none")
    assert not opened.page.locator("[data-value]").count()
    assert "are not counted now" in opened.page.inner_text(".value")
    # Both the same: nothing is bought, and nothing dominates.
    choose(opened, "economics", "dutch")
    choose(opened, "policy 1", "tme_alone")
    assert "neither costs nor QALYs differ" in opened.page.inner_text("[data-bought='1']")
    assert opened.wrong == []
    opened.close()


def test_prices_perspective_and_threshold_come_back_from_a_link(opened, open_page):
    choose(opened, "economics", "dutch")
    opened.press("threshold 20000")
    state = opened.state()
    assert state["economics"] == {"file": "dutch", "threshold_per_qaly": 20000}
    linked = open_page(link=f"#{json.dumps(state)}").done()
    linked.press("picture value")
    assert linked.state() == state
    assert "At €20,000 per QALY" in linked.page.inner_text(".value .best")
    # A link from before costs were counted still opens.
    older = open_page(link=f"#{json.dumps({k: v for k, v in state.items() if k != 'economics'})}").done()
    assert older.state() == {**state, "economics": {"file": "none"}}


REFUSED = (
    ({"economics": {"file": "dutsch"}}, "must be one of"),
    ({"economics": {}}, "economics.file: missing"),
    ({"economics": {"file": "dutch", "threshold_per_qaly": -1}}, "from 0 to"),
    ({"economics": {"file": "dutch", "perspective": "mine"}}, "must be one of"),
    ({"numbers": {"economics.visit_price": 3}}, "costs are not counted"),
    ({"economics": {"file": "dutch"}, "numbers": {"economics.visit_prise": 3}}, "there is no such key"),
)


def test_junk_about_costs_is_refused_kindly(opened):
    state = opened.state()
    for junk, reason in REFUSED:
        opened.page.evaluate("(text) => { location.hash = text; }", json.dumps({**state, **junk}))
        opened.page.wait_for_selector(f"#notice:has-text('{reason}')")
        assert reason in opened.page.inner_text("#notice")


def test_the_plane_is_a_picture_with_words_a_table_and_files(opened, tmp_path):
    choose(opened, "economics", "dutch")
    svg = opened.saved("svg", tmp_path / "a.svg").read_text("utf-8")
    assert "€50,000 per QALY" in svg and "Cost-effectiveness plane" in svg and "usual care" in svg
    assert opened.saved("png", tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(opened.saved("csv", tmp_path / "a.csv"))
    assert len(table) == len(opened.page.evaluate(CONTENT)["value"]["quantities"])


CONTENT = "JSON.parse(document.getElementById('content').textContent)"


def test_one_policy_has_costs_and_nothing_to_compare_them_with(opened):
    choose(opened, "economics", "dutch")
    for _ in range(3):
        with opened.simulating():
            opened.press("remove 1")
    assert "nothing to compare it with" in opened.page.inner_text(".value")
    assert set(shown_rows(opened)) == {"Costs", "Life years", "Life years, discounted", "QALYs"}


def function_of_the_script(page, name, call):
    """Return what a function of the page's script comes to, read from its file."""
    text = (PAGE / name).read_text("utf-8")
    return page.evaluate(f"{ALONE}\n{text}\n{call}")


ALONE = "const content = JSON.parse(document.getElementById('content').textContent);"


def test_dominance_is_that_of_the_command_s_frontier(shown):
    """Of random policies, with ties; ``frontier`` is compared with another package's elsewhere."""
    draw = random.Random(3)
    cases = [
        [[draw.choice((draw.gauss(0, 1), draw.randint(0, 3))) for _ in range(k)] for _ in range(2)]
        for k in (1, 2, 3, 4, 4, 4) * 40
    ]
    call = f"({json.dumps(cases)}).map(([costs, qalys]) => frontierOf(costs, qalys))"
    names = {"frontier": "on the frontier", "extended": "extendedly dominated", "dominated": "dominated"}
    seen = set()
    answers = function_of_the_script(shown.page, "value.js", call)
    for (costs, qalys), found in zip(cases, answers, strict=True):
        order, status, by = frontier(np.array(costs, float), np.array(qalys, float))
        assert (found["order"], [names[one] for one in found["status"]], found["by"]) == (order, status, by)
        seen |= {*status}
    assert seen == {*names.values()}


def test_a_file_s_numbers_become_those_of_a_patient_s_world_as_in_the_command(shown):
    """Whatever the numbers: random ones, for every shipped file and for none."""
    draw = random.Random(5)
    with composing():
        files = {name: compose_run(f"economics={name}").economics for name in options("economics")}
    content = shown.page.evaluate(CONTENT)
    assert set(content["economics"]) == set(files)
    for name, file in files.items():
        assert content["economics"][name]["numbers"] == (
            file.numbers if file else economics.zeros(economics.reference())
        )
    some = files["dutch"]
    numbers = {
        key: [draw.random() for _ in value] if isinstance(value, list) else draw.random()
        for key, value in some.numbers.items()
    }
    changed = economics.Economics(**{**vars(some), "numbers": numbers})
    for counted, of in ((1, changed), (0, None)):
        given = json.dumps(of.numbers if of else economics.zeros(economics.reference()))
        found = function_of_the_script(shown.page, "model.js", f"worldEconomics({counted}, {given})")
        for key, value in world_economics(of).items():
            np.testing.assert_allclose(found[key], value, rtol=1e-15, err_msg=key)


def test_what_is_counted_follows_from_the_code(shown):
    content = shown.page.evaluate(CONTENT)
    changeable = {key.partition("[")[0] for key in (*content["keys"], *content["lists"])}
    every = {f"economics.{key}" for key in economics.reference()}
    assert {key for key in changeable if key.startswith("economics.")} == every
    value = content["value"]
    assert set(value["totals"]) == set(PERSPECTIVES)
    assert value["totals"]["societal"] == [int(cost) for cost in Cost]
    assert set(value["words"]) == set(value["quantities"])


def test_a_wrong_file_is_refused_with_the_nearest_name(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["whatif", "economics=dtuch"]) == 2
    said = capsys.readouterr().err
    assert "economics=dtuch" in said and "did you mean dutch?" in said and said.count("\n") == 1
    assert main(["whatif", "economics.visit_price=1"]) == 2
    assert list(tmp_path.iterdir()) == []
