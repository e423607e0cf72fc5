"""The functions behind the modules, with PyTorch's signatures."""

from __future__ import annotations

from gradus import _C
from gradus.nn import _reduction as _Reduction

linear = _C.linear
gelu = _C.gelu


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


def embedding(
    input,
    weight,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
):
    """Rows of `weight` (V, D) at the integer `input` (*): shape (*, D). No gradient reaches row `padding_idx`."""
    if padding_idx is None:
        padding_idx = -1
    elif padding_idx > 0:
        if padding_idx >= weight.size(0):
            raise AssertionError("Padding_idx must be within num_embeddings")
    elif padding_idx < 0:
        if padding_idx < -weight.size(0):
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx += weight.size(0)
    if max_norm is not None:
        detached, input = weight.detach(), input.contiguous()
        _C.embedding(weight, input, padding_idx, scale_grad_by_freq, sparse)  # refuses before anything is changed
        _C.embedding_renorm_(detached, input, max_norm, norm_type)
    return _C.embedding(weight, input, padding_idx, scale_grad_by_freq, sparse)


def _broadcast_shape(a, b) -> list[int]:
    """The common shape of two shapes, aligned at their last dimension."""
    shape = [*(a if len(a) > len(b) else b)]
    for back in range(-1, -min(len(a), len(b)) - 1, -1):
        m, n = a[back], b[back]
        if m != n and m != 1 and n != 1:
            raise RuntimeError(
                f"The size of tensor a ({m}) must match the size of tensor b ({n}) at non-singleton dimension "
                f"{len(shape) + back}"
            )
        shape[back] = m if n == 1 else n
    return shape


def _pair(input, target):
    """Both tensors at their common shape, with the warning that differing shapes are rarely meant."""
    if input.shape == target.shape:
        return input, target
    import warnings

    warnings.warn(
        f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). "
        "This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
        stacklevel=4,
    )
    shape = _broadcast_shape(input.shape, target.shape)
    return input.expand(shape), target.expand(shape)


def _elementwise(operator, input, target, reduction: str, weight):
    """A loss of one value per element, reduced; the weighted mean divides by the sum of the weights."""
    if weight is None:
        if target.size() != input.size():
            input, target = _pair(input, target)
        return operator(input, target, _Reduction.get_enum(reduction))
    loss = operator(*_pair(input, target), 0)
    if weight.size() != input.size():
        raise ValueError("Weights and input must have the same size.")
    weighted = loss * weight
    if reduction == "none":
        return weighted
    if reduction == "sum":
        return weighted.sum()
    if reduction == "mean":
        return weighted.sum() / weight.sum()
    raise ValueError(f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'.")


def mse_loss(input, target, size_average=None, reduce=None, reduction: str = "mean", weight=None):
    """Squared differences: each (`none`), their mean or their sum."""
    if size_average is not None or reduce is not None:
        reduction = _Reduction.legacy_get_string(size_average, reduce)
    return _elementwise(_mse_loss, input, target, reduction, weight)


if hasattr(_C, "l1_loss"):

    def l1_loss(input, target, size_average=None, reduce=None, reduction: str = "mean", weight=None):
        """Absolute differences: each (`none`), their mean or their sum."""
        if size_average is not None or reduce is not None:
            reduction = _Reduction.legacy_get_string(size_average, reduce)
        return _elementwise(_C.l1_loss, input, target, reduction, weight)


_mse_loss = _C.mse_loss
_nll_loss = getattr(_C, "nll_loss_nd", None) or _C.nll_loss
_cross_entropy = getattr(_C, "cross_entropy_loss", None) or _C.cross_entropy


def nll_loss(
    input, target, weight=None, size_average=None, ignore_index: int = -100, reduce=None, reduction: str = "mean"
):
    """-weight[target] * input[target] over log-probabilities (N, C, ...); `ignore_index` targets don't count."""
    if size_average is not None or reduce is not None:
        reduction = _Reduction.legacy_get_string(size_average, reduce)
    return _nll_loss(input, target, weight, _Reduction.get_enum(reduction), ignore_index)


def cross_entropy(
    input,
    target,
    weight=None,
    size_average=None,
    ignore_index: int = -100,
    reduce=None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
):
    """log_softmax over the classes followed by nll_loss; targets are class indices or class probabilities."""
    if size_average is not None or reduce is not None:
        reduction = _Reduction.legacy_get_string(size_average, reduce)
    return _cross_entropy(input, target, weight, _Reduction.get_enum(reduction), ignore_index, label_smoothing)


def binary_cross_entropy_with_logits(
    input, target, weight=None, size_average=None, reduce=None, reduction: str = "mean", pos_weight=None
):
    """Binary cross entropy of sigmoid(input), computed from the logits without overflow."""
    if size_average is not None or reduce is not None:
        reduction = _Reduction.legacy_get_string(size_average, reduce)
    if target.size() != input.size():
        raise ValueError(f"Target size ({target.size()}) must be the same as input size ({input.size()})")
    return _C.binary_cross_entropy_with_logits(input, target, weight, pos_weight, _Reduction.get_enum(reduction))


# All of these can be overridden by a __torch_function__.
for _name, _value in list(globals().items()):
    if type(_value) is type(_warn) and not _name.startswith("_"):
        globals()[_name] = _C._overridable(_value)


def __getattr__(name: str):
    if name.startswith("__"):
        raise AttributeError(f"module 'gradus.nn.functional' has no attribute '{name}'")
    raise AttributeError(f"module 'gradus.nn.functional' has no attribute '{name}': Gradus does not have it yet")
