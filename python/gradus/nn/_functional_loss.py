"""Losses, with PyTorch's signatures."""

from __future__ import annotations

from gradus import _C
from gradus.nn import _reduction as _Reduction


def _reduction_number(reduction: str, size_average, reduce) -> int:
    if size_average is not None or reduce is not None:
        reduction = _Reduction.legacy_get_string(size_average, reduce)
    return _Reduction.get_enum(reduction)


def _reduced(loss, reduction: str, message: str):
    """The losses of elements, averaged or summed; ValueError with the message for another name."""
    if reduction == "none":
        return loss
    if reduction == "mean":
        return loss.mean()
    if reduction == "sum":
        return loss.sum()
    raise ValueError(message)


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


def _pair(input, target, level: int = 3):
    """Both tensors at their common shape, with the warning that differing shapes are rarely meant."""
    if target.size() == input.size():
        return input, target
    import warnings

    warnings.warn(
        f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). "
        "This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
        stacklevel=level,
    )
    shape = _broadcast_shape(input.shape, target.shape)
    return input.expand(shape), target.expand(shape)


def _elementwise(operator, input, target, reduction: str, weight):
    """A loss of one value per element, reduced; the weighted mean divides by the sum of the weights."""
    if weight is None:
        if target.size() != input.size():
            input, target = _pair(input, target, 4)
        return operator(input, target, _Reduction.get_enum(reduction))
    loss = operator(*_pair(input, target, 4), 0)
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
    return _elementwise(_C.mse_loss, input, target, reduction, weight)


def l1_loss(input, target, size_average=None, reduce=None, reduction: str = "mean", weight=None):
    """Absolute differences: each (`none`), their mean or their sum."""
    if size_average is not None or reduce is not None:
        reduction = _Reduction.legacy_get_string(size_average, reduce)
    return _elementwise(_C.l1_loss, input, target, reduction, weight)


def nll_loss(
    input, target, weight=None, size_average=None, ignore_index: int = -100, reduce=None, reduction: str = "mean"
):
    """-weight[target] * input[target] over log-probabilities (N, C, ...); `ignore_index` targets don't count."""
    if size_average is not None or reduce is not None:
        reduction = _Reduction.legacy_get_string(size_average, reduce)
    return _C.nll_loss_nd(input, target, weight, _Reduction.get_enum(reduction), ignore_index)


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
    return _C.cross_entropy_loss(input, target, weight, _Reduction.get_enum(reduction), ignore_index, label_smoothing)


def binary_cross_entropy_with_logits(
    input, target, weight=None, size_average=None, reduce=None, reduction: str = "mean", pos_weight=None
):
    """Binary cross entropy of sigmoid(input), computed from the logits without overflow."""
    if size_average is not None or reduce is not None:
        reduction = _Reduction.legacy_get_string(size_average, reduce)
    if target.size() != input.size():
        raise ValueError(f"Target size ({target.size()}) must be the same as input size ({input.size()})")
    return _C.binary_cross_entropy_with_logits(input, target, weight, pos_weight, _Reduction.get_enum(reduction))


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction: str = "mean", beta: float = 1.0):
    """Squared errors below `beta`, absolute ones above: each (`none`), their mean or their sum."""
    pair = _pair(input, target)
    number = _reduction_number(reduction, size_average, reduce)
    return _C.l1_loss(*pair, number) if beta == 0.0 else _C.smooth_l1_loss(*pair, number, beta)


def huber_loss(input, target, reduction: str = "mean", delta: float = 1.0, weight=None):
    """delta * smooth_l1_loss with beta = delta: each (`none`), their mean or their sum."""
    pair = _pair(input, target)
    if weight is None:
        return _C.huber_loss(*pair, _Reduction.get_enum(reduction), delta)
    if weight.size() != input.size():
        raise ValueError("Weights and input must have the same size.")
    message = f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'."
    return _reduced(_C.huber_loss(*pair, 0, delta) * weight, reduction, message)


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction: str = "mean"):
    """-(t log x + (1 - t) log(1 - x)) for probabilities x: each (`none`), their mean or their sum."""
    number = _reduction_number(reduction, size_average, reduce)
    if target.size() != input.size():
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}) is "
            "deprecated. Please ensure they have the same size."
        )
    if weight is not None:
        weight = weight.expand(_weight_shape(target, weight))
    return _C.binary_cross_entropy(input, target, weight, number)


