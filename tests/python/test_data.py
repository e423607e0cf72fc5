"""Data sets, samplers and DataLoader against PyTorch: values, order of draws, messages."""

from __future__ import annotations

from collections import OrderedDict, namedtuple

import numpy as np
import pytest
from bridge import both, gradus, names, torch

Point = namedtuple("Point", "x y")


def plain(value):
    """A batch with tensors as (dtype, shape, strides, values), so that both libraries' batches compare."""
    if isinstance(value, (torch.Tensor, gradus.Tensor)):
        return names(value.dtype), tuple(value.shape), value.stride(), value.tolist()
    if isinstance(value, np.ndarray):
        return "ndarray", value.tolist()
    if isinstance(value, dict):
        return type(value).__name__, [(key, plain(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        return type(value).__name__, [plain(item) for item in value]
    return value


SAMPLES = {
    "ints": lambda lib: [1, 2, 3],
    "floats": lambda lib: [1.5, 2],
    "bools": lambda lib: [True, False],
    "text": lambda lib: ["a", "b"],
    "bytes": lambda lib: [b"a", b"b"],
    "numpy scalars": lambda lib: [np.float32(1), np.float32(2)],
    "numpy integers": lambda lib: [np.int16(1), np.int16(2)],
    "numpy arrays": lambda lib: [np.ones((2, 3)), np.zeros((2, 3))],
    "0-d arrays": lambda lib: [np.array(1.5)] * 2,
    "text arrays": lambda lib: [np.array(["a"])],
    "tensors": lambda lib: [lib.ones(2), lib.zeros(2)],
    "tuples": lambda lib: [(1, 2.0, lib.ones(2)), (3, 4.0, lib.zeros(2))],
    "lists": lambda lib: [[1, 2], [3, 4]],
    "dicts": lambda lib: [{"a": 1, "b": lib.ones(2)}] * 3,
    "ordered dicts": lambda lib: [OrderedDict(a=1), OrderedDict(a=2)],
    "named tuples": lambda lib: [Point(1, 2.0), Point(3, 4.0)],
    "ranges": lambda lib: [range(3), range(3)],
    "nested": lambda lib: [((1, lib.ones(1)), {"q": ["z", 2.0]})] * 2,
    "ragged": lambda lib: [[1], [1, 2]],
    "nothing": lambda lib: [None, None],
    "objects": lambda lib: [object],
}


@pytest.mark.parametrize("function", ["default_collate", "default_convert"])
@pytest.mark.parametrize("kind", SAMPLES)
def test_collate_and_convert(kind, function):
    ours, theirs = both(lambda lib: plain(getattr(lib.utils.data, function)(SAMPLES[kind](lib))))
    assert ours == theirs


def rows(lib):
    lib.manual_seed(1)
    return lib.randn(37, 3), lib.arange(37)


class Dicts:
    """A data set in the user's own class."""

    def __len__(self):
        return 23

    def __getitem__(self, index):
        return {"index": index, "half": index / 2}


DATASETS = {
    "tensors": lambda data, lib: data.TensorDataset(*rows(lib)),
    "transposed": lambda data, lib: data.TensorDataset(rows(lib)[0].t().contiguous().t()),
    "own class": lambda data, lib: Dicts(),
    "list": lambda data, lib: list(range(9)),
    "subset": lambda data, lib: data.Subset(data.TensorDataset(*rows(lib)), [3, 4, 9, 1]),
    "concatenation": lambda data, lib: data.TensorDataset(*rows(lib)) + data.TensorDataset(*rows(lib)),
    "split": lambda data, lib: data.random_split(data.TensorDataset(*rows(lib)), [0.5, 0.3, 0.2])[0],
    "stacked": lambda data, lib: data.StackDataset(data.TensorDataset(*rows(lib)), list(range(37))),
}
LOADERS = {
    "single": lambda data: {},
    "batches": lambda data: {"batch_size": 4},
    "shuffled": lambda data: {"batch_size": 4, "shuffle": True},
    "full batches": lambda data: {"batch_size": 4, "shuffle": True, "drop_last": True},
    "unbatched": lambda data: {"batch_size": None, "shuffle": True},
    "subset": lambda data: {"sampler": data.SubsetRandomSampler([1, 2, 3, 0]), "batch_size": 3},
    "weighted": lambda data: {"sampler": data.WeightedRandomSampler([0.1, 0.2, 0.3, 0.4], 70), "batch_size": 9},
    "replacement": lambda data: {"sampler": data.RandomSampler(range(4), True, 70), "batch_size": 9},
    "more than all": lambda data: {"sampler": data.RandomSampler(range(4), False, 7)},
    "own batches": lambda data: {"batch_sampler": [[0, 1], [3]]},
    "collate": lambda data: {"batch_size": 5, "collate_fn": lambda samples: len(samples)},
}


@pytest.mark.parametrize("generator", [False, True])
@pytest.mark.parametrize("options", LOADERS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_loader(dataset, options, generator):
    """Two passes and a third that is broken off: the same batches, and the generators end in the same state."""

    def run(lib):
        if options == "weighted" and not hasattr(lib, "multinomial"):
            pytest.skip("the core has no multinomial yet")
        data = lib.utils.data
        source = DATASETS[dataset](data, lib)
        settings = LOADERS[options](data)
        lib.manual_seed(5)
        if generator:
            settings["generator"] = lib.Generator().manual_seed(3)
        loader = data.DataLoader(source, **settings)
        seen = [plain(list(loader)), plain(list(loader)), len(loader)]
        next(iter(loader))
        seen.append(lib.rand(1).item())
        if generator:
            seen.append(lib.rand(1, generator=settings["generator"]).item())
        return seen

    ours, theirs = both(run)
    assert ours == theirs


@pytest.mark.parametrize(
    "settings", [{}, {"batch_size": 4}, {"batch_size": 4, "drop_last": True}, {"batch_size": None}]
)
def test_streams(settings):
    def run(lib):
        class Stream(lib.utils.data.IterableDataset):
            def __iter__(self):
                return iter(range(11))

            def __len__(self):
                return 11

        data = lib.utils.data
        loader = data.DataLoader(Stream() + Stream(), **settings)
        return plain(list(loader)), len(loader), plain(list(data.DataLoader(Stream(), **settings)))

    ours, theirs = both(run)
    assert ours == theirs


def test_table_lookup_is_not_used_where_it_could_differ():
    """Tensors that require grad are stacked row by row, so that their graph is PyTorch's."""
    weights = gradus.ones(6, 2, requires_grad=True)
    (batch,) = next(iter(gradus.utils.data.DataLoader(gradus.utils.data.TensorDataset(weights), batch_size=3)))
    batch.sum().backward()
    assert weights.grad.tolist() == [[1.0, 1.0]] * 3 + [[0.0, 0.0]] * 3


def test_batches_do_not_alias_the_data():
    table = gradus.zeros(4, 2)
    loader = gradus.utils.data.DataLoader(gradus.utils.data.TensorDataset(table), batch_size=4)
    for (batch,) in loader:
        batch.fill_(1)
    assert table.sum().item() == 0


REFUSALS = [
    "DataLoader([1], num_workers=-1)",
    "DataLoader([1], timeout=-1)",
    "DataLoader([1], prefetch_factor=2)",
    "DataLoader([1], persistent_workers=True)",
    "DataLoader([1], batch_size=0)",
    "DataLoader([1], batch_size=1.5)",
    "DataLoader([1], sampler=[0], shuffle=True)",
    "DataLoader([1], batch_sampler=[[0]], batch_size=2)",
    "DataLoader([1], batch_size=None, drop_last=True)",
    "DataLoader([], shuffle=True)",
    "DataLoader(stream, shuffle=True)",
    "DataLoader(stream, sampler=[0])",
    "DataLoader(stream, batch_sampler=[[0]])",
    "setattr(DataLoader([1]), 'batch_size', 3)",
    "next(iter(DataLoader([1], sampler=[5])))",
    "next(iter(DataLoader(TensorDataset(ones), sampler=[5])))",
    "RandomSampler([1], replacement=1)",
    "RandomSampler([1], num_samples=0)",
    "BatchSampler([1], True, False)",
    "BatchSampler([1], 1, 0)",
    "WeightedRandomSampler([1.0], 0)",
    "WeightedRandomSampler([1.0], 1, replacement=2)",
    "WeightedRandomSampler([[1.0]], 1)",
    "TensorDataset(ones, ones[:2])",
    "ConcatDataset([])",
    "ConcatDataset([[1, 2]])[-3]",
    "StackDataset()",
    "StackDataset([1], [1, 2])",
    "Dataset()[0]",
    "random_split([1, 2, 3], [1, 1])",
    "random_split([1, 2, 3], [1.5, -0.5])",
]


@pytest.mark.parametrize("call", REFUSALS)
def test_refusals(call):
    def attempt(lib):
        scope = {name: getattr(lib.utils.data, name) for name in gradus.utils.data.__all__ if name != "collate"}
        stream = type("Stream", (scope["IterableDataset"],), {"__iter__": None})()
        return eval(call, {**scope, "stream": stream, "ones": lib.ones(3), "setattr": setattr})

    ours, theirs = both(attempt)
    assert isinstance(theirs, tuple) and not isinstance(theirs, torch.Tensor), theirs
    if "unspecified" in theirs[1]:  # the message ends in the repr of an object
        ours, theirs = ((kind, text.partition(" at 0x")[0]) for kind, text in (ours, theirs))
    assert ours == theirs


def test_workers_are_refused_with_a_reason():
    with pytest.raises(NotImplementedError, match="num_workers=2: .* use num_workers=0"):
        gradus.utils.data.DataLoader([1], num_workers=2)
    assert gradus.utils.data.get_worker_info() is None


def test_type_arguments():
    class Numbers(gradus.utils.data.Dataset[int]):
        pass

    assert issubclass(Numbers, gradus.utils.data.Dataset)
