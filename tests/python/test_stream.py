"""What `gradus.stream` promises: what waits, when it runs, what the counters and pictures of it say."""

from __future__ import annotations

import copy
import io
import math
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

import numpy as np
import pytest

gradus = pytest.importorskip("gradus")

from stream_support import MB, N, bits, counted, draw, float64, only_segment, rms_norm, script, softmax  # noqa: E402

from gradus import nn, stream  # noqa: E402

pytestmark = pytest.mark.usefixtures("deferred")

# ---- what waits


def test_large_operations_wait():
    x = draw(N)
    with counted() as found:
        y = (x * 2 + 1).tanh()
    assert found["recorded"] == found["pending"] == 3
    assert found["groups"] == found["direct"] == 0
    with counted() as found:
        first = y[0].item()
    assert first == pytest.approx(math.tanh(x[0].item() * 2 + 1), rel=1e-6)
    assert found["pending"] == -3 and found["groups"] == 1


def test_small_operations_run_at_their_call():
    x = draw(2047)
    with counted() as found:
        _ = x * 2 + 1
    assert found["direct"] == 2 and found["recorded"] == 0
    with counted() as found:
        y = draw(2048) * 2
    assert found["pending"] == 1
    del y


def test_small_operations_wait_behind_what_waits():
    x = draw(N)
    with counted() as found:
        y = x[:10] * (x * 2)[:10] + 1
    assert found["recorded"] == found["pending"] == 3
    assert y.tolist() == (x[:10] * (x[:10] * 2) + 1).tolist()


def test_a_small_result_of_a_large_reduction_waits():
    with counted() as found:
        total = draw(N).sum()
    assert found["pending"] == 1
    assert math.isfinite(total.item())


def test_an_opaque_operator_runs_after_what_it_needs():
    x = draw(64, 64)
    other = draw(N) * 3  # of the same segment
    with counted() as found:
        product = (x * 2) @ x
    assert found["pending"] == -1 and found["cut_needed"] == 1 and found["direct"] == 1
    assert bits(product) == bits((x * 2) @ x)
    with counted() as found:
        _ = x @ x  # needs nothing that waits
    assert found["cut_needed"] == 0
    assert other[0].item() == pytest.approx(3 * draw(N)[0].item())


@pytest.mark.parametrize(
    "share", [lambda t: t.numpy(), lambda t: t.data_ptr(), lambda t: gradus.utils.dlpack.to_dlpack(t)]
)
def test_memory_that_others_see_is_written_at_the_call(share):
    x = draw(N)
    kept = share(x)
    with counted() as found:
        x.mul_(2)
        y = x + 1
    assert found["direct"] == 2 and found["recorded"] == 0
    assert kept is not None and y.shape == (N,)


def test_another_library_sees_writes_at_once():
    array = np.ones(N, np.float32)
    x = gradus.from_numpy(array)
    x.mul_(3)
    assert (array == 3).all()
    array[:] = 5
    assert (x * 2).tolist() == [10] * N


def test_what_is_refused_is_refused_at_the_call():
    x = draw(N)
    waiting = x * 2
    with counted() as found:
        with pytest.raises(RuntimeError):
            _ = waiting + draw(N + 1)
        with pytest.raises(RuntimeError):
            waiting.add_(draw(2, N))
    assert found["pending"] == found["recorded"] == 0 and waiting._version == 0


