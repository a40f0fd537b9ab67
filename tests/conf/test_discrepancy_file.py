"""The file of the discrepancy: the shipped one, one beside a posterior, and what is refused."""

import pytest

from conf.discrepancy import KINDS, SHIPPED, kind_of_outcome, left_out_scales, read_discrepancy
from conf.input_error import InputError


def written(folder, change=lambda text: text):
    """Write a changed copy of the shipped file, and return a posterior file beside it."""
    (folder / "discrepancy.csv").write_text(change(SHIPPED.read_text("utf-8")), "utf-8")
    return folder / "posterior.csv"


def test_the_shipped_discrepancy_is_of_every_kind_and_positive():
    found = read_discrepancy()
    assert found.scales.keys() == KINDS.keys()
    assert min(found.scales.values()) > 0 and found.degrees > 2


def test_the_discrepancy_beside_a_posterior_is_that_of_its_fit(tmp_path):
    posterior = written(tmp_path, lambda text: text.replace("\nsurvival,", "\nsurvival,9"))
    assert read_discrepancy(posterior).scales["survival"] > 9
    assert read_discrepancy(tmp_path / "elsewhere" / "posterior.csv") == read_discrepancy()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("scale", "width"),
        lambda text: text.replace("\nsurvival,", "\nsurvival,-"),
        lambda text: text.replace("\nsurvival,", "\nsurvival,nan"),
        lambda text: text.replace("\nsurvival,", "\nliving,"),
        lambda text: "\x00" + text,
    ],
)
def test_a_damaged_file_is_refused_by_name(tmp_path, change):
    with pytest.raises(InputError, match=r"^discrepancy\.csv: "):
        read_discrepancy(written(tmp_path, change))


def test_an_outcome_is_of_one_kind():
    assert kind_of_outcome("local_recurrence") == "local recurrence"
    assert kind_of_outcome("survival_after_salvage") == "after recurrence"
    assert kind_of_outcome("leak") == "share"


def test_what_was_estimated_without_a_trial_is_of_a_known_kind():
    scales = left_out_scales()
    assert {kind for _, kind in scales} <= KINDS.keys()
    assert min(scales.values()) > 0
