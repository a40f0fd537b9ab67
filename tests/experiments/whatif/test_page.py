"""The page in Chromium, opened from disk: every control, what is kept, what comes back."""

import json
import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest

from conf.composition import composing
from conf.lesson import read_lesson
from conf.policies import LEVERS
from experiments.cli.command import main
from experiments.simulating.measured import Measured
from sim.counting.outcomes import UNITS, binary_keys

# Playwright's own, of its event loop, when it ends.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
PICTURES = ("incidence_by_mechanism", "survival", "averted_and_harmed", "pelvis", "flow", "icon_array")


def test_it_opens_with_the_comparison_of_the_command_in_words(opened):
    words = opened.page.inner_text("#headline")
    assert "TME alone" in words and "more have a local recurrence" in words
    assert "With the uncertainty of the parameters" in words
    assert "3,000 patients a policy" in opened.page.inner_text("#status")


def test_every_lever_and_every_outcome_of_the_model_is_there(opened):
    opened.press("more levers")
    rows = opened.page.locator("tbody.levers tr:not(.more)")
    assert rows.count() == len(LEVERS)
    assert set(
        opened.page.eval_on_selector_all("[data-lever]", "all => all.map((one) => one.dataset.lever)")
    ) == set(LEVERS)
    opened.press("picture outcomes")
    every = [key for key in binary_keys((1, 5)) if key.horizon_years in (0, 5)]
    assert opened.page.locator(".outcomes tbody tr").count() == len(every) + len(UNITS)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_has_words_a_table_and_files(opened, tmp_path, name):
    opened.press(f"picture {name}")
    assert len(opened.page.inner_text("#says")) > 40
    opened.page.click("#data summary")
    assert opened.page.locator("#datatable tbody tr").count() > 1
    svg = ElementTree.fromstring(opened.saved("svg", tmp_path / "a.svg").read_bytes())
    assert svg.tag.endswith("svg") and len(list(svg.iter())) > 20
    assert "usual care" in "".join(svg.itertext())
    assert opened.saved("png", tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert len(pd.read_csv(opened.saved("csv", tmp_path / "a.csv"))) > 1


def test_while_a_slider_is_dragged_the_last_value_is_the_one_that_is_shown(opened):
    slider = opened.page.locator("[data-key='lateral_threshold_mm 2']")
    before = opened.page.inner_text("#results")
    with opened.simulating():
        slider.evaluate(
            """(one) => { for (const value of [6.5, 6, 5.5, 5, 4.5, 4]) { one.value = value; one.dispatchEvent(new Event("input")); } }"""
        )
    assert opened.state()["policies"][2]["levers"] == {"lateral_threshold_mm": 4}
    assert opened.page.inner_text("#results") != before


def test_policies_are_added_taken_away_and_compared_with_another(opened):
    for left in (3, 2, 1):
        with opened.simulating():
            opened.press("remove 1")
        assert len(opened.state()["policies"]) == left
    assert "add a policy" in opened.page.inner_text("#headline").lower()
    for name in ("averted_and_harmed", "pelvis", "outcomes", "incidence_by_mechanism"):
        opened.press(f"picture {name}")
    with opened.simulating():
        opened.press("add")
    with opened.simulating():
        opened.page.select_option("[data-key='policy 1']", "short_course")
    with opened.simulating():
        opened.page.check("[data-key='comparator 1']")
    assert opened.state()["comparator"] == 1
    assert "beside B, short course" in opened.page.inner_text("#headline")


def test_a_policy_that_the_command_would_refuse_is_refused_with_its_reason(opened):
    opened.press("more levers")
    opened.page.check("[data-key='contact_boost 1']")
    assert "contact boost=true needs radiotherapy before surgery" in opened.page.inner_text("#refused")
    with opened.simulating():
        opened.page.select_option("[data-key='neoadjuvant 1']", "chemoradiotherapy")
    assert opened.page.inner_text("#refused") == ""


def test_a_state_comes_back_from_a_file_and_from_a_link(opened, open_page, tmp_path):
    with opened.simulating():
        opened.page.select_option("[data-key='washout 1']", "always")
    shown = opened.page.inner_text("#results")
    state = opened.state()
    opened.view("takeaway")
    kept = opened.saved("save state", tmp_path / "state.json")
    assert json.loads(kept.read_text()) == state
    with opened.simulating():
        opened.press("start again")
    assert opened.page.inner_text("#results") != shown
    opened.view("takeaway")
    with opened.simulating():
        opened.page.set_input_files("[data-key='open file']", kept)
    assert opened.state() == state and opened.page.inner_text("#results") == shown
    linked = open_page(link=f"#{json.dumps(state)}").done()
    assert linked.state() == state and linked.page.inner_text("#results") == shown


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("#junk", "holds no state"),
        ("#%E0%A4%A", "holds no state"),
        ('#{"version":1}', "missing"),
        ("policies.0.levers.washout=often", "must be one of"),
        ("policies.0.levers.wash=often", "there is no such key"),
        ("numbers.surgery.leak_probability=2", "from 0 to 1"),
        ("comparator=3", "place of one of the policies"),
        ("patients=1e12", "from 100 to"),
    ],
)  # fmt: skip
def test_junk_is_refused_kindly(open_page, link, reason):
    opened = open_page()
    if not link.startswith("#"):
        state = opened.done().state()
        key, _, value = link.partition("=")
        if key.startswith("numbers."):
            state["numbers"][key.removeprefix("numbers.")] = float(value)
        elif key.startswith("policies"):
            state["policies"][0]["levers"][key.rpartition(".")[2]] = value
        else:
            state[key] = float(value)
            state["policies"] = state["policies"][:2]
        link = f"#{json.dumps(state)}"
    refused = open_page(link=link).done()
    assert reason in refused.page.inner_text("#notice")
    assert "TME alone" in refused.page.inner_text("#headline")


