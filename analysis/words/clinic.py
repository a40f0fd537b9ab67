"""What a clinic's steps and resources are called, and the warning of a queue that only grows."""

from collections.abc import Iterable

from sim.clinic.load import Overload

STEP_WORDS = {
    "mri": "MRI",
    "endoscopy": "endoscopy",
    "meeting": "meeting",
    "radiotherapy": "radiotherapy",
    "resection": "resection",
    "salvage": "salvage",
}


def steps_asked(steps: Iterable[str], requests: Iterable[int]) -> list[str]:
    """Return the steps that anybody has asked for, in the order of a patient's way; parallel arguments."""
    asked = {step for step, n in zip(steps, requests, strict=True) if n > 0}
    return [step for step in STEP_WORDS if step in asked]


def resource_words(name: str) -> str:
    """Return a resource's name for people."""
    words = {"mri": "MRI", "linac": "linac slot", "meeting": "team meeting"}
    return words.get(name, name.replace("_", " "))


def overload_words(where: str, growing: Overload) -> str:
    """Return the warning of a queue that only grows, with its figures."""
    return (
        f"{where}: the queue for {growing.resource.replace('_', ' ')} keeps growing, by "
        f"{growing.per_year:.1f} patients a year, from {growing.first_length:.0f} to "
        f"{growing.last_length:.0f}. Its waits grow with the length of the run, and their cost with them."
    )
