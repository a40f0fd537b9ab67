"""A folder that was received is data: nothing outside it is touched, and its damage costs a line at most."""

import dataclasses
import hashlib
import json
import os
import shutil

import pandas as pd
import pytest
from helpers.requests import asked
from helpers.stopping import names
from helpers.sweeping import LEAK, digests, swept

from conf.input_error import InputError
from conf.received import bare_names, file_within, read_json
from conf.schema import compose_run
from experiments.animate import JOURNAL_COLUMNS, _command, animate
from experiments.draw import TEXT_COLUMNS, read
from experiments.sweeping.code import digest
from experiments.sweeping.folder import sweep_folder
from experiments.sweeping.ledger import HEAD, MARK, Ledger, entries

FAST = ("patients=80", "horizon_years=1")
FRAME = pd.DataFrame({"policy": ["tme_alone"], "estimate": [0.5]})
DAMAGES = {
    "empty": b"",
    "zeros": b"\0" * 40,
    "no text": b"\xff\xfe\x00{",
    "cut short": b'{"files": ["outcomes.csv"',
    "list": b"[1]",
    "null": b"null",
    "number": b"3",
    "huge number": b'{"files": ' + b"9" * 5000 + b"}",
    "deep": b"[" * 100_000,
    "deep within": b'{"digest": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}",
    "wrong types": b'{"files": {"a": 1}, "digest": [], "configuration": 3, "code": null}',
    "other files": b'{"files": ["../victim.txt", "/tmp/victim.txt", "a\\\\b", "..", "", 7, "ledger"]}',
}  # fmt: skip


@pytest.mark.parametrize("content", DAMAGES.values(), ids=DAMAGES)
def test_a_file_in_json_is_an_object_or_nothing(tmp_path, content):
    (tmp_path / "x.json").write_bytes(content)
    found = read_json(tmp_path / "x.json")
    assert found is None or isinstance(found, dict)


