"""The functions behind the modules, with PyTorch's signatures."""

from __future__ import annotations

from gradus import _C, _missing
from gradus.nn._functional_activation import *  # noqa: F403
from gradus.nn._functional_embedding import embedding, embedding_bag  # noqa: F401
from gradus.nn._functional_loss import (  # noqa: F401
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cosine_embedding_loss,
    cross_entropy,
    gaussian_nll_loss,
    hinge_embedding_loss,
    huber_loss,
    kl_div,
    l1_loss,
    linear_cross_entropy,
    margin_ranking_loss,
    mse_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    nll_loss,
    poisson_nll_loss,
    smooth_l1_loss,
    soft_margin_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from gradus.nn._functional_norm import (  # noqa: F401
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    local_response_norm,
    rms_norm,
)

linear = _C.linear
gelu = _C.gelu
bilinear = _C.bilinear
cosine_similarity = _C.cosine_similarity
pairwise_distance = _C.pairwise_distance
pdist = _C.pdist
one_hot = _C.one_hot
pixel_shuffle = _C.pixel_shuffle
pixel_unshuffle = _C.pixel_unshuffle
channel_shuffle = _C.channel_shuffle
native_channel_shuffle = _C.native_channel_shuffle


def _warn(message: str) -> None:
    import warnings

    warnings.warn(message, stacklevel=3)


def relu(input, inplace: bool = False):
    """max(x, 0), element by element."""
    return _C.relu_(input) if inplace else _C.relu(input)


def tanh(input):
    """The hyperbolic tangent, element by element."""
    return input.tanh()


def sigmoid(input):
    """1 / (1 + exp(-x)), element by element."""
    return input.sigmoid()


def _softmax_dim(name: str, ndim: int) -> int:
    _warn(f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.")
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input, dim: int | None = None, _stacklevel: int = 3, dtype=None):
    """exp(x) along `dim`, divided by its sum. With `dtype` the input is converted first."""
    if dim is None:
        dim = _softmax_dim("softmax", input.dim())
    return input.softmax(dim) if dtype is None else input.softmax(dim, dtype=dtype)


def softmin(input, dim: int | None = None, _stacklevel: int = 3, dtype=None):
    """softmax(-x) along `dim`."""
    if dim is None:
        dim = _softmax_dim("softmin", input.dim())
    return (-input).softmax(dim) if dtype is None else (-input).softmax(dim, dtype=dtype)


def log_softmax(input, dim: int | None = None, _stacklevel: int = 3, dtype=None):
    """log(softmax(x)) along `dim`, computed without overflow."""
    if dim is None:
        dim = _softmax_dim("log_softmax", input.dim())
    return input.log_softmax(dim) if dtype is None else input.log_softmax(dim, dtype=dtype)


def dropout(input, p: float = 0.5, training: bool = True, inplace: bool = False):
    """In training zeroes each element with probability `p` and scales the rest by 1/(1-p)."""
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    return _C.dropout_(input, p, training) if inplace else _C.dropout(input, p, training)


def normalize(input, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out=None):
    """`input` divided by its p-norm along `dim`, which counts as at least `eps`."""
    length = input.norm(p, dim, keepdim=True)
    length = (length.clamp_min_(eps) if out is not None else length.clamp_min(eps)).expand_as(input)
    return input / length if out is None else _C.div(input, length, out=out)


def pad(input, pad, mode: str = "constant", value: float | None = None):
    """Padding before and after for the last dim, then for the one before it, and so on; negative numbers cut.

    "constant" puts `value` (default 0) there, "reflect" and "replicate" mirror or repeat the edge, "circular" wraps.
    """
    return _C.pad(input, pad, mode, value)


# All of these can be overridden by a __torch_function__.
for _name, _value in list(globals().items()):
    if type(_value) is type(_warn) and not _name.startswith("_"):
        globals()[_name] = _C._overridable(_value)


def __getattr__(name: str):
    raise _missing.missing("gradus.nn.functional", name)
