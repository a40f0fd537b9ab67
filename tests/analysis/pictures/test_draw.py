"""``lrrc draw``: the pictures of a folder again, what does not fit said, and nothing half done."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.every_run import RUNS
from PIL import Image

from analysis.pictures.catalogue import PICTURES, READ_COLUMNS
from experiments.cli.command import main
from experiments.draw import read
from experiments.pages.gallery import FOLDER, WIDTH, shrink
from experiments.results.crate import CRATE

ROOT = FOLDER.parent.parent


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a small run."""
    folder = tmp_path_factory.mktemp("drawn") / "run"
    words = ["compare", "patients=200", "policies=[tme_alone,chemoradiotherapy]", "rows=true"]
    assert main([*words, f"out={folder}"]) == 0
    return folder


@pytest.fixture
def run(made, tmp_path):
    """A copy of it, to be spoilt."""
    return Path(shutil.copytree(made, tmp_path / "run"))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.long
def test_the_pictures_are_drawn_again_as_the_run_drew_them(run, capsys):
    before = contents(run)
    for path in [*run.glob("*.png"), *run.glob("*.svg")]:
        path.unlink()
    assert main(["draw", str(run)]) == 0
    out, err = capsys.readouterr()
    assert contents(run) == before
    assert err == ""
    assert out.splitlines()[-1] == str(run)


def test_what_is_drawn_is_the_picture_of_the_run_and_what_is_not_drawn_is_said(run, capsys):
    for name in ("curves", "averted"):
        (run / f"{name}.csv").unlink()
    before = contents(run)
    for picture in ("pelvis", "flow"):
        (run / f"{picture}.png").unlink()
    pd.DataFrame({"knob": [1], "value": [2.0]}).to_csv(run / "strange.csv", index=False)
    assert main(["draw", str(run)]) == 0
    lines = capsys.readouterr().out.splitlines()
    drawn = lines[0].removeprefix("drawn: ").split(", ")
    said = [
        line.split(",")[0].removeprefix("not drawn: ") for line in lines if line.startswith("not drawn: ")
    ]
    assert sorted([*drawn, *said]) == sorted(picture.__name__ for picture in PICTURES)
    assert sorted(drawn) == ["averted_against_harmed", "flow", "icon_array", "pelvis"]
    after = contents(run)
    # The folder's description alone is another one: it lists the files that are there now.
    described = {entity["@id"]: entity for entity in json.loads(after[CRATE])["@graph"]}
    there = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert {name for name, entity in described.items() if entity["@type"] == "File"} == there - {CRATE}
    assert described["strange.csv"]["sha256"] == hashlib.sha256(after["strange.csv"]).hexdigest()
    assert {name: after[name] for name in before if name != CRATE} == {
        name: content for name, content in before.items() if name != CRATE
    }
    assert "not drawn: survival, which needs curves.csv" in lines
    assert "no picture shows strange.csv" in lines
    assert "no picture shows patients.parquet" in lines