WAITS: dict[str, Callable[[gradus.Tensor], object]] = {
    "in place": lambda x: x.mul_(2),
    "comparison": lambda x: x > 0,
    "int64": lambda x: gradus.full((N,), 7) // 2,
    "conversion": lambda x: x.to(gradus.float64),
    "clone": lambda x: x.clone(),
    "fill": lambda x: gradus.zeros(N),
    "full": lambda x: gradus.full((N,), 2.5),
    "copy_": lambda x: x.copy_(x[:1]),
    "sum of rows": lambda x: x.sum(1),
    "mean of columns": lambda x: x.mean(0),
    "maximum": lambda x: x.max(),
    "rows by index": lambda x: x[gradus.arange(63, -1, -1)],
    "index_select": lambda x: x.index_select(0, gradus.arange(64)),
    "softmax": lambda x: x.softmax(-1),
    "log_softmax": lambda x: x.log_softmax(1),
    "embedding": lambda x: nn.functional.embedding(gradus.arange(64).view(8, 8), x),
}
RUNS: dict[str, Callable[[gradus.Tensor], object]] = {
    "turning copy": lambda x: x.t().contiguous(),
    "copy of a slice": lambda x: x[:, :40].contiguous(),
    "matrix product": lambda x: x @ x,
    "index": lambda x: x[gradus.arange(64), gradus.arange(64)],
    "columns by index": lambda x: x[:, gradus.arange(64)],
    "index_select along columns": lambda x: x.index_select(1, gradus.arange(64)),
    "rows with gaps": lambda x: x.t()[gradus.arange(64)],
    "short rows": lambda x: x[:, :8][gradus.arange(64).repeat(8)],
    "sort": lambda x: x.sort(),
    "random numbers": lambda x: gradus.rand(N),
    "softmax of columns": lambda x: x.softmax(0),
    "softmax of rows that are columns": lambda x: x.t().softmax(-1),
    "layer_norm": lambda x: nn.functional.layer_norm(x, (64,)),
    "sum of integers": lambda x: gradus.arange(N).sum(),
    "sum of bfloat16": lambda x: gradus.rand(N, dtype=gradus.bfloat16).sum(),
    "sum of what is not contiguous": lambda x: x.t().sum(0),
    "argmax": lambda x: x.argmax(-1),
    "small": lambda x: x[:31] * 2,
    "shared memory": lambda x: x.share_memory_() * 2,
}


@pytest.mark.parametrize("name", [*WAITS, *RUNS])
def test_the_table_of_what_waits(name):
    x = draw(64, 64)
    with counted() as found:
        result = {**WAITS, **RUNS}[name](x)
    assert (found["pending"] > 0) is (name in WAITS)
    assert result is not None


def test_long_rows_are_reduced_at_the_call():
    with counted() as found:
        kept = [draw(2, 16384).sum(1)]
    assert found["pending"] == 1
    x = draw(2, 16386)
    with counted() as found:
        kept.append(x.sum(1))
    assert found["direct"] == 1
    del kept


def test_versions_count_at_the_call():
    x = draw(N)
    x.add_(1)
    x[3:].mul_(2)
    assert stream.counters()["pending"] == 2
    assert x._version == 2


