"""What the page on trials says of the policies of an arm."""

from pathlib import Path

import pandas as pd
import yaml

from analysis.pages.validation_pages import section
from conf.composition import CONF, composing
from conf.trials import read_trial


def test_usual_care_is_named_with_the_policy_that_it_is_and_a_lever_of_a_group_with_its_group(tmp_path: Path):
    trial = yaml.safe_load((CONF / "trial/dutch_tme.yaml").read_text("utf-8"))
    names = list(trial["arms"])
    trial["cohort"] = {"base": "english"}
    trial["arms"] = {
        names[0]: "usual_care",
        **{name: {"base": "usual_care", "high.neoadjuvant": "total_neoadjuvant"} for name in names[1:]},
    }
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(trial), "utf-8")
    with composing():
        read = read_trial(str(file))
        empty = pd.DataFrame(columns=["comparable", "inside", "label", "endpoint"])
        page = "\n".join(section(read, empty.astype({"comparable": bool, "inside": bool}), "##", "x.png"))
    usual = f"`usual_care`, which is `{read.usual_care}` here"
    assert read.usual_care and read.usual_care.startswith("english")
    assert f"({usual})" in page and f"({usual} with `high.neoadjuvant` total_neoadjuvant)" in page
