"""Costs and quality of life of one patient in plain Python, from the words of conf/economics and docstrings.

A course is cut wherever anything in it may change. Within a piece everything is constant but for discounting,
so that its middle says what it costs and is worth. What is charged on a day is found again in the journal.
"""

import itertools
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from conf import schema
from sim.events import Event
from sim.patient import YEAR_DAYS

KINDS = (
    "diagnosis", "neoadjuvant", "surgery", "adjuvant", "follow_up", "salvage", "metastases", "palliation",
    "travel", "stoma_and_late_harm", "other_care", "absence", "informal_care",
)  # fmt: skip
QUANTITIES = (*(f"cost_{kind}" for kind in KINDS), "life_years", "discounted_life_years", "qalys")
HARMS = (
    "temporary_stoma", "permanent_stoma", "bowel_dysfunction", "incontinence", "urinary_dysfunction",
    "sexual_dysfunction", "severe_morbidity", "reoperation", "bowel_obstruction", "pelvic_fracture",
    "second_cancer", "salvage_complication", "severe_toxicity",
)  # fmt: skip
PAID_ONCE = {
    "severe_morbidity": "surgery", "reoperation": "surgery", "bowel_obstruction": "stoma_and_late_harm",
    "pelvic_fracture": "stoma_and_late_harm", "second_cancer": "stoma_and_late_harm",
    "salvage_complication": "salvage", "severe_toxicity": "neoadjuvant",
}  # fmt: skip
PAID_BY_YEAR = {
    "temporary_stoma": "stoma", "permanent_stoma": "stoma", "bowel_dysfunction": "bowel_dysfunction",
    "incontinence": "incontinence", "urinary_dysfunction": "urinary_dysfunction",
}  # fmt: skip
CHEMORADIOTHERAPY, TOTAL_NEOADJUVANT = 3, 4  # regimens
R2 = 3
CANCER = 3
WEEKS = YEAR_DAYS / 7
NEVER = math.inf


class Lump(NamedTuple):
    """What is paid at once: days since diagnosis, the kind of cost, the amount, days at the hospital."""

    day: float
    kind: str
    amount: float
    travel: float = 0.0


def prices(country: str) -> dict[str, Any]:
    """Return the numbers of a shipped file, prices in its own currency and year."""
    path = Path(schema.__file__).parent / f"economics/{country}.yaml"
    tree = yaml.safe_load(path.read_text("utf-8"))

    def own(value: Any) -> Any:
        if isinstance(value, dict):
            return value["value"] * tree["rates"].get(f"{value['currency']}_{value['year']}", 1.0)
        return value

    return {key: own(value) for key, value in tree.items() if key != "rates"}


