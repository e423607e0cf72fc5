"""DataLoader: batches of a data set, in the process that asks for them."""

from __future__ import annotations

from itertools import islice, repeat

from gradus.utils.data._collate import default_collate, default_convert
from gradus.utils.data.dataset import IterableDataset, TensorDataset, _Subscriptable
from gradus.utils.data.sampler import BatchSampler, RandomSampler, SequentialSampler, random_int64


def get_worker_info():
    """None: data are loaded in the main process."""
    return None


class _InfiniteConstantSampler:
    """Stands for the sampler of a stream, which has no indices."""

    def __iter__(self):
        return repeat(None)


class DataLoader(_Subscriptable):
    """Iterates over batches: samples chosen by a sampler, put together by `collate_fn`.

    Draws from the generators come in PyTorch's order: one number when iteration starts, the sampler's own at the
    first batch.
    """

    def __init__(
        self,
        dataset,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler=None,
        batch_sampler=None,
        num_workers: int = 0,
        collate_fn=None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn=None,
        multiprocessing_context=None,
        generator=None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ):
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context)
        iterable = isinstance(dataset, IterableDataset)
        _check_batching(iterable, batch_size, shuffle, sampler, batch_sampler, drop_last)
        if batch_sampler is not None:
            batch_size = None
        if sampler is None:
            if iterable:
                sampler = _InfiniteConstantSampler()
            else:
                sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.__dict__.update(
            dataset=dataset,
            batch_size=batch_size,
            sampler=sampler,
            batch_sampler=batch_sampler,
            num_workers=num_workers,
            collate_fn=collate_fn,
            pin_memory=pin_memory,
            pin_memory_device=pin_memory_device,
            drop_last=drop_last,
            timeout=timeout,
            worker_init_fn=worker_init_fn,
            multiprocessing_context=multiprocessing_context,
            generator=generator,
            prefetch_factor=prefetch_factor,
            persistent_workers=persistent_workers,
            in_order=in_order,
            _iterable=iterable,
            _reported_length=None,
        )

    def __setattr__(self, name: str, value) -> None:
        if name in ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"):
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    def __iter__(self):
        return _Iterator(self)

    def __len__(self) -> int:
        if not self._iterable:
            return len(self.batch_sampler if self.batch_sampler is not None else self.sampler)
        length = self._reported_length = len(self.dataset)
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)


def _check_workers(num_workers, timeout, prefetch_factor, persistent_workers, context) -> None:
    if num_workers < 0:
        raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers > 0:
        raise NotImplementedError(
            f"DataLoader: num_workers={num_workers}: loading in worker processes is not in Gradus yet; "
            "use num_workers=0, which gives the same batches in the same order"
        )
    if prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing."
            "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if persistent_workers:
        raise ValueError("persistent_workers option needs num_workers > 0")
    if context is not None:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got "
            f"num_workers={num_workers}"
        )
    if timeout != 0:
        raise AssertionError("_SingleProcessDataLoaderIter requires timeout == 0")


def _check_batching(iterable, batch_size, shuffle, sampler, batch_sampler, drop_last) -> None:
    """The ways to choose and group samples that exclude each other."""
    if iterable:
        _check_stream(shuffle, sampler, batch_sampler)
    elif sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            raise ValueError(
                "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
            )
    elif batch_size is None and drop_last:
        raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")


def _check_stream(shuffle, sampler, batch_sampler) -> None:
    """A stream has no indices to shuffle or to sample."""
    if shuffle not in (False, None):
        raise ValueError(
            f"DataLoader with IterableDataset: expected unspecified shuffle option, but got shuffle={shuffle}"
        )
    if sampler is not None:
        raise ValueError(
            f"DataLoader with IterableDataset: expected unspecified sampler option, but got sampler={sampler}"
        )
    if batch_sampler is not None:
        raise ValueError(
            "DataLoader with IterableDataset: expected unspecified batch_sampler option, "
            f"but got batch_sampler={batch_sampler}"
        )


class _Iterator:
    """One pass over a loader."""

    def __init__(self, loader: DataLoader):
        self._loader = loader
        self._dataset = loader.dataset
        self._collate = loader.collate_fn
        self._batched = loader.batch_sampler is not None
        self._indices = iter(loader.batch_sampler if self._batched else loader.sampler)
        # Every pass draws this number, which would seed the workers; the draws that follow depend on it.
        self._base_seed = random_int64(loader.generator)
        self._yielded = 0
        if loader._iterable:
            self._stream = iter(self._dataset)
            self._ended = False
            self._fetch = self._fetch_stream
        elif not self._batched:
            self._fetch = self._fetch_one
        elif type(self._dataset) is TensorDataset and self._collate is default_collate:
            self._fetch = self._fetch_rows
        else:
            self._fetch = self._fetch_items

    def __iter__(self):
        return self

    def __next__(self):
        batch = self._fetch(next(self._indices))
        self._yielded += 1
        reported = self._loader._reported_length
        if reported is not None and self._yielded > reported:
            import warnings

            warnings.warn(
                f"Length of IterableDataset {self._dataset} was reported to be {reported}"
                f"(when accessing len(dataloader)), but {self._yielded} samples have been fetched. ",
                stacklevel=2,
            )
        return batch

    def __len__(self) -> int:
        return len(self._loader.batch_sampler if self._batched else self._loader.sampler)

    def __getstate__(self):
        raise NotImplementedError("{} cannot be pickled", type(self).__name__)

    def _fetch_one(self, index):
        return self._collate(self._dataset[index])

    def _fetch_items(self, indices):
        many = getattr(self._dataset, "__getitems__", None)
        return self._collate(many(indices) if many else [self._dataset[index] for index in indices])

    def _fetch_rows(self, indices):
        """Looks a whole batch up at once instead of stacking single rows."""
        batch = self._dataset._collated(indices)
        return self._fetch_items(indices) if batch is None else batch

    def _fetch_stream(self, indices):
        if self._ended:
            raise StopIteration
        if not self._batched:
            return self._collate(next(self._stream))
        items = list(islice(self._stream, len(indices)))
        if len(items) < len(indices):
            self._ended = True
            if not items or self._loader.drop_last:
                raise StopIteration
        return self._collate(items)
