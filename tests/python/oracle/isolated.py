"""Runs a function in a forked child, so that a crash or a hang is one failure and not the end of the run."""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO


class ChildFailed(Exception):
    """The child raised, crashed or ran out of time; the message says which."""


class Child:
    """A running child and the pipe that its answer comes through."""

    def __init__(self, call: Callable[..., Any], *args: Any):
        reader, writer = os.pipe()
        self.answer = bytearray()
        self.started = time.monotonic()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reader)
            answer_and_exit(os.fdopen(writer, "wb"), call, args)
        os.close(writer)
        self.reader = reader

    def read(self) -> bool:
        """Takes what has arrived; True at the end of the answer."""
        part = os.read(self.reader, 1 << 16)
        self.answer += part
        return not part

    def result(self) -> Any:
        os.close(self.reader)
        _, status = os.waitpid(self.pid, 0)
        if os.WIFSIGNALED(status):
            raise ChildFailed(f"crashed: {signal.Signals(os.WTERMSIG(status)).name}")
        if not self.answer:
            raise ChildFailed(f"ended without an answer, exit code {os.waitstatus_to_exitcode(status)}")
        good, value = pickle.loads(bytes(self.answer))
        if not good:
            raise ChildFailed(value)
        return value


def answer_and_exit(pipe: BinaryIO, call: Callable[..., Any], args: tuple[Any, ...]) -> None:
    code = 1
    try:
        try:
            answer = True, call(*args)
        except BaseException:
            answer = False, traceback.format_exc()
        with pipe:
            pickle.dump(answer, pipe)
        code = 0
    finally:
        os._exit(code)


def run(call: Callable[..., Any], *args: Any, timeout: float = 300) -> Any:
    """The call's result; raises ChildFailed where there is none."""
    (_, result), *_ = run_all(call, [args], workers=1, timeout=timeout)
    if isinstance(result, ChildFailed):
        raise result
    return result


def run_all(
    call: Callable[..., Any], jobs: list[tuple[Any, ...]], workers: int, timeout: float = 300
) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """(arguments, result or ChildFailed) of every job, as they end."""
    waiting, running = list(jobs), {}
    while waiting or running:
        while waiting and len(running) < workers:
            args = waiting.pop(0)
            child = Child(call, *args)
            running[child.reader] = args, child
        ready, _, _ = select.select(list(running), [], [], 0.5)
        for reader in ready:
            if running[reader][1].read():
                args, child = running.pop(reader)
                yield args, outcome(child)
        for _, child in running.values():
            if time.monotonic() - child.started > timeout:
                os.kill(child.pid, signal.SIGKILL)


def outcome(child: Child) -> Any:
    try:
        return child.result()
    except ChildFailed as failure:
        return failure
