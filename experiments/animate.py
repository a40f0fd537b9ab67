"""A run's journal as a moving picture: patients go from place to place, in one page that needs no network."""

import html
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.input_error import InputError, choice, shown
from conf.received import read_json, read_received
from experiments.draw import folder_of_run, with_any_tables
from experiments.results.crate import renew
from experiments.results.partial import write_whole

if TYPE_CHECKING:
    import pandas as pd

# Patients who are still seen one by one, in a page that a browser opens at once.
PATIENTS, MOST, YEARS, EVERY_DAYS = 60, 100, 3.0, 7
KEY_WORDS = {
    "policy": "the policy to show; the first of the run",
    "patients": f"how many, in the order of their numbers; {PATIENTS}",
    "years": f"how long; {YEARS:g}",
}
# Where a patient stands from an event on; unseen events move nobody. Places by column, from the top down.
PLACES: dict[str, tuple[int, str]] = {
    "referred": (0, "referred"),
    "staged": (0, "MRI done"),
    "planned": (0, "treatment planned"),
    "treated": (0, "treatment before surgery"),
    "restaged": (0, "MRI after treatment"),
    "operated": (0, "operated"),
    "chemoradiotherapy": (1, "chemoradiotherapy after surgery"),
    "follow_up": (1, "follow-up"),
    "metastases": (1, "symptoms of metastases"),
    "waiting": (1, "waiting in a queue"),
    "died": (1, "died"),
    "followed": (1, "followed to the end"),
    "watched": (2, "rectum kept, watched"),
    "recurred": (2, "symptoms of recurrence or regrowth"),
    "discussed": (2, "recurrence discussed"),
    "prepared": (2, "treatment before salvage"),
    "salvaged": (2, "salvage operation"),
    "returned": (2, "recurrence is back"),
}
STANDS = {
    "arrival": "referred",
    "diagnosis": "referred",
    "staging_mri": "staged",
    "team_meeting": "planned",
    "neoadjuvant": "treated",
    "restaging_mri": "restaged",
    "reassessment": "restaged",
    "local_excision": "operated",
    "resection": "operated",
    # A resection or a stoma.
    "primary_emergency": "operated",
    "pathology": "follow_up",
    "postoperative_chemoradiotherapy": "chemoradiotherapy",
    "visit": "follow_up",
    "watch_visit": "watched",
    "regrowth_symptoms": "recurred",
    "recurrence_symptoms": "recurred",
    "recurrence_meeting": "discussed",
    "salvage_treatment": "prepared",
    "salvage_resection": "salvaged",
    "rerecurrence": "returned",
    "metastasis_symptoms": "metastases",
    "refusal": "follow_up",
    "death_recurrence": "died",
    "death_metastasis": "died",
    "death_operative": "died",
    "death_primary": "died",
    "death_other": "died",
    "depart": "followed",
}
# Pixels: the whole page is seen on a screen of 1366 by 768, below a browser's bars.
WIDE, HIGH, MOST_ROWS = 350, 424, 6
ABOVE, BELOW, ASIDE = 96, 110, 20
OFFLINE = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:\">"
)
# Of a journal, those that are read here.
JOURNAL_COLUMNS = ("policy", "entity_id", "event_type", "event", "time", "mechanism")
COLOUR, NONE = "recurrence from", "no recurrence"


