"""Schedules of follow-up: the months of visits, and what each visit has."""

import dataclasses
from dataclasses import dataclass

from conf import composition as library
from conf import units
from conf.input_error import InputError, choice, shown

DAYS_PER_MONTH = 365.25 / 12
MOST_VISITS = 24


@dataclass(frozen=True)
class FollowUp:
    """A schedule of follow-up: months after the primary operation, and which visits have a CT or an MRI.

    The months of ``watch`` count from the day on which an organ is kept; each of its visits has an endoscopy.
    A schedule without them is one for patients who are operated on.
    """

    name: str
    visit_months: tuple[int, ...]
    ct_months: tuple[int, ...]
    mri_months: tuple[int, ...]
    watch_months: tuple[int, ...] = ()
    watch_ct_months: tuple[int, ...] = ()
    watch_mri_months: tuple[int, ...] = ()

    def record(self) -> dict[str, list[float]]:
        """Return the days of visits (padded with infinity) and what each has (0 or 1), 24 floats each.

        ``visit_days``, ``ct`` and ``mri``; ``watch_days``, ``watch_ct`` and ``watch_mri``.
        """
        return {
            "visit_days": _days(self.visit_months),
            "ct": _flags(self.visit_months, self.ct_months),
            "mri": _flags(self.visit_months, self.mri_months),
            "watch_days": _days(self.watch_months),
            "watch_ct": _flags(self.watch_months, self.watch_ct_months),
            "watch_mri": _flags(self.watch_months, self.watch_mri_months),
        }


def _days(months: tuple[int, ...]) -> list[float]:
    padding = [float("inf")] * (MOST_VISITS - len(months))
    return [month * DAYS_PER_MONTH for month in months] + padding


def _flags(visits: tuple[int, ...], chosen: tuple[int, ...]) -> list[float]:
    return [float(month in chosen) for month in visits] + [0.0] * (MOST_VISITS - len(visits))


def read_follow_up(name: str) -> FollowUp:
    """Return the schedule in ``follow_up/name.yaml``. Raises InputError for a file that is no schedule."""
    content = library.read("follow_up", name)
    content.pop("description", None)
    keys = [field.name for field in dataclasses.fields(FollowUp)][1:]
    for key in content:
        if key not in keys:
            raise InputError(f"follow_up {name}: {key}: there is no such key{choice(key, keys)}")
    absent: list[int] = []  # a schedule may leave out the watching
    months = {
        key: _months(f"follow_up {name}: {key}", content.get(key, absent if "watch" in key else None))
        for key in keys
    }
    for key in keys:
        named = "watch_months" if key.startswith("watch") else "visit_months"
        visits = months[named]
        if len(visits) > MOST_VISITS:
            raise InputError(
                f"follow_up {name}: {named}: {len(visits)} visits; at most {MOST_VISITS} are allowed"
            )
        for month in months[key]:
            if month not in visits:
                raise InputError(
                    f"follow_up {name}: {key}: month {month} is not one of {named}, {list(visits)}"
                )
    return FollowUp(name, **months)


def _months(key: str, value: object) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise InputError(f"{key}={shown(value)}: must be a list of whole months, such as [6, 12, 24], or []")
    months = tuple(units.whole(key, month, 1) for month in value)
    if list(months) != sorted(set(months)):
        raise InputError(f"{key}={shown(value)}: months must increase")
    return months
