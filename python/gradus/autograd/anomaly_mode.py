"""Anomaly mode: a backward pass that fails, or makes a NaN, shows the forward call that led to it."""

from __future__ import annotations

from gradus import _C


class detect_anomaly:
    """Inside, every graph node remembers where it was made, and errors in backward show that place.

    With `check_nan`, a rule that makes a NaN raises a RuntimeError. Slow: for looking for mistakes only.
    """

    def __init__(self, check_nan: bool = True):
        import warnings

        self.prev = _C.is_anomaly_enabled()
        self.check_nan = check_nan
        self.prev_check_nan = _C.is_anomaly_check_nan_enabled()
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        _C._set_anomaly_enabled(True, self.check_nan)

    def __exit__(self, *exc_info) -> None:
        _C._set_anomaly_enabled(self.prev, self.prev_check_nan)


class set_detect_anomaly:
    """Switches anomaly mode on or off at once; used with `with`, until the end of the block."""

    def __init__(self, mode: bool, check_nan: bool = True):
        self.prev = _C.is_anomaly_enabled()
        self.prev_check_nan = _C.is_anomaly_check_nan_enabled()
        _C._set_anomaly_enabled(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc_info) -> None:
        _C._set_anomaly_enabled(self.prev, self.prev_check_nan)
