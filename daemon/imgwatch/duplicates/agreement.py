"""How well two pictures agree where one overlies the other, to a fraction of a pixel. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image

View = NDArray[np.uint8]  # [H, W, 3]: a small picture as luminance and two of chrominance (YCbCr)
Grey = NDArray[np.uint8]  # [H, W]
Plane = NDArray[np.float32]
Window = tuple[int, int, int, int]  # top, left, height, width

_CELLS = 6  # what is compared is cut into so many rows and columns of cells
_EDGE_POWER = 4.0  # mean of squared differences between neighbours, below which a cell has no edges
_LEAST_TELLING = 14  # cells with edges: two dark shapes on plain ground would fit with fewer
_PATCHES = 12  # rows and columns of patches whose colours are compared: in finer detail JPEG changes them
_AGREES = 0.8  # correlation of a patch's edges from which it agrees
# Two pictures contradict each other where the edges of patches correlate less than the first number, if the one with
# fewer edges there has more than the second of the other's, and the third of all edges.
_CONTRADICTIONS = ((0.5, 0.7, 0.05), (0.7, 0.8, 0.1))
_STEPS = (0.5, 0.5, 0.25, 0.25)  # pixels, by which a window is moved and stretched to fit better


class Agreement(NamedTuple):
    """How two pictures agree, cell by cell, where they have edges.

    `likeness` is the median correlation of the edges: 1 for the same, about 0 for unrelated ones; words over some
    cells change nothing. `weakest` is its lower quartile. `difference` is the median difference of grey values, in
    standard deviations of each picture, `colours` the upper quartile of differences of patches in
    chrominance, 0 to 255; `recoloured` is their 95 % quantile where the edges agree. `telling` is the number of cells
    with edges. `breadth` is 0 if all shared edges run in parallel, and 0.5 if they run in all directions alike.
    `contradicts` says that in some patches both pictures have many edges, but others: two captions on one picture do
    that, whereas a caption has more edges than what it covers.
    """

    likeness: float
    weakest: float
    difference: float
    colours: float
    recoloured: float
    telling: int
    breadth: float
    contradicts: bool


NONE = Agreement(0.0, 0.0, 1.0, 255.0, 255.0, 0, 0.0, True)


def agreement(part: View, whole: View, window: Window) -> Agreement:
    """Return how a picture agrees with a window of another one, after moving and stretching that to the best fit."""
    top, left, height, width = window
    size = (width, height)
    mine = _resized(part, size)
    edges = edges_of(mine[..., 0])
    image = Image.fromarray(np.ascontiguousarray(whole[..., 0]))

    def likeness_in(box: Box) -> float:
        return float(likeness(edges, edges_of(np.asarray(image.resize(size, Image.Resampling.BICUBIC, box)))))

    box: Box = (left, top, left + width, top + height)
    best = likeness_in(box)
    for step in _STEPS:
        for moved in _moves(step):
            tried = _within(box, moved, image.size)
            tried_likeness = likeness_in(tried) if tried != box else best
            if tried_likeness > best:
                best, box = tried_likeness, tried
    there = np.asarray(Image.fromarray(whole).resize(size, Image.Resampling.BICUBIC, box))
    others = edges_of(there[..., 0])
    correlations = _correlations(edges, others)
    is_telling = np.isfinite(correlations)
    weakest = float(np.quantile(correlations[is_telling], 0.25)) if best > 0 else 0.0
    difference = np.median(np.abs(_standard(mine[..., 0]) - _standard(there[..., 0])))
    patches = [_resized(view, (_PATCHES, _PATCHES))[..., 1:].astype(np.int16) for view in (mine, there)]
    chrominance = np.abs(patches[0] - patches[1]).max(axis=2)
    by_patches = _by_cells(edges, others, _PATCHES)
    return Agreement(
        best, weakest, float(difference), float(np.quantile(chrominance, 0.75)),
        _recoloured(chrominance, *by_patches), int(is_telling.sum()),
        _breadth(edges, others), _contradict(*by_patches),
    )  # fmt: skip


def _recoloured(
    chrominance: NDArray[np.int16], correlations: Plane, own_power: Plane, powers: Plane
) -> float:
    agrees = (correlations > _AGREES) & (np.maximum(own_power, powers) > _EDGE_POWER)
    return float(np.quantile(chrominance[agrees], 0.95)) if agrees.any() else 0.0


def _contradict(correlations: Plane, own_power: Plane, powers: Plane) -> bool:
    both = float(own_power.sum() + powers.sum()) / 2
    for below, balance, share in _CONTRADICTIONS:
        differs = (correlations < below) & (np.maximum(own_power, powers) > _EDGE_POWER)
        fewer, more = sorted((float(own_power[differs].sum()), float(powers[differs].sum())))
        if fewer > balance * more and fewer > share * both:
            return True
    return False


def _breadth(edges: Plane, others: Plane) -> float:
    """Return the smaller eigenvalue of the shared edges' structure tensor (Foerstner and Guelch, 1987), over both."""
    products = np.einsum("ayx,byx->ab", edges, others)
    smaller, larger = np.linalg.eigvalsh((products + products.T) / 2)
    return float(smaller / max(smaller + larger, 1.0))


