"""Normalisation: the functions behind the normalising layers."""

from __future__ import annotations

from gradus import _C


def _more_than_one_value(size) -> None:
    """Training needs a variance: more than one value per channel."""
    values = size[0]
    for n in size[2:]:
        values *= n
    if values == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {size}")


def batch_norm(
    input,
    running_mean,
    running_var,
    weight=None,
    bias=None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
):
    """Normalises each channel of (N, C, *) by the batch's statistics (`training`) or by the running ones.

    In training the running statistics, where given, move towards the batch's by `momentum`.
    """
    if training:
        _more_than_one_value(input.size())
    if training and eps <= 0.0:
        raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    if eps < 0.0:
        raise ValueError(f"batch_norm eps must be non-negative, but got {eps}")
    return _C.batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, False)


def instance_norm(
    input,
    running_mean=None,
    running_var=None,
    weight=None,
    bias=None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
):
    """Normalises each channel of each sample of (N, C, *) by its own statistics, or by the running ones."""
    if use_input_stats:
        size, spatial = input.size(), 1
        for n in size[2:]:
            spatial *= n
        if spatial == 1:
            raise ValueError(f"Expected more than 1 spatial element when training, got input size {size}")
    return _C.instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, False)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps: float = 1e-5):
    """Normalises over the last dimensions, whose sizes are `normalized_shape`."""
    return _C.layer_norm(input, normalized_shape, weight, bias, eps, False)


def rms_norm(input, normalized_shape, weight=None, eps: float | None = None):
    """Divides the last dimensions, whose sizes are `normalized_shape`, by their root mean square."""
    return _C.rms_norm(input, normalized_shape, weight, eps)


def group_norm(input, num_groups: int, weight=None, bias=None, eps: float = 1e-5):
    """Normalises `num_groups` groups of the channels of each sample of (N, C, *)."""
    if input.dim() < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.dim()}")
    size = input.size()
    _more_than_one_value([size[0] * size[1] // num_groups, num_groups, *size[2:]])
    return _C.group_norm(input, num_groups, weight, bias, eps, False)


def _pad_channels(x, before: int, after: int):
    from gradus.nn.functional import pad

    return pad(x, [0, 0] * (x.dim() - 2) + [before, after])


def local_response_norm(input, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0):
    """Divides by (k + alpha * mean of the squares of `size` neighbouring channels) ** beta."""
    dim = input.dim()
    if dim < 3:
        raise ValueError(f"Expected 3D or higher dimensionality                          input (got {dim} dimensions)")
    if input.numel() == 0:
        return input
    square = input.mul(input)
    channels = input.size(1)
    before, after = size // 2, (size - 1) // 2
    padded = _pad_channels(square, before, after)
    total = padded.narrow(1, 0, channels)
    for i in range(1, size):
        total = total + padded.narrow(1, i, channels)
    mean = total / size if total.is_floating_point() else total.div(size, rounding_mode="trunc")
    return input / mean.mul(alpha).add(k).pow(beta)