def test_a_run_of_other_tables_alone_draws_nothing_and_says_so(tmp_path, capsys):
    (tmp_path / "manifest.json").write_text("{}")
    pd.DataFrame({"knob": [1]}).to_csv(tmp_path / "strange.csv", index=False)
    assert main(["draw", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "drawn: nothing"
    assert "no picture shows strange.csv" in lines


def spoil(name, text):
    return lambda run: (run / name).write_bytes(text)


def without_column(run):
    pd.read_csv(run / "averted.csv").drop(columns="net").to_csv(run / "averted.csv", index=False)


def words_for_numbers(run):
    table = pd.read_csv(run / "outcomes.csv", dtype=object)
    table.loc[3, "estimate"] = "much"
    table.to_csv(run / "outcomes.csv", index=False)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (spoil("outcomes.csv", b""), "outcomes.csv: cannot be read"),
        (spoil("outcomes.csv", b"\xff\xfe\x00\x01 not words"), "outcomes.csv: cannot be read"),
        (spoil("curves.csv", b'policy,"outcome\n1'), "curves.csv: cannot be read"),
        (without_column, "averted.csv: not the table of this name that a run writes; it has no column net"),
        (words_for_numbers, "outcomes.csv: cannot be read: the column estimate must hold numbers"),
        (lambda run: (run / "manifest.json").unlink(), "is not a run's folder: it has no manifest.json"),
    ],
)
def test_a_folder_or_a_table_that_cannot_be_read_is_refused_and_left_alone(run, capsys, wrong, message):
    wrong(run)
    before = contents(run)
    assert main(["draw", str(run)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("lrrc: error: ") and message in err
    assert contents(run) == before


def test_a_folder_that_is_no_run_is_refused_with_what_to_do(tmp_path, capsys):
    (tmp_path / "file").touch()
    for number in ("0", "1"):
        (tmp_path / "sweep" / number).mkdir(parents=True)
        (tmp_path / "sweep" / number / "manifest.json").write_text(json.dumps({}))
    (tmp_path / "swept" / "ledger").mkdir(parents=True)
    (tmp_path / "swept" / "manifest.json").write_text(json.dumps({}))
    for words, message in (
        ([str(tmp_path / "swept")], "is of a sweep or a calibration; run its command again"),
        ([str(tmp_path / "nowhere")], "there is no such folder"),
        ([str(tmp_path / "file")], "is a file; name a run's folder"),
        ([str(tmp_path / "sweep")], "holds several runs; name one of them: 0, 1"),
        (["one", "two"], "name one folder of a run"),
    ):
        assert main(["draw", *words]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert message in err


def test_a_table_is_read_as_it_was_written_to_the_last_digit(tmp_path):
    table = pd.DataFrame(
        {"policy": ["none", "NA", "1"], "n": [1, 2, 3], "estimate": [0.1 + 0.2, 1 / 3, float("nan")]}
    )
    table.to_csv(tmp_path / "curves.csv", index=False)
    back = read(tmp_path / "curves.csv", ("policy", "n", "estimate"))
    pd.testing.assert_frame_equal(back, table, check_exact=True, check_dtype=False)
    assert back["policy"].tolist() == ["none", "NA", "1"]


def test_the_columns_that_are_asked_for_are_those_that_a_run_writes(made):
    for name, columns in READ_COLUMNS.items():
        if (made / f"{name}.csv").exists():  # published.csv and those of a clinic are other runs'
            assert set(columns) <= set(pd.read_csv(made / f"{name}.csv").columns)
    assert {name for needed in PICTURES.values() for name in needed} == set(READ_COLUMNS)


def test_every_picture_stands_in_the_gallery_with_its_file_and_how_to_read_it():
    text = (ROOT / "docs/gallery.md").read_text("utf-8")
    for picture in PICTURES:
        image = f"](gallery/{picture.__name__}.png)\n\n"
        assert image in text, picture.__name__
        stated = text.partition(image)[2].partition("\n")[0]
        assert stated.endswith(".") and len(stated.split()) > 10, picture.__name__
    drawn = {path.stem for path in FOLDER.glob("*.png")}
    assert drawn == {picture.__name__ for picture in PICTURES}
    for path in FOLDER.glob("*.png"):
        assert path.stat().st_size < 200_000, path.name


def test_a_picture_of_the_gallery_is_smaller_and_still_the_same_picture(made, tmp_path):
    before, after = made / "pelvis.png", shrink(made / "pelvis.png", tmp_path / "small.png")
    with Image.open(before) as large, Image.open(after) as small:
        assert small.width == WIDTH
        assert small.height / small.width == pytest.approx(large.height / large.width, abs=0.001)
        # The colours of the scale survive the few colours of the file.
        again = large.convert("RGB").resize(small.size, Image.Resampling.LANCZOS)
        off = np.abs(np.asarray(again, int) - np.asarray(small.convert("RGB"), int)).max(axis=2)
        assert np.quantile(off, 0.999) < 40
    assert after.stat().st_size < before.stat().st_size / 2


@pytest.mark.parametrize("name", [pytest.param("psa", marks=pytest.mark.long), "sensitivity"])
def test_pictures_of_an_analysis_of_many_points_are_drawn_again_as_its_command_drew_them(
    name, tmp_path, capsys
):
    place = tmp_path / name
    words = [word for word in RUNS[name] if word != "pictures=false"]
    assert main([*words, f"out={place}"]) == 0
    drawn = {path: path.read_bytes() for path in [*place.glob("*.svg"), *place.glob("*.png")]}
    assert len(drawn) >= 8
    for path in drawn:
        path.unlink()
    capsys.readouterr()
    assert main(["draw", str(place)]) == 0
    assert capsys.readouterr().out.startswith("drawn: ")
    assert {path: path.read_bytes() for path in drawn} == drawn
    (place / "config.yaml").unlink()
    before = contents(place)
    assert main(["draw", str(place)]) == 2
    assert "config.yaml" in capsys.readouterr().err
    assert contents(place) == before