def _resized(view: View, size: tuple[int, int]) -> View:
    return np.asarray(Image.fromarray(view).resize(size, Image.Resampling.BOX))


Box = tuple[float, float, float, float]  # left, top, right, bottom


def _moves(step: float) -> Iterator[Box]:
    """Yield shifts of a box's edges: both edges of a direction alike, then right and bottom alone."""
    for sign in (step, -step):
        yield (sign, 0, sign, 0)
        yield (0, sign, 0, sign)
        yield (0, 0, sign, 0)
        yield (0, 0, 0, sign)


def _within(box: Box, moved: Box, size: tuple[int, int]) -> Box:
    left, top, right, bottom = (at + by for at, by in zip(box, moved, strict=True))
    return max(left, 0.0), max(top, 0.0), min(right, float(size[0])), min(bottom, float(size[1]))


def _standard(grey: Grey) -> Plane:
    plane = grey.astype(np.float32)
    return np.asarray((plane - plane.mean()) / (plane.std() + 1), np.float32)


def edges_of(grey: Grey) -> Plane:
    """Return the differences of each pixel to its right and lower neighbour, slightly smoothed."""
    plane = np.pad(grey.astype(np.float32), 1, mode="edge")
    smooth = sliding_window_view(plane, (3, 3)).mean(axis=(2, 3))
    across = np.diff(smooth, axis=1, append=smooth[:, -1:])
    down = np.diff(smooth, axis=0, append=smooth[-1:])
    return np.stack([across, down])


def likeness(edges: Plane, others: Plane) -> NDArray[np.floating]:
    """Return the median correlations [...] of edges [2, H, W] with each of others [..., 2, H, W], by cells."""
    in_order = np.sort(_correlations(edges, others), axis=-1)
    count = np.isfinite(in_order).sum(axis=-1, keepdims=True)
    middle = [
        np.take_along_axis(in_order, np.maximum(at, 0), axis=-1) for at in ((count - 1) // 2, count // 2)
    ]
    medians = np.where(count < _LEAST_TELLING, 0.0, np.minimum(sum(middle) / 2, 1.0))
    return np.asarray(medians[..., 0])


def _correlations(edges: Plane, others: Plane) -> NDArray[np.floating]:
    """Return the correlations of all cells [..., C]; infinite for cells without edges, which say nothing."""
    correlations, own_power, powers = _by_cells(edges, others, _CELLS)
    is_telling = np.maximum(own_power, powers) > _EDGE_POWER
    return np.where(is_telling, correlations, np.inf).reshape(*others.shape[:-3], -1)


def _by_cells(edges: Plane, others: Plane, count: int) -> tuple[Plane, Plane, Plane]:
    """Return the correlations of `count` x `count` cells [..., Y, X], and the power of both in each, by pixel."""
    a, b = _cells(edges, count), _cells(others, count)
    pixels = a.size / count**2
    own_power, powers = (np.einsum("...cyhxw,...cyhxw->...yx", each, each) / pixels for each in (a, b))
    products = np.einsum("cyhxw,...cyhxw->...yx", a, b) / pixels
    return products / np.sqrt(np.maximum(own_power * powers, 0.25)), own_power, powers


def _cells(plane: Plane, count: int) -> Plane:
    height, width = (side // count for side in plane.shape[-2:])
    cut = plane[..., : count * height, : count * width]
    return cut.reshape(*plane.shape[:-2], count, height, count, width)
