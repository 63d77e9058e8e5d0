#!/usr/bin/python3
"""micro_cpython.py threading|multiprocessing|gevent - what the same things cost in CPython.

Lines as those of bench_workers and bench_procs: "name  ns/op". The names are theirs too, so that micro.py can put
them side by side. How often is chosen so that each line takes a fraction of a second.
"""
import os
import sys
import time

SMALL, PAGE = bytes(64), bytes(26 * 1024)


def measured(name, n, fn):
    """Runs fn(n), which is all that is measured; fn may return the nanoseconds it measured itself."""
    began = time.perf_counter_ns()
    own = fn(n)
    took = time.perf_counter_ns() - began if own is None else own
    print(f"{name:36} {took / n:12.1f} ns/op", flush=True)


def enter_and_leave(lock):
    def run(n):
        for _ in range(n):
            lock.acquire()
            lock.release()
    return run


def put_and_get(queue):
    def run(n):
        for _ in range(n):
            queue.put(queue)
            queue.get()
    return run


# ---- threading ------------------------------------------------------------------------------------


def bench_threading():
    import concurrent.futures
    import queue
    import threading

    def threads(n):
        for _ in range(n):
            t = threading.Thread(target=int)
            t.start()
            t.join()

    def semaphore(n):
        s = threading.Semaphore(0)
        for _ in range(n):
            s.release()
            s.acquire()

    def with_other(other, mine):
        t = threading.Thread(target=other)
        t.start()
        mine()
        t.join()

    def cond(n):
        turned, turn = threading.Condition(), [False]

        def hits(me):
            with turned:
                for _ in range(n // 2):
                    while turn[0] != me:
                        turned.wait()
                    turn[0] = not me
                    turned.notify()
        with_other(lambda: hits(True), lambda: hits(False))

    def flag(n):
        here, there = threading.Event(), threading.Event()

        def other():
            for _ in range(n // 2):
                there.wait()
                there.clear()
                here.set()

        def mine():
            for _ in range(n // 2):
                there.set()
                here.wait()
                here.clear()
        with_other(other, mine)

    def local(n):
        data = threading.local()
        for i in range(n):
            data.value = i
            data.value

    def timers(n):
        for _ in range(n):
            t = threading.Timer(0, int)
            t.start()
            t.join()

    def stream(make):
        def run(n):
            q = make()

            def puts():
                for _ in range(n):
                    q.put(q)
                q.put(None)

            def gets():
                while q.get() is not None:
                    pass
            with_other(puts, gets)
        return run

    def pool(n):
        with concurrent.futures.ThreadPoolExecutor(2) as p:
            for _ in range(n):
                p.submit(int)

    def generator(n):
        def counts():
            i = 0
            while True:
                i += 1
                yield i
        g = counts()
        next(g)
        for _ in range(n):
            g.send(None)

    measured("gen_send", 2000000, generator)
    measured("thread start and join", 5000, threads)
    measured("lock enter and leave", 2000000, enter_and_leave(threading.Lock()))
    measured("rlock enter and leave", 2000000, enter_and_leave(threading.RLock()))
    measured("semaphore give and take", 200000, semaphore)
    measured("cond, 2 threads in turn", 20000, cond)
    measured("flag, 2 threads in turn", 20000, flag)
    measured("tls set and get", 2000000, local)
    measured("timer start, run and join", 2000, timers)
    measured("queue_put and get", 200000, put_and_get(queue.Queue(16)))
    measured("queue between 2 threads", 100000, stream(lambda: queue.Queue(1024)))
    measured("queue_get_many, 2 threads", 200000, stream(queue.SimpleQueue))
    measured("pool_apply, 2 threads", 20000, pool)


# ---- multiprocessing: what runs in the other process must be importable ----------------------------


def nothing():
    pass


def one(_):
    return 1


def echo_pipe(end):
    try:
        while True:
            end.send_bytes(end.recv_bytes())
    except EOFError:
        pass


def drain_pipe(end):
    try:
        while True:
            end.recv_bytes()
    except EOFError:
        pass


def drain_queue(q):
    while q.get() is not None:
        pass


def echo_queue(q, back):
    while (message := q.get()) is not None:
        back.put(message)


def read_shared(name, size, end):
    from multiprocessing import shared_memory
    block = shared_memory.SharedMemory(name)
    try:
        while True:
            end.recv_bytes()
            bytes(block.buf[:size])
            end.send_bytes(b"x")
    except EOFError:
        pass
    block.close()


def bench_multiprocessing():
    import multiprocessing as mp
    from multiprocessing import shared_memory

    fork, spawn = mp.get_context("fork"), mp.get_context("spawn")

    def processes(ctx):
        def run(n):
            for _ in range(n):
                p = ctx.Process(target=nothing)
                p.start()
                p.join()
        return run

    def child(target, *args):
        p = fork.Process(target=target, args=args)
        p.start()
        return p

    def pipe_stream(message):
        def run(n):
            reader, writer = fork.Pipe(False)
            p = fork.Process(target=lambda: (writer.close(), drain_pipe(reader)))
            p.start()
            reader.close()
            began = time.perf_counter_ns()
            for _ in range(n):
                writer.send_bytes(message)
            writer.close()
            p.join()
            return time.perf_counter_ns() - began
        return run

    def pipe_round_trip(message):
        def run(n):
            mine, theirs = fork.Pipe()
            p = fork.Process(target=lambda: (mine.close(), echo_pipe(theirs)))
            p.start()
            theirs.close()
            began = time.perf_counter_ns()
            for _ in range(n):
                mine.send_bytes(message)
                mine.recv_bytes()
            took = time.perf_counter_ns() - began
            mine.close()
            p.join()
            return took
        return run

    def queue_stream(message, make):
        def run(n):
            q = make()
            p = child(drain_queue, q)
            began = time.perf_counter_ns()
            for _ in range(n):
                q.put(message)
            q.put(None)
            p.join()
            return time.perf_counter_ns() - began
        return run

    def queue_round_trip(message):
        def run(n):
            q, back = fork.Queue(256), fork.Queue(256)
            p = child(echo_queue, q, back)
            began = time.perf_counter_ns()
            for _ in range(n):
                q.put(message)
                back.get()
            took = time.perf_counter_ns() - began
            q.put(None)
            p.join()
            return took
        return run

    def shared_page(n):
        block = shared_memory.SharedMemory(create=True, size=256 << 10)
        mine, theirs = fork.Pipe()
        p = fork.Process(target=lambda: (mine.close(), read_shared(block.name, len(PAGE), theirs)))
        p.start()
        theirs.close()
        began = time.perf_counter_ns()
        for _ in range(n):
            block.buf[:len(PAGE)] = PAGE
            mine.send_bytes(b"x")
            mine.recv_bytes()
        took = time.perf_counter_ns() - began
        mine.close()
        p.join()
        block.close()
        block.unlink()
        return took

    def shared_made(n):
        for _ in range(n):
            block = shared_memory.SharedMemory(create=True, size=1 << 20)
            block.buf[0] = 1
            block.close()
            block.unlink()

    def semaphore(n):
        s = fork.Semaphore(0)
        for _ in range(n):
            s.release()
            s.acquire()

    def pool_round_trip(n):
        with fork.Pool(1) as pool:
            pool.apply(one, (0,))
            began = time.perf_counter_ns()
            for _ in range(n):
                pool.apply(one, (0,))
            return time.perf_counter_ns() - began

    def pool_many(n):
        """64 tasks in flight: each answer lets the next in."""
        room = fork.Semaphore(64)
        with fork.Pool(2) as pool:
            pool.apply(one, (0,))
            began = time.perf_counter_ns()
            for _ in range(n):
                room.acquire()
                pool.apply_async(one, (0,), callback=lambda _: room.release())
            pool.close()
            pool.join()
            return time.perf_counter_ns() - began

    measured("fork + join", 200, processes(fork))
    measured("spawn role + join", 20, processes(spawn))
    measured("lock enter and leave", 500000, enter_and_leave(fork.Lock()))
    measured("rlock enter and leave", 500000, enter_and_leave(fork.RLock()))
    measured("semaphore give and take", 500000, semaphore)
    measured("pipe, 64 B one way", 100000, pipe_stream(SMALL))
    measured("xqueue, 64 B one way", 50000, queue_stream(SMALL, lambda: fork.Queue(256)))
    measured("SimpleQueue, 64 B one way", 50000, queue_stream(SMALL, fork.SimpleQueue))
    measured("pipe, 64 B there and back", 20000, pipe_round_trip(SMALL))
    measured("xqueue, 64 B there and back", 5000, queue_round_trip(SMALL))
    measured("pipe, 26 KiB one way", 20000, pipe_stream(PAGE))
    measured("xqueue, 26 KiB one way", 20000, queue_stream(PAGE, lambda: fork.Queue(256)))
    measured("pipe, 26 KiB there and back", 10000, pipe_round_trip(PAGE))
    measured("slot, 26 KiB to a process and back", 10000, shared_page)
    measured("shared memory, 1 MiB made and gone", 2000, shared_made)
    measured("pool round trip, 1 in flight", 2000, pool_round_trip)
    measured("pool, 2 workers, 64 in flight", 10000, pool_many)


# ---- gevent ---------------------------------------------------------------------------------------


def bench_gevent():
    import gevent
    import gevent.event
    import gevent.local
    import gevent.lock
    import gevent.pool
    import gevent.queue
    import gevent.socket
    import greenlet

    def switch(n):
        here = greenlet.getcurrent()

        def back():
            while True:
                here.switch()
        other = greenlet.greenlet(back)
        for _ in range(n // 2):
            other.switch()

    def yields(among):
        def run(n):
            def body():
                for _ in range(n // among):
                    gevent.sleep(0)
            gevent.joinall([gevent.spawn(body) for _ in range(among)])
        return run

    def spawns(n):
        for _ in range(n // 100):
            gevent.joinall([gevent.spawn(int) for _ in range(100)])

    def pool_spawns(n):
        pool = gevent.pool.Pool(64)
        for _ in range(n):
            pool.spawn(int)
        pool.join()

    def ping_pong(n):
        turns = gevent.event.Event(), gevent.event.Event()

        def plays(me):
            for _ in range(n // 2):
                turns[1 - me].set()
                turns[me].wait()
                turns[me].clear()
            turns[1 - me].set()
        gevent.joinall([gevent.spawn(plays, 0), gevent.spawn(plays, 1)])

    def deadlines(n):
        never = gevent.event.Event()

        def body():
            for _ in range(n // 1000):
                never.wait(0.000001)
        gevent.joinall([gevent.spawn(body) for _ in range(1000)])

    def sleepers(n):
        gevent.joinall([gevent.spawn(gevent.sleep, (i * 7919 % 100 + 1) / 1000) for i in range(n)])

    def wait_fd(n):
        r, w = os.pipe()

        def reads():
            for _ in range(n):
                gevent.socket.wait_read(r)
                os.read(r, 1)

        def writes():
            for _ in range(n):
                os.write(w, b"x")
                gevent.sleep(0)
        gevent.joinall([gevent.spawn(reads), gevent.spawn(writes)])
        os.close(r)
        os.close(w)

    def semaphore(n):
        s = gevent.lock.Semaphore(0)
        for _ in range(n):
            s.release()
            s.acquire()

    def local(n):
        data = gevent.local.local()
        for i in range(n):
            data.value = i
            data.value

    def timers(n):
        for _ in range(n):
            gevent.spawn_later(0, int).join()

    def starts(n):
        for _ in range(n):
            gevent.spawn(int).join()

    def stream(n):
        q = gevent.queue.Queue(1024)

        def puts():
            for _ in range(n):
                q.put(q)
            q.put(None)

        def gets():
            while q.get() is not None:
                pass
        gevent.joinall([gevent.spawn(puts), gevent.spawn(gets)])

    measured("fiber_switch", 1000000, switch)
    measured("co_yield among 1", 100000, yields(1))
    measured("co_yield among 100", 100000, yields(100))
    measured("co_yield among 10000", 100000, yields(10000))
    measured("co_spawn and end", 50000, spawns)
    measured("copool_spawn and end", 50000, pool_spawns)
    measured("waitlist ping-pong", 50000, ping_pong)
    measured("co_wait with deadline", 50000, deadlines)
    measured("100,000 sleepers", 100000, sleepers)
    measured("co_wait_fd on a pipe", 50000, wait_fd)
    measured("thread start and join", 50000, starts)
    measured("lock enter and leave", 500000, enter_and_leave(gevent.lock.BoundedSemaphore(1)))
    measured("rlock enter and leave", 200000, enter_and_leave(gevent.lock.RLock()))
    measured("semaphore give and take", 500000, semaphore)
    measured("flag, 2 threads in turn", 50000, ping_pong)
    measured("tls set and get", 500000, local)
    measured("timer start, run and join", 20000, timers)
    measured("queue_put and get", 100000, put_and_get(gevent.queue.Queue(16)))
    measured("queue between 2 threads", 100000, stream)


if __name__ == "__main__":
    {"threading": bench_threading, "multiprocessing": bench_multiprocessing, "gevent": bench_gevent}[sys.argv[1]]()
