"""What a checkpoint may name: classes on the list, classes the user allows, nothing else."""

from __future__ import annotations

import collections
import io
import os
import pickle
from collections import OrderedDict

import numpy as np
import pytest
from bridge import gradus, torch
from file_support import WAYS, loaded, outcome, saved

# ---- what a file may name


class Point:
    def __init__(self, x=0):
        self.x = x

    def __repr__(self):
        return f"{type(self).__name__}({self.x})"

    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)


class Slotted:
    __slots__ = ("a", "b")


class Stateful(Point):
    def __getstate__(self):
        return {"x": self.x + 1}

    def __setstate__(self, state):
        self.x = state["x"] * 10


class Calling:
    """Asks to be rebuilt by a call of anything."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


Pair = collections.namedtuple("Pair", "a b")


REFUSED = {
    "own class": lambda: Point(1),
    "system": lambda: Calling(os.system, "touch was_run"),
    "eval": lambda: Calling(eval, "open('was_run', 'w')"),
    "nested": lambda: [{"a": (Calling(print, "run"),)}],
    "function": lambda: outcome,
    "numpy": lambda: np.ones(3),
    "getattr": lambda: Calling(getattr, Point, "x"),
    "partial": lambda: Calling(__import__("functools").partial, print, "run"),
    "range": lambda: range(3),
    "module": lambda: torch.nn.Linear(2, 2),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("old", [False, True], ids=["zip", "legacy"])
def test_other_names_are_refused_in_torchs_words(name, old, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if old and name == "module":
        pytest.skip("the old format has a reference of its own for modules")
    data = saved(torch, REFUSED[name](), _use_new_zipfile_serialization=not old)
    ours = outcome(loaded, gradus, data)
    assert ours == outcome(loaded, torch, data)
    assert "Weights only load failed" in ours[1]
    with pytest.raises(gradus.serialization.pickle.UnpicklingError, match="with `weights_only=False`"):
        loaded(gradus, data, weights_only=False)
    assert not (tmp_path / "was_run").exists()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Point(3),
        lambda: Stateful(4),
        lambda: [Point([1, {"a": Point()}])],
        lambda: Pair(1, torch.ones(2).tolist()),
    ],
)
@WAYS
def test_classes_the_user_allows(make, writer, reader):
    data = saved(writer, make())
    reader.serialization.add_safe_globals([Point, Stateful])
    try:
        with reader.serialization.safe_globals([Pair, (Point, "elsewhere.Point")]):
            assert {Point, Stateful, Pair, (Point, "elsewhere.Point")} <= set(reader.serialization.get_safe_globals())
            expected = make()
            if isinstance(expected, Stateful):
                expected.x = 50
            assert loaded(reader, data) == expected
        assert Pair not in reader.serialization.get_safe_globals()
    finally:
        reader.serialization.clear_safe_globals()
    assert reader.serialization.get_safe_globals() == []
    assert outcome(loaded, reader, data)[0] is gradus.serialization.pickle.UnpicklingError


def test_slots_and_shared_objects():
    value = Slotted()
    value.a, value.b = [1], value
    one = Point(2)
    for reader in (gradus, torch):
        with reader.serialization.safe_globals([Slotted, Point]):
            result, first, second = loaded(reader, saved(gradus, [value, one, one]))
        assert result.a == [1] and result.b is result and first is second


def test_objects_of_every_kind_are_written_as_pickle_does():
    """What Python's own pickler would write of an object reads the same from our files."""
    import datetime
    import decimal
    import enum
    import fractions
    import functools
    import re

    values = [
        Point([1]),
        Slotted,
        Pair(1, 2),
        len,
        [3].append,
        functools.partial(int, base=2),
        re.compile("a+", re.I),
        np.ones((2, 3)),
        np.float32(2.5),
        np.arange(4)[::2],
        datetime.datetime(2020, 1, 2),
        decimal.Decimal("1.5"),
        fractions.Fraction(1, 3),
        enum.Enum("Colour", "RED", module=__name__),
        collections.deque([1, 2]),
        collections.defaultdict(list, a=[1]),
        range(1, 9, 2),
        slice(1, 2),
        frozenset([1]),
        OrderedDict(a=1),
        complex(1, 2),
        type(None),
        int,
        print,
        True,
        ...,
        NotImplemented,
    ]
    for value in values:
        mine = outcome(lambda value=value: saved(gradus, value))
        theirs = outcome(lambda value=value: saved(torch, value))
        if isinstance(theirs, tuple):
            assert isinstance(mine, tuple) and mine[0] in (theirs[0], pickle.PicklingError, TypeError), value
            continue
        ours, expected = (loaded(torch, data, weights_only=False) for data in (mine, theirs))
        assert type(ours) is type(expected), value
        assert re.sub("0x[0-9a-f]+", "", repr(ours)) == re.sub("0x[0-9a-f]+", "", repr(expected))


def test_blocked_modules_stay_blocked():
    data = saved(torch, Calling(os.system, "true"))
    for library in (gradus, torch):
        with library.serialization.safe_globals([(os.system, "posix.system")]):
            with pytest.raises(Exception, match="whose module posix is blocked"):
                loaded(library, data)


def test_tensor_subclasses_need_to_be_allowed():
    data = saved(gradus, gradus.ones(2).as_subclass(Marked) if hasattr(gradus.Tensor, "as_subclass") else marked())
    with pytest.raises(Exception, match="GLOBAL test_file_names.Marked was not an allowed global"):
        loaded(gradus, data)
    with gradus.serialization.safe_globals([Marked]):
        assert type(loaded(gradus, data)) is Marked


class Marked(gradus.Tensor):
    pass


def marked():
    return gradus.Tensor._make_subclass(Marked, gradus.ones(2))


def test_what_cannot_be_saved():
    buffer = io.BytesIO()
    with pytest.raises(gradus.serialization.pickle.PicklingError, match="^Can't pickle <function .*lambda"):
        gradus.save([1, lambda: 2], buffer)
    with pytest.raises(TypeError, match="cannot pickle"):
        gradus.save(open(os.devnull), buffer)
    deep = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(RecursionError):
        gradus.save(deep, buffer)
    assert buffer.getvalue() == b""


def test_dtypes_that_are_missing_are_named():
    with pytest.raises(
        NotImplementedError, match="the file uses torch.ComplexFloatStorage, which Gradus does not have"
    ):
        loaded(gradus, saved(torch, torch.ones(2, dtype=torch.complex64)))


def test_names_that_would_be_refused(tmp_path):
    value = [Point(1), torch.ones(2), range(2), OrderedDict(a=b"x"), torch.ones(2, dtype=torch.complex64), {1}]
    torch.save(value, tmp_path / "x.pt")
    for library in (gradus, torch):
        unsafe = library.serialization.get_unsafe_globals_in_checkpoint
        assert sorted(unsafe(tmp_path / "x.pt")) == ["builtins.range", "test_file_names.Point"]
        with library.serialization.safe_globals([Point]):
            assert unsafe(tmp_path / "x.pt") == ["builtins.range"]
        with pytest.raises(ValueError, match="Expected input to be a checkpoint returned by torch.save"):
            unsafe(io.BytesIO(b"something else"))