def charged(
    row: Mapping[str, Any], events: Iterable[tuple[float, int]], world: np.record, price: Mapping[str, Any]
) -> list[Lump]:
    """Return what is charged as it happens; ``events``: (day of the run, event) of the patient."""
    found: list[Lump] = []
    follow_up = world["follow_up"]
    reassessments = 0
    fraction, planning = price["radiotherapy_fraction_price"], price["radiotherapy_course_price"]

    def add(kind: str, amount: float, travel: float = 0.0) -> None:
        found.append(Lump(day, kind, amount, travel))

    def irradiate(kind: str, fractions: float) -> None:
        add(kind, planning + fractions * fraction, fractions)

    def restage_salvage() -> None:
        add("salvage", price["mri_scan_price"], 1)
        add("salvage", price["ct_scan_price"], 1)

    def operate(kind: str, minutes: float, ward: float, intensive: float, materials: float) -> None:
        beds = ward * price["ward_day_price"] + intensive * price["intensive_care_day_price"]
        add(kind, minutes * price["theatre_minute_price"] + beds + materials, 1)

    def is_visit(days: Any, with_scan: Any, from_day: float, k: int) -> bool:
        return bool(with_scan[k]) and from_day + days[k] == at

    for at, event in events:
        day = at - row["diagnosed_day"]
        if event == Event.DIAGNOSIS:
            add("diagnosis", price["diagnosis_price"], 2)
        elif event == Event.STAGING_MRI:
            add("diagnosis", price["mri_scan_price"], 1)
        elif event == Event.NEOADJUVANT:
            of = world["neoadjuvant"]
            given = of["stopped_dose_share"] if row["treatment_stopped"] else 1.0
            irradiate("neoadjuvant", given * of["fractions_count"][row["regimen"]])
            if row["regimen"] == TOTAL_NEOADJUVANT:
                add("neoadjuvant", given * price["total_neoadjuvant_chemotherapy_price"])
            if row["regimen"] == CHEMORADIOTHERAPY:
                add("neoadjuvant", given * price["concurrent_chemotherapy_price"])
            if row["contact_boosted"]:
                add("neoadjuvant", price["contact_boost_price"], 3)
        elif event == Event.RESTAGING_MRI:
            add("neoadjuvant", price["mri_scan_price"], 1)
        elif event == Event.REASSESSMENT:
            reassessments += 1
            add("neoadjuvant", price["mri_scan_price"], 1)
            add("neoadjuvant", price["endoscopy_price"], 1)
        elif event == Event.LOCAL_EXCISION:
            minutes, ward = (
                world["organ_preservation"]["excision_minutes"],
                price["local_excision_ward_days"],
            )
            operate("surgery", minutes, ward, 0, price["local_excision_materials_price"])
        elif event == Event.PATHOLOGY and row["adjuvant"]:
            add("adjuvant", price["adjuvant_chemotherapy_price"])
        elif event == Event.POSTOPERATIVE_CHEMORADIOTHERAPY:
            irradiate("adjuvant", world["postoperative"]["fractions_count"])
            add("adjuvant", price["concurrent_chemotherapy_price"])
        elif event == Event.VISIT:
            add("follow_up", price["visit_price"], 1)
            days = follow_up["visit_days"]
            for scan in ("ct", "mri"):
                if any(is_visit(days, follow_up[scan], row["operated_day"], k) for k in range(len(days))):
                    add("follow_up", price[f"{scan}_scan_price"], 1)
        elif event == Event.WATCH_VISIT:
            add("follow_up", price["visit_price"], 1)
            add("follow_up", price["endoscopy_price"], 1)
            days = follow_up["watch_days"]
            for scan in ("ct", "mri"):
                seen = follow_up[f"watch_{scan}"]
                if any(is_visit(days, seen, row["watch_from_day"], k) for k in range(len(days))):
                    add("follow_up", price[f"{scan}_scan_price"], 1)
        elif event == Event.RECURRENCE_MEETING:
            add("salvage", price["recurrence_work_up_price"], 1)
            restage_salvage()
            if row["recurrence_palliated"]:
                add("palliation", price["palliative_treatment_price"])
        elif event == Event.SALVAGE_TREATMENT:
            of = world["salvage"]
            if row["salvage_induction"]:
                add("salvage", price["induction_chemotherapy_price"])
            if row["salvage_irradiated"]:
                before = "reirradiation" if row["irradiated"] else "full_course"
                irradiate("salvage", of[f"{before}_fractions_count"])
        elif event == Event.SALVAGE_RESECTION:
            if row["salvage_induction"] or row["salvage_irradiated"]:
                restage_salvage()
            if row["salvage_day"] == at:
                done = row["salvage_procedure"]
                operate(
                    "salvage",
                    world["salvage"]["operation_minutes"][done],
                    price["salvage_ward_days"][done],
                    price["salvage_intensive_care_days"][done],
                    price["salvage_materials_price"],
                )
        if event == Event.PRIMARY_EMERGENCY and row["operated_day"] != at:
            add("surgery", price["emergency_stoma_price"], 1)
        if event in (Event.RESECTION, Event.PRIMARY_EMERGENCY) and row["operated_day"] == at:
            more = price["emergency_resection_price"] if row["emergency"] else 0.0
            more += price["leak_price"] if row["leaked"] else 0.0
            ward = price["resection_ward_days"][row["operation"]]
            operate("surgery", row["planned_minutes"], ward, 0, price["resection_materials_price"] + more)
    # The look at restaging, if there was one: the first, before any further one.
    if row["readings"] > reassessments:
        day = next(at for at, event in events if event == Event.RESTAGING_MRI) - row["diagnosed_day"]
        add("neoadjuvant", price["endoscopy_price"], 1)
    if row["metastasis_found_day"] < NEVER:
        day = row["metastasis_found_day"] - row["diagnosed_day"]
        if row["metastasis_systemic"]:
            add("metastases", price["systemic_treatment_price"])
        if row["metastasis_resected"]:
            add("metastases", price["metastasectomy_price"])
    return found


