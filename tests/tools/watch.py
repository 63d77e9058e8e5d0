#!/usr/bin/env python3
"""watch.py BUILD DB - `skitter status --watch` on a small terminal, while a crawl runs and is killed.

Prints nothing if all is well: each screen fits, its first line comes first, and the last one says
that the crawl was killed and how to go on. Exit status 77: there are no pseudo-terminals here.
"""
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time

build, db = sys.argv[1], sys.argv[2]
try:
    for end in os.openpty():
        os.close(end)
except OSError:
    sys.exit(77)
skitter = os.path.join(build, "skitter")
deadline = time.time() + 30 * float(os.environ.get("SLOW", 1))
ROWS, COLUMNS = 6, 30

server = subprocess.Popen([os.path.join(build, "testserver"), "--root", "tests/site", "--limit", "120", "--", skitter,
                           "crawl", "-q", "--progress", "never", "--force-new", "--delay", "30", "-o", db,
                           "http://127.0.0.1:PORT/"], stderr=subprocess.DEVNULL)
pid = ""
while not pid and time.time() < deadline:  # until it has begun
    time.sleep(0.1)
    said = subprocess.run([skitter, "status", db], capture_output=True, text=True).stdout
    pid = said.partition("(process ")[2].partition(")")[0] if ": running" in said else ""
child, fd = pty.fork()
if not child:
    os.execv(skitter, [skitter, "status", db, "--watch"])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
seen = ""
while time.time() < deadline:
    try:
        more = os.read(fd, 65536).decode()
    except OSError:  # it has ended
        break
    seen += more
    if seen.count("\033[H\033[J") == 3 and pid:  # the window had its size by then
        os.kill(int(pid), signal.SIGKILL)
        pid = ""
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
server.wait()
screens = [s.replace("\r\n", "\n") for s in seen.split("\033[H\033[J")[1:]]
if len(screens) < 4 or status:
    print(f"{len(screens)} screens, status {status}")
for s in screens[1:-1]:
    lines = s.split("\n")
    if ": running" not in lines[0] + " " and not lines[0].startswith(db[:COLUMNS]):
        print("first line:", lines[0])
    if len(lines) > ROWS or max(map(len, lines)) > COLUMNS:
        print("too large:", s)
if screens and (": killed" not in screens[-1] or "skitter resume" not in screens[-1]):
    print("at the end:", screens[-1])
