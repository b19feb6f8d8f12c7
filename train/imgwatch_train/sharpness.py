"""Statistics that tell a sharp picture from a blurred or shaken one, added to a backbone's graph.

The eigenvalues of the structure tensor (Foerstner and Guelch 1987) at four scales: motion blur wipes out the
gradients along its path, so the smaller eigenvalue falls where the larger one may stay.
"""

import numpy as np

from imgwatch_train.onnx_network import Network

SCALES = 4
BLOCKS = 4  # a side
COUNT = 8 * SCALES
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_FLOOR = 0.1  # squared grey levels: what noise from JPEG amounts to
_GRADIENTS = np.array([[[[-0.5, 0.5], [-0.5, 0.5]]], [[[-0.5, -0.5], [0.5, 0.5]]]], np.float32)


def add_sharpness(net: Network, pixels: str, side: int) -> str:
    """Add 32 statistics [N, 32] of RGB pictures, 0 to 255, [N, 3, side, side].

    For each scale: log of the larger and smaller eigenvalue of the whole picture, then over 4x4 blocks the
    mean and maximum of the smaller, of the larger, and the mean and minimum of their difference.
    """
    grey = net.add("Conv", pixels, net.constant(np.array(_LUMA, np.float32).reshape(1, 3, 1, 1)))
    columns = []
    for scale in range(SCALES):
        columns += _at_scale(net, grey, (side >> scale) - 1)
        grey = net.add("AveragePool", grey, kernel_shape=[2, 2], strides=[2, 2])
    return net.add("Concat", *columns, axis=1)


def _at_scale(net: Network, grey: str, side: int) -> list[str]:
    gradients = net.add("Conv", grey, net.constant(_GRADIENTS))
    squares = net.add("Mul", gradients, gradients)
    crossed = net.add("ReduceProd", gradients, axes=[1], keepdims=1)
    products, block = net.add("Concat", squares, crossed, axis=1), side // BLOCKS
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
