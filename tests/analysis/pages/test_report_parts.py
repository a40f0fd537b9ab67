"""What a report is made of: its words, its pictures, its look, and what it repeats from the documents."""

import re
import struct
import zlib
from pathlib import Path

import pytest

from analysis.pages.png import SIGNATURE, read_png
from analysis.pages.references import bibtex, references
from analysis.pages.report import TEMPLATE, printable, together
from analysis.pages.validated import SHIPPED, as_csv, endpoints_of, far_off, validated
from analysis.pages.workbook import unit
from analysis.pictures import look
from analysis.pictures.catalogue import PICTURES
from analysis.words.limits import LEFT_OUT
from analysis.words.report import PICTURES as PICTURE_WORDS
from analysis.words.report import difference_words, lever_words, picture_words, question
from conf.composition import composing
from conf.policies import LEVERS, read_policy
from conf.stated_sources import comments, evidence, ids_in, shipped_disease, shipped_file

ROOT = Path(__file__).resolve().parents[3]


def test_the_limits_are_those_of_the_page_on_the_model():
    page = (ROOT / "docs/model.md").read_text("utf-8").partition("## What it leaves out, and why")[2]
    rows = re.findall(r"^\| (.*) \| (.*) \|$", page, re.M)
    assert tuple(rows[1:]) == LEFT_OUT
    assert rows[0][0] == "left out"


def test_the_shipped_endpoints_are_those_of_the_page_on_validation():
    page = (ROOT / "docs/validation.md").read_text("utf-8")
    assert SHIPPED.read_text("utf-8") == as_csv(endpoints_of(page))
    found = {
        of: [one for one in validated() if one.set == of and one.judged]
        for of in ("calibration", "validation")
    }
    for of, ends in found.items():
        inside, count = re.search(rf"(\d+) of (\d+) {of} endpoints", page).groups()
        assert (sum(one.verdict == "inside" for one in ends), len(ends)) == (int(inside), int(count))
    assert {one.evidence for one in validated()} <= set(evidence())
    assert max(map(far_off, validated())) > 3


def test_every_picture_of_a_run_has_words_of_its_own():
    assert {picture.__name__ for picture in PICTURES} <= set(PICTURE_WORDS)
    assert picture_words("overall_survival_heat_map").startswith("Squares")
    assert picture_words("something_new") == "Picture of this run: something new"


def test_the_question_follows_from_what_differs():
    asked = question("compare", ["tme_alone", "short_course", "washout_always"], "tme_alone", [], [])
    assert asked.endswith("under short course or washout always, compared with TME alone?")
    assert question("compare", ["tme_alone"], "tme_alone", [], []) == "What are the outcomes under TME alone?"
    swept = question("sweep", ["tme_alone"], None, ["leak probability"], [])
    assert swept == "How do the outcomes depend on leak probability under TME alone?"
    assert "wait for MRI, endoscopy, meeting" in question(
        "capacity", ["tme_alone"], None, [], ["the clinic regional"]
    )


def test_levers_in_words_name_what_differs_and_nothing_else():
    with composing():
        base, other = (read_policy(name).levers() for name in ("tme_alone", "short_course+washout_always"))
    words = difference_words(other, base)
    assert words == (
        "treatment before surgery: short course instead of none; "
        "rectal washout before the anastomosis: always instead of usual"
    )
    assert difference_words(base, base) == "the same levers"
    assert len({lever_words(name) for name in LEVERS}) == len(LEVERS)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("surgery.leak_probability", "probability"),
        ("cohort.age_mean_years", "years"),
        ("cohort.metastasis_odds_ratio", "odds ratio"),
        ("cohort.ct_shares", "proportions"),
        ("cohort.unfit_log_odds_per_year", "log odds"),
        ("clinic.linac_count", "count"),
        ("clinic.arrivals_per_year", "per year"),
        ("seed", ""),
    ],
)
def test_a_numbers_unit_is_read_from_its_name(key, expected):
    assert unit(key) == expected


