"""What goes wrong around the arithmetic: no memory, Ctrl-C, failing hooks, forks, ends of threads and processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

gradus = pytest.importorskip("gradus")

from fuzzing.execution import ORACLE, Controls, Mode, Run, differences  # noqa: E402

FOREVER = 1 << 60
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
PRELUDE = """
import faulthandler, os, queue, random, signal, sys, threading, time
import gradus
faulthandler.enable()
# The watchdog must not take a signal while it starts: Python's loop learns of signals from the main thread alone.
before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
faulthandler.dump_traceback_later({timeout} * 0.8, exit=True)
signal.pthread_sigmask(signal.SIG_SETMASK, before)
N = 5000
def pending(x, n=6):
    for i in range(n):
        x = (x * 0.5 + 1).clamp(-100, 100)
    return x
def right(x, n=6):
    return x.tolist() == [2 - 2.0 ** -n * (2 - 3)] * x.numel()  # from threes
"""


def script(text, timeout=60, status=0, **environment):
    """Runs the text in a process of its own, which must end in time; returns what it printed."""
    source = PRELUDE.format(timeout=timeout) + textwrap.dedent(text)
    path = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run(
        [sys.executable, "-c", source],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


# ---- no memory

# Statements that can be repeated after they failed: one operator each, or what begins by setting everything anew.
# (dropout is not among them: as in PyTorch its mask is drawn before the product needs memory.)
OPERATORS = """
t1 = torch.ones({n})
t2 = torch.randn({n})
t3 = t2 * 2
t4 = t3 + t1
t5 = t4.tanh()
t6 = t5.to(torch.float64)
t7 = t6.cumsum(0)
t1.mul_(t2)
t8 = torch.where(t2 > 0, t5, t4)
t9 = t8.sum()
note(t9.item())
t10 = t8.view(2, -1)
t11 = t10.t().contiguous()
t12 = torch.cat([t11, t11])
t13 = t12.softmax(0)
t14 = t13.sort(0)[1]
t10.t().add_(t11)
t2.add_(1)
t15 = torch.zeros(0)
torch.add(t2, t3, out=t15)
t16 = torch.rand({n})
t16.bernoulli_(0.25)
t17 = torch.bernoulli(t16)
t18 = t17[t17 > 0]
t19 = torch.randperm({n})
t20 = t2.index_select(0, t19)
note(t20.tolist()[:3])
t20[1:] = t2[:-1]
t21 = torch.empty(3).resize_({n}).zero_()
t22 = t21.clone()
t22.normal_()
t23 = t22.detach().numpy().sum()
t24 = torch.einsum('i,j->ij', t2[:40], t3[:40])
t25 = torch.baddbmm(t24[None], t24[None], t24[None])[0]
t26 = t24 @ t25
t27 = torch.nn.functional.layer_norm(t24, (40,))
del t3
t28 = t4.median()
t29 = torch.tensor([1.0, 2.0]) + t28
"""

GRADIENTS = """
t1 = torch.linspace(-1, 1, {n}).requires_grad_()
t2 = torch.ones({n}, dtype=torch.float64).requires_grad_()
t3 = t1 * t2
t4 = t3.sigmoid()
t5 = t4.view(2, -1).softmax(1)
t6 = (t5 * t5).sum()
t1.grad = t2.grad = None; t6.backward(retain_graph=True)
t7 = torch.autograd.grad(t6, t1, create_graph=True)[0]
t1.grad = t2.grad = None; t7.square().sum().backward(retain_graph=True)
t8 = t1.grad
t9 = t8 + 1
note(t9.sum().item())
"""


def lines(text, n):
    return text.format(n=n).strip().splitlines()


def with_failure(statements, mode, nth, count, tries=3):
    """Runs the statements; allocation `nth` (and `count` - 1 more) fails, whereupon the statement is repeated.

    Returns what is to be seen at the end, the number of failures, and of allocations."""
    controls, core = Controls(gradus), gradus._C
    before = controls.census()
    failures = 0
    with controls.within(mode):
        run = Run(gradus)
        core._fail_allocation(nth, count)
        for statement in statements:
            error = run.step(statement)
            while error and error.startswith("OutOfMemoryError"):
                failures += 1
                run.errors.pop()
                if failures >= tries:
                    core._fail_allocation(0)
                error = run.step(statement)
        allocations = core._fail_allocation(0)
        result = run.report()
        run.close()
        controls.synchronize_all()
    after = controls.census()
    result["left over"] = {k: after[k] - before[k] for k in after}
    return result, failures, allocations


@pytest.mark.parametrize("size", [40, 5000])
@pytest.mark.parametrize("mode", [ORACLE, Mode("deferred")], ids=lambda mode: mode.name)
@pytest.mark.parametrize("program", [OPERATORS, GRADIENTS], ids=["operators", "gradients"])
def test_every_allocation_may_fail(program, mode, size):
    statements = lines(program, size)
    expected, failures, total = with_failure(statements, ORACLE, FOREVER, 1)
    assert failures == 0 and total > len(statements) / 2
    assert expected["errors"] == [None] * len(statements) and not any(expected["left over"].values())
    failed = 0
    for nth in range(1, 4 * total):
        reached = False
        for count, tries in ((1, 3), (FOREVER, 1), (FOREVER, 3)):
            result, failures, allocations = with_failure(statements, mode, nth, count, tries)
            assert not list(differences(expected, result))[:4], f"allocation {nth}, {count} in a row"
            reached |= allocations >= nth or failures > 0
            failed += failures
        if not reached:
            break
    assert not reached and failed >= total


def test_random_programs_survive_failing_allocations():
    """After a failure anywhere the next statements run as usual, and nothing leaks."""
    from fuzzing.writing import write

    for seed in range(25):
        statements = write(gradus, seed, 15)
        total = with_failure(statements, ORACLE, FOREVER, 1)[2]
        for nth in range(1, total + 1, max(1, total // 12)):
            for mode in (ORACLE, Mode("deferred")):
                result, _, _ = with_failure(statements, mode, nth, FOREVER, 1)
                assert not any(result["left over"].values()), (seed, nth, mode)


def test_out_of_memory_has_a_class_of_its_own_and_a_retry_after_freeing_succeeds():
    assert issubclass(gradus.OutOfMemoryError, RuntimeError)
    x = gradus.ones(5000)
    with pytest.raises(gradus.OutOfMemoryError, match="out of memory: tried to allocate"):
        gradus.empty(1 << 58, dtype=gradus.uint8)
    gradus._C._fail_allocation(1, FOREVER)
    try:
        with pytest.raises(gradus.OutOfMemoryError):
            (x + 1).tolist()
    finally:
        gradus._C._fail_allocation(0)
    assert (x + 1).sum().item() == 10000


def test_the_limit_of_the_process_is_met_and_freeing_helps():
    script("""
        import resource
        x = gradus.ones(1 << 20)
        used = int(open("/proc/self/statm").read().split()[0]) * 4096
        resource.setrlimit(resource.RLIMIT_AS, (used + (200 << 20), resource.RLIM_INFINITY))
        kept, y = [], x * 1
        try:
            while True:
                y = y + x
                kept.append(y)
                y.sum().item()
        except gradus.OutOfMemoryError:
            pass
        n = len(kept)
        assert n > 10, n
        assert all(t[::1 << 17].tolist() == [i + 2.0] * 8 for i, t in enumerate(kept[:-1]))
        del kept[n // 2:]
        z = kept[0] + x
        assert z.sum().item() == 3 << 20
        """)


# ---- Ctrl-C


@pytest.mark.parametrize("threads", [1, 2])
def test_interrupts_at_any_time_leave_a_usable_state(threads):
    script(f"""
        gradus.set_num_threads({threads})
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        rng = random.Random(1)
        x, w = gradus.zeros(N), gradus.full((N,), 3.0).requires_grad_()
        y, count = pending(w), gradus.zeros(())
        interrupted = 0
        for round in range(150):
            try:
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(2e-5, 3e-3))
                while True:
                    x.add_(1)
                    y = pending(w)
                    z = y.sum()
                    if rng.random() < 0.3:
                        z.backward()
                        w.grad = None
                    if rng.random() < 0.2:
                        z.item()
                    count.add_(1)
            except KeyboardInterrupt:
                interrupted += 1
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            values = set(x.tolist())
            assert len(values) == 1 and values == {{float(x._version)}}, values
            assert right(pending(w.detach())) and right(y.detach() if y.requires_grad else y)
            assert 0 <= x[0].item() - count.item() <= round + 1
        assert interrupted == 150
        w.grad = None
        (pending(w) * 64).sum().backward()
        assert w.grad.tolist() == [1.0] * N
        """)


def test_other_threads_go_on_while_a_long_segment_runs():
    script("""
        sys.setswitchinterval(100)  # only a thread that lets go of the interpreter lock hands it on
        gradus.set_num_threads(1)
        ticks, stop = 0, False
        def tick():
            global ticks
            while not stop:
                time.sleep(0.001)
                ticks += 1
        thread = threading.Thread(target=tick)
        thread.start()
        x = gradus.full((1 << 21,), 3.0)
        looks = {
            "item": lambda y: y.sum().item(), "float": lambda y: float(y.sum()), "bool": lambda y: bool(y.sum() > 0),
            "tolist": lambda y: y[:3].tolist(), "numpy": lambda y: y.numpy(), "data_ptr": lambda y: y.data_ptr(),
            "synchronize": lambda y: gradus.stream.synchronize(),
        }
        for name, look in looks.items():
            y = pending(x, 40)
            before = ticks
            look(y)
            assert ticks - before >= 5, (name, ticks - before)
            before = ticks
            look(y)
            assert name in ("item", "float", "bool", "synchronize") or ticks == before, name  # nothing waits
        stop = True
        thread.join()
        """)


def test_control_c_ends_a_long_program_at_once():
    source = PRELUDE.format(timeout=60) + textwrap.dedent("""
        x = gradus.ones(1 << 20)
        print("begun", flush=True)
        try:
            while True:
                x = pending(x, 50)
        except KeyboardInterrupt:
            assert abs(x[5].item() - 2) < 1.01
            print("usable", flush=True)
            raise
        """)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", source], env=environment, text=True, **pipes)
    assert process.stdout.readline() == "begun\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out == "usable\n" and "KeyboardInterrupt" in err and process.returncode == -signal.SIGINT


# ---- hooks


def test_a_failing_hook_ends_the_walk_and_keeps_what_was_done():
    a, b = gradus.full((5000,), 3.0).requires_grad_(), gradus.full((5000,), 3.0).requires_grad_()
    x = a * 2
    y = (x.tanh() + b * 3).sum()
    noise = gradus.ones(5000) * 2 + 1

    def fail(grad):
        noise.add_(grad.sum().item())
        raise KeyError("a hook")

    handle = x.register_hook(fail)
    for _ in range(3):
        b.grad = None
        with pytest.raises(KeyError, match="a hook"):
            y.backward(retain_graph=True)
        assert a.grad is None and (b.grad is None or b.grad.tolist() == [3.0] * 5000)
    handle.remove()
    b.grad = None
    y.backward()
    assert b.grad.tolist() == [3.0] * 5000 and a.grad.shape == (5000,)
    expected = (2 * (1 - gradus.full((1,), 6.0).tanh().square())).item()
    assert a.grad.tolist() == [expected] * 5000
    assert len(set(noise.tolist())) == 1 and noise._version == 3


# ---- fork


@needs_fork
@pytest.mark.parametrize("threads", [1, 2])
def test_pending_work_survives_a_fork(threads):
    script(f"""
        gradus.set_num_threads({threads})
        start = gradus.full((1 << 18,), 3.0)
        assert right(pending(start))  # there are threads to lose
        for round in range(10):
            x, y = pending(start), pending(start[:N])
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                fine = right(x) and right(y) and right(pending(start))
                w = start.clone().requires_grad_()
                (pending(w) * 64).sum().backward()
                fine = fine and set(w.grad.tolist()) == {{1.0}}
                os._exit(0 if fine else 1)
            if round % 2:
                assert right(x)
            assert os.waitpid(child, 0)[1] == 0
            assert right(x) and right(y)
        """)


@needs_fork
def test_work_that_another_thread_left_pending_survives_a_fork():
    script("""
        made, go = queue.Queue(), queue.Queue()
        def work():
            made.put(pending(gradus.full((N,), 3.0)))
            go.get()
            made.put(pending(gradus.full((N,), 3.0)))
        thread = threading.Thread(target=work)
        thread.start()
        x = made.get()
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            os._exit(0 if right(x) and right(pending(x.fill_(3))) else 1)
        assert os.waitpid(child, 0)[1] == 0
        go.put(None)
        thread.join()
        assert right(x) and right(made.get())
        """)


@needs_fork
def test_worker_processes_compute_while_the_parent_has_pending_work():
    script("""
        import multiprocessing
        def work(rank, x, results):
            gradus.manual_seed(rank)
            total = pending(x + rank * 0).sum().item() / x.numel()
            results.put((rank, total, gradus.rand(3000).sum().item()))
        context = multiprocessing.get_context("fork")
        results = context.Queue()
        x = gradus.full((N,), 3.0) * 1
        y = pending(x)
        children = [context.Process(target=work, args=(rank, x, results)) for rank in range(4)]
        [child.start() for child in children]
        found = sorted(results.get() for _ in children)
        [child.join() for child in children]
        assert [child.exitcode for child in children] == [0] * 4
        for rank, mean, drawn in found:
            gradus.manual_seed(rank)
            assert mean == y.sum().item() / N and drawn == gradus.rand(3000).sum().item()
        assert right(y)
        """)


@needs_fork
def test_forks_while_other_threads_work():
    script("""
        stop = False
        def work():
            x = gradus.full((N,), 3.0)
            while not stop:
                assert right(pending(x))
        threads = [threading.Thread(target=work) for _ in range(2)]
        [t.start() for t in threads]
        for round in range(30):
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                os._exit(0 if right(pending(gradus.full((N,), 3.0))) else 1)
            assert os.waitpid(child, 0)[1] == 0
        stop = True
        [t.join() for t in threads]
        """)


# ---- threads


def test_a_thread_that_ends_leaves_its_pending_work_to_others():
    script("""
        start = gradus.full((N,), 3.0)
        w = gradus.ones(N, requires_grad=True)
        for round in range(50):
            box = []
            def work():
                box.append(pending(start))
                box.append((pending(w * 3) * 64))
                shared.mul_(2).add_(1)
            shared = gradus.ones(N)
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
            shared.add_(1)
            box[1].sum().backward()
            assert right(box[0]) and set(shared.tolist()) == {4.0}
            assert set(w.grad.tolist()) == {3.0 * (round + 1)}
        """)


def test_ten_thousand_threads():
    script(
        """
        import gc, resource
        kept = gradus.full((N,), 3.0)
        def work(i):
            small = gradus.ones(3) * i
            results[i % 100] = pending(kept, 3) if i % 10 == 0 else small + 1
        results = [None] * 100
        def rounds(n):
            for i in range(n):
                thread = threading.Thread(target=work, args=(i,))
                thread.start()
                thread.join()
            assert all(right(r, 3) for r in results[::10]) and results[99].tolist() == [n * 1.0] * 3
            gradus.stream.synchronize()  # how many streams the threads needed depends on how fast they end
        rounds(1000)
        before, rss = gradus._C._census(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        rounds(9000)
        gc.collect()
        assert gradus._C._census() == before, (before, gradus._C._census())
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - rss
        assert grown < 20_000, grown
        """,
        timeout=240,
    )


def test_two_threads_hand_tensors_to_and_fro():
    script(
        """
        gradus.set_num_threads(2)
        end = time.monotonic() + 4
        there, back, wrong = queue.Queue(), queue.Queue(), []
        weights = gradus.ones(N, requires_grad=True)
        counter = gradus.zeros(N)
        def work(take, give, seed):
            try:
                rng = random.Random(seed)
                while time.monotonic() < end:
                    x, expected = take.get(timeout=30)
                    roll = rng.random()
                    if roll < 0.3:
                        x, expected = (x + 3) * -1, (expected + 3) * -1
                    elif roll < 0.5:
                        x.add_(1).mul_(-1)
                        expected = (expected + 1) * -1
                    elif roll < 0.6:
                        x = x[::2].repeat(2)
                    elif roll < 0.7:
                        x.numpy()[:] = 4
                        expected = 4.0
                    elif roll < 0.8:
                        g = gradus.autograd.grad((pending(weights * 1) * 64 * x.detach()).sum(), weights)[0]
                        assert set(g.tolist()) == {expected}, (set(g.tolist()), expected)
                    else:
                        assert set(x.tolist()) == {expected}, (set(x.tolist()), expected)
                    counter.add_(1)
                    give.put((x, expected))
                give.put((x, expected))
            except BaseException as error:
                wrong.append(repr(error))
                give.put((gradus.zeros(1), 0.0))
        for i in range(3):
            there.put((gradus.full((N,), i * 1.0), i * 1.0))
        threads = [threading.Thread(target=work, args=a) for a in ((there, back, 1), (back, there, 2))]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert not wrong, wrong
        assert len(set(counter.tolist())) == 1 and counter[0].item() == counter._version > 100
        """
    )


# ---- the end of the process

ENDINGS = {
    "with pending work": "",
    "with pending work in a class": "class Keeper: x = pending(gradus.full((N,), 3.0))",
    "with a cycle": "cycle = [x]; cycle.append(cycle); x.cycle = cycle",
    "with a pending gradient": "w = gradus.ones(N, requires_grad=True); pending(w).sum().backward()",
    "by an error": "raise SystemExit(0)",
    "from another thread": """
        def end(): y = pending(x); os._exit(0)
        threading.Thread(target=end).start()""",
    "before a thread has ended": """
        def work():
            time.sleep(0.3)
            assert right(pending(x.clone().fill_(3)))
        threading.Thread(target=work).start()""",
    "while a daemon works": """
        def work():
            while True: pending(gradus.full((1 << 18,), 3.0)).sum().item()
        for _ in range(2): threading.Thread(target=work, daemon=True).start()
        time.sleep(0.2)""",
    "while a daemon has pending work": """
        def work():
            y = pending(x)
            time.sleep(60)
        threading.Thread(target=work, daemon=True).start()
        time.sleep(0.1)""",
    "with work for atexit": """
        import atexit
        def late():
            assert right(pending(gradus.full((N,), 3.0)))
            print("late", flush=True)
        atexit.register(late)""",
    "with tensors that die last": """
        class Last:
            def __del__(self): self.y = self.x.add_(1) if self.x is not None else None
        last = Last(); last.x = pending(x); sys.keep = last""",
    "with work of a thread that is gone": """
        box = []
        thread = threading.Thread(target=lambda: box.append(pending(x)))
        thread.start(); thread.join()""",
    "by a hard exit": "os._exit(0)",
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("ending", ENDINGS)
def test_the_process_ends(ending, threads):
    begin = f"gradus.set_num_threads({threads})\nx = pending(gradus.full((N,), 3.0))\nprint('begun', flush=True)\n"
    for _ in range(3):
        out = script(begin + textwrap.dedent(ENDINGS[ending]), timeout=40)
        assert out == ("begun\nlate\n" if "atexit" in ending else "begun\n")
