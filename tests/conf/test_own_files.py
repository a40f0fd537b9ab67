"""A user's file is read in one way, whatever group it belongs to, and is never more than data."""

import os

import pytest

from conf.composition import GROUPS, composing, read
from conf.input_error import InputError
from conf.overrides import override
from conf.own_file import MOST_VALUES, is_bare, read_own_file
from experiments.cli.arguments import read_words
from experiments.cli.command import main
from experiments.cli.hydra_runner import jobs

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join(9 * ['*' + old])}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def content(folder, text, group="policy"):
    path = folder / "mine.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_own_file(path, "mine", group)


def refusal(folder, text, group="policy"):
    with pytest.raises(InputError) as refused:
        content(folder, text, group)
    message = str(refused.value)
    assert message.startswith("mine: ") and "\n" not in message
    return message


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_utf_8_is_read_with_or_without_a_byte_order_mark(tmp_path, start):
    assert content(tmp_path, start + "description: à la carte".encode()) == {"description": "à la carte"}


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-32", "cp1252"])
def test_any_other_encoding_is_refused_by_name(tmp_path, encoding):
    assert "UTF-8" in refusal(tmp_path, "description: coût é".encode(encoding))


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "y", "n", "Yes", "OFF", "2026-01-02", "nope"])
def test_words_that_yaml_1_1_takes_for_something_else_stay_words(tmp_path, word):
    assert content(tmp_path, f"name: {word}\n{word}: 1") == {"name": word, word: 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("-3", -3), ("1e-3", 0.001), ("1E5", 1e5), ("0.05", 0.05), (".5", 0.5), ("1.", 1.0),
        (".inf", float("inf")), ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        ("[1, 2.5]", [1, 2.5]), ("'1e-3'", "1e-3"), ("+1", 1), ("1_000", 1000), ("0", 0), ("010", "010"),
        ("08", "08"), ("1:30", "1:30"), ("0x10", "0x10"), ("0b1", "0b1"),
    ],
)  # fmt: skip
def test_numbers_flags_and_nothing_are_read_as_hydra_reads_them(tmp_path, text, value):
    assert content(tmp_path, f"key: {text}") == {"key": value}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", "the key a appears twice"),
        ("k: {a: 1, 'a': 2}", "the key a appears twice"),
        ("1: x\n'1': y", "the key 1 appears twice"),
        ("a: [1", "is not YAML"),
        ("a: 1\x00", "is not YAML"),
        ("a: \x1b[31m", "is not YAML"),
        ("? [a, b]\n: 1", "is not YAML"),
        ("- a\n- b", "must hold lines of the form key: value"),
        ("just words", "must hold lines of the form key: value"),
        ("a: !!python/object/apply:os.getcwd []", "the tag"),
        ("a: !own x", "the tag"),
        ("a: !!binary aGk=", "the tag"),
        ("a: &a [*a]", "refers to itself"),
        ("a: *b", "refers to itself or to nothing"),
        (BOMB, f"more than {MOST_VALUES:,} values"),
        ("a: " + "[" * 200 + "]" * 200, "within each other"),
        ("a: " + "9" * 5000, "is not YAML"),
        ("x" * 1_000_001, "larger than 1,000,000 bytes"),
        ("hydra: {run: {dir: x}}", "a policy cannot set hydra"),
        ("compute: dask", "a policy cannot set compute"),
        ("out: /elsewhere", "a policy cannot set out"),
        ("ship: true", "a policy cannot set ship"),
        ("description: {_target_: os.getcwd}", "a key cannot begin with _"),
        ("list: [{_target_: os.getcwd}]", "a key cannot begin with _"),
        ("description: ${oc.env:HOME}", "cannot read the environment"),
        ("list: [x, 'y ${hydra:runtime.cwd}']", "cannot read the environment"),
        ("defaults: [/hydra/launcher]", "must name a file by its bare name"),
        ("defaults: [{override /hydra/launcher: joblib}]", "cannot choose hydra/launcher"),
        ("defaults: [{override /compute: dask}]", "cannot choose compute"),
        ("defaults: [{/cohort@hydra.run: dutch_tme}]", "cannot choose"),
        ("defaults: [../../etc/passwd]", "must name a file by its bare name"),
        ("defaults: yes", "must be a list of files"),
    ],
)
@pytest.mark.parametrize("group", GROUPS)
def test_what_is_more_than_data_or_no_data_is_refused_in_one_line_in_every_group(
    tmp_path, text, message, group
):
    assert message.replace("a policy", f"a {group}") in refusal(tmp_path, text, group)


