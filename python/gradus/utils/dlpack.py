"""DLPack: tensors exchanged with other libraries without a copy."""

from __future__ import annotations

import enum

from gradus import _C


class DLDeviceType(enum.IntEnum):
    """Kinds of memory, by the numbers of the DLPack specification."""

    kDLCPU = 1
    kDLCUDA = 2
    kDLCUDAHost = 3
    kDLOpenCL = 4
    kDLVulkan = 7
    kDLMetal = 8
    kDLVPI = 9
    kDLROCM = 10
    kDLROCMHost = 11
    kDLExtDev = 12
    kDLCUDAManaged = 13
    kDLOneAPI = 14
    kDLWebGPU = 15
    kDLHexagon = 16
    kDLMAIA = 17


def to_dlpack(tensor):
    """A capsule over the tensor's memory, in the first version of the protocol. It can be taken once."""
    if not isinstance(tensor, _C.Tensor):
        raise TypeError(f"to_dlpack(): argument 'tensor' must be Tensor, not {type(tensor).__name__}")
    return _C._to_dlpack(tensor, False, False)


def _cpu(device) -> tuple[DLDeviceType, int]:
    if not isinstance(device, tuple):
        kind = _C.device(device)
        if kind.type != "cpu":
            _C.empty(0, device=kind)
        return DLDeviceType.kDLCPU, 0
    return device


def from_dlpack(ext_tensor, *, device=None, copy: bool | None = None):
    """A tensor over the memory of an object with `__dlpack__`, or over what a capsule holds.

    With `copy=True` it is over memory of its own; with `copy=False` the other library must not copy.
    """
    if not hasattr(ext_tensor, "__dlpack__"):
        assert device is None and copy is None, (
            "device and copy kwargs not supported when ext_tensor is already a DLPack capsule."
        )
        return _C._from_dlpack(ext_tensor)
    kwargs: dict = {"max_version": (1, 0)}
    if copy is not None:
        kwargs["copy"] = copy
    if device is not None:
        kwargs["dl_device"] = _cpu(device)
    try:
        capsule = ext_tensor.__dlpack__(**kwargs)
    except TypeError:  # a library that knows only the first version
        kwargs.pop("max_version")
        capsule = ext_tensor.__dlpack__(**kwargs)
    return _C._from_dlpack(capsule)


def _dlpack(self, *, stream=-1, max_version=None, dl_device=None, copy=None):
    """A capsule over this tensor's memory, of the newest version that both sides know."""
    if self.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    if stream is not None and stream != -1:
        raise AssertionError("stream should be None on cpu.")
    if dl_device is not None and tuple(dl_device) != (DLDeviceType.kDLCPU, 0):
        raise BufferError("only memory of the CPU can be exported")
    tensor = self.clone() if copy else self
    return _C._to_dlpack(tensor, max_version is not None and max_version[0] >= 1, tensor is not self)


def _dlpack_device(self):
    """Where the memory is, in DLPack's numbers."""
    return DLDeviceType.kDLCPU, 0
