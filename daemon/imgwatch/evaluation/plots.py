"""Draw the plots of reports, each for light and for dark pages, as PNG; it computes only bins.

It needs matplotlib, of the extra report.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
INKS = ("#2f6fb2", "#d9702b", "#3f9b6c", "#a0528f", "#8a7a2f", "#c23b4b", "#5a6fd0", "#6c7780")
_LIGHT = {"ink": "#24292f", "faint": "#d5dae0", "page": "#ffffff"}
_DARK = {"ink": "#d7dde3", "faint": "#3a4149", "page": "#1b2026"}
_BINS = (10, 60)  # at least and at most
_FAR_OUT = 99.5  # percentile at which a histogram's axis ends, so that one picture does not flatten it


@dataclass(frozen=True)
class Plot:
    """A drawn plot: PNG bytes for light and for dark pages; `name` is its file name's stem."""

    name: str
    title: str
    caption: str
    light: bytes
    dark: bytes


def learning_curves(losses: Mapping[str, Sequence[float]], breaks: Sequence[float] = ()) -> Plot:
    """Draw named losses by epoch, on a logarithmic axis; `breaks` are the epochs at which a step began."""

    def paint(axes: Any, colours: Mapping[str, str]) -> None:
        for ink, (name, values) in zip(INKS, losses.items(), strict=False):
            axes.plot(np.arange(1, len(values) + 1), values, color=ink, label=name, linewidth=1.6)
        for epoch in breaks:
            axes.axvline(epoch, color=colours["faint"], linewidth=0.8, zorder=0)
        axes.set(xlabel="epoch", ylabel="loss", yscale="log")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(frameon=False)

    return _drawn("learning", "Learning curves", "Lower is better; the lines should run side by side.", paint)


def histogram(scores: Mapping[str, Floats], threshold: float, caption: str = "") -> Plot:
    """Draw the distributions of named groups of scores, and the threshold: two groups filled, more as lines."""

    def paint(axes: Any, colours: Mapping[str, str]) -> None:
        everything = np.concatenate([*scores.values(), [threshold]])
        end = max(float(np.percentile(everything, _FAR_OUT)), threshold)
        count = int(np.clip(len(everything) ** 0.5, *_BINS))
        bins = np.linspace(float(everything.min()), end + 1e-9, count)
        for index, (name, values) in enumerate(scores.items()):
            weights = np.full(len(values), 100.0 / max(len(values), 1))
            is_filled = index == 0 or len(scores) == 2
            look: dict[str, Any] = {"alpha": 0.5} if is_filled else {"histtype": "step", "linewidth": 1.4}
            look |= {"color": INKS[index % len(INKS)], "label": f"{name} ({len(values)})"}
            axes.hist(
                np.minimum(values, end), bins, weights=weights, **look
            )  # the last bar holds what is beyond
        line = {"color": colours["ink"], "linestyle": "--", "linewidth": 1.2}
        axes.axvline(threshold, label=f"threshold {threshold:.4g}", **line)
        axes.set(xlabel="score (bigger is stranger)", ylabel="% of pictures")
        legend = {"loc": "upper left", "bbox_to_anchor": (1, 1)} if len(scores) > 2 else {}
        axes.legend(frameon=False, fontsize=8, **legend)

    return _drawn("histogram", "Scores", caption, paint)


def roc(curves: Mapping[str, tuple[Floats, Floats]]) -> Plot:
    """Draw ROC curves, name -> (normal flagged, junk caught), shares; false alarms on a log axis."""

    def paint(axes: Any, colours: Mapping[str, str]) -> None:
        for ink, (name, (alarms, caught)) in zip(INKS * 9, curves.items(), strict=False):
            axes.plot(
                np.maximum(alarms, 1e-3), caught, color=ink, label=name, linewidth=1.6, drawstyle="steps-post"
            )
        for rate in (0.005, 0.01, 0.05):
            axes.axvline(rate, color=colours["faint"], linewidth=0.8, zorder=0)
        axes.set(
            xlabel="normal pictures flagged",
            ylabel="junk caught",
            xscale="log",
            xlim=(1e-3, 1),
            ylim=(0, 1.02),
        )
        axes.legend(frameon=False, fontsize=8, loc="lower right")

    return _drawn("roc", "ROC", "Higher and further left is better; the lines mark 0.5, 1 and 5 %.", paint)


def _drawn(name: str, title: str, caption: str, paint: Callable[[Any, Mapping[str, str]], None]) -> Plot:
    return Plot(name, title, caption, _png(paint, _LIGHT), _png(paint, _DARK))


def _png(paint: Callable[[Any, Mapping[str, str]], None], colours: Mapping[str, str]) -> bytes:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    ink, page = colours["ink"], colours["page"]
    style: Any = {
        "text.color": ink,
        "axes.labelcolor": ink,
        "xtick.color": ink,
        "ytick.color": ink,
        "font.size": 9,
    }
    style |= {"axes.edgecolor": colours["faint"], "axes.facecolor": page, "figure.facecolor": page}
    style |= {"axes.spines.top": False, "axes.spines.right": False}
    with mpl.rc_context(style):
        figure = Figure(figsize=(6.4, 3.6), dpi=150, layout="constrained")
        paint(figure.add_subplot(), colours)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png")
    return drawn.getvalue()