def test_the_course_of_a_patient_is_that_of_the_command(opened, tmp_path):
    opened.view("patient")
    opened.page.fill("[data-key='patient']", "17")
    opened.page.press("[data-key='patient']", "Enter")
    opened.page.wait_for_selector("h2:has-text('Patient 17')")
    shown = opened.page.eval_on_selector_all(
        ".course",
        "all => all.map((one) => [...one.querySelectorAll('ol > li > b')].map((b) => b.textContent))",
    )
    assert main(["patient", "number=17", f"out={tmp_path / 'one'}"]) == 0
    journal = pd.read_csv(tmp_path / "one" / "journal.csv")
    events = journal[(journal["event_type"] == "queue") & ~journal["event"].str.startswith("waiting")]
    for (_, mine), theirs in zip(events.groupby("policy", sort=False), shown, strict=True):
        assert len(mine) == len(theirs)
    assert "%" in opened.page.inner_text("#life table")


def test_terms_explain_themselves_on_hover_and_on_focus(opened):
    tip = opened.page.locator("#term")
    opened.page.hover("th[data-term='local_failure']")
    assert "left to grow" in tip.inner_text()
    opened.page.focus("th[data-term-words]")
    assert tip.is_visible()
    opened.page.keyboard.press("Escape")
    assert not tip.is_visible()


def test_the_keyboard_reaches_the_views_and_the_pictures(opened):
    opened.page.focus("[data-view=compare]")
    opened.page.keyboard.press("ArrowRight")
    assert opened.page.is_visible("#patient")
    opened.page.keyboard.press("ArrowLeft")
    opened.page.focus("[data-key='picture incidence_by_mechanism']")
    opened.page.keyboard.press("ArrowRight")
    assert opened.page.get_attribute("[data-key='picture survival']", "aria-selected") == "true"


def test_a_lesson_reveals_after_the_prediction_what_the_command_measures(opened, tmp_path):
    with composing():
        lesson = read_lesson("leak")
        values = Measured(lesson).values()
    opened.view("lessons")
    opened.press("lesson leak")
    assert opened.page.is_disabled("[data-key='commit']")
    assert not opened.page.locator(".verdict").count()
    opened.page.check("[data-key='option 0']")
    opened.page.fill("[data-key='who']", "Group 1")
    opened.press("commit")
    opened.page.wait_for_selector(".verdict", timeout=120_000)
    right = lesson.prediction.options.index(lesson.right(values))
    assert opened.page.get_attribute(".verdict", "data-lesson-right") == str(right)
    from analysis.pages.lesson import filled

    for paragraph in lesson.explanation:
        assert " ".join(filled(paragraph, lesson, values).split()) in opened.page.inner_text("#revealed")
    opened.press("all lessons")
    kept = opened.saved("save predictions", tmp_path / "one.json")
    assert json.loads(kept.read_text())["predictions"][0]["who"] == "Group 1"
    opened.page.set_input_files("[data-key='gather']", [kept, kept])
    assert "2 predictions" in opened.page.inner_text("[data-class=leak]")


def test_it_prints(opened):
    assert opened.page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
@pytest.mark.parametrize("width", [1366, pytest.param(390, marks=pytest.mark.long)])
def test_axe_finds_nothing_wrong(open_page, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    opened = open_page(width=width, scheme=scheme).done()
    for view in ("compare", "lessons", "patient", "takeaway", "about"):
        opened.view(view)
        if view == "patient":
            opened.page.wait_for_selector("#life table")
        found = Axe().run(opened.page)
        wrong = [(one["id"], one["nodes"][0]["html"][:200]) for one in found.response["violations"]]
        assert wrong == [], view
        room, page = opened.page.evaluate("[innerWidth, document.documentElement.scrollWidth]")
        assert page <= room, view
