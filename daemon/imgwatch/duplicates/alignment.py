"""Whether one picture shows a part of another, or the whole of it: the smaller one is laid over the larger one. Pure.

It is sure of copies only: another shot of the same scene does not fit to the pixel.
"""

from __future__ import annotations

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
_FRAME_SHARE = 0.6
_LEAST_TELLING = 18  # cells with edges: two dark shapes on plain ground would fit with fewer
_CELLS = 6  # the overlap is compared in so many rows and columns of cells


class Fit(NamedTuple):
    """How one picture lies over another.

    `likeness` is the median, over the cells of a grid, of how their edges correlate: 1 for the same, about 0 for
    strangers; words written over some cells change nothing. `share` is that of the larger one which the smaller one
    covers, `is_first_smaller` which one that is, `is_framed` whether the rest of the larger one is bars of one colour.
    """

    likeness: float
    share: float = 1.0
    is_first_smaller: bool = True
    is_framed: bool = False


STRANGERS = Fit(0.0)


def fit(one: Grey, other: Grey) -> Fit:
    """Lay each of two pictures over the other, and return how the better one of the two fits."""
    if min(one.std(), other.std()) < _FLAT:
        return STRANGERS
    over, under = _laid_over(one, other), _laid_over(other, one)._replace(is_first_smaller=False)
    return max(over, under, key=lambda each: each.likeness)


def _laid_over(part: Grey, whole: Grey) -> Fit:
    """Search where and how small `part` fits best into `whole`, and compare them there."""
    coarse = _resized(whole, _COARSE / max(whole.shape))
    best = max((_search(part, coarse, size) for size in _sizes(part, coarse)), default=None)
    if best is None or best[0] < _LEAST_COARSE:
        return STRANGERS
    _, _, width, top, left = best
    zoom = max(whole.shape) / max(coarse.shape)
    corner = round(top * zoom), round(left * zoom)
    fits = []
    for grow in (-1.5, -0.75, 0.0, 0.75, 1.5):
        wide = width * zoom + grow
        size = (
            min(round(wide), whole.shape[1]),
            min(round(wide * part.shape[0] / part.shape[1]), whole.shape[0]),
        )
        fits.append((_compared(part, whole, size, corner), size))
    likeness, (wide_pixels, high_pixels) = max(fits)
    share = wide_pixels * high_pixels / whole.size
    outside = np.ones(whole.shape, bool)
    outside[
        max(corner[0] - _MARGIN, 0) : corner[0] + high_pixels + _MARGIN,
        max(corner[1] - _MARGIN, 0) : corner[1] + wide_pixels + _MARGIN,
    ] = False
    return Fit(likeness, share, True, _is_frame(whole[outside], part))


def _is_frame(rest: Grey, part: Grey) -> bool:
    """Tell whether most of what lies around a picture has one colour, as bars have, and the picture's own rim has not.

    What was cut out of a picture on a plain ground has that ground at its rim.
    """
    if not rest.size:
        return False
    colour = int(np.bincount(rest.ravel() >> 3, minlength=32).argmax()) * 8 + 4
    rim = np.concatenate([part[1], part[-2], part[:, 1], part[:, -2]])
    of_rest, of_rim = (float((np.abs(grey.astype(int) - colour) < 12).mean()) for grey in (rest, rim))
    return of_rest > _FRAME_SHARE and of_rim < 0.5


def _sizes(part: Grey, coarse: Grey) -> list[tuple[int, int]]:
    fit = min(coarse.shape[0] / part.shape[0], coarse.shape[1] / part.shape[1])
    sizes = {(round(part.shape[0] * fit * scale), round(part.shape[1] * fit * scale)) for scale in _SCALES}
    return sorted(size for size in sizes if min(size) >= _LEAST_SIDE)


def _search(part: Grey, coarse: Grey, size: tuple[int, int]) -> tuple[float, int, int, int, int]:
    """Return the best correlation of `part`, made this size, with any window of the picture, and which window."""
    height, width = size
    template = np.asarray(Image.fromarray(part).resize((width, height), Image.Resampling.BOX), np.float32)
    template = template - template.mean()
    norm = float(np.sqrt((template**2).sum()))
    picture = coarse.astype(np.float32)
    shape = picture.shape
    spectrum = np.fft.rfft2(picture) * np.conj(np.fft.rfft2(template, shape))
    rows, columns = shape[0] - height + 1, shape[1] - width + 1
    products = np.fft.irfft2(spectrum, shape)[:rows, :columns]
    sums, squares = _window_sums(picture, size), _window_sums(picture.astype(np.float64) ** 2, size)
    spread = np.sqrt(np.maximum(squares - sums**2 / template.size, 1.0))
    correlation = products / (spread * max(norm, 1.0))
    top, left = np.unravel_index(int(correlation.argmax()), correlation.shape)
    return float(correlation[top, left]), height, width, int(top), int(left)


def _window_sums(plane: NDArray[np.floating], size: tuple[int, int]) -> NDArray[np.float64]:
    total = np.pad(plane.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    height, width = size
    return np.asarray(
        total[height:, width:] - total[:-height, width:] - total[height:, :-width] + total[:-height, :-width]
    )


def _compared(part: Grey, whole: Grey, size: tuple[int, int], corner: tuple[int, int]) -> float:
    """Compare the edges of `part` with those of `whole` around a window, and return the best of nearby windows."""
    width, height = size
    if min(width, height) < 2 * _LEAST_SIDE:
        return 0.0
    small = _edges(np.asarray(Image.fromarray(part).resize((width, height), Image.Resampling.BOX)))
    large = _edges(whole)
    best = 0.0
    for top in range(corner[0] - _MARGIN, corner[0] + _MARGIN + 1):
        for left in range(corner[1] - _MARGIN, corner[1] + _MARGIN + 1):
            if 0 <= top <= whole.shape[0] - height and 0 <= left <= whole.shape[1] - width:
                window = large[:, top : top + height, left : left + width]
                best = max(best, _median_correlation(small, window))
    return best


def _edges(grey: Grey) -> Plane:
    """Return the differences of each pixel to its right and lower neighbour, slightly smoothed."""
    plane = np.pad(grey.astype(np.float32), 1, mode="edge")
    smooth = sliding_window_view(plane, (3, 3)).mean(axis=(2, 3))
    across = np.diff(smooth, axis=1, append=smooth[:, -1:])
    down = np.diff(smooth, axis=0, append=smooth[-1:])
    return np.stack([across, down])


def _median_correlation(one: Plane, other: Plane) -> float:
    """Correlate cell by cell; cells without edges in both say nothing."""
    height, width = one.shape[1] // _CELLS * _CELLS, one.shape[2] // _CELLS * _CELLS

    def cells(plane: Plane) -> Plane:
        cut = plane[:, :height, :width].reshape(2, _CELLS, height // _CELLS, _CELLS, width // _CELLS)
        return cut.transpose(1, 3, 0, 2, 4).reshape(_CELLS**2, -1)

    a, b = cells(one), cells(other)
    powers = np.stack([(a**2).mean(1), (b**2).mean(1)])
    telling = powers.max(0) > 1.0
    if telling.sum() < _LEAST_TELLING:
        return 0.0
    correlations = (a * b).mean(1) / np.sqrt(np.maximum(powers[0] * powers[1], 0.25))
    return float(np.median(correlations[telling]))


def _resized(grey: Grey, scale: float) -> Grey:
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))
