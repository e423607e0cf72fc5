"""Process-wide settings of PyTorch's main namespace."""

from __future__ import annotations

import builtins

from gradus import _C


def get_default_device():
    """Where tensors are made when nothing else is said: the CPU."""
    return _C.device("cpu")


def set_default_device(device) -> None:
    """Accepts the CPU (or None); raises for devices that are not here."""
    if device is not None:
        _C.empty(0, device=_C.device(device))


def get_device(input) -> builtins.int:
    """-1: tensors are on the CPU."""
    return input.get_device()


def set_default_tensor_type(t) -> None:
    """Sets the default dtype from a legacy class or its name, `torch.DoubleTensor`."""
    if isinstance(t, str):
        from gradus._utils import _import_dotted_name

        if t.startswith("torch.cuda."):
            raise TypeError(f"type {t} not available. Torch not compiled with CUDA enabled.")
        t = _import_dotted_name("gradus" + t.removeprefix("torch") if t.startswith("torch.") else t)
    _C.set_default_dtype(_C.float32 if t is _C.Tensor else t.dtype)


_precision = "highest"


def get_float32_matmul_precision() -> str:
    """What set_float32_matmul_precision was last given."""
    return _precision


def set_float32_matmul_precision(precision: str) -> None:
    """Accepted for PyTorch programs: products of float32 matrices are always computed in float32."""
    global _precision
    if precision in ("highest", "high", "medium"):
        _precision = precision
        return
    import warnings

    warnings.warn(
        f"{precision} is not one of 'highest', 'high', or 'medium'; the currentsetFloat32MatmulPrecision call has no "
        "effect.",
        stacklevel=2,
    )


def get_num_interop_threads() -> builtins.int:
    """1: operators do not run beside each other."""
    return 1


def set_num_interop_threads(n: builtins.int) -> None:
    """Accepts a positive number; operators do not run beside each other."""
    if not isinstance(n, builtins.int):
        raise RuntimeError(f"set_num_interop_threads expects an int, but got {type(n).__name__}")
    if n <= 0:
        raise RuntimeError("set_num_interop_threads expects a positive integer")


def is_autocast_enabled(device_type: str | None = None) -> builtins.bool:
    """False: there is no automatic choice of dtypes."""
    return False


def is_autocast_cpu_enabled() -> builtins.bool:
    """False: there is no automatic choice of dtypes."""
    return False


def compiled_with_cxx11_abi() -> builtins.bool:
    """True."""
    return True


def set_deterministic_debug_mode(debug_mode: builtins.int | str) -> None:
    """0 or 'default', 1 or 'warn', 2 or 'error': what use_deterministic_algorithms would be told."""
    import gradus

    names = {"default": 0, "warn": 1, "error": 2}
    if not isinstance(debug_mode, (builtins.int, str)):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if isinstance(debug_mode, str):
        if debug_mode not in names:
            raise RuntimeError(f"invalid value of debug_mode, expected one of {', '.join(names)}")
        debug_mode = names[debug_mode]
    if debug_mode not in (0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    gradus.use_deterministic_algorithms(debug_mode > 0, warn_only=debug_mode == 1)


def get_deterministic_debug_mode() -> builtins.int:
    """0 if deterministic algorithms are not asked for, 1 if with warnings only, else 2."""
    import gradus

    if not gradus.are_deterministic_algorithms_enabled():
        return 0
    return 1 if gradus.is_deterministic_algorithms_warn_only_enabled() else 2
