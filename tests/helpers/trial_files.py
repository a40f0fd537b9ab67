"""What the tests of trials share: a small trial of a user's own, as its file holds it."""

import copy
from pathlib import Path
from typing import Any

import yaml

MINE: dict[str, Any] = {
    "title": "A trial of mine",
    "source": "nobody, 2020",
    "cohort": {"base": "dutch_tme", "female_share": 0.4},
    "eligibility": ["age_years < 85", 'ct in ("t2", "t3ab", "t3cd")'],
    "arms": {
        "alone": "tme_alone",
        "irradiated": {"base": "short_course+for_everyone", "washout": "always"},
    },
    "follow_up_years": 6,
    "time_from": "surgery",
    "endpoints": [
        {
            "evidence": "mine.lr",
            "arm": "alone",
            "outcome": "local_recurrence",
            "horizon_years": 2,
            "published": 0.1,
            "n": 300,
        },
        {
            "evidence": "mine.margin",
            "arm": "alone",
            "subgroup": "crm_mm <= 1",
            "outcome": "share",
            "of": "recurred",
            "published": 0.2,
            "n": 50,
        },
        {
            "evidence": "mine.hazard",
            "arm": "irradiated",
            "against": "alone",
            "ratio": "hazard_ratio",
            "outcome": "local_recurrence",
            "horizon_years": 5,
            "published": 0.4,
            "low": 0.2,
            "high": 0.8,
        },
        {
            "evidence": "mine.median",
            "arm": "alone",
            "subgroup": "recurred",
            "outcome": "median",
            "of": "recurrence_months",
            "published": 20,
            "n": 60,
        },
    ],
}


def mine(**changes: Any) -> dict[str, Any]:
    """Return the trial with some of its keys replaced; None leaves a key out."""
    return {key: value for key, value in {**copy.deepcopy(MINE), **changes}.items() if value is not None}


def with_endpoint(which: int = 0, **changes: Any) -> dict[str, Any]:
    """Return the trial with some keys of one of its endpoints replaced; None leaves a key out."""
    content = mine()
    endpoint = {**content["endpoints"][which], **changes}
    content["endpoints"][which] = {key: value for key, value in endpoint.items() if value is not None}
    return content


def written(path: Path, content: Any) -> Path:
    """Write a trial's file and return its path."""
    path.write_text(
        content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False), "utf-8"
    )
    return path
