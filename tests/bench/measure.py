"""measure.py - one command from start to end: wall clock, CPU of all its processes, peak memory, disk.

CPU: this process is the reaper of its descendants (PR_SET_CHILD_SUBREAPER), so the time of every process of the
command, whoever started it, comes back here; where a control group can be made, it counts too (cgroup_cpu_s).

Memory: PSS of all processes of the command, so that shared pages count once, plus the pages of shared memory
(memfd) that no process has mapped and that PSS does not see. Sampled; a sample costs time, so they are spread such
that sampling takes about a twenty-fifth of one core at most. The control group gives a second reading:
anonymous memory by its books, and all of the memfds; program files, which PSS includes, are not in it.
"""
import ctypes
import os
import pathlib
import re
import resource
import select
import shutil
import signal
import subprocess
import threading
import time

import cgroup

PR_SET_CHILD_SUBREAPER = 36
KIB = 1024


def become_reaper():
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children_cpu():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def children(pid):
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
        return [int(c) for t in tasks for c in pathlib.Path(f"/proc/{pid}/task/{t}/children").read_text().split()]
    except (OSError, ValueError):
        return []


def tree(pid):
    """A process and all below it."""
    found, todo = [], [pid]
    while todo:
        p = todo.pop()
        found.append(p)
        todo += children(p)
    return found


def orphans(but):
    """Our own children besides those named: processes of the command whose parent has ended."""
    return [c for c in children(os.getpid()) if c not in but]


# ---- memory ---------------------------------------------------------------------------------------


def rollup(pid):
    """PSS of a process in bytes, by one line of the kernel."""
    with open(f"/proc/{pid}/smaps_rollup", "rb") as f:
        for line in f:
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * KIB
    return 0


def memfds(pid):
    """{inode: bytes allocated} of the shared memory this process holds open."""
    held = {}
    folder = f"/proc/{pid}/fd"
    for fd in os.listdir(folder):
        try:
            if os.readlink(f"{folder}/{fd}").startswith("/memfd:"):
                st = os.stat(f"{folder}/{fd}")
                held[st.st_ino] = st.st_blocks * 512
        except OSError:
            continue
    return held


# One mapping of a memfd in smaps: its inode, and the PSS a few lines below.
MEMFD = re.compile(rb"^\S+ \S+ \S+ \S+ (\d+) +/memfd:[^\n]*\n(?:[^\n]*\n){1,8}?Pss: +(\d+) kB", re.M)


def mapped(pid, into):
    """Adds to INTO what this process maps of each memfd (PSS, bytes)."""
    with open(f"/proc/{pid}/smaps", "rb") as f:
        for inode, kib in MEMFD.findall(f.read()):
            into[int(inode)] = into.get(int(inode), 0) + int(kib) * KIB


def memory_of(pids):
    """(PSS, shared memory that nobody maps, shared memory in all), bytes, of all these processes together."""
    pss, held, shown = 0, {}, {}
    holders = []
    for pid in pids:
        try:
            pss += rollup(pid)
            mine = memfds(pid)
        except OSError:
            continue
        if mine:
            held.update(mine)
            holders.append(pid)
    for pid in holders:
        try:
            mapped(pid, shown)
        except OSError:
            continue
    unmapped = sum(max(0, size - shown.get(inode, 0)) for inode, size in held.items())
    return pss, unmapped, sum(held.values())


class Sampler(threading.Thread):
    """Samples memory until it is stopped."""

    def __init__(self, pid, but, group):
        super().__init__(daemon=True)
        self.pid, self.but, self.group = pid, but, group
        self.over = threading.Event()
        self.peak = {"memory": 0, "pss": 0, "unmapped": 0, "cgroup_memory": 0, "processes": 0}
        self.samples = 0

    def run(self):
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), -15)  # this thread: on time on a busy machine
        except PermissionError:
            pass
        pause = 0.02
        while not self.over.wait(pause):
            began = time.thread_time()
            try:
                self.sample()
            except OSError:  # the command, or its group, is just ending
                pass
            pause = min(0.25, max(0.02, 25 * (time.thread_time() - began)))

    def sample(self):
        pids = tree(self.pid) + [p for o in orphans(self.but) for p in tree(o)]
        pss, unmapped, shared = memory_of(pids)
        self.samples += 1
        if pss + unmapped > self.peak["memory"]:
            self.peak.update(memory=pss + unmapped, pss=pss, unmapped=unmapped)
        self.peak["processes"] = max(self.peak["processes"], len(pids))
        if self.group:
            now = self.group.anonymous() + shared
            self.peak["cgroup_memory"] = max(self.peak["cgroup_memory"], now)

    def stop(self):
        self.over.set()
        self.join()


# ---- disk -----------------------------------------------------------------------------------------


def disk_of(folder):
    """(allocated, apparent) bytes, and files, below a folder."""
    allocated = apparent = files = 0
    for where, _, names in os.walk(folder):
        for name in names:
            st = os.lstat(os.path.join(where, name))
            allocated += st.st_blocks * 512
            apparent += st.st_size
            files += 1
    return allocated, apparent, files


def flush(folder):
    """Seconds until all that was written below FOLDER is on the disk."""
    began = time.monotonic()
    fd = os.open(folder, os.O_RDONLY)
    try:
        if ctypes.CDLL(None).syncfs(fd):
            os.sync()
    finally:
        os.close(fd)
    return time.monotonic() - began


# ---- one run --------------------------------------------------------------------------------------


def reap(but, patience=10):
    """Waits for what the command left behind; what does not end by itself is killed. True: there was such."""
    deadline, killed = time.monotonic() + patience, False
    while left := orphans(but):
        if time.monotonic() > deadline:
            killed = True
            for o in left:
                kill(o)
        for pid in left:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
        time.sleep(0.005)
    return killed


def kill(pid):
    for p in tree(pid):
        try:
            os.kill(p, signal.SIGKILL)
        except ProcessLookupError:
            pass


def wait(process, limit):
    """False: it had to be killed. (Popen.wait with a timeout looks every 50 ms only.)"""
    fd = os.pidfd_open(process.pid)
    try:
        in_time = bool(select.select([fd], [], [], limit)[0])
        return in_time
    finally:  # also when this program is interrupted
        if process.poll() is None:
            kill(process.pid)
        process.wait()
        os.close(fd)


def run(words, out, limit=900, env=None):
    """Runs a command whose output goes below OUT; what it printed is in OUT.log."""
    home = out.with_name("home")
    for folder in (out, home):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    flush(out)
    others = set(children(os.getpid()))
    log = out.with_name(out.name + ".log")
    with cgroup.Group() as group, open(log, "wb") as printed:
        cpu, began = children_cpu(), time.monotonic()
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT,
                                   start_new_session=True, preexec_fn=group.join if group else None,
                                   env={**os.environ, "HOME": str(home), **(env or {})}, cwd=home)
        sampler = Sampler(process.pid, others | {process.pid}, group)
        sampler.start()
        timed_out = not wait(process, limit)
        seconds = time.monotonic() - began
        sampler.stop()
        lingered = reap(others)
        result = {"seconds": seconds, "cpu_s": children_cpu() - cpu, "exit": process.returncode,
                  "timed_out": timed_out, "left_processes": lingered, "samples": sampler.samples, **sampler.peak}
        if group:
            result["cgroup_cpu_s"] = group.cpu()
    result["flush_s"] = flush(out)
    result["disk"], result["disk_apparent"], result["files"] = disk_of(out)
    return result