def animate(words: Sequence[str]) -> Path:
    """Write RUN/animation.html from RUN/journal.parquet and return its path.

    ``words``: the run's folder, then policy=, patients= and years= where they are wanted otherwise. Raises
    InputError where there is no run, no journal or no vidigi, or for a setting that cannot be.
    """
    folder, settings = _read(words)
    try:
        import vidigi  # noqa: F401
    except ImportError as error:
        raise InputError(
            'animate: needs vidigi, of the extra "teach": pip install "lrrc-sim[teach]"'
        ) from error
    path = folder / "journal.parquet"
    if not path.is_file():
        raise InputError(f"{folder}: this run has no journal; make one with: {_command(folder)} journal=true")
    journal = _journal(path)
    page = folder / "animation.html"
    # The script of plotly is written into the page, and the page may load nothing else.
    config = {"displaylogo": False, "displayModeBar": False, "plotlyServerURL": ""}
    text = with_any_tables(
        folder,
        lambda: moving(_chosen(journal, settings), settings["years"]).to_html(
            include_plotlyjs=True, config=config
        ),
    )
    try:
        write_whole(page, text.replace("<head>", f"<head>{OFFLINE}", 1).encode())
        renew(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from error
    return page


def _journal(path: Path) -> "pd.DataFrame":
    """Return a journal. Raises InputError where it cannot be read, or is none."""
    import pandas as pd

    journal = read_received(path, pd.read_parquet)
    for name in JOURNAL_COLUMNS:
        if name not in journal:
            raise InputError(f"{path}: is not a journal that a run writes: it has no column {name}")
    if journal["time"].dtype.kind not in "if" or not journal["time"].abs().lt(math.inf).all():
        raise InputError(f"{path}: cannot be read: the column time must hold numbers")
    if not len(journal):
        raise InputError(f"{path}: holds no event")
    return journal


def _command(folder: Path) -> str:
    """Return a command that would have made the run's journal; the folder's own where it can be one."""
    command = (read_json(folder / "manifest.json") or {}).get("command")
    words = command.split(" ") if isinstance(command, str) and command.isprintable() else []
    # No word that a shell would act on: the folder may have been received from somebody.
    if words[:2] != ["lrrc", "compare"] or not all(re.fullmatch(r"[\w.,:+=\[\]/-]+", word) for word in words):
        words = ["lrrc", "compare"]
    return " ".join(word for word in words if not word.startswith(("out=", "journal=")))


def _read(words: Sequence[str]) -> tuple[Path, dict[str, Any]]:
    folders = [word for word in words if "=" not in word]
    if len(folders) != 1:
        raise InputError(
            "animate: name one run's folder, as in: lrrc animate runs/compare/2026-05-04_09-30-00"
        )
    folder = folder_of_run(folders[0])
    settings: dict[str, Any] = {"policy": None, "patients": PATIENTS, "years": YEARS}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            continue
        if key not in settings:
            raise InputError(f"{word}: there is no key {key}{choice(key, settings)}")
        settings[key] = value if key == "policy" else _number(key, value)
    return folder, settings


def _number(key: str, value: str) -> float:
    try:
        number = int(value) if key == "patients" else float(value)
    except ValueError:
        number = 0
    most = MOST if key == "patients" else 20
    if not 0 < number <= most:
        whole = "a whole number" if key == "patients" else "a number"
        raise InputError(f"{key}={shown(value)}: must be {whole} above 0 and at most {most}")
    return number


def _chosen(journal: "pd.DataFrame", settings: dict[str, Any]) -> "pd.DataFrame":
    policies = list(journal["policy"].unique())
    policy = settings["policy"] or policies[0]
    if policy not in policies:
        raise InputError(f"policy={policy}: not in this run{choice(policy, policies)}")
    own = journal[journal["policy"] == policy]
    numbers = sorted(own["entity_id"].unique())[: int(settings["patients"])]
    chosen: pd.DataFrame = own[own["entity_id"].isin(numbers)]
    return chosen


def moving(journal: "pd.DataFrame", years: float) -> Any:
    """Return vidigi's figure of the patients of a journal under one policy, for so many years."""
    import pandas as pd
    from vidigi.animation import animate_activity_log

    from analysis.pictures import look
    from analysis.words.wording import policy_words, sentence
    from sim.patient import YEAR_DAYS, Mechanism

    # Days count from the first patient who is shown: a warm-up comes before the cohort.
    journal = journal.assign(time=journal["time"] - journal["time"].min())
    last = round(min(years * YEAR_DAYS, float(journal["time"].max())))
    log = standing(journal, last)
    there = set(log.loc[log["time"] <= last, "event"])
    places = {place: about for place, about in PLACES.items() if place in there}
    # Without the places where nobody ever stands, the others of a column move up.
    rows = max(sum(column == k for column, _ in places.values()) for k in range(3))
    pitch = HIGH / min(max(rows, 4), MOST_ROWS)
    corners: dict[str, tuple[float, float]] = {}
    taken = [0, 0, 0]
    for place, (column, _) in places.items():
        taken[column] += 1
        corners[place] = (WIDE * column + 20, HIGH - pitch * taken[column] + 28)
    positions = pd.DataFrame(
        [(place, *corner) for place, corner in {**corners, "arrival": (0, 0), "depart": (0, 1)}.items()],
        columns=["event", "x", "y"],
    )
    # As in the pictures; yellow letters are lost on white.
    stack = [look.ORANGE if colour == look.YELLOW else colour for colour in look.STACK]
    names = [mechanism.name.lower().replace("_", " ") for mechanism in Mechanism]
    colours = {NONE: look.GREY, **dict(zip(names, stack, strict=False))}
    figure = animate_activity_log(
        log,
        positions.assign(label=""),
        simulation_time_unit="days",
        every_x_time_units=EVERY_DAYS,
        limit_duration=last,
        step_snapshot_max=MOST,
        wrap_queues_at=25,
        gap_between_entities=13,
        gap_between_queue_rows=12,
        queue_direction="right",
        custom_entity_icon_list=["●"],
        entity_icon_size=13,
        entity_colour_by=COLOUR,
        entity_colour_map=colours,
        show_entity_legend=False,
        display_stage_labels=False,
        plotly_height=HIGH + ABOVE + BELOW,
        plotly_width=3 * WIDE + 2 * ASIDE,
        override_x_max=3 * WIDE,
        override_y_max=HIGH,
        frame_duration=300,
        frame_transition_duration=200,
        plot_bgcolor="white",
    )
    for place, (x, y) in corners.items():
        label = {
            "text": f"<b>{PLACES[place][1]}</b>",
            "showarrow": False,
            "xanchor": "left",
            "yanchor": "top",
        }
        figure.add_annotation(x=x - 8, y=y - 6, font={"size": 13, "color": look.INK}, **label)
    name = html.escape(sentence(policy_words(str(journal["policy"].iloc[0]))))
    count = journal["entity_id"].nunique()
    legend = "   ".join(f'<span style="color:{colour}">● {word}</span>' for word, colour in colours.items())
    note = "Colour: the source of a recurrence, from the day on which it could be detected, found or not."
    patients = f"{count} patient{'' if count == 1 else 's'}"
    text = f"<b>{name}: {patients}</b><br><sup>{note}</sup><br><sup>{legend}</sup>"
    figure.update_layout(
        title={"text": text, "x": 0.02, "y": 0.97, "yanchor": "top"},
        margin={"t": ABOVE, "b": BELOW, "l": ASIDE, "r": ASIDE},
        font={"color": look.INK},
    )
    for slider in figure.layout.sliders:
        slider.currentvalue.prefix = "day "
        slider.currentvalue.font.size = 14
    return figure


def standing(journal: "pd.DataFrame", last: float) -> "pd.DataFrame":
    """Return the journal as places: a row when a patient comes to another one, and arrival and departure.

    Who dies, or is followed to the end, stays in that place: all depart after the ``last`` day that is shown.
    """
    import pandas as pd

    log = journal[journal["event_type"].isin(["arrival_departure", "queue"])].copy()
    waits = log["event"].str.startswith("waiting_for_")
    place = log["event"].map(STANDS).mask(waits, "waiting")
    died = place.eq("died").groupby(log["entity_id"]).transform("any")
    departs = log["event"] == "depart"
    place = place.mask(departs & died, "died")
    log[COLOUR] = log["mechanism"].str.replace("_", " ").fillna(NONE)
    # What happens unseen moves nobody; a recurrence that begins to grow shows where the patient stands.
    log["event"] = place.where(place.notna(), None).groupby(log["entity_id"]).ffill()
    before = log.groupby("entity_id")[["event", COLOUR]].shift()
    moved = log[(log["event"] != before["event"]) | (log[COLOUR] != before[COLOUR])]
    arrivals = log[journal.loc[log.index, "event"] == "arrival"].assign(event="arrival")
    gone = log[departs].assign(event="depart", time=last + 10.0 * EVERY_DAYS)
    parts = [arrivals, moved.assign(event_type="queue"), gone]
    columns = ["entity_id", "event_type", "event", "time", COLOUR]
    places: pd.DataFrame = pd.concat([part[columns] for part in parts], ignore_index=True)
    return places
