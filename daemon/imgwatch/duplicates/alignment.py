"""Whether one picture shows another, or a part of it: the smaller one is laid over the larger one. Pure.

It recognises copies only: another shot of the same scene does not fit to the pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image

from imgwatch.duplicates.agreement import (
    NONE,
    Agreement,
    Grey,
    Plane,
    View,
    Window,
    agreement,
    edges_of,
    likeness,
)

SIDE = 96  # pixels of the longer side of what is compared
_COARSE = 48  # and of what is searched
_SCALES = np.geomspace(0.36, 1.0, 36)
_LEAST_SIDE = 12  # pixels of the smaller one where it is searched
_MARGIN = 2  # pixels by which the search may be wrong
_FLAT = 2.0  # standard deviation of grey values below which there is nothing to compare
_LEAST_COARSE = 0.5  # correlation below which the search has met nothing
_FRAME_SHARE = 0.4  # of what lies around a picture that has the colour of bars: words on them have others
_RIM = 2  # pixels from the edge of what is covered to the lines on both sides that are compared
_LEAST_RIM = 0.25  # share of the inner line that must have another colour than the bars
_CUT_SHARE = 0.8  # and how much of that must end at the edge, which it does not in what was cut out
_SAME_SHAPE = 1.04  # how much the proportions of pictures may differ that are compared as they are
_PROMISING = 0.6  # likeness before the window is moved to where the two fit best


class Around(StrEnum):
    """What lies around the smaller picture in the larger one: more of the scene, a frame, or what may be either."""

    SCENE = "scene"
    FRAME = "frame"
    EITHER = "either"


class Fit(NamedTuple):
    """How one picture overlies another: how they agree there, and which part of the larger one that is.

    `share` of the larger one is covered by the smaller one, `is_first_smaller` says which one that is, `around` what
    the rest of the larger one shows.
    """

    agreement: Agreement
    share: float = 1.0
    is_first_smaller: bool = True
    around: Around = Around.SCENE

    @property
    def likeness(self) -> float:
        """The likeness of the agreement."""
        return self.agreement.likeness

    @property
    def is_copy(self) -> bool:
        """Return whether one of the two is a copy of the other. Chosen and measured by benchmarks/duplicates.py."""
        return self.agrees and not self.agreement.contradicts

    @property
    def agrees(self) -> bool:
        """Return whether both show the same, perhaps with other words on it."""
        least = _LEAST_FRAMED_SHARE if self.around is Around.FRAME else _LEAST_SHARE
        agreed = self.agreement
        agrees_everywhere = agreed.weakest >= _EVERYWHERE and agreed.difference <= _MOST_DIFFERENCE_EVERYWHERE
        agrees_in_light = agreed.difference <= _MOST_DIFFERENCE or agrees_everywhere
        agrees_in_edges = agreed.likeness >= _LEAST_LIKENESS and agreed.weakest >= _LEAST_WEAKEST
        agrees_in_colours = agreed.colours <= _MOST_COLOURS and agreed.recoloured <= _MOST_RECOLOURED
        least_breadth = _LEAST_BREADTH + _BREADTH_PER_CELL * max(0, _TELLING - agreed.telling)
        is_distinctive = self.share >= least and agreed.breadth >= least_breadth
        return agrees_in_edges and agrees_in_light and agrees_in_colours and is_distinctive


_LEAST_LIKENESS = 0.85
_LEAST_WEAKEST = 0.25
_MOST_DIFFERENCE = 0.2
_EVERYWHERE, _MOST_DIFFERENCE_EVERYWHERE = 0.8, 0.3  # fine detail that was scaled down has other shades
_MOST_COLOURS = 5.0
_MOST_RECOLOURED = 12.0
_LEAST_BREADTH = 0.02  # a horizon fits any other one
_TELLING = 28  # cells with edges, which suffice; each one that is missing takes more breadth
_BREADTH_PER_CELL = 0.02
_LEAST_SHARE = 0.4
_LEAST_FRAMED_SHARE = 0.2
WHOLE = 0.93  # share of the larger picture that a copy of the whole covers at least
_MOST_SHOWN = 0.9  # and what is shown between bars at most
STRANGERS = Fit(NONE)


def fit(first: Sequence[View], second: Sequence[View]) -> Fit:
    """Lay each of two pictures over the other, and return the better fit.

    Each is the whole picture, followed by what seem to be pictures that it shows between bars.
    """
    best = _fit(first[0], second[0])
    if best.is_copy or (best.agrees and best.share >= WHOLE):
        return best
    shown = [(_fit(part, second[0]), False) for part in first[1:]] + [
        (_fit(first[0], part), True) for part in second[1:]
    ]
    for fit_of_shown, is_first_smaller in shown:
        is_whole = (
            fit_of_shown.around is not Around.FRAME
        )  # two frames have other things beside the same picture
        if (
            is_whole
            and fit_of_shown.is_copy
            and not (best.is_copy and best.likeness >= fit_of_shown.likeness)
        ):
            share = min(fit_of_shown.share, _MOST_SHOWN)
            best = Fit(fit_of_shown.agreement, share, is_first_smaller, Around.FRAME)
    return best


def _fit(first: View, second: View) -> Fit:
    if min(first[..., 0].std(), second[..., 0].std()) < _FLAT:
        return STRANGERS
    over, under = _laid_over(first, second), _laid_over(second, first)._replace(is_first_smaller=False)
    return max(over, under, key=lambda each: each.likeness)


def _laid_over(part: View, whole: View) -> Fit:
    """Return the fit of `part` at the place and size in `whole` where it fits best."""
    small, large = (np.ascontiguousarray(view[..., 0]) for view in (part, whole))
    edges = edges_of(large)
    fits = [(_compared(small, edges, window), window) for window in _windows(small, large)]
    if not fits:
        return STRANGERS
    (likeness_there, (top, left)), (_, _, height, width) = max(fits)
    window = (top, left, height, width)
    agreed = (
        agreement(part, whole, window)
        if likeness_there >= _PROMISING
        else NONE._replace(likeness=likeness_there)
    )
    return Fit(agreed, height * width / large.size, True, _around(large, window))


def _windows(part: Grey, whole: Grey) -> list[Window]:
    """Return the windows of `whole` to compare with `part`: all of it, and the results of a search."""
    windows = []
    proportions = part.shape[0] * whole.shape[1] / (part.shape[1] * whole.shape[0])
    if 1 / _SAME_SHAPE < proportions < _SAME_SHAPE:
        windows.append((0, 0, *whole.shape))
    coarse = _resized(whole, _COARSE / max(whole.shape))
    correlation, top, left, width = _search(part, coarse)
    if correlation < _LEAST_COARSE:
        return windows
    zoom = max(whole.shape) / max(coarse.shape)
    for grow in (-1.5, -0.75, 0.0, 0.75, 1.5):
        wide = width * zoom + grow
        high = min(round(wide * part.shape[0] / part.shape[1]), whole.shape[0])
        wide_pixels = min(round(wide), whole.shape[1])
        corner = (
            min(round(top * zoom), whole.shape[0] - high),
            min(round(left * zoom), whole.shape[1] - wide_pixels),
        )
        windows.append((*corner, high, wide_pixels))
    return windows


def _around(whole: Grey, window: Window) -> Around:
    """Return what lies around a window.

    Bars have one colour, and the picture ends where they begin; a cut-out continues outside.
    """
    top, left, height, width = window
    bottom, right = top + height, left + width
    outside = np.ones(whole.shape, bool)
    outside[max(top - _MARGIN, 0) : bottom + _MARGIN, max(left - _MARGIN, 0) : right + _MARGIN] = False
    rest = whole[outside]
    if not rest.size:
        return Around.SCENE
    colour = int(np.bincount(rest.ravel() >> 3, minlength=32).argmax()) * 8 + 4
    is_bar = np.abs(whole.astype(int) - colour) < 12
    if float(is_bar[outside].mean()) < _FRAME_SHARE:
        return Around.SCENE
    lines = []  # the pixels beside each edge of the window, inside and outside
    for plane, start, end, first, last in (
        (is_bar, top, bottom, left, right),
        (is_bar.T, left, right, top, bottom),
    ):
        if start > _RIM:
            lines.append(
                (plane[start + _RIM, first:last], plane[start - _RIM - 1 : start, first:last].any(axis=0))
            )
        if end + _RIM < len(plane):
            lines.append(
                (plane[end - _RIM - 1, first:last], plane[end : end + _RIM + 1, first:last].any(axis=0))
            )
    if not lines:
        return Around.SCENE
    inside, beyond = (np.concatenate(line) for line in zip(*lines, strict=True))
    if float((~inside).mean()) < _LEAST_RIM:
        return Around.EITHER
    return Around.FRAME if float(beyond[~inside].mean()) > _CUT_SHARE else Around.SCENE


def _sizes(part: Grey, coarse: Grey) -> list[tuple[int, int]]:
    fit = min(coarse.shape[0] / part.shape[0], coarse.shape[1] / part.shape[1])
    sizes = {(round(part.shape[0] * fit * scale), round(part.shape[1] * fit * scale)) for scale in _SCALES}
    return sorted(size for size in sizes if min(size) >= _LEAST_SIDE)


def _search(part: Grey, coarse: Grey) -> tuple[float, int, int, int]:
    """Return the best correlation of `part`, at any size, with any window, and that window's top, left and width."""
    sizes = _sizes(part, coarse)
    if not sizes:
        return 0.0, 0, 0, 0
    picture, image = coarse.astype(np.float32), Image.fromarray(part)
    templates = np.zeros((len(sizes), *coarse.shape), np.float32)
    for template, (height, width) in zip(templates, sizes, strict=True):
        small = np.asarray(image.resize((width, height), Image.Resampling.BOX), np.float32)
        template[:height, :width] = small - small.mean()
    norms = np.sqrt((templates**2).sum(axis=(1, 2)))
    spectra = np.fft.rfft2(picture) * np.conj(np.fft.rfft2(templates))
    products = np.fft.irfft2(spectra, coarse.shape)
    sums, squares = _running_sums(picture), _running_sums(picture**2)
    best = (0.0, 0, 0, 0)
    for product, norm, (height, width) in zip(products, norms, sizes, strict=True):
        spread = _window_sums(squares, height, width) - _window_sums(sums, height, width) ** 2 / (
            height * width
        )
        rows, columns = spread.shape
        correlation = product[:rows, :columns] / (np.sqrt(np.maximum(spread, 1.0)) * max(norm, 1.0))
        top, left = np.unravel_index(int(correlation.argmax()), correlation.shape)
        best = max(best, (float(correlation[top, left]), int(top), int(left), width))
    return best


def _running_sums(plane: Plane) -> NDArray[np.float64]:
    return np.pad(plane.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))


def _window_sums(sums: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    return np.asarray(
        sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    )


def _compared(part: Grey, edges: Plane, window: Window) -> tuple[float, tuple[int, int]]:
    """Return the likeness of `part` and the best window near this one by their edges, and its corner."""
    top, left, height, width = window
    if min(width, height) < 2 * _LEAST_SIDE:
        return 0.0, (top, left)
    small = edges_of(np.asarray(Image.fromarray(part).resize((width, height), Image.Resampling.BOX)))
    first_row, first_column = max(top - _MARGIN, 0), max(left - _MARGIN, 0)
    near = edges[:, first_row : top + _MARGIN + height, first_column : left + _MARGIN + width]
    windows = sliding_window_view(near, (height, width), axis=(1, 2))
    likenesses = likeness(small, windows.transpose(1, 2, 0, 3, 4))
    row, column = np.unravel_index(int(likenesses.argmax()), likenesses.shape)
    return float(likenesses[row, column]), (first_row + int(row), first_column + int(column))


def _resized(grey: Grey, scale: float) -> Grey:
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))
