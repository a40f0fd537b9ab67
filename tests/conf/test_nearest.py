"""The nearest valid name is one that a person would have meant."""

import pytest

from conf.input_error import nearest

NAMES = [
    "surgery.leak_probability", "surgery.occult_leak_probability", "economics.recurrence_utility_ratio",
    "economics.ct_scan_price.currency", "high.neoadjuvant", "harm", "dutch", "english",
]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("surgery.leek_probability", "surgery.leak_probability"),
        ("surgry.leak_probability", "surgery.leak_probability"),
        ("leak_probability", "surgery.leak_probability"),
        ("surgery.leak", "surgery.leak_probability"),
        ("harm.leak_probability", "surgery.leak_probability"),
        ("guideline.high.neoadjuvant", "high.neoadjuvant"),
        ("economics.utility_local_recurrence", "economics.recurrence_utility_ratio"),
        ("hram", "harm"),
        ("dutsch", "dutch"),
        ("dutch.yaml", "dutch"),
    ],
)
def test_the_nearest_name_is_like_the_word_in_its_own_part(word, meant):
    assert nearest(word, NAMES) == f"; did you mean {meant}?"


@pytest.mark.parametrize("word", ["", ".", "economics.", "economics.zzz", "zzz", "a.b.c"])
def test_what_is_like_no_name_gets_none(word):
    assert nearest(word, NAMES) == ""
