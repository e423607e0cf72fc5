"""The activation functions and the forms of dropout, with PyTorch's signatures."""

from __future__ import annotations

import warnings

from gradus import _C

prelu = _C.prelu
logsigmoid = _C.log_sigmoid
hardshrink = _C.hardshrink
softshrink = _C.softshrink
softplus = _C.softplus
relu_ = _C.relu_
threshold_ = _C.threshold_
hardtanh_ = _C.hardtanh_
elu_ = _C.elu_
selu_ = _C.selu_
celu_ = _C.celu_
leaky_relu_ = _C.leaky_relu_
rrelu_ = _C.rrelu_


def _threshold(input, threshold: float, value: float, inplace: bool = False):
    """x where it is above the threshold, else `value`."""
    return (_C.threshold_ if inplace else _C.threshold)(input, threshold, value)


threshold = _threshold


def hardtanh(input, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False):
    """x, kept between two numbers."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return (_C.hardtanh_ if inplace else _C.hardtanh)(input, min_val, max_val)


def relu6(input, inplace: bool = False):
    """x, kept between 0 and 6."""
    return (_C.relu6_ if inplace else _C.relu6)(input)


def elu(input, alpha: float = 1.0, inplace: bool = False):
    """x where it is positive, else alpha (exp(x) - 1)."""
    return (_C.elu_ if inplace else _C.elu)(input, alpha)


def selu(input, inplace: bool = False):
    """elu, scaled so that mean 0 and variance 1 are kept."""
    return (_C.selu_ if inplace else _C.selu)(input)


def celu(input, alpha: float = 1.0, inplace: bool = False):
    """x where it is positive, else alpha (exp(x / alpha) - 1)."""
    return (_C.celu_ if inplace else _C.celu)(input, alpha)


def leaky_relu(input, negative_slope: float = 0.01, inplace: bool = False):
    """x where it is positive, else negative_slope x."""
    return (_C.leaky_relu_ if inplace else _C.leaky_relu)(input, negative_slope)


def rrelu(input, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False):
    """leaky_relu whose slopes are drawn from [lower, upper) in training and are their mean otherwise."""
    return (_C.rrelu_ if inplace else _C.rrelu)(input, lower, upper, training)


def glu(input, dim: int = -1):
    """The first half along `dim` times the sigmoid of the second."""
    if input.dim() == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    return _C.glu(input, dim)


def tanhshrink(input):
    """x - tanh(x), element by element."""
    return input - input.tanh()


def softsign(input):
    """x / (1 + |x|), element by element."""
    return input / (input.abs() + 1)


def silu(input, inplace: bool = False):
    """x sigmoid(x), element by element."""
    return (_C.silu_ if inplace else _C.silu)(input)


def mish(input, inplace: bool = False):
    """x tanh(softplus(x)), element by element."""
    return (_C.mish_ if inplace else _C.mish)(input)


def hardswish(input, inplace: bool = False):
    """x hardsigmoid(x), element by element."""
    return (_C.hardswish_ if inplace else _C.hardswish)(input)


def hardsigmoid(input, inplace: bool = False):
    """(x + 3) / 6, kept between 0 and 1."""
    return (_C.hardsigmoid_ if inplace else _C.hardsigmoid)(input)


def gumbel_softmax(logits, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1):
    """A sample of the Gumbel-softmax distribution; with `hard`, one-hot forwards and soft backwards."""
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    noise = -_C.empty_like(logits, memory_format=_C.contiguous_format).exponential_().log()
    soft = ((logits + noise) / tau).softmax(dim)
    if not hard:
        return soft
    largest = soft.max(dim, keepdim=True)[1]
    one_hot = _C.zeros_like(logits, memory_format=_C.contiguous_format).scatter_(dim, largest, 1.0)
    return one_hot - soft.detach() + soft


def _check_probability(p: float) -> None:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _drop_channels(input, p: float, training: bool, inplace: bool, batched: bool):
    """Drops whole channels; an input without a batch dimension gets one for the time being."""
    drop = _C.feature_dropout_ if inplace else _C.feature_dropout
    if batched:
        return drop(input, p, training)
    if inplace:
        return drop(input.unsqueeze_(0), p, training).squeeze_(0)
    return drop(input.unsqueeze(0), p, training).squeeze(0)


def _unusual(name: str, ndim: int, spatial: int) -> str:
    dims = f"{spatial} spatial dimension" + "s" * (spatial > 1)
    return (
        f"{name}: Received a {ndim}-D input to {name}, which is deprecated and will result in an error in a future "
        "release. To retain the behavior and silence this warning, please use dropout instead. Note that "
        f"{name} exists to provide channel-wise dropout on inputs with {dims}, a channel dimension, and an optional "
        f"batch dimension (i.e. {spatial + 1}D or {spatial + 2}D inputs)."
    )


def dropout1d(input, p: float = 0.5, training: bool = True, inplace: bool = False):
    """In training zeroes whole channels of (N, C, L) or (C, L) with probability `p` and scales the rest by 1/(1-p)."""
    _check_probability(p)
    ndim = input.dim()
    if ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {ndim}D input. Note that dropout1d exists to provide "
            "channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional batch "
            "dimension (i.e. 2D or 3D inputs)."
        )
    return _drop_channels(input, p, training, inplace, ndim == 3)


def dropout2d(input, p: float = 0.5, training: bool = True, inplace: bool = False):
    """In training zeroes whole channels of (N, C, H, W) with probability `p` and scales the rest by 1/(1-p)."""
    _check_probability(p)
    ndim = input.dim()
    if ndim not in (3, 4):
        warnings.warn(_unusual("dropout2d", ndim, 2), stacklevel=2)
    if ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired "
            "- input is interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a "
            "future release to interpret the input as one without a batch dimension, i.e. shape (C, H, W). To maintain "
            "the 1D channel-wise dropout behavior, please switch to using dropout1d instead.",
            stacklevel=2,
        )
    return _drop_channels(input, p, training, inplace, True)


def dropout3d(input, p: float = 0.5, training: bool = True, inplace: bool = False):
    """In training zeroes whole channels of (N, C, D, H, W) or (C, D, H, W) with probability `p`, scaling the rest."""
    _check_probability(p)
    ndim = input.dim()
    if ndim not in (4, 5):
        warnings.warn(_unusual("dropout3d", ndim, 3), stacklevel=2)
    return _drop_channels(input, p, training, inplace, ndim == 5)


def alpha_dropout(input, p: float = 0.5, training: bool = False, inplace: bool = False):
    """In training sends elements to selu's limit with probability `p`, keeping mean and variance."""
    _check_probability(p)
    return (_C.alpha_dropout_ if inplace else _C.alpha_dropout)(input, p, training)


def feature_alpha_dropout(input, p: float = 0.5, training: bool = False, inplace: bool = False):
    """alpha_dropout of whole channels."""
    _check_probability(p)
    return (_C.feature_alpha_dropout_ if inplace else _C.feature_alpha_dropout)(input, p, training)