def _weight_shape(target, weight):
    """The common shape of a target and its weights."""
    shape = [*([1] * (weight.dim() - target.dim())), *target.shape]
    for back in range(-1, -weight.dim() - 1, -1):
        m, n = shape[back], weight.size(back)
        if m != n and m != 1 and n != 1:
            raise RuntimeError(
                f"Attempting to broadcast a dimension of length {n} at {back}! Mismatching argument at index 1 had "
                f"{weight.shape}; but expected shape should be broadcastable to {shape}"
            )
        shape[back] = n if m == 1 else m
    return shape


def kl_div(input, target, size_average=None, reduce=None, reduction: str = "mean", log_target: bool = False):
    """target * (log target - input), `input` being log-probabilities: each, their mean, sum or `batchmean`."""
    if size_average is not None or reduce is not None:
        number = _reduction_number(reduction, size_average, reduce)
    else:
        if reduction == "mean":
            import warnings

            warnings.warn(
                "reduction: 'mean' divides the total loss by both the batch size and the support size."
                "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
                "'mean' will be changed to behave the same as 'batchmean' in the next major release.",
                stacklevel=2,
            )
        number = _Reduction.get_enum("sum" if reduction == "batchmean" else reduction)
    loss = _C.kl_div(input, target, number, log_target=log_target)
    return loss / input.size()[0] if reduction == "batchmean" and input.dim() != 0 else loss


def poisson_nll_loss(
    input,
    target,
    log_input: bool = True,
    full: bool = False,
    size_average=None,
    eps: float = 1e-8,
    reduce=None,
    reduction: str = "mean",
):
    """Negative log-likelihood of counts under Poisson(input), or Poisson(exp(input)) with `log_input`."""
    if size_average is not None or reduce is not None:
        reduction = _Reduction.legacy_get_string(size_average, reduce)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not a valid value for reduction")
    return _C.poisson_nll_loss(input, target, log_input, full, eps, _Reduction.get_enum(reduction))


def _variance_like(var, input):
    """`var` in a shape that broadcasts against `input`: the same, without the last dimension, or with one of size 1."""
    if var.size() == input.size():
        return var
    if input.size()[:-1] == var.size():
        return var.unsqueeze(-1)
    differing = [b for a, b in zip(input.size(), var.size()) if a != b]
    if input.ndim != var.ndim or sum(differing) != 1:
        raise ValueError("var is of incorrect size")
    return var


def gaussian_nll_loss(input, target, var, full: bool = False, eps: float = 1e-6, reduction: str = "mean"):
    """Negative log-likelihood of `target` under N(input, var), `var` being at least `eps`."""
    import math

    import gradus

    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = var * gradus.ones_like(input)
    elif (var < 0).any():
        raise ValueError("var has negative entry/entries")
    var = _variance_like(var, input)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    var = var.clone()
    with gradus.no_grad():
        var.clamp_(min=eps)
    loss = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        loss += 0.5 * math.log(2 * math.pi)
    return _reduced(loss, reduction, reduction)


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction: str = "mean"):
    """log(1 + exp(-target * input)) for targets 1 and -1: each (`none`), their mean or their sum."""
    return _C.soft_margin_loss(input, target, _reduction_number(reduction, size_average, reduce))


def margin_ranking_loss(
    input1, input2, target, margin: float = 0, size_average=None, reduce=None, reduction: str = "mean"
):
    """max(0, -target * (input1 - input2) + margin): `target` 1 wants input1 larger, -1 wants it smaller."""
    number = _reduction_number(reduction, size_average, reduce)
    if input1.dim() != input2.dim() or input1.dim() != target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
            f"{input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
    return _C.margin_ranking_loss(input1, input2, target, margin, number)


def hinge_embedding_loss(input, target, margin: float = 1.0, size_average=None, reduce=None, reduction: str = "mean"):
    """`input` where `target` is 1, max(0, margin - input) where it is -1."""
    return _C.hinge_embedding_loss(input, target, margin, _reduction_number(reduction, size_average, reduce))


