"""A run, as Python users have it: its tables, its pictures, its patients."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from lrrc.alone import alone

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

DPI = 100  # of a picture in a notebook: 800 pixels wide


class Run:
    """What a run found. ``print(run)`` shows what the command prints; a notebook shows it by itself.

    ``tables``: DataFrames by name, with the columns of the CSV files; each is an attribute too, as
    ``run.outcomes``. ``warnings``: what the command would warn of. ``folder``: where the run was written, or
    None. ``command``: the command that does the same.

    >>> run = lrrc.compare(policies=["tme_alone", "short_course"], patients=5_000)
    >>> run.outcomes.query("outcome == 'local_recurrence' and horizon_years == 5")
    """

    def __init__(
        self,
        *,
        experiment: str,
        command: str,
        tables: "Mapping[str, pd.DataFrame]",
        about: str,
        summary: Callable[[], str],
        pictures: "Callable[[], Mapping[str, Callable[[], Figure]]]",
        patients: "Callable[[], pd.DataFrame] | None" = None,
        warnings: Sequence[str] = (),
        folder: Path | None = None,
    ) -> None:
        self.experiment, self.command, self.folder = experiment, command, folder
        self.tables, self.warnings = tables, tuple(warnings)
        self._about, self._summary, self._pictures, self._patients = about, summary, pictures, patients

    @property
    def pictures(self) -> list[str]:
        """The names of the pictures that ``draw`` takes."""
        with alone():
            return list(self._pictures())

    def draw(self, picture: str) -> "Figure":
        """Return a picture of the run as a Matplotlib figure, which a notebook shows.

        It is made without pyplot, so nothing outside it changes; ``figure.savefig`` writes it. Raises
        InputError for a picture that there is not; ``run.pictures`` has those that there are.

        >>> run.draw("incidence").savefig("incidence.pdf")
        """
        with alone():
            from conf.input_error import InputError, choice, shown

            pictures = self._pictures()
            if picture not in pictures:
                if not pictures:
                    raise InputError(f"{shown(picture)}: nothing can be drawn from the tables of this run")
                raise InputError(
                    f"{shown(picture)}: there is no such picture{choice(str(picture), pictures)}"
                )
            figure = pictures[picture]()
        figure._repr_png_ = partial(_png, figure)  # type: ignore[attr-defined]
        return figure

    def patients(self) -> "pd.DataFrame":
        """Return a row for each patient and policy, with nulls for what never happened.

        Where rows were not kept (``rows=True``), the patients are simulated again: by the same seed they are
        the same. The columns are those of ``patients.parquet``. Raises InputError for an experiment that has
        no rows, and where they would not fit into memory.

        >>> run.patients().query("policy == 'tme_alone'")["recurrence_onset_day"].notna().mean()
        """
        with alone():
            if self._patients is None:
                from conf.input_error import InputError

                raise InputError(
                    f"{self._what()} keeps no patients; use lrrc.compare, with rows=True for its folder"
                )
            return self._patients()

    def _what(self) -> str:
        return str(self.folder) if self.folder else f"lrrc.{self.experiment}"

    def __getattr__(self, name: str) -> "pd.DataFrame":
        tables = self.__dict__.get("tables", {})
        if name in tables:
            table: pd.DataFrame = tables[name]
            return table
        raise AttributeError(f"this run has no {name}; its tables are {', '.join(tables)}")

    def __dir__(self) -> list[str]:
        return sorted(
            {"command", "draw", "experiment", "folder", "patients", "pictures", "warnings", "tables"}
            | {*self.tables}
        )

    def __str__(self) -> str:
        with alone():
            return self._summary()

    def __repr__(self) -> str:
        return f"<lrrc.{self.experiment}: {self._about}; tables: {', '.join(self.tables)}>"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the summary, and what to look at next."""
        tables = ", ".join(f"<code>run.{escape(name)}</code>" for name in self.tables)
        pictures = ", ".join(f"<code>{escape(name)}</code>" for name in self.pictures)
        lines = [f"<p><strong>lrrc.{escape(self.experiment)}</strong>: {escape(self._about)}</p>"]
        lines += [f"<p><strong>Warning:</strong> {escape(words)}</p>" for words in self.warnings]
        lines.append(f'<pre style="line-height: 1.2">{escape(str(self))}</pre>')
        lines.append(f"<p>Tables: {tables}.</p>")
        if pictures:
            lines.append(f"<p>Pictures, for <code>run.draw</code>: {pictures}.</p>")
        return "\n".join(lines)


def _png(figure: "Figure") -> bytes:
    """Return a figure as a notebook shows it."""
    from io import BytesIO

    with alone():
        from analysis.pictures import look

        written = BytesIO()
        with look.style():
            figure.savefig(written, format="png", dpi=DPI)
        return written.getvalue()
