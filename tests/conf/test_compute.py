"""The settings of an executor: every key of every kind is checked like the rest."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from conf import compute
from conf.compute import KINDS, checked_compute
from conf.input_error import InputError

FILES = {f.stem: f for f in (Path(compute.__file__).parent / "compute").glob("*.yaml")}
GIVEN = {kind: OmegaConf.to_container(OmegaConf.load(file)) for kind, file in FILES.items()}
GIVEN["dask"]["address"] = "tcp://host:8786"
KEYS = [(kind, key) for kind, checks in KINDS.items() for key in checks]


@pytest.mark.parametrize("kind", KINDS)
def test_the_kinds_and_their_keys_are_those_of_the_shipped_files(kind):
    assert set(FILES) == set(KINDS)
    assert [*GIVEN[kind]] == ["kind", *KINDS[kind]]
    assert checked_compute(GIVEN[kind]) == GIVEN[kind]


WRONG = [float("nan"), float("inf"), True, [1], {"a": 1}, "", "a b", "a\nb", "\x00", "a\x7f"]
NO_COUNT = [0, 0.0, -1, 10**400]
REFUSED = [
    (kind, key, value)
    for kind, key in KEYS
    for value in (WRONG if key in ("address", "partition") else WRONG + NO_COUNT)  # a name may be a number
]


@pytest.mark.parametrize(("kind", "key", "value"), REFUSED, ids=[str(k) for k in range(len(REFUSED))])
def test_what_no_key_may_be_is_refused_by_key(kind, key, value):
    with pytest.raises(InputError) as refusal:
        checked_compute({**GIVEN[kind], key: value})
    assert str(refusal.value).startswith(f"compute.{key}=") and "must be" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("kind", "key"), KEYS)
def test_a_missing_key_is_named_and_a_misspelt_one_is_shown_the_nearest(kind, key):
    without = {name: value for name, value in GIVEN[kind].items() if name != key}
    with pytest.raises(InputError, match=f"^compute.{key}: missing"):
        checked_compute(without)
    with pytest.raises(InputError, match=f"^compute.{key}s?x=1: .*did you mean {key}"):
        checked_compute({**GIVEN[kind], f"{key}x": 1})


@pytest.mark.parametrize("key", ["workers", "threads", "jobs", "tasks_a_job", "minutes"])
def test_counts_are_whole(key):
    kind = "local" if key in ("workers", "threads") else "slurm"
    assert checked_compute({**GIVEN[kind], key: 2.0})[key] == 2
    with pytest.raises(InputError, match=r"0\.5: must be a whole number of 1 or more"):
        checked_compute({**GIVEN[kind], key: 0.5})


@pytest.mark.parametrize("given", [None, 3, "local", [], {}, {"kind": "slrm"}, {"kind": ["local"]}])
def test_what_is_no_executor_is_refused(given):
    with pytest.raises(InputError, match="must be one of local, dask, slurm"):
        checked_compute(given)


def test_a_partition_may_be_named_by_a_number():
    assert checked_compute({**GIVEN["slurm"], "partition": 2026})["partition"] == "2026"
