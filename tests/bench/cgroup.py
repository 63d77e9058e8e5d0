"""cgroup.py - a control group for one command, where this process may make one; the second opinion on CPU and memory.

Version 1 (a hierarchy for each of memory and cpuacct) and version 2 are known. A Group is falsy where none could be
made. It is a child of the group this process is in, and is removed at the end of the block.
"""
import os
import pathlib
import time

ROOT = pathlib.Path("/sys/fs/cgroup")


def own_groups():
    """{controller ('' = version 2): path of our group}"""
    groups = {}
    try:
        for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            for c in controllers.split(","):
                groups[c] = path.lstrip("/")
    except OSError:
        pass
    return groups


class Group:
    serial = 0

    def __init__(self):
        Group.serial += 1
        self.name = f"bench-{os.getpid()}-{Group.serial}"
        self.version, self.folders = 0, {}

    def __enter__(self):
        own = own_groups()
        try:
            if "memory" in own and "cpuacct" in own:
                for c in ("memory", "cpuacct"):
                    self.make(c, ROOT / c / own[c] / self.name)
                self.version = 1
            elif "" in own and (ROOT / "cgroup.controllers").exists():
                self.make("", ROOT / own[""] / self.name)
                if not (self.folders[""] / "memory.stat").exists():
                    raise OSError("the memory controller is not handed down to us")
                self.version = 2
        except OSError:
            self.remove()
        return self

    def make(self, controller, folder):
        folder.mkdir()
        self.folders[controller] = folder

    def __bool__(self):
        return self.version > 0

    def join(self):
        """Called in the child before it becomes the command."""
        for folder in self.folders.values():
            (folder / "cgroup.procs").write_text(str(os.getpid()))

    def anonymous(self):
        """Bytes of memory of no file. (What is shared is not told apart from files on a tmpfs, so it is left out.)"""
        name = "rss" if self.version == 1 else "anon"
        folder = self.folders["memory" if self.version == 1 else ""]
        for line in (folder / "memory.stat").read_text().splitlines():
            if line.startswith(name + " "):
                return int(line.split()[1])
        return 0

    def cpu(self):
        """CPU seconds of all that ran in the group."""
        if self.version == 1:
            return int((self.folders["cpuacct"] / "cpuacct.usage").read_text()) / 1e9
        rows = dict(line.split() for line in (self.folders[""] / "cpu.stat").read_text().splitlines())
        return int(rows["usage_usec"]) / 1e6

    def remove(self):
        for folder in self.folders.values():
            for _ in range(100):
                try:
                    folder.rmdir()
                    break
                except OSError:  # the last process is still on its way out
                    time.sleep(0.01)
        self.folders, self.version = {}, 0

    def __exit__(self, *exc):
        self.remove()
