"""What each file of a run's folder is, in words and by its media type."""

from pathlib import PurePosixPath
from typing import NamedTuple

from analysis.words.columns import TABLES
from analysis.words.report import picture_words

# By the ending of the name.
FORMATS = {
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".json": "application/json",
    ".md": "text/markdown",
    ".txt": "text/plain",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".html": "text/html",
    ".bib": "application/x-bibtex",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".dta": "application/x-stata-dta",
    ".R": "text/x-r-source",
}
PICTURES = (".png", ".svg")
FILES = {
    "config.yaml": "The run as it was understood: settings, every lever of every policy, every number",
    "manifest.json": "Command, versions, machine, seed and times, with digests of inputs and tables",
    "data_dictionary.csv": "Every column of every table: meaning, unit, type and codes",
    "inputs/composed.yaml": "The configuration as it was composed, from which the run can be made again",
    "inputs/posterior.csv": "The posterior sample that the run used",
    "calibrated.yaml": "The best fit, as a file of the group disease",
    "answer.txt": "The answer to the scenario's question",
    "story.md": "One patient's course under each policy, in words",
    "validation.md": "Every published figure beside the simulated one, as a page",
}
# Written by a command that is given later, from the folder alone.
LATER = {
    "report.html": "The run's report, in one page",
    "memo.html": "A memo of one page on a probabilistic sensitivity analysis",
    "report.xlsx": "The run's report, as a workbook",
    "report.bib": "The publications that the report refers to",
    "animation.html": "Patients moving through the clinic",
}
LATER_FOLDERS = {
    "stata": "A labelled copy of the tables, for Stata",
    "r": "A labelled copy of the tables, for R",
}


class About(NamedTuple):
    """What a file is; ``later``: a command after the run wrote it."""

    description: str
    media_type: str
    later: bool = False


def about(place: str) -> About:
    """Return what a file of a folder is, by its place in it, such as ``inputs/policy/a.yaml``."""
    path = PurePosixPath(place)
    media_type = FORMATS.get(path.suffix, "application/octet-stream")
    if place in LATER:
        return About(LATER[place], media_type, True)
    if place in FILES:
        return About(FILES[place], media_type)
    top = path.parts[0]
    if top in LATER_FOLDERS and len(path.parts) > 1:
        return About(LATER_FOLDERS[top], media_type, True)
    if top == "inputs" and len(path.parts) == 3:
        return About(f"A file of the user's own that the run used: a {path.parts[1]}", media_type)
    if top == "trials" and len(path.parts) == 2:
        return About(f"The trial {path.stem}: published beside simulated figures", media_type)
    if path.suffix in PICTURES:
        return About(picture_words(path.stem), media_type)
    if path.suffix in (".csv", ".parquet") and path.stem in TABLES:
        return About(f"Table: {TABLES[path.stem]}", media_type)
    # A checklist is a page that a command wrote after the run.
    return About(f"{path.name}, a page or file beside the run's own", media_type, True)
