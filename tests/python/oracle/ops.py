"""Says which operators are compared, how each is found in a library, and in which dtypes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from oracle.library import lookup

# Every sample of these dtypes counts for the bar; those of EXTRA_DTYPES are reported beside it.
BAR_DTYPES = ("float32", "float64", "int64", "bool")
EXTRA_DTYPES = ("float16", "bfloat16", "int32", "uint8")

# PyTorch's OpInfo names ("name" or "name/variant") of operators that have to exist. Others are compared where they do.
REQUIRED = frozenset(
    """
    empty zeros ones full empty_like zeros_like ones_like full_like new_empty new_zeros new_ones new_full
    arange eye linspace scalar_tensor
    randn randint rand_like randn_like randint_like normal normal/in_place normal/number_mean bernoulli uniform
    add sub mul div/no_rounding_mode div/trunc_rounding div/floor_rounding true_divide rsub neg abs sign pow exp log
    log1p expm1 sqrt rsqrt reciprocal square sin cos tanh sigmoid nn.functional.relu erf nn.functional.gelu
    clamp clamp_min clamp_max maximum minimum max/binary min/binary where masked_fill
    eq ne lt le gt ge logical_and logical_or logical_xor logical_not
    __radd__ __rsub__ __rmul__ __rdiv__ __rpow__ __rmatmul__
    sum mean prod max/reduction_with_dim max/reduction_no_dim min/reduction_with_dim min/reduction_no_dim
    argmax argmin amax amin any all var var/unbiased std std/unbiased
    view reshape t transpose permute expand squeeze squeeze/multiple unsqueeze flatten select narrow cat stack
    split split/list_args split_with_sizes chunk contiguous clone fill zero_ to
    __getitem__ index_put
    matmul mm bmm mv dot addmm addmm/decomposed nn.functional.linear
    softmax softmax/with_dtype log_softmax log_softmax/with_dtype nn.functional.mse_loss nn.functional.cross_entropy
    nn.functional.nll_loss nn.functional.binary_cross_entropy_with_logits nn.functional.embedding
    nn.functional.dropout
    """.split()
)

# What these return is a random number: the same seed has to give the same bytes.
RANDOM = frozenset(
    """
    randn randint rand_like randn_like randint_like normal normal/in_place normal/number_mean bernoulli uniform
    nn.functional.dropout multinomial exponential geometric cauchy log_normal nn.functional.dropout2d
    nn.functional.dropout3d nn.functional.alpha_dropout
    """.split()
)

# These leave their memory as they find it: only dtype, shape and strides are compared.
UNDEFINED_VALUES = frozenset("empty empty_like new_empty empty_strided new_empty_strided empty_permuted".split())

# These move or make data without rounding: bytes are compared.
EXACT = (
    RANDOM
    | frozenset(
        """
    zeros ones full zeros_like ones_like full_like new_zeros new_ones new_full eye scalar_tensor
    neg abs sign nn.functional.relu clamp clamp_min clamp_max maximum minimum max/binary min/binary where masked_fill
    max/reduction_with_dim max/reduction_no_dim min/reduction_with_dim min/reduction_no_dim amax amin
    view reshape t transpose permute expand squeeze squeeze/multiple unsqueeze flatten select narrow cat stack
    split split/list_args split_with_sizes chunk contiguous clone fill zero_ to __getitem__ index_put
    nn.functional.embedding
    """.split()
    )
) - {"index_put", "normal/number_mean"}

# Names of OpInfos that are methods only, or differ from the name of the method that they test.
METHODS = {
    "normal/in_place": "normal_", "uniform": "uniform_", "exponential": "exponential_", "geometric": "geometric_",
    "cauchy": "cauchy_", "log_normal": "log_normal_", "__rdiv__": "__rtruediv__",
}  # fmt: skip
# OpInfos whose samples are not in the order of the function's arguments, or that read an attribute.
ADAPTERS: dict[str, Callable[[Any], Callable[..., Any]]] = {
    "where": lambda lib: lambda x, condition, *rest, **kw: lib.where(condition, x, *rest, **kw),
    "nn.functional.embedding": lambda lib: lambda w, index, **kw: lib.nn.functional.embedding(index, w, **kw),
    "nn.functional.embedding_bag": lambda lib: lambda w, index, **kw: lib.nn.functional.embedding_bag(index, w, **kw),
    "normal/number_mean": lambda lib: lambda std, mean, *rest, **kw: lib.normal(mean, std, *rest, **kw),
    "einsum": lambda lib: lambda tensors, equation: lib.einsum(equation, tensors),
    **{n: lambda lib, n=n: lambda x: getattr(x, n) for n in ("T", "H", "mT", "mH")},
}
# OpInfos whose function is no operator of the library,
IGNORED = frozenset("slice polygamma jiterator_unary jiterator_binary jiterator_4inputs_with_extra_args".split())


def full_name(info: Any) -> str:
    return f"{info.name}/{info.variant_test_name}" if info.variant_test_name else info.name


@functools.cache
def op_infos() -> dict[str, Any]:
    """PyTorch's table of sample inputs by full name."""
    from torch.testing._internal.common_methods_invocations import op_db

    return {full_name(info): info for info in op_db if info.name not in IGNORED}


def function(name: str, lib: Any) -> Callable[..., Any] | None:
    """The function, or else the method, of `lib` that an OpInfo's full name stands for."""
    base = name.partition("/")[0]
    if name in METHODS:
        found = getattr(lib.Tensor, METHODS[name], None)
    else:
        found = lookup(lib, base)
        if not callable(found):
            found = getattr(lib.Tensor, base, None)
    if found is not None and (METHODS.get(name, base).endswith("_") and not base.startswith("__")):
        return lambda x, *args, **kwargs: found(x.clone(), *args, **kwargs)
    return ADAPTERS[name](lib) if found is not None and name in ADAPTERS else found


def selected(lib: Any) -> list[str]:
    """Names to compare: those required, and every other that `lib` has."""
    return sorted(n for n in op_infos() if n in REQUIRED or function(n, lib) is not None)


def dtypes(info: Any, extra: bool) -> list[str]:
    names = {str(d).rpartition(".")[2] for d in info.dtypes}
    return [d for d in (*BAR_DTYPES, *(EXTRA_DTYPES if extra else ())) if d in names]
