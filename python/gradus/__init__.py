"""Gradus: tensors, automatic differentiation and training with PyTorch's programming model on a small C++ core."""

from __future__ import annotations

from math import e, inf, nan, pi

from gradus import _C

for _name in dir(_C):  # the operators, dtypes, Tensor, device, Size, Generator
    # PyTorch keeps Node in autograd, special_* in special; of the private names the lists' operators are in use.
    if _name.startswith("_foreach_") or not (_name.startswith(("_", "special_")) or _name == "Node"):
        globals()[_name] = getattr(_C, _name)
del _name

from gradus import _functions, _functions_order, _functions_product, _missing, _tensor  # noqa: E402
from gradus._functions import nonzero, split  # noqa: E402
from gradus._functions_order import unique, unique_consecutive  # noqa: E402
from gradus._functions_product import cdist, chain_matmul, einsum, norm, tensordot  # noqa: E402
from gradus._functions_shape import (  # noqa: E402
    atleast_1d,
    atleast_2d,
    atleast_3d,
    block_diag,
    broadcast_shapes,
    broadcast_tensors,
    cartesian_prod,
    meshgrid,
    split_copy,
    split_with_sizes_copy,
    unbind_copy,
    unravel_index,
)
from gradus._modes import enable_grad, inference_mode, no_grad, set_grad_enabled  # noqa: E402
from gradus._typename import typename  # noqa: E402
from gradus.random import get_rng_state, initial_seed, manual_seed, seed, set_rng_state  # noqa: E402
from gradus.version import __version__  # noqa: E402

_tensor.install()
_functions.install()
_functions_order.install()
_functions_product.install()
_missing.install()
newaxis = None

_SUBMODULES = frozenset(
    "autograd backends cuda linalg nn numpy_io optim overrides random safetensors serialization special storage "
    "stream testing types utils version viz _tensor_str _limits _utils".split()
)
_LAZY = {
    "finfo": "_limits",
    "iinfo": "_limits",
    "load": "serialization",
    "save": "serialization",
    "set_printoptions": "_tensor_str",
    "from_dlpack": "utils.dlpack",
    "to_dlpack": "utils.dlpack",
    **dict.fromkeys(
        "get_default_device set_default_device get_device set_default_tensor_type get_float32_matmul_precision "
        "set_float32_matmul_precision get_num_interop_threads set_num_interop_threads is_autocast_enabled "
        "is_autocast_cpu_enabled compiled_with_cxx11_abi set_deterministic_debug_mode "
        "get_deterministic_debug_mode".split(),
        "_config",
    ),
    **dict.fromkeys(
        "UntypedStorage TypedStorage DoubleStorage FloatStorage HalfStorage BFloat16Storage LongStorage IntStorage "
        "ShortStorage CharStorage ByteStorage BoolStorage is_storage".split(),
        "storage",
    ),
}


def is_tensor(obj) -> bool:
    """True for tensors and their subclasses."""
    return isinstance(obj, _C.Tensor)


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Accepted for PyTorch programs; every algorithm here is deterministic whatever the mode."""
    global _deterministic, _warn_only
    _deterministic = mode is not False and mode != 0  # `bool` is a dtype here
    _warn_only = warn_only


def are_deterministic_algorithms_enabled() -> bool:
    """What `use_deterministic_algorithms` was last given."""
    return _deterministic


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """The `warn_only` that `use_deterministic_algorithms` was last given."""
    return _warn_only


_deterministic = _warn_only = False


def __getattr__(name: str):
    """Imports submodules on first use and says so when PyTorch's name is not here yet."""
    from importlib import import_module

    if name in _LAZY:
        value = getattr(import_module("gradus." + _LAZY[name]), name)
        globals()[name] = value
        return value
    if name in _SUBMODULES:
        try:
            return import_module("gradus." + name)
        except ModuleNotFoundError as error:
            if error.name != "gradus." + name:
                raise
    raise _missing.missing("gradus", name)


def __dir__():
    return sorted({*globals(), *_SUBMODULES, *_LAZY})
