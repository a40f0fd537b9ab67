"""What a clinic's steps and resources are called, and the warning of a queue that only grows."""

from sim.clinic.load import Overload

STEP_WORDS = {
    "mri": "MRI",
    "meeting": "meeting",
    "radiotherapy": "radiotherapy",
    "resection": "resection",
    "salvage": "salvage",
}


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
