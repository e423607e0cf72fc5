"""Seeds and states of the default generator, under PyTorch's names."""

from __future__ import annotations

from gradus import _C

default_generator = _C.default_generator
_LOWEST, _HIGHEST = -(2**63), 2**64 - 1


def manual_seed(seed) -> _C.Generator:
    """Seeds the default generator; negative seeds count modulo 2**64. Returns the generator."""
    seed = int(seed)
    if not _LOWEST <= seed <= _HIGHEST:
        raise ValueError("Overflow when unpacking long long")
    return default_generator.manual_seed(seed % 2**64)


def seed() -> int:
    """Seeds the default generator from the operating system and returns the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed the default generator was last given."""
    return default_generator.initial_seed()


def get_rng_state() -> _C.Tensor:
    """The state of the default generator as a uint8 tensor."""
    return default_generator.get_state()


def set_rng_state(new_state: _C.Tensor) -> None:
    """Restores a state returned by `get_rng_state`."""
    default_generator.set_state(new_state)


class fork_rng:
    """`with fork_rng():` restores the default generator's state at the end of the block."""

    def __init__(self, devices=None, enabled: bool = True, device_type: str = "cpu"):
        self.enabled = enabled

    def __enter__(self):
        if self.enabled:
            self.state = get_rng_state()

    def __exit__(self, *exc_info):
        if self.enabled:
            set_rng_state(self.state)
