"""Picture of where the variance of outcomes comes from: luck, patients, parameters."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.pictures import look
from analysis.words.wording import Words, percent, policy_words, sentence

LEFT, ROW = 2.7, 0.5
SOURCES = {
    "parameters": ("uncertain parameters", look.BLUE, None),
    "heterogeneity": ("known differences between patients", look.YELLOW, "...."),
    "luck": ("luck", look.PALE, None),
}


def variance_bars(table: pd.DataFrame, words: Words = policy_words) -> Figure:
    """Return a bar for each outcome, divided by source.

    ``table``: ``split_table`` of each outcome, with a column ``outcome``.
    """
    if table.empty or not look.known(table["share"]):
        return look.nothing("the sources of variance")
    wide = table.pivot(index="outcome", columns="source", values="share").reindex(
        index=list(dict.fromkeys(table["outcome"])), columns=list(SOURCES)
    )
    note = (
        "Variance of one patient's outcome, with parameters drawn again for each patient. Luck averages out "
        "over many patients, differences between patients can be acted on, and only research lessens the "
        "uncertainty of parameters."
    )
    with look.style():
        lines = [look.wrapped(sentence(words(str(name))), LEFT - 0.45, look.SMALL) for name in wide.index]
        height = max(ROW, max(map(len, lines)) * look.SMALL * look.LINE + 0.1) * len(wide)
        drawn = look.figure(_title(wide, words), note, height + 1.0)
        ax = look.axes(drawn, LEFT, 0.9, look.WIDTH - LEFT - look.EDGE - 0.2, height)
        where, left = np.arange(len(wide)), np.zeros(len(wide))
        for source, (_, colour, hatch) in SOURCES.items():
            share = np.nan_to_num(wide[source].to_numpy(float))
            bar: look.Style = {"height": 0.62, "color": colour, "hatch": hatch, "edgecolor": "white"}
            ax.barh(where, share, left=left, **bar, gid=source)
            for y, part, start in zip(where, share, left, strict=True):
                if part >= 0.1:
                    text: look.Style = {"ha": "center", "va": "center", "size": look.SMALL, "gid": "value"}
                    ink = "white" if colour == look.BLUE else look.INK
                    ax.text(float(start + part / 2), float(y), f"{percent(part)} %", color=ink, **text)
            left = left + share
        ax.set_yticks(where, ["\n".join(each) for each in lines])
        ax.tick_params(axis="y", length=0, labelsize=look.SMALL)
        ax.spines["left"].set_visible(False)
        ax.set(xlim=(0, 1), ylim=(len(wide) - 0.4, -0.6))
        look.percent_axis(ax.xaxis, 5)
        ax.set_xlabel("share of the variance")
        place = 0.4
        for name, colour, hatch in SOURCES.values():
            look.swatch(drawn, place, 0.12, colour, name, hatch)
            place += 0.75 + look.text_width(name, look.TEXT)
    return drawn


def _title(wide: pd.DataFrame, words: Words) -> str:
    largest = wide.fillna(0.0).idxmax(axis=1)
    source = str(largest.mode().iloc[0])
    count = int((largest == source).sum())
    if count == 1:  # of the first outcome, where no source is the largest of several
        source = str(largest.iloc[0])
        of = f"{words(str(wide.index[0]))}: {percent(float(wide[source].iloc[0]))} %"
    else:
        of = "every outcome" if count == len(wide) else f"{count} of {len(wide)} outcomes"
    name = SOURCES[source][0]
    return f"{sentence(name)} {'are' if name.endswith('s') else 'is'} the largest source of variance of {of}"
