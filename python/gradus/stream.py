"""How the program was run: what waited, what was fused, what never ran.

Operations on large tensors wait until somebody looks at a result; then everything that waits (a *segment*) is planned
and run as few fused loops. Nothing of that changes a result, not by a bit. With ``GRADUS_SYNC=1`` in the environment,
or after ``set_deferred(False)``, every operation runs at its call.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gradus import _C

__all__ = ["Segments", "counters", "dump", "is_deferred", "keep", "set_deferred", "synchronize", "watch"]


def counters() -> dict[str, int]:
    """Counts since the start of the process, over all threads.

    ``recorded``: operations that waited; ``direct``: operations that ran at their call; ``dead``: recorded, but nobody
    could see the result; ``shared``: computed before on the same operands; ``groups``: loops that ran;
    ``instructions``: steps in them; ``plan_hits``, ``plan_misses``: segments whose plan was known, or had to be made;
    ``bytes_not_allocated``: of results that never had memory; ``cut_needed``: segments run because somebody looked,
    ``cut_full``: because they were full, ``cut_memory``: because they kept too much memory alive, ``cut_foreign``:
    because another thread needed a result, ``cut_asked``: by :func:`synchronize`; ``pending``: operations that wait now
    on this thread; ``plans``, ``plan_bytes``: plans that are kept, and the bytes they take; ``arena_peak``: the most
    bytes that one segment needed for results that nobody saw afterwards.
    """
    return _C._stream_counters()


def synchronize() -> None:
    """Runs what waits on this thread, and what ended threads have left."""
    _C._synchronize()


def is_deferred() -> bool:
    """Whether operations may wait."""
    return _C._is_deferred()


def set_deferred(mode: bool) -> bool:
    """Sets whether operations may wait, for all threads; returns what was set before. ``False`` is for debugging:
    every operation runs at its call, and a profiler shows it there.
    """
    return _C._set_deferred(mode)


def keep(n: int) -> None:
    """Keeps descriptions of the last ``n`` segments of the process for :func:`dump`; 0 keeps none."""
    _C._keep_segments(n)


class Segments:
    """Descriptions of segments, oldest first: ``segments`` has their plain data, ``str()`` gives text, :meth:`svg` a
    picture.
    """

    def __init__(self, segments: list[dict[str, Any]]) -> None:
        self.segments = segments

    def __len__(self) -> int:
        return len(self.segments)

    def __str__(self) -> str:
        return "\n\n".join(_text(i, s) for i, s in enumerate(self.segments))

    def svg(self) -> str:
        """All segments as one SVG picture: every group a box around its records, what it reads and writes beside."""
        return _svg(self.segments)

    def _repr_svg_(self) -> str:
        return self.svg()


def dump(path: str | None = None) -> Segments:
    """What :func:`keep` has kept. With a ``path``, writes it there too: a picture for ``*.svg``, else text."""
    seen = Segments(json.loads(_C._kept_segments()))
    if path is not None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(seen.svg() if path.endswith(".svg") else f"{seen}\n")
    return seen


@contextmanager
def watch(n: int = 1000) -> Iterator[Segments]:
    """Describes the segments that run inside the ``with`` block (the last ``n`` of them)::

    with gradus.stream.watch() as seen:
        y = softmax_by_hand(x)
    print(seen)
    """
    synchronize()
    keep(0)
    keep(n)
    seen = Segments([])
    try:
        yield seen
    finally:
        synchronize()
        seen.segments = dump().segments
        keep(0)


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"


def _name(tensor: dict[str, Any]) -> str:
    return f"%{tensor['slot']}"


def _typed(tensor: dict[str, Any]) -> str:
    return f"{_name(tensor)}: {tensor['dtype']}{tensor['shape']}"


def _record(record: dict[str, Any]) -> str:
    operands = ", ".join(x if isinstance(x, str) else _name(x) for x in record["in"])
    return f"{_typed(record['out'])} = {record['op']}({operands})"


def _memory(group: dict[str, Any]) -> list[str]:
    parts = (("reads", group["reads"]), ("writes", group["writes"]), ("folds into", group["folds"]))
    return [f"{word} {', '.join(_typed(t) for t in tensors)}" for word, tensors in parts if tensors]


def _title(i: int, group: dict[str, Any]) -> str:
    if group["kind"] == "single":
        return f"group {i}: single over {group['shape']}, its own kernel"
    counts = [(len(group["records"]), "record"), (group["steps"], "step"), (group["registers"], "register")]
    return f"group {i}: {group['kind']} over {group['shape']}, " + ", ".join(_count(*c) for c in counts)


def _head(i: int, segment: dict[str, Any]) -> str:
    return (
        f"segment {i} ({segment['cut'].replace('_', ': ')}): {_count(len(segment['records']), 'record')}, "
        f"{_count(len(segment['groups']), 'group')}, {segment['dead']} dead, {segment['shared']} shared"
    )


def _text(i: int, segment: dict[str, Any]) -> str:
    group_of = {r: g for g, group in enumerate(segment["groups"]) for r in group["records"]}
    lines = [_head(i, segment)]
    for r, record in enumerate(segment["records"]):
        where = f"group {group_of[r]}" if r in group_of else "dead"
        lines.append(f"  {r:3}  {_record(record):60} {where}")
    for g, group in enumerate(segment["groups"]):
        lines.append(f"  {_title(g, group)}")
        lines += [f"       {line}" for line in _memory(group)]
    return "\n".join(lines)


_COLOURS = ("#dbeafe", "#dcfce7", "#fef3c7", "#fce7f3", "#e0e7ff", "#ccfbf1", "#ffedd5", "#f3e8ff")


def _svg(segments: list[dict[str, Any]]) -> str:
    line, pad, gap = 18, 12, 10
    body: list[str] = []
    widest = 40
    y = gap

    def put(x: int, text: str, style: str = "") -> None:
        nonlocal y, widest
        widest = max(widest, len(text) + x // 8)
        body.append(f'<text x="{x}" y="{y + 13}" {style}>{html.escape(text)}</text>')
        y += line

    for i, segment in enumerate(segments):
        put(gap, _head(i, segment), 'font-weight="bold"')
        used = {r for group in segment["groups"] for r in group["records"]}
        for g, group in enumerate(segment["groups"]):
            top = y
            mark = len(body)
            y += pad // 2
            put(gap + pad, _title(g, group), 'font-weight="bold"')
            for r in group["records"]:
                put(gap + 2 * pad, _record(segment["records"][r]))
            for text in _memory(group):
                put(gap + 2 * pad, text, 'fill="#64748b"')
            y += pad // 2
            box = (
                f'<rect x="{gap}" y="{top}" width="WIDTH" height="{y - top}" rx="8" '
                f'fill="{_COLOURS[g % len(_COLOURS)]}" stroke="#94a3b8"/>'
            )
            body.insert(mark, box)
            y += gap
        for r, record in enumerate(segment["records"]):
            if r not in used:
                put(gap + pad, f"dead: {_record(record)}", 'fill="#94a3b8" text-decoration="line-through"')
        y += gap
    width = widest * 8 + 4 * pad
    inner = "\n".join(body).replace('width="WIDTH"', f'width="{width - 2 * gap}"')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" viewBox="0 0 {width} {y}" '
        f'font-family="monospace" font-size="13" fill="#0f172a">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{inner}\n</svg>\n'
    )