def test_what_cannot_be_read_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "nothing.yaml"):
        with pytest.raises(InputError, match="cannot be read"):
            read_own_file(path, "mine", "policy")


def test_a_file_that_refers_to_a_part_of_itself_is_read(tmp_path):
    assert content(tmp_path, "a: &a {x: 1}\nb: {<<: *a, y: 2}") == {"a": {"x": 1}, "b": {"x": 1, "y": 2}}


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "/a", "a\\b", "C:a", "a\0b", "x" * 101, ".a"])
def test_a_name_that_is_a_path_is_no_bare_name(name):
    assert not is_bare(name)
    with composing(), pytest.raises(InputError, match="there is no such policy"):
        read("policy", name)


@pytest.mark.parametrize("name", ["über", "a b", "a$5_{", "tme-alone", "2026", "no"])
def test_a_policy_may_have_any_name_that_a_file_may_have(here, capsys, name):
    (here / "mine" / "policy").mkdir(parents=True)
    (here / "mine" / "policy" / f"{name}.yaml").write_text("washout: always\nleak_prevention: yes\n", "utf-8")
    words = [
        "compare",
        "--config-dir",
        "mine",
        f"policies=[tme_alone,{name}]",
        "patients=2",
        "pictures=false",
    ]
    status = main([*words, "out=é là"])
    assert (status, capsys.readouterr().err) == (0, "")
    assert (here / "é là" / "outcomes.csv").is_file()


def test_an_empty_policy_file_is_not_taken_for_tme_alone(here, capsys):
    (here / "mine" / "policy").mkdir(parents=True)
    for text in ("", "description: nothing\n"):
        (here / "mine" / "policy" / "mine.yaml").write_text(text, "utf-8")
        assert main(["compare", "--config-dir", "mine", "policies=[mine]"]) == 2
        assert "policy mine: its file sets no lever" in capsys.readouterr().err


def test_a_symlink_or_a_path_leads_to_no_file_outside_the_groups(here, capsys):
    (here / "mine" / "secret").mkdir(parents=True)
    (here / "mine" / "secret" / "x.yaml").write_text("washout: always\n", "utf-8")
    for name in ("../secret/x", os.fspath(here / "mine" / "secret" / "x")):
        assert main(["compare", "--config-dir", "mine", f"cohort={name}"]) == 2
        assert "there is no such cohort" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "to_hydra"),
    [
        ("seed=1", "seed=1"),
        ("out=étude", "out='étude'"),
        ("out=~/x", "out='~/x'"),
        ("out=./é sweep", "out='./é sweep'"),
        ("out=C:\\runs\\", r"out='C:\runs\\'"),
        ("out='a b'", "out='a b'"),
        ("out=it's", r"out='it\'s'"),
        ("out=null", "out=null"),
        ("out=a,b", "out='a,b'"),
        ("policies=[tme_alone,über]", "policies=[tme_alone,'über']"),
        ("policies=[a+b, c]", "policies=[a+b,c]"),
        ("policies=['über']", "policies=['über']"),
        ("policies=[[a]]", "policies=[[a]]"),
        ("comparator=a-b", "comparator='a-b'"),
        ("trial=path/to/mine.yaml", "trials='path/to/mine.yaml'"),
        ("trial=[a,é/b.yaml]", "trials=[a,'é/b.yaml']"),
        ('find=salvage_margin == "r0"', "find='salvage_margin == \"r0\"'"),
        ("grid={policies:[[a,über],[a]]}", "grid={policies:[[a,'über'],[a]]}"),
        ("grid={surgery.leak_probability:[0.1,0.2]}", "grid={surgery.leak_probability:[0.1,0.2]}"),
        ("~block", "~block"),
    ],
)
def test_paths_and_names_are_taken_as_they_are(word, to_hydra):
    assert override(word) == to_hydra


def test_a_path_reaches_the_run_as_it_was_written(here):
    from conf.composition import composed

    for path in ("étude", "./é sweep", "a'b\"c", "x\\", "a=b,c[1]{2}", "$5_{", "-1", "1e3", "true", "(x)"):
        with composing():
            assert composed("compare", [override(f"out={path}")])[0].out == path


def test_names_are_separated_by_commas_in_a_multirun_alone():
    with composing():
        found = jobs("compare", read_words(["-m", "cohort=dutch_tme,über", "policies=[a],[b,c]"]).overrides)
    assert [label for label, _ in found] == [
        "cohort=dutch_tme,policies=[a]", "cohort=dutch_tme,policies=[b,c]",
        "cohort=über,policies=[a]", "cohort=über,policies=[b,c]",
    ]  # fmt: skip
