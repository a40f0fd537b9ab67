"""What is used of the clinic: counted as it happens and, where a country's prices are set, charged.

Charges are discounted continuously to the day of diagnosis. A price of 0 charges nothing.
"""

import math

from sim.compiled import Record, compiled
from sim.patient import YEAR_DAYS, Cost


@compiled
def charge(patient: Record, world: Record, cost: int, price: float, hospital_days: float, now: float) -> None:
    """Charge what something costs, and the way to the hospital on so many days."""
    economics = world.economics
    if economics.counted:
        years = (now - patient.diagnosed_day) / YEAR_DAYS
        worth = math.exp(-economics.costs_force_of_interest * years)
        patient.charged[cost] += price * worth
        patient.charged[Cost.TRAVEL] += hospital_days * economics.travel_price * worth


@compiled
def scan_by_mri(patient: Record, world: Record, cost: int, now: float) -> None:
    """One MRI."""
    patient.mri_scans += 1
    charge(patient, world, cost, world.economics.mri_scan_price, 1.0, now)


@compiled
def scan_by_ct(patient: Record, world: Record, cost: int, now: float) -> None:
    """One CT."""
    patient.ct_scans += 1
    charge(patient, world, cost, world.economics.ct_scan_price, 1.0, now)


@compiled
def look_by_endoscopy(patient: Record, world: Record, cost: int, now: float) -> None:
    """One endoscopy."""
    patient.endoscopies += 1
    charge(patient, world, cost, world.economics.endoscopy_price, 1.0, now)


@compiled
def visit_clinic(patient: Record, world: Record, now: float) -> None:
    """One visit of follow-up, with CEA."""
    patient.visits += 1
    charge(patient, world, Cost.FOLLOW_UP, world.economics.visit_price, 1.0, now)


@compiled
def irradiate(patient: Record, world: Record, cost: int, fractions: float, now: float) -> None:
    """One course of radiotherapy, all of whose fractions are charged when it begins."""
    economics = world.economics
    patient.radiotherapy_courses += 1
    patient.radiotherapy_fractions += fractions
    price = economics.radiotherapy_course_price + fractions * economics.radiotherapy_fraction_price
    charge(patient, world, cost, price, fractions, now)


@compiled
def give_chemotherapy(patient: Record, world: Record, cost: int, price: float, now: float) -> None:
    """One course of chemotherapy, charged when it begins."""
    patient.chemotherapy_courses += 1
    charge(patient, world, cost, price, 0.0, now)


@compiled
def use_theatre(
    patient: Record,
    world: Record,
    cost: int,
    minutes: float,
    ward_days: float,
    intensive_care_days: float,
    materials_price: float,
    now: float,
) -> None:
    """One operation and the stay in hospital after it."""
    economics = world.economics
    patient.theatre_minutes += minutes
    price = minutes * economics.theatre_minute_price + materials_price
    price += ward_days * economics.ward_day_price + intensive_care_days * economics.intensive_care_day_price
    charge(patient, world, cost, price, 1.0, now)
