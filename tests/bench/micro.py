#!/usr/bin/python3
"""micro.py BUILD - what every part of workers/ costs, next to the same thing in CPython.

Runs bench_workers and bench_procs and, in turn with them, micro_cpython.py for threading, multiprocessing and gevent:
ROUNDS rounds (3), the median of each line. A table, and "micro" in BUILD/bench/results.json.
"""
import os
import pathlib
import re
import statistics
import subprocess
import sys

import results
import table

HERE = pathlib.Path(__file__).resolve().parent
LINE = re.compile(r"^(\S.*?)\s+([\d.]+) ns/op$", re.M)
PYTHON = "/usr/bin/python3"
COLUMNS = ("threading", "multiprocessing", "gevent")

# (part of workers/, [(what is done, the line)]): the order to read them in.
PARTS = [
    ("coroutines (fiber, loop, co, wait, gen, copool)", [
        ("switch of stacks, no scheduler", "fiber_switch"),
        ("generator: send and yield", "gen_send"),
        ("yield, alone", "co_yield among 1"),
        ("yield, among 100", "co_yield among 100"),
        ("yield, among 10,000", "co_yield among 10000"),
        ("spawn and end", "co_spawn and end"),
        ("spawn and end in a limited pool", "copool_spawn and end"),
        ("wake another and wait", "waitlist ping-pong"),
        ("wait with a deadline that passes", "co_wait with deadline"),
        ("spawn, sleep, wake, end; 100,000 at once", "100,000 sleepers"),
        ("wait for a descriptor, read a byte", "co_wait_fd on a pipe"),
        ("from a thread into the loop", "door_put to the loop"),
    ]),
    ("threads (thread, queue, pool)", [
        ("start and join", "thread start and join"),
        ("lock: enter, leave", "lock enter and leave"),
        ("recursive lock: enter, leave", "rlock enter and leave"),
        ("semaphore: give, take", "semaphore give and take"),
        ("condition: two that wake each other", "cond, 2 threads in turn"),
        ("flag (event): two that wake each other", "flag, 2 threads in turn"),
        ("thread-local: set, get", "tls set and get"),
        ("timer of 0 ms: start, run, join", "timer start, run and join"),
        ("queue: put, get, alone", "queue_put and get"),
        ("queue: one puts, one gets", "queue between 2 threads"),
        ("queue: one puts, one takes many (SimpleQueue)", "queue_get_many, 2 threads"),
        ("pool of 2: a task", "pool_apply, 2 threads"),
    ]),
    ("processes (proc, pipe, xqueue, shm, slots, procpool)", [
        ("fork and join", "fork + join"),
        ("fork and join, parent of 512 MiB", "fork + join, 512 MiB parent"),
        ("start afresh (role, spawn) and join", "spawn role + join"),
        ("the same, parent of 512 MiB", "spawn role + join, 512 MiB"),
        ("start afresh into the sandbox and join", "spawn role into the sandbox + join"),
        ("pipe: 64 B one way", "pipe, 64 B one way"),
        ("queue: 64 B one way", "xqueue, 64 B one way"),
        ("SimpleQueue: 64 B one way", "SimpleQueue, 64 B one way"),
        ("pipe: 64 B there and back", "pipe, 64 B there and back"),
        ("queue: 64 B there and back", "xqueue, 64 B there and back"),
        ("pipe: 26 KiB one way", "pipe, 26 KiB one way"),
        ("queue: 26 KiB one way", "xqueue, 26 KiB one way"),
        ("pipe: 26 KiB there and back", "pipe, 26 KiB there and back"),
        ("slot (shared memory): 26 KiB read, answered", "slot, 26 KiB to a process and back"),
        ("queue: put, get, alone", "xqueue put + get, alone"),
        ("shared memory: 1 MiB made and gone", "shared memory, 1 MiB made and gone"),
        ("slot: take, give", "slot take + give"),
        ("slot: take, write 32 KiB, give", "slot, 32 KiB written"),
        ("slot: take, write 256 KiB, give", "slot, 256 KiB written"),
        ("process pool: a task, one at a time", "pool round trip, 1 in flight"),
        ("process pool: a task, 2 workers, 64 in flight", "pool, 2 workers, 64 in flight"),
        ("the same, 1 worker, tasks of 60,000 steps", "pool, 1 worker, heavy tasks"),
        ("the same, 2 workers, tasks of 60,000 steps", "pool, 2 workers, heavy tasks"),
    ]),
]
# The claim: between two processes a pipe is faster than a queue.
CLAIM = ["64 B one way", "64 B there and back", "26 KiB one way"]


def programs(build):
    """{column: [commands]}"""
    found = {"skitter": [[str(build / "bench/bench_workers")], [str(build / "bench/bench_procs")]]}
    for family in COLUMNS:
        if family == "gevent" and subprocess.run([PYTHON, "-c", "import gevent"], capture_output=True).returncode:
            print("bench: no gevent here (python3-gevent): left out", file=sys.stderr)
            continue
        found[family] = [[PYTHON, "-B", str(HERE / "micro_cpython.py"), family]]
    return found


def measure(build, rounds):
    """{column: {line: [ns of each round]}}"""
    found = {}
    for _ in range(rounds):
        for column, commands in programs(build).items():
            for words in commands:
                out = subprocess.run(words, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
                for name, ns in LINE.findall(out):
                    found.setdefault(column, {}).setdefault(name, []).append(float(ns))
    return found


def nanoseconds(value):
    for unit, scale in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}" if value / scale < 1000 else f"{value / scale:.0f} {unit}"
    return f"{value:.3g} ns"


def medians(found):
    return {column: {name: statistics.median(values) for name, values in lines.items()} for column, lines in found.items()}


def rows(lines, middle):
    for what, name in lines:
        ours = middle["skitter"].get(name)
        row = [what, "-" if ours is None else nanoseconds(ours)]
        for column in COLUMNS:
            theirs = middle.get(column, {}).get(name)
            row.append("-" if theirs is None else nanoseconds(theirs))
            row.append("-" if None in (ours, theirs) else table.times(theirs / ours))
        yield (*row, "")


def claim(middle):
    """Rows for the claim: time of a queue divided by the time of a pipe; above 1 the pipe is faster."""
    for what in CLAIM:
        row = [what]
        for column in ("skitter", "multiprocessing"):
            pipe, queue = (middle.get(column, {}).get(f"{kind}, {what}") for kind in ("pipe", "xqueue"))
            row += ["-"] * 3 if None in (pipe, queue) else [nanoseconds(pipe), nanoseconds(queue), table.times(queue / pipe)]
        yield (*row, "")


def show(middle, rounds):
    print(f"\n== the parts of workers/, time of one operation, median of {rounds};"
          " /skitter: how many times as long as skitter's")
    head = ("", "skitter", "threading", "/skitter", "multiprocessing", "/skitter", "gevent", "/skitter", "")
    for part, lines in PARTS:
        for line in table.lines((part, *head[1:]), list(rows(lines, middle))):
            print(line)
        print()
    print("== \"a pipe is faster than a queue\" between two processes: how many times as long the queue takes")
    head = ("", "skitter pipe", "xqueue", "queue/pipe", "multiprocessing Pipe", "Queue", "queue/pipe", "")
    for line in table.lines(head, list(claim(middle))):
        print(line)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    rounds = int(os.environ.get("ROUNDS", "3"))
    found = measure(build, rounds)
    middle = medians(found)
    show(middle, rounds)
    results.keep(build, micro={"unit": "ns", "median": middle, "rounds": found})


if __name__ == "__main__":
    main()