@pytest.mark.parametrize("write", ["sub_", "copy_", "clamp_min_"])
@pytest.mark.parametrize("step", [1, 2])
def test_elements_written_more_than_once_have_one_order(write, step):
    """Threads would race, and a tile would read what the one before it wrote."""
    sizes = ((20000 - 3) // step + 1, 3)
    other = gradus.rand(sizes, generator=gradus.Generator().manual_seed(1))

    def result(deferred, threads):
        gradus.stream.set_deferred(deferred)
        gradus.set_num_threads(threads)
        t = gradus.arange(20000.0).mul(1e-4).sigmoid()
        getattr(t.unfold(0, 3, step), write)(other)
        return t.numpy()

    before = gradus.get_num_threads()
    try:
        expected = gradus.arange(20000.0).mul(1e-4).sigmoid().numpy().copy()
        windows = np.lib.stride_tricks.sliding_window_view(expected.copy(), 3)[::step]
        rule = {"sub_": np.subtract, "copy_": lambda a, b: b, "clamp_min_": np.maximum}[write]
        for i, row in enumerate(rule(windows, other.numpy())):  # all is read before anything is written
            expected[i * step : i * step + 3] = row
        for deferred in (False, True):
            for threads in (1, 2, 3):
                np.testing.assert_array_equal(result(deferred, threads), expected)
    finally:
        gradus.set_num_threads(before)
        gradus.stream.set_deferred(True)


def test_random_numbers_are_drawn_at_the_call():
    def both() -> list[bytes]:
        gradus.manual_seed(7)
        x = gradus.rand(N) * 2
        dropped = nn.functional.dropout(x, 0.3)
        return [bits(dropped), bits(gradus.randn(N)), bits(x)]

    waiting = both()
    stream.set_deferred(False)
    assert waiting == both()


# ---- counters


def test_dead_operations_never_run():
    x = draw(N)
    with counted() as found:
        y = x * 2
        (y + 1).exp()
        del y
        stream.synchronize()
    assert found["recorded"] == found["dead"] == 3
    assert found["groups"] == found["instructions"] == 0
    assert found["bytes_not_allocated"] == 3 * 4 * N


def test_what_an_overwritten_value_needed_is_dead():
    x, y = draw(N), draw(N, seed=2)
    with counted() as found:
        out = x.exp()
        out.copy_(y)
        stream.synchronize()
    assert found["dead"] == 1
    assert bits(out) == bits(y)


def test_the_same_twice_runs_once():
    x = draw(N)
    with counted() as found:
        y, z = x.exp() + 1, x.exp() * 3
        stream.synchronize()
    assert found["shared"] == 1 and found["instructions"] == 3 and found["groups"] == 1
    expected = np.exp(float64(x))
    np.testing.assert_allclose(float64(y), expected + 1, rtol=1e-6)
    np.testing.assert_allclose(float64(z), expected * 3, rtol=1e-6)


def test_a_write_between_makes_it_another_value():
    x = draw(N)
    expected = np.exp(x.numpy().copy()), np.exp(x.numpy() + np.float32(1))
    x = x.clone()
    with counted() as found:
        y = x.exp()
        x += 1
        z = x.exp()
        stream.synchronize()
    assert found["shared"] == 0
    np.testing.assert_allclose(y.numpy(), expected[0], rtol=1e-6)
    np.testing.assert_allclose(z.numpy(), expected[1], rtol=1e-6)


def test_intermediate_values_have_no_memory():
    x = draw(N)
    with counted() as found:
        y = ((x * 2).tanh() + 1).exp()
        stream.synchronize()
    assert found["bytes_not_allocated"] == 3 * 4 * N
    assert found["groups"] == 1 and found["instructions"] == 4
    del y


def test_a_plan_is_made_once():
    def segment(factor: float, n: int = 4099) -> None:
        kept = (draw(n) * factor).tanh()
        stream.synchronize()
        del kept

    segment(2)
    with counted() as found:
        segment(3)
        segment(4.5)
    assert (found["plan_hits"], found["plan_misses"], found["plans"], found["plan_bytes"]) == (2, 0, 0, 0)
    with counted() as found:
        segment(3, n=4100)
    assert (found["plan_hits"], found["plan_misses"], found["plans"]) == (0, 1, 1)
    assert 0 < found["plan_bytes"] < 16384


def test_who_is_seen_is_part_of_the_plan():
    x = draw(4101)
    y = x * 2
    z = y + 1
    stream.synchronize()
    right = bits(y), bits(z)
    y = x * 2
    z = y + 1
    del y
    assert bits(z) == right[1]
    y = x * 2
    z = y + 1
    assert (bits(y), bits(z)) == right


def test_arena_peak_is_what_the_largest_segment_needed():
    printed = script(
        """
        stream.set_deferred(True)
        for n in 64, 2048, 512:  # what is read turned has to be in memory between two loops
            x = gradus.ones(n, n)
            stream.synchronize()
            y = (x * 2).t() + 1
            stream.synchronize()
            print(stream.counters()["arena_peak"])
        """
    )
    assert [int(line) for line in printed.split()] == [64 * 64 * 4, 2048 * 2048 * 4, 2048 * 2048 * 4]


def test_cut_when_somebody_looks():
    with counted() as found:
        (draw(N) * 2)[0].item()
    assert found["cut_needed"] == 1


def test_cut_when_asked():
    kept = draw(N) * 2
    with counted() as found:
        stream.synchronize()
        stream.synchronize()  # nothing waits
    assert found["cut_asked"] == 1
    del kept


def test_cut_when_full():
    x = draw(N)
    stream.synchronize()
    with counted() as found:
        y = x
        for _ in range(4097):
            y = y + 1
    assert found["cut_full"] == 1 and found["pending"] == 1
    np.testing.assert_allclose(y.numpy(), x.numpy() + 4097, rtol=1e-3)


def test_cut_when_it_keeps_too_much_memory():
    n = 5 * MB // 4  # elements of 5 MB
    totals = []
    with counted() as found:
        for i in range(20):
            held = gradus.rand(n)
            totals.append((held + i).mean())
            del held
    assert 2 <= found["cut_memory"] <= 3  # every 32 MB
    assert [round(total.item(), 1) for total in totals] == [i + 0.5 for i in range(20)]


def test_memory_that_somebody_else_keeps_does_not_count():
    kept = [gradus.rand(5 * MB // 4) for _ in range(10)]
    with counted() as found:
        totals = [t.mean() for t in kept]
    assert found["cut_memory"] == 0 and found["pending"] == 10
    assert all(0.49 < total.item() < 0.51 for total in totals)


def test_cut_when_another_thread_needs_it():
    made = []
    x = draw(N)
    thread = threading.Thread(target=lambda: made.append(x * 3))
    thread.start()
    thread.join()
    with counted() as found:
        values = made[0].tolist()
    assert found["cut_foreign"] == 1 and found["cut_needed"] == 0
    assert values == [v * 3 for v in x.numpy()]


def test_synchronize_runs_what_ended_threads_have_left():
    threads = [threading.Thread(target=lambda: gradus.ones(N).exp()) for _ in range(3)]
    with counted() as found:
        for thread in threads:
            thread.start()
            thread.join()
    left = 6 - found["dead"]  # a thread may go on with what the one before has left
    assert found["recorded"] == 6
    dead = stream.counters()["dead"] + left
    until = time.monotonic() + 20  # the system ends a thread a little after Python
    while stream.counters()["dead"] < dead and time.monotonic() < until:
        stream.synchronize()
    assert stream.counters()["dead"] == dead


# ---- looking at it


def test_watch_describes_what_ran():
    x, w = draw(64, 128), draw(128)
    before = x * 5  # does not belong to it
    with stream.watch() as seen:
        y = rms_norm(x, w)
        (x * 2).exp()
    segment = only_segment(seen)
    assert [record["op"] for record in segment["records"]] == "pow mean add rsqrt mul mul mul exp".split()
    assert segment["cut"] == "cut_asked" and segment["dead"] == 2 and segment["shared"] == 0
    (group,) = segment["groups"]
    assert group["kind"] == "rows" and group["shape"] == "[64, 128]" and group["records"] == list(range(6))
    assert [t["shape"] for t in group["reads"]] == ["[64, 128]", "[128]"]
    assert [t["shape"] for t in group["writes"]] == ["[64, 128]"] and not group["folds"]
    assert len(seen) == 1 and y.shape == before.shape


def test_text_names_records_and_groups():
    x = draw(64, 128)
    with stream.watch() as seen:
        y = softmax(x).sum(0)
        (x - 3).sqrt()
    text = str(seen)
    assert "segment 0 (cut: asked): 8 records, 1 group, 2 dead, 0 shared" in text
    for part in (
        "amax(%0)",
        "%2: float32[64, 128] = sub(%0, %1, 1)",
        "exp(",
        "sum(",
        "div(",
        "group 0: rows over [64, 128]",
        "folds into",
    ):
        assert part in text
    lines = text.splitlines()
    assert sum(line.endswith("dead") for line in lines) == 2
    assert sum(line.endswith(" group 0") for line in lines) == 6
    assert y.shape == (128,)


def test_picture_is_xml_with_every_record():
    x = draw(64, 128)
    with stream.watch() as seen:
        y = softmax(x)
        z = x.sum(0) + 1
        (x < 3).logical_not()
    root = ElementTree.fromstring(seen.svg())
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg" and int(root.get("width")) > 300 and int(root.get("height")) > 100
    texts = [element.text for element in root.iter(f"{space}text")]
    segment = only_segment(seen)
    for record in segment["records"]:
        assert sum(f" = {record['op']}(" in text for text in texts) >= 1
    assert sum(text.startswith("group ") for text in texts) == len(segment["groups"])
    assert len(list(root.iter(f"{space}rect"))) == 1 + len(segment["groups"])
    struck = [e.text for e in root.iter(f"{space}text") if e.get("text-decoration") == "line-through"]
    assert len(struck) == segment["dead"] == 2 and all(text.startswith("dead: ") for text in struck)
    assert seen._repr_svg_() == seen.svg()
    del y, z


def test_keep_and_dump(tmp_path):
    stream.keep(2)
    for i in range(3):
        (draw(N + i) * 2)[0].item()
    seen = stream.dump(str(tmp_path / "last.svg"))
    assert [s["records"][0]["out"]["shape"] for s in seen.segments] == [f"[{N + 1}]", f"[{N + 2}]"]
    assert (tmp_path / "last.svg").read_text() == seen.svg()
    assert str(stream.dump(str(tmp_path / "last.txt"))) + "\n" == (tmp_path / "last.txt").read_text()
    stream.keep(0)
    assert len(stream.dump()) == 0
    (draw(N) * 2)[0].item()
    assert len(stream.dump()) == 0


# ---- when it runs

OBSERVE: dict[str, Callable[[gradus.Tensor], object]] = {
    "item": lambda t: t.sum().item(),
    "element": lambda t: float(t[3]),
    "tolist": lambda t: t.tolist(),
    "numpy": lambda t: t.numpy(),
    "array": lambda t: np.asarray(t),
    "print": str,
    "truth": lambda t: bool((t > 0).any()),
    "data_ptr": lambda t: t.data_ptr(),
    "DLPack": lambda t: np.from_dlpack(t),
    "save": lambda t: gradus.save(t, io.BytesIO()),
    "deepcopy": lambda t: copy.deepcopy(t).numpy(),
    "equal": lambda t: gradus.equal(t, t + 1),
    "nonzero": lambda t: t.nonzero(),
    "mask": lambda t: t[t > 0],
    "storage": lambda t: t.untyped_storage().data_ptr(),
}


@pytest.mark.parametrize("name", OBSERVE)
def test_looking_runs_what_waits(name):
    y = draw(N) * 2 + 1
    assert stream.counters()["pending"] == 2
    with counted() as found:
        OBSERVE[name](y)
    assert stream.counters()["pending"] == 0
    assert found["cut_needed"] == 1
    with counted() as found:
        again = y.tolist()
    assert found["cut_needed"] == found["groups"] == 0
    assert again == (draw(N) * 2 + 1).tolist()


def test_what_is_known_without_running_runs_nothing():
    x = draw(64, 64).requires_grad_()
    y = (x * 2).tanh()
    with counted() as found:
        assert y.shape == (64, 64) and y.dtype == gradus.float32 and y.stride() == (64, 1) and y.numel() == N
        assert y.is_contiguous() and y.requires_grad and not y.is_leaf and y._version == 0
        assert y.grad_fn.name() == "TanhBackward0" and y.view(-1).storage_offset() == 0
        assert y.t().detach()[3:].shape == (61, 64) and y.is_floating_point() and len(y) == 64
    assert found["cut_needed"] == found["groups"] == 0 and stream.counters()["pending"] == 2


def test_backward_and_steps_look_at_nothing():
    x = draw(64, 64).requires_grad_()
    with counted() as found:
        ((x * 2).tanh() * x).sum().backward()
    assert found["cut_needed"] == found["groups"] == 0 and stream.counters()["pending"] > 5
    assert x.grad.shape == x.shape


@pytest.mark.filterwarnings("ignore:Error detected in SqrtBackward0")
def test_in_anomaly_mode_nothing_waits():
    x = draw(N)
    with pytest.warns(UserWarning, match="Anomaly"), gradus.autograd.detect_anomaly(), counted() as found:
        y = x * 2 + 1
    assert found["recorded"] == 0 and found["direct"] == 2
    del y


def test_anomaly_mode_looks_at_every_gradient():
    x = draw(64, 64).requires_grad_()
    with pytest.warns(UserWarning, match="Anomaly"), gradus.autograd.detect_anomaly():
        loss = (x - 100).sqrt().sum()
        with pytest.raises(RuntimeError, match="SqrtBackward0.*nan"):
            loss.backward()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, True), ({"GRADUS_SYNC": "0"}, True), ({"GRADUS_SYNC": ""}, True), ({"GRADUS_SYNC": "1"}, False)],
)
def test_environment_says_whether_operations_wait(environment, expected):
    printed = script(
        """
        y = gradus.ones(5000) * 2
        print(stream.is_deferred(), stream.counters()["pending"] > 0, y.sum().item())
        """,
        **environment,
    )
    assert printed.split() == [str(expected), str(expected), "10000.0"]


def test_switching_off_runs_what_waits():
    y = draw(N) * 2
    with counted() as found:
        assert stream.set_deferred(False) is True
        z = y + 1
    assert found["pending"] == -1 and found["cut_asked"] == 1 and found["direct"] == 1
    assert stream.is_deferred() is False and stream.set_deferred(True) is False and stream.is_deferred() is True
    del z