class Course:
    """A patient's course, in days since diagnosis, up to death or the end."""

    def __init__(self, row: np.record, world: np.record, price: Mapping[str, Any], end_days: float) -> None:
        self.row: dict[str, Any] = {name: row[name].tolist() for name in row.dtype.names or ()}
        self.world, self.price = world, price
        start = self.row["diagnosed_day"]
        # By name; harms by name and end.
        self.days = {
            name.removesuffix("_day"): value - start
            for name, value in self.row.items()
            if name.endswith("_day") and isinstance(value, float)
        }
        for harm, begins, ends in zip(
            HARMS, self.row["harm_from_day"], self.row["harm_until_day"], strict=True
        ):
            self.days[f"{harm}_from"], self.days[f"{harm}_until"] = begins - start, ends - start
        self.died = self.days["death"] <= end_days
        self.end = self.days["death"] if self.died else end_days
        salvaged = self.row["salvage_day"] < NEVER
        # From when there is a recurrence again after it was resected: what R2 left was never gone.
        left = salvaged and self.row["salvage_margin"] == R2
        self.days["again"] = self.days["salvage"] if left else self.days["rerecurrence"]
        agenda, waiting = self.row["agenda"], int(self.row["waiting"])
        self.salvage_pending = any(
            agenda[event] < NEVER or waiting >> event & 1
            for event in (Event.SALVAGE_TREATMENT, Event.SALVAGE_RESECTION)
        )

    def within(self, t: float, first: str, last: str | float = NEVER) -> bool:
        """Return whether a time is between two days, or within so many days from one."""
        begins = self.days[first]
        ends = self.days[last] if isinstance(last, str) else begins + last
        return begins <= t < ends

    def age(self, t: float) -> float:
        """Return the age in years."""
        return float(self.row["age_years"]) + t / YEAR_DAYS

    def by_age(self, t: float, values: Iterable[float]) -> float:
        """Return the value of the class of age: the first one also below it."""
        fits = [
            value
            for age, value in zip(self.price["norm_from_age_years"], values, strict=True)
            if age <= self.age(t)
        ]
        return fits[-1] if fits else next(iter(values))

    def planned(self, t: float) -> bool:
        """Return whether the primary waits for its operation, and is neither watched nor left to grow.

        Nor is it treated any more, of who is irradiated and never resected.
        """
        return t < min(
            self.days[name] for name in ("operated", "watch_from", "uncontrolled", "treated_until")
        )

    def has(self, harm: str, t: float) -> bool:
        """Return whether a harm is there."""
        return self.within(t, f"{harm}_from", f"{harm}_until")

    def utility(self, t: float) -> float:
        """Return the quality of life at a time."""
        row, price = self.row, self.price
        found = self.by_age(t, price["women_norm_utility" if row["female"] else "men_norm_utility"])
        if self.planned(t):
            irradiated = row["irradiated"] and not row["postoperatively_irradiated"]
            found *= price["neoadjuvant_utility_ratio" if irradiated else "before_surgery_utility_ratio"]
        if self.within(t, "operated", price["recovery_days"]):
            found *= price["recovery_utility_ratio"]
        if row["leaked"] and self.within(t, "operated", price["leak_days"]):
            found *= price["leak_utility_ratio"]
        pathology = self.days["operated"] + self.world["pathway"]["surgery_to_pathology_days"]
        if row["adjuvant"] and pathology <= t < pathology + price["adjuvant_days"]:
            found *= price["adjuvant_utility_ratio"]
        for harm, ratio in zip(HARMS, price["harm_utility_ratio"], strict=True):
            if self.has(harm, t):
                found *= ratio
        if self.within(t, "recurrence_found", "salvage"):
            found *= price["recurrence_utility_ratio"]
        if self.within(t, "salvage", price["salvage_recovery_days"]):
            found *= price["salvage_recovery_utility_ratio"]
        if self.within(t, "salvage"):
            found *= price["after_salvage_utility_ratio"]
        if self.within(t, "again"):
            found *= price["recurrence_utility_ratio"]
        if self.within(
            t, "metastasis_found", price["metastasectomy_days"] if row["metastasis_resected"] else NEVER
        ):
            found *= price["metastasis_utility_ratio"]
        if self.within(t, "uncontrolled"):
            found *= price["uncontrolled_utility_ratio"]
        if self.died and row["death_cause"] == CANCER and t >= self.end - price["last_months_days"]:
            found *= price["last_months_utility_ratio"]
        return float(found)

    def advanced(self, t: float) -> bool:
        """Return whether a tumour is there that is not going to be cleared."""
        never_salvaged = self.days["salvage"] == NEVER
        return (
            self.within(t, "uncontrolled")
            or (self.within(t, "metastasis_found") and not self.row["metastasis_resected"])
            or (self.within(t, "recurrence_found") and never_salvaged and not self.salvage_pending)
            or self.within(t, "again")
        )

    def spent_by_year(self, t: float) -> dict[str, float]:
        """Return what is being spent a year, by kind."""
        price = self.price
        spent = dict.fromkeys(KINDS, 0.0)
        spent["other_care"] = self.by_age(t, price["other_health_care_price_per_year"])
        hours = 0.0
        if self.advanced(t):
            spent["palliation"] += price["advanced_disease_price_per_year"]
            hours += price["advanced_disease_informal_hours_per_week"]
        if self.planned(t) or self.within(t, "operated", price["recovery_days"]):
            hours += price["treatment_informal_hours_per_week"]
        for harm, paid in PAID_BY_YEAR.items():
            if self.has(harm, t):
                spent["stoma_and_late_harm"] += price[f"{paid}_price_per_year"]
                hours += price["stoma_informal_hours_per_week"] if paid == "stoma" else 0.0
        spent["informal_care"] = WEEKS * hours * price["informal_care_hour_price"]
        friction = price["friction_days"]
        again = max(self.days["recurrence_found"], friction)
        if (t < friction or again <= t < again + friction) and self.age(t) < price["pension_age_years"]:
            worked = price["working_hours_per_week"] * price["employed_share"]
            spent["absence"] = WEEKS * worked * price["productivity_hour_price"]
        return spent

    def lumps(self) -> list[Lump]:
        """Return what is paid at once but not charged as it happens: harms, closure, the end of life."""
        price = self.price
        found = [
            Lump(self.days[f"{harm}_from"], kind, price[f"{harm}_price"]) for harm, kind in PAID_ONCE.items()
        ]
        closed = self.days["temporary_stoma_until"]
        if self.days["permanent_stoma_from"] != closed:
            found.append(Lump(closed, "stoma_and_late_harm", price["stoma_closure_price"]))
        found = [lump for lump in found if lump.day < self.end]
        if self.died:
            of = "end_of_life_price" if self.row["death_cause"] == CANCER else "other_death_price"
            found.append(Lump(self.end, "palliation", price[of]))
        return found

    def cuts(self) -> list[float]:
        """Return the days between which nothing changes, ascending, from 0 to the end."""
        price = self.price
        after = [price[name] for name in (
            "recovery_days", "leak_days", "salvage_recovery_days", "metastasectomy_days", "friction_days",
        )]  # fmt: skip
        pathology = float(self.world["pathway"]["surgery_to_pathology_days"])
        after += [0.0, pathology, pathology + price["adjuvant_days"]]
        of_note = ("operated", "watch_from", "treated_until", "uncontrolled", "recurrence_found", "salvage",
                   "again", "metastasis_found")  # fmt: skip
        days = {self.days[name] + later for name in of_note for later in after}
        days |= {self.days[f"{harm}_{end}"] for harm in HARMS for end in ("from", "until")}
        days |= {price["friction_days"], 2 * price["friction_days"], self.end - price["last_months_days"]}
        ages = (*price["norm_from_age_years"], price["pension_age_years"])
        days |= {(age - self.row["age_years"]) * YEAR_DAYS for age in ages}
        return [0.0, *sorted(day for day in days if 0 < day < self.end), self.end]

    def values(self, charges: Iterable[Lump]) -> dict[str, float]:
        """Return every quantity, by ``QUANTITIES``; ``charges``: of ``charged``."""
        return self._values(charges, self.cuts())

    def values_by_steps(self, charges: Iterable[Lump], step_days: float) -> dict[str, float]:
        """Return the same by steps of equal length, without a thought on when anything changes."""
        steps = max(1, round(self.end / step_days))
        return self._values(charges, [self.end * k / steps for k in range(steps + 1)])

    def _values(self, charges: Iterable[Lump], cuts: list[float]) -> dict[str, float]:
        of_costs, of_effects = (
            1.0 + self.price[f"{of}_discount_rate_per_year"] for of in ("costs", "effects")
        )
        found = dict.fromkeys(QUANTITIES, 0.0)
        for first, last in itertools.pairwise(cuts):
            middle = (first + last) / 2
            worth = _years(of_effects, first, last)
            found["life_years"] += (last - first) / YEAR_DAYS
            found["discounted_life_years"] += worth
            found["qalys"] += worth * self.utility(middle)
            worth = _years(of_costs, first, last)
            for kind, amount in self.spent_by_year(middle).items():
                found[f"cost_{kind}"] += worth * amount
        for lump in (*charges, *self.lumps()):
            worth = of_costs ** (-lump.day / YEAR_DAYS)
            found[f"cost_{lump.kind}"] += worth * lump.amount
            found["cost_travel"] += worth * lump.travel * self.price["travel_price"]
        return found


def _years(ratio: float, first_day: float, last_day: float) -> float:
    """Return what the years between two days are worth, where a later year is worth 1/ratio of this one."""
    first, last = first_day / YEAR_DAYS, last_day / YEAR_DAYS
    if ratio == 1.0:
        return last - first
    return float((ratio**-first - ratio**-last) / math.log(ratio))
