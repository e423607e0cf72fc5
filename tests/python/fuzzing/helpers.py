"""What random programs use besides the library: notes of what they saw, expected errors, other threads."""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import threading
import time

import numpy as np

seen: list = []  # what a program observed on its way, in order


def note(value):
    """Keeps what was observed: numbers and lists as they are, tensors as copies of their values."""
    seen.append(value.detach().clone() if hasattr(value, "detach") else value)
    return value


@contextlib.contextmanager
def caught():
    """The block may fail: which error it was is part of what the program observed."""
    try:
        yield
    except Exception as error:
        seen.append(f"{type(error).__name__}: {error}")


class Worker:
    """A thread that lives on: what it computes may still be pending when others use it."""

    def __init__(self):
        self.jobs: queue.Queue = queue.Queue()
        self.results: queue.Queue = queue.Queue()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            job = self.jobs.get()
            try:
                box = [job(), None]
            except BaseException as error:
                box = [None, error]
            del job
            self.results.put(box)

    def take(self):
        box = self.results.get()
        value, error = box
        box.clear()  # the thread may hold on to it for a moment
        if error is not None:
            raise error
        return value


workers: list = []


def hire(index):
    while len(workers) <= index:
        workers.append(Worker())
    return workers[index]


def on_worker(call, index=0):
    """The result of `call`, made by a thread that lives on."""
    worker = hire(index)
    worker.jobs.put(call)
    return worker.take()


def on_both(first, second):
    """The results of two calls that two threads make at the same time."""
    one, two = hire(0), hire(1)
    one.jobs.put(first)
    two.jobs.put(second)
    results, errors = [], []
    for worker in (one, two):
        try:
            results.append(worker.take())
        except Exception as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return results


def on_thread(call):
    """The result of `call`, made by a thread that has ended since."""
    box = []

    def run():
        try:
            box.append((call(), None))
        except BaseException as error:
            box.append((None, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    while os.path.exists(f"/proc/self/task/{thread.native_id}"):  # Python's part has ended, the system's follows
        time.sleep(1e-4)
    value, error = box.pop()
    if error is not None:
        raise error
    return value


CTYPES = {"float32": ctypes.c_float, "float64": ctypes.c_double, "int64": ctypes.c_int64, "int32": ctypes.c_int32}


def has_memory(t):
    """Whether the first element of `t` is there: not empty, and its storage not made smaller."""
    return t.numel() and t.untyped_storage().nbytes() >= (t.storage_offset() + 1) * t.element_size()


def poke(t, value):
    """Writes the first element of `t` through its address."""
    if has_memory(t):
        CTYPES[str(t.dtype).split(".")[1]].from_address(t.data_ptr()).value = value


def peek(t):
    """Reads the first element of `t` through its address."""
    return CTYPES[str(t.dtype).split(".")[1]].from_address(t.data_ptr()).value if has_memory(t) else None


def scribble(array, value):
    """Writes some elements of a NumPy array that shares memory with tensors."""
    if array.size:
        array[(0,) * array.ndim] = value
        array[..., -1:] += array.dtype.type(1)


def raising(grad):
    """A hook that fails."""
    raise ValueError("a hook that fails")


def numpy_values(shape, dtype="float32", seed=0):
    """A NumPy array of moderate values."""
    return (np.random.default_rng(seed).integers(-8, 9, shape) / 4).astype(dtype)
