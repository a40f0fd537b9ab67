"""What the tests of pictures share: a picture as it is drawn, and what it says."""

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure


class Page(RendererAgg):
    """A picture, drawn, with each line of its text: left, top, right, bottom in pixels from the top left."""

    def __init__(self, figure):
        width, height = (round(inches * figure.dpi) for inches in figure.get_size_inches())
        super().__init__(width, height, figure.dpi)
        self.lines = []
        figure.draw(self)

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        width, height, descent = self.get_text_width_height_descent(s, prop, ismath)
        upright = (x, y + descent - height, x + width, y + descent)
        self.lines.append(((x + descent - height, y - width, x + descent, y) if angle else upright, s))

    def cut_off(self) -> list[str]:
        """Return the lines that leave the page."""
        return [
            text
            for (left, top, right, bottom), text in self.lines
            if min(left, top) < 0 or right > self.width or bottom > self.height
        ]

    def covered(self, pixels: float = 1.0) -> list[tuple[str, str]]:
        """Return the pairs of lines that cover each other by more than some pixels."""
        boxes = np.array([box for box, _ in self.lines]).reshape(-1, 4)
        starts = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
        ends = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
        pairs = np.argwhere(np.triu((starts < ends - pixels).all(axis=2), k=1))
        return [(self.lines[one][1], self.lines[other][1]) for one, other in pairs]


def title(figure: Figure) -> str:
    return figure.texts[0].get_text().replace("\n", " ")


def note(figure: Figure) -> str:
    return figure.texts[1].get_text().replace("\n", " ")


def words(figure: Figure) -> list[str]:
    texts = [text.get_text() for text in figure.findobj(matplotlib.text.Text)]
    return [text.replace("\n", " ") for text in texts if text]


def artists(figure: Figure, gid: str) -> list:
    return figure.findobj(lambda artist: artist.get_gid() == gid)
