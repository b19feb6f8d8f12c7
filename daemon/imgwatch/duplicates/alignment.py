"""Whether one picture shows a part of another, or the whole of it: the smaller one is laid over the larger one. Pure.

It is sure of copies only: another shot of the same scene does not fit to the pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.uint8]
Plane = NDArray[np.float32]

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
_LEAST_TELLING = 18  # cells with edges: two dark shapes on plain ground would fit with fewer
_CELLS = 6  # the overlap is compared in so many rows and columns of cells


class Around(StrEnum):
    """What lies around the smaller picture in the larger one: more of the scene, a frame, or what may be either."""

    SCENE = "scene"
    FRAME = "frame"
    EITHER = "either"


class Fit(NamedTuple):
    """How one picture lies over another.

    `likeness` is the median, over the cells of a grid, of how their edges correlate: 1 for the same, about 0 for
    strangers; words written over some cells change nothing. `share` is that of the larger one which the smaller one
    covers, `is_first_smaller` which one that is, `around` what the rest of the larger one is.
    """

    likeness: float
    share: float = 1.0
    is_first_smaller: bool = True
    around: Around = Around.SCENE


STRANGERS = Fit(0.0)
WHOLE = 0.93  # share of the larger picture that a copy of the whole covers at least
_SURE = 0.8


def fit(one: Sequence[Grey], other: Sequence[Grey]) -> Fit:
    """Lay each of two pictures over the other, and return how the better one of the two fits.

    Each is handed over as the whole picture, and behind it what seems to be a picture that it shows between bars.
    """
    best = _fit(one[0], other[0])
    if best.likeness >= _SURE:
        return best
    shown = [(_fit(part, other[0]), False) for part in one[1:]] + [
        (_fit(one[0], part), True) for part in other[1:]
    ]
    for fit_of_shown, is_first_smaller in shown:
        if fit_of_shown.likeness > best.likeness:
            best = Fit(fit_of_shown.likeness, 0.0, is_first_smaller, Around.FRAME)
    return best


def _fit(one: Grey, other: Grey) -> Fit:
    if min(one.std(), other.std()) < _FLAT:
        return STRANGERS
    over, under = _laid_over(one, other), _laid_over(other, one)._replace(is_first_smaller=False)
    return max(over, under, key=lambda each: each.likeness)


def _laid_over(part: Grey, whole: Grey) -> Fit:
    """Search where and how small `part` fits best into `whole`, and compare them there."""
    edges = _edges(whole)
    fits = [(_compared(part, edges, window), window) for window in _windows(part, whole)]
    if not fits:
        return STRANGERS
    (likeness, (top, left)), (_, _, height, width) = max(fits)
    return Fit(likeness, height * width / whole.size, True, _around(whole, (top, left, height, width)))


Window = tuple[int, int, int, int]  # top, left, height, width


def _windows(part: Grey, whole: Grey) -> list[Window]:
    """Return the windows of `whole` that are to be compared with `part`: all of it, and those that a search met."""
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
    """Tell what lies around a window.

    Bars have one colour, and what the picture shows ends where they begin; what was cut out goes on outside.
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
    """Return the best correlation of `part`, in any size, with any window, and its top, left and width."""
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
    """Compare the edges of `part` with those in a window, and return the best of nearby windows, and its corner."""
    top, left, height, width = window
    if min(width, height) < 2 * _LEAST_SIDE:
        return 0.0, (top, left)
    small = _edges(np.asarray(Image.fromarray(part).resize((width, height), Image.Resampling.BOX)))
    first_row, first_column = max(top - _MARGIN, 0), max(left - _MARGIN, 0)
    near = edges[:, first_row : top + _MARGIN + height, first_column : left + _MARGIN + width]
    windows = sliding_window_view(near, (height, width), axis=(1, 2))
    likeness = _median_correlation(small, windows.transpose(1, 2, 0, 3, 4))
    row, column = np.unravel_index(int(likeness.argmax()), likeness.shape)
    return float(likeness[row, column]), (first_row + int(row), first_column + int(column))


def _edges(grey: Grey) -> Plane:
    """Return the differences of each pixel to its right and lower neighbour, slightly smoothed."""
    plane = np.pad(grey.astype(np.float32), 1, mode="edge")
    smooth = sliding_window_view(plane, (3, 3)).mean(axis=(2, 3))
    across = np.diff(smooth, axis=1, append=smooth[:, -1:])
    down = np.diff(smooth, axis=0, append=smooth[-1:])
    return np.stack([across, down])


def _median_correlation(one: Plane, others: Plane) -> NDArray[np.floating]:
    """Correlate edges [2, H, W] with each of others [..., 2, H, W], cell by cell, and return the medians [...].

    Cells without edges in both say nothing.
    """

    def cells(plane: Plane) -> Plane:
        height, width = (side // _CELLS for side in plane.shape[-2:])
        cut = plane[..., : _CELLS * height, : _CELLS * width]
        return cut.reshape(*plane.shape[:-2], _CELLS, height, _CELLS, width)

    a, b = cells(one), cells(others)
    powers_of_one, powers = (np.einsum("...cyhxw,...cyhxw->...yx", each, each) for each in (a, b))
    products = np.einsum("cyhxw,...cyhxw->...yx", a, b)
    pixels = a.size / _CELLS**2
    is_telling = np.maximum(powers_of_one, powers) > pixels
    correlations = products / np.sqrt(np.maximum(powers_of_one * powers, (pixels / 2) ** 2))
    in_order = np.sort(np.where(is_telling, correlations, np.inf).reshape(*others.shape[:-3], -1), axis=-1)
    count = is_telling.sum(axis=(-2, -1))[..., None]
    middle = [
        np.take_along_axis(in_order, np.maximum(at, 0), axis=-1) for at in ((count - 1) // 2, count // 2)
    ]
    medians = np.where(count < _LEAST_TELLING, 0.0, np.minimum(sum(middle) / 2, 1.0))
    return np.asarray(medians[..., 0])


def _resized(grey: Grey, scale: float) -> Grey:
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))