def test_sources_are_read_from_the_shipped_files():
    assert ids_in("larctus.low: the definition; assumption, and no such.id") == ["larctus.low", "assumption"]
    assert "meta.leak.all" in ids_in(comments("parameters/surgery")["leak_probability"])
    numbers, said = shipped_file("cohort", "dutch_tme")
    assert numbers["age_sd_years"] == shipped_file("cohort", "dutch_contemporary")[0]["age_sd_years"]
    assert "cao04_table.age_lar" in said["age_mean_years"]
    by_hand, fitted = shipped_disease("default"), shipped_disease()
    assert by_hand.keys() == fitted.keys()
    assert by_hand["surgery"] != fitted["surgery"]


def test_a_publication_is_referred_to_once_with_all_that_is_read_from_it():
    ids = [
        "dutch_tme.rt_tme.lr.2y",
        "dutch_tme.tme_alone.lr.2y",
        "kusters2009.nl_tme.any.lr.5y",
        "no.such.id",
    ]
    entries = references(ids, ["wilson1927"], "1.2.3")
    assert len(entries) == 2 + 2
    assert set(entries[2].figures) == set(ids[:2])
    text = bibtex(entries)
    assert text.count("@") == len(entries)
    assert "version 1.2.3" in text


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*more, size=(2, 1)):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\0\0\0"))
    return SIGNATURE + head + b"".join(more) + data + chunk(b"IEND", b"")


def test_a_picture_keeps_what_draws_it_and_nothing_else():
    text = chunk(b"tEXt", b"Title\0A title") + chunk(b"iTXt", "Description\0\0\0\0\0A – note".encode())
    other = chunk(b"tEXt", b"Comment\0secret") + chunk(b"eXIf", b"secret")
    drawn = read_png("x", png(text, other) + b"secret")
    assert (drawn.title, drawn.note, drawn.width, drawn.height) == ("A title", "A – note", 2, 1)
    assert drawn.png == png()


@pytest.mark.parametrize(
    "content",
    [b"", SIGNATURE, png()[:-1], png().replace(b"IDAT", b"IDAX"), png(size=(0, 1)), png(size=(10**9, 1)),
     b"GIF89a", SIGNATURE + struct.pack(">I", 2**32 - 1) + b"IDAT" + b"0" * 40],
)  # fmt: skip
def test_what_is_no_sound_picture_is_none(content):
    assert read_png("x", content) is None


def test_what_is_written_above_a_picture_is_in_its_file(tmp_path):
    drawn = look.message("A claim − true", "What it rests on – and how")
    path, svg = look.save(drawn, tmp_path, "x")
    picture = read_png("x", path.read_bytes())
    assert (picture.title, picture.note) == ("A claim − true", "What it rests on – and how")
    assert "<title>A claim − true</title>" in svg.read_text("utf-8")


def test_an_interval_stays_on_one_line_and_steering_letters_go():
    assert together("1.0 (0.5 to 2.0)") == "1.0 (0.5\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}2.0)"
    assert together("[0.1, 0.2] a (long sentence that goes on to the end of it)").isprintable()
    assert printable("a\u202eb\x00c") == "a b c"


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    high, low = sorted(map(luminance, (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_letter_stands_out_from_its_ground():
    style = TEMPLATE.read_text("utf-8")
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", style))
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    for letters in ("ink", "grey", "link"):
        for ground in ("paper", "tint", "warn"):
            assert contrast(colours[letters], colours[ground]) >= 4.5, (letters, ground)
    assert contrast(colours["link"], colours["paper"]) >= 3, "the ring around what has the focus"
    used = set(re.findall(r"(?<!-)\bcolor: ([^;}]+)", style))
    assert used <= {"var(--ink)", "var(--grey)", "var(--link)", "inherit"}


def test_the_page_is_made_for_paper_and_for_a_phone():
    style = TEMPLATE.read_text("utf-8")
    assert "@page { size: A4" in style
    assert "@media print" in style
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in style
    assert "overflow-x: auto" in style
    assert ":focus-visible" in style
