"""Orders in which a data set is read."""

from __future__ import annotations

from itertools import islice

from gradus import _C
from gradus.utils.data.dataset import _Subscriptable


def random_int64(generator=None) -> int:
    """An int64 drawn uniformly from [0, 2**63): one `random_()` of the generator."""
    return _C.empty((), dtype=_C.int64).random_(generator=generator).item()


def _check_size(name: str, value) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{name} should be a positive integer value, but got {name}={value}")


class Sampler(_Subscriptable):
    """Base class: __iter__ yields indices (or lists of indices, for batch samplers)."""

    def __iter__(self):
        raise NotImplementedError


class SequentialSampler(Sampler):
    """0, 1, 2, …"""

    def __init__(self, data_source):
        self.data_source = data_source

    def __iter__(self):
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler):
    """A permutation, or with `replacement` independent draws.

    Without a generator, a seed is drawn from the default one and a private generator does the rest.
    """

    def __init__(self, data_source, replacement: bool = False, num_samples: int | None = None, generator=None):
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={self.num_samples}")

    @property
    def num_samples(self) -> int:
        """Draws per pass."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self):
        generator = self.generator
        if generator is None:
            generator = _C.Generator()
            generator.manual_seed(random_int64())
        size, wanted = len(self.data_source), self.num_samples
        if self.replacement:
            # Blocks of 32, then what is left (even if that is nothing): the order of draws is part of the result.
            for block in [32] * (wanted // 32) + [wanted % 32]:
                yield from _C.randint(high=size, size=(block,), dtype=_C.int64, generator=generator).tolist()
        else:
            for _ in range(wanted // size):
                yield from _C.randperm(size, generator=generator).tolist()
            # Drawn even when nothing of it is used.
            yield from _C.randperm(size, generator=generator).tolist()[: wanted % size]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler):
    """A permutation of given indices."""

    def __init__(self, indices, generator=None):
        self.indices = indices
        self.generator = generator

    def __iter__(self):
        for position in _C.randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[position]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """Draws from 0 … len(weights)-1 with probabilities in proportion to the weights."""

    def __init__(self, weights, num_samples: int, replacement: bool = True, generator=None):
        _check_size("num_samples", num_samples)
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        weights = _C.as_tensor(weights, dtype=_C.float64)
        if weights.dim() != 1:
            raise ValueError(f"weights should be a 1d sequence but given weights have shape {tuple(weights.shape)}")
        self.weights = weights
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self):
        drawn = _C.multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator)
        yield from drawn.tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler):
    """Lists of `batch_size` indices from another sampler; the last may be shorter, or is left out by drop_last."""

    def __init__(self, sampler, batch_size: int, drop_last: bool):
        _check_size("batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self):
        indices = iter(self.sampler)
        while batch := list(islice(indices, self.batch_size)):
            if len(batch) < self.batch_size and self.drop_last:
                return
            yield batch

    def __len__(self) -> int:
        rounding = 0 if self.drop_last else self.batch_size - 1
        return (len(self.sampler) + rounding) // self.batch_size