def test_only_bare_names_are_taken_from_a_list():
    bad = ["../x", "/x", "a/b", "a\\b", "C:x", "..", ".", "", "x\n", "x\0", 3, None, ["x"]]
    assert bare_names([*bad, "outcomes.csv", "trial 1.png"]) == ["outcomes.csv", "trial 1.png"]
    assert bare_names("outcomes.csv") == bare_names(None) == bare_names({"a": 1}) == []


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A complete folder of a sweep."""
    return made(tmp_path_factory.mktemp("received"))


@pytest.fixture
def folder(here, whole):
    """A copy of it, and a file outside that nobody may touch."""
    (here / "victim.txt").write_bytes(b"mine")
    return shutil.copytree(whole, here / "x")


def made(here):
    run = dataclasses.replace(compose_run(), out=here / "x")
    with sweep_folder("sweep", run, {}, asked("lrrc sweep")) as folder:
        (folder.final / "ledger").mkdir(exist_ok=True)
        folder.table("outcomes.csv", FRAME)
    return folder.final


@pytest.mark.parametrize("content", DAMAGES.values(), ids=DAMAGES)
def test_whatever_a_manifest_holds_the_folder_is_written_again_and_nothing_outside(here, folder, content):
    (folder / "manifest.json").write_bytes(content)
    made(here)
    assert (here / "victim.txt").read_bytes() == b"mine"
    described = [
        "data_dictionary.csv",
        "inputs",
        "ledger",
        "manifest.json",
        "outcomes.csv",
        "ro-crate-metadata.json",
    ]
    assert names(folder) == ["config.yaml", *described]
    assert json.loads((folder / "manifest.json").read_text("utf-8"))["files"] == [
        "config.yaml",
        "data_dictionary.csv",
        "outcomes.csv",
        "ro-crate-metadata.json",
    ]


@pytest.mark.parametrize("name", ["manifest.json", "outcomes.csv", "config.yaml"])
def test_a_link_in_a_folder_is_replaced_and_not_written_through(here, folder, name):
    (folder / name).unlink()
    (folder / name).symlink_to(here / "victim.txt")
    made(here)
    assert (here / "victim.txt").read_bytes() == b"mine"
    assert not (folder / name).is_symlink()


def test_a_folder_where_a_file_belongs_is_refused(here, folder):
    (folder / "outcomes.csv").unlink()
    (folder / "outcomes.csv").mkdir()
    with pytest.raises(InputError, match="cannot be written: Is a directory"):
        made(here)
    assert (here / "victim.txt").read_bytes() == b"mine"


def test_a_ledger_that_is_a_link_is_refused(here, folder):
    shutil.move(folder / "ledger", here / "elsewhere")
    (folder / "ledger").symlink_to(here / "elsewhere")
    with pytest.raises(InputError, match="its ledger is a link"):
        made(here)


def test_whatever_a_ledgers_head_holds_it_is_written_again_and_said_in_a_line(tmp_path, capsys):
    run, head = compose_run(), tmp_path / HEAD
    with Ledger(tmp_path).open(run):
        good = head.read_bytes()
    crafted = {"configuration": [1], "code": {"a\nb": 1}}
    contents = [*DAMAGES.values(), json.dumps({**crafted, "digest": digest(crafted)}).encode()]
    assert capsys.readouterr().err == ""
    for content in contents:
        head.write_bytes(content)
        with Ledger(tmp_path).open(run):
            assert head.read_bytes() == good
        said = f"lrrc: warning: out={tmp_path.parent}: its ledger.json is damaged, and is written again\n"
        assert capsys.readouterr().err == said


def test_links_in_a_ledger_lead_nowhere(tmp_path):
    victims = tmp_path / "victims"
    victims.mkdir()
    (victims / "cd").write_bytes(b"mine")
    ledger = Ledger(tmp_path / "ledger")
    ledger.folder.mkdir()
    (ledger.folder / "ab").symlink_to(victims)
    (ledger.folder / "lock").symlink_to(victims / "cd")
    (ledger.folder / HEAD).symlink_to(victims / "cd")
    with ledger.open(compose_run()):
        assert ledger.read("abcd") is None
        ledger.record("abcd", b"counts")
        assert ledger.read("abcd") == b"counts"
    assert names(victims) == ["cd"]
    assert (victims / "cd").read_bytes() == b"mine"


def damaged_entry(out, content):
    path = entries(out / "ledger")[0]
    name = path.parent.name + path.name
    path.write_bytes(MARK + hashlib.sha256(name.encode() + content).digest() + content)


def test_a_damaged_sweep_is_done_again_to_the_same_bits_and_says_what_was_lost(tmp_path, capsys):
    out = tmp_path / "x"
    assert swept(out, LEAK, *FAST) == 0
    before = digests(out)
    (out / "manifest.json").write_bytes(b"[1]")
    (out / "outcomes.csv").write_bytes(b"\0")
    first, second, *_ = entries(out / "ledger")
    first.unlink()
    first.mkdir()
    second.write_bytes(b"")
    capsys.readouterr()
    assert swept(out, LEAK, *FAST) == 0
    assert capsys.readouterr().err.count("\n") == 1
    assert digests(out) == before


@pytest.mark.long
def test_counts_that_only_look_whole_are_refused_once_and_done_again(tmp_path, capsys):
    out = tmp_path / "x"
    assert swept(out, LEAK, *FAST) == 0
    before = digests(out)
    damaged_entry(out, b"not counts")
    assert swept(out, LEAK, *FAST) == 1
    assert "the same command makes it again" in capsys.readouterr().err
    assert swept(out, LEAK, *FAST) == 0
    assert digests(out) == before


TABLE = "policy,outcome,mechanism,compartment,group,horizon_years,estimate,n,ci_low,ci_high\n"
ROW = "tme_alone,leak,all,all,all,5,0.1,100,0.05,0.2\n"
TABLES = {
    "empty": b"",
    "zeros": b"\0" * 100,
    "no text": b"\xff\xfe" + TABLE.encode("utf-16-le"),
    "cut short": TABLE[:40].encode(),
    "a quote": (TABLE + ROW + 'a,"b').encode(),
    "a column less": (TABLE + ROW).replace("outcome,", "").encode(),
    "a word": (TABLE + ROW.replace("0.1,", "much,")).encode(),
    "an endless number": (TABLE + ROW.replace("100", "9" * 400)).encode(),
    "a short row": (TABLE + ROW + ROW + "1,2,3,4,5,6,7,8,9,10,11,12,13\n").encode(),
    "no text in a cell": (TABLE + ROW).encode().replace(b"leak", b"\xff\xfe"),
}


@pytest.mark.parametrize("content", TABLES.values(), ids=TABLES)
def test_a_damaged_table_is_refused_with_its_name(tmp_path, content):
    path = tmp_path / "outcomes.csv"
    path.write_text(TABLE + ROW, "utf-8")
    columns = tuple(TABLE.strip().split(","))
    assert len(read(path, columns)) == 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"outcomes\.csv"):
        read(path, columns)
    assert set(columns) & set(TEXT_COLUMNS)


def test_what_is_no_file_of_the_folder_is_not_read(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (tmp_path / "outside.csv").write_text(TABLE, "utf-8")
    (folder / "inside.csv").write_text(TABLE, "utf-8")
    (folder / "link.csv").symlink_to("inside.csv")
    assert file_within(folder / "link.csv")
    (folder / "out.csv").symlink_to(tmp_path / "outside.csv")
    os.mkfifo(folder / "pipe.csv")
    (folder / "folder.csv").mkdir()
    for name in ("out.csv", "pipe.csv", "folder.csv"):
        with pytest.raises(InputError, match=name):
            file_within(folder / name)


def test_a_damaged_journal_is_refused_with_its_name(tmp_path):
    pytest.importorskip("vidigi")
    (tmp_path / "manifest.json").write_bytes(b"")
    path = tmp_path / "journal.parquet"
    row = {
        "policy": "a",
        "entity_id": 1,
        "event_type": "queue",
        "event": "visit",
        "time": 1.0,
        "mechanism": None,
    }
    pd.DataFrame([row]).to_parquet(path)
    good = path.read_bytes()
    middle = len(good) // 2
    contents = [b"", b"\0" * 200, good[:middle], good[:-9] + b"\xff" * 9, b"PAR1" + b"\xff" * 50 + b"PAR1"]
    for name in JOURNAL_COLUMNS:
        pd.DataFrame([row]).drop(columns=name).to_parquet(path)
        contents.append(path.read_bytes())
    for wrong in ({"time": "soon"}, {"time": float("inf")}, {"time": None}):
        pd.DataFrame([{**row, **wrong}]).to_parquet(path)
        contents.append(path.read_bytes())
    pd.DataFrame([row]).iloc[:0].to_parquet(path)
    contents.append(path.read_bytes())
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"journal\.parquet|what its tables hold"):
            animate([str(tmp_path)])
    assert names(tmp_path) == ["journal.parquet", "manifest.json"]


@pytest.mark.parametrize(
    ("command", "advice"),
    [
        ("lrrc compare patients=20 out=here", "lrrc compare patients=20"),
        ("lrrc compare policies=[tme_alone,short_course]", "lrrc compare policies=[tme_alone,short_course]"),
        ("lrrc capacity patients=20", "lrrc compare"),
        ("lrrc compare; rm -rf ~", "lrrc compare"),
        ("lrrc compare $(reboot)", "lrrc compare"),
        ("lrrc compare \x1b[2J", "lrrc compare"),
        ("rm -rf /", "lrrc compare"),
        (7, "lrrc compare"),
    ],
)
def test_no_command_of_a_received_folder_is_advised_that_a_shell_would_act_on(tmp_path, command, advice):
    (tmp_path / "manifest.json").write_text(json.dumps({"command": command}), "utf-8")
    assert _command(tmp_path) == advice
