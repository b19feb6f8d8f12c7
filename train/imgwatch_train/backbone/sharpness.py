"""Statistics that distinguish sharp pictures from blurred or shaken ones, added to a backbone's graph.

The eigenvalues of the structure tensor (Foerstner and Guelch 1987) at four scales: motion blur wipes out the
gradients along its path, so the smaller eigenvalue falls where the larger one may stay.
"""

import numpy as np

from imgwatch_train.export.onnx_network import Network

SCALES = 4
BLOCKS = 4  # a side
COUNT = 8 * SCALES
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_FLOOR = 0.1  # squared grey levels: what noise from JPEG amounts to


def add_sharpness(net: Network, pixels: str, grey_levels: float, side: int) -> str:
    """Add 32 statistics [N, 32] of RGB pictures [N, side, side, 3] with a unit of `grey_levels`; return their name.

    For each scale: log of the larger and smaller eigenvalue of the whole picture, then over 4x4 blocks the
    mean and maximum of the smaller, of the larger, and the mean and minimum of their difference.
    """
    luma = net.constant(np.array(_LUMA, np.float32).reshape(3, 1) * np.float32(grey_levels))
    shape = net.constant(np.array([-1, 1, side, side]))
    grey = net.add("Reshape", net.add("MatMul", pixels, luma), shape)
    columns = []
    for scale in range(SCALES):
        columns += _at_scale(net, grey, (side >> scale) - 1)
        grey = net.add("AveragePool", grey, kernel_shape=[2, 2], strides=[2, 2])
    return net.add("Concat", *columns, axis=1)


def _at_scale(net: Network, grey: str, side: int) -> list[str]:
    across, down = _gradients(net, grey, side)
    pairs, block = ((across, across), (down, down), (across, down)), side // BLOCKS
    products = net.add("Concat", *(net.add("Mul", *pair) for pair in pairs), axis=1)
    blocks = net.add("AveragePool", products, kernel_shape=[block] * 2, strides=[block] * 2)
    whole = net.mean(blocks, [2, 3], keepdims=True)
    larger, smaller = _eigenvalues(net, blocks)
    gap = net.add("Sub", larger, smaller)
    of_blocks = [
        net.add(operator, values, axes=[2, 3], keepdims=0)
        for values, operators in (
            (smaller, ("ReduceMean", "ReduceMax")),
            (larger, ("ReduceMean", "ReduceMax")),
            (gap, ("ReduceMean", "ReduceMin")),
        )
        for operator in operators
    ]
    return [net.mean(values, [2, 3]) for values in _eigenvalues(net, whole)] + of_blocks


def _gradients(net: Network, grey: str, side: int) -> tuple[str, str]:
    """Add both derivatives [N, 1, side, side], each a mean of two neighbours: slicing is cheaper than convolving."""
    left, right = _neighbours(net, grey, side, axis=3)
    upper, lower = _neighbours(net, grey, side, axis=2)
    across = _neighbours(net, net.add("Sub", right, left), side, axis=2)
    down = _neighbours(net, net.add("Sub", lower, upper), side, axis=3)
    of_x, of_y = (net.add("Mul", net.add("Add", *pair), net.number(0.5)) for pair in (across, down))
    return of_x, of_y


def _neighbours(net: Network, x: str, side: int, axis: int) -> tuple[str, str]:
    """Add the slices from 0 to `side` along an axis, and from 1 to `side` + 1."""
    return net.slice(x, 0, side, axis), net.slice(x, 1, side + 1, axis)


def _eigenvalues(net: Network, tensors: str) -> tuple[str, str]:
    """Add the logarithms of both eigenvalues of structure tensors [N, (xx, yy, xy), h, w]."""
    half = net.number(0.5)
    xx, yy, xy = (net.add("Gather", tensors, net.constant(np.array([i])), axis=1) for i in range(3))
    middle = net.add("Mul", net.add("Add", xx, yy), half)
    apart = net.add("Mul", net.add("Sub", xx, yy), half)
    squared = net.add("Add", net.add("Mul", apart, apart), net.add("Mul", xy, xy))
    radius = net.add("Sqrt", net.add("Add", squared, net.number(1e-12)))
    larger, smaller = net.add("Add", middle, radius), net.add("Relu", net.add("Sub", middle, radius))
    larger, smaller = (net.add("Log", net.add("Add", x, net.number(_FLOOR))) for x in (larger, smaller))
    return larger, smaller