def cosine_embedding_loss(
    input1, input2, target, margin: float = 0, size_average=None, reduce=None, reduction: str = "mean"
):
    """1 - cos(input1, input2) where `target` is 1, max(0, cos - margin) where it is -1."""
    number = _reduction_number(reduction, size_average, reduce)
    return _C.cosine_embedding_loss(input1, input2, target, margin, number)


def multi_margin_loss(
    input,
    target,
    p: int = 1,
    margin: float = 1.0,
    weight=None,
    size_average=None,
    reduce=None,
    reduction: str = "mean",
):
    """Mean over classes i of max(0, margin - input[target] + input[i])^p, without the target's own."""
    number = _reduction_number(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.dim() != 1:
        raise ValueError("weight must be one-dimensional")
    return _C.multi_margin_loss(input, target, p, margin, weight, number)


def multilabel_margin_loss(input, target, size_average=None, reduce=None, reduction: str = "mean"):
    """Margins between listed classes and all others; rows of `target` list classes, ended by -1."""
    return _C.multilabel_margin_loss(input, target, _reduction_number(reduction, size_average, reduce))


def multilabel_soft_margin_loss(input, target, weight=None, size_average=None, reduce=None, reduction: str = "mean"):
    """Binary cross entropy of sigmoid(input), averaged over the classes (the last dimension)."""
    if size_average is not None or reduce is not None:
        reduction = _Reduction.legacy_get_string(size_average, reduce)
    loss = -(target * _C.log_sigmoid(input) + (1 - target) * _C.log_sigmoid(-input))
    if weight is not None:
        loss = loss * weight
    class_dim = input.dim() - 1
    loss = loss.sum(dim=class_dim) / input.size(class_dim)
    return _reduced(loss, reduction, reduction + " is not valid")


def triplet_margin_loss(
    anchor,
    positive,
    negative,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average=None,
    reduce=None,
    reduction: str = "mean",
):
    """max(0, margin + |anchor - positive| - |anchor - negative|) in the p-norm of the last dimension."""
    number = _reduction_number(reduction, size_average, reduce)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    return _C.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, number)


def triplet_margin_with_distance_loss(
    anchor,
    positive,
    negative,
    *,
    distance_function=None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
):
    """triplet_margin_loss with a distance of one's own; by default the Euclidean one."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs"
        )
    if distance_function is None:
        from gradus.nn.functional import pairwise_distance as distance_function
    near, far = distance_function(anchor, positive), distance_function(anchor, negative)
    if swap:
        far = _C.minimum(far, distance_function(positive, negative))
    return _reduced(_C.clamp_min(margin + near - far, 0), reduction, reduction)


def linear_cross_entropy(
    input,
    linear_weight,
    target,
    *,
    linear_bias=None,
    weight=None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options=None,
):
    """cross_entropy of the logits `input @ linear_weight.T + linear_bias`; `linear_weight` is (C, *, in_features)."""
    if options is not None:
        raise NotImplementedError("linear_cross_entropy with options is not implemented: logits are computed at once")
    if input.dim() not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.dim()}")
    if linear_weight.dim() < 2:
        raise RuntimeError(f"expected linear_weight with dimensionality at least 2, got {linear_weight.dim()}")
    batch, features = input.shape[:-1], input.shape[-1]
    if features != linear_weight.shape[-1]:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), got "
            f"{features} and {linear_weight.shape[-1]}, respectively"
        )
    outputs = tuple(linear_weight.shape[:-1])
    if linear_bias is not None and tuple(linear_bias.shape) != outputs:
        raise RuntimeError(f"expected linear_bias shape {outputs}, got {tuple(linear_bias.shape)}")
    if len(outputs) > 1 and len(batch) == 0:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} requires batched input, "
            f"(N, {features}), got unbatched input with shape {tuple(input.shape)}"
        )
    logits_shape = (*batch, *outputs)
    if tuple(target.shape) == logits_shape and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    flat_bias = None if linear_bias is None else linear_bias.reshape(-1)
    logits = _C.linear(input, linear_weight.reshape(-1, features), flat_bias).reshape(logits_shape)
    return cross_entropy(
        logits,
        target,
        weight=weight,
        reduction=reduction,
        ignore_index=-100 if ignore_index is None else ignore_index,
        label_smoothing=label_smoothing,
    )
