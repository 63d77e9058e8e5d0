"""web.py - a fake web (skitter bench-web) for the length of a block, on free ports, and crawls of it."""
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile

SLOW = int(os.environ.get("SLOW", "1"))


class Web:
    """with Web(skitter, "--pages", 2000) as web: web.url, web.dns, web.port; after the block web.stats."""

    def __init__(self, skitter, *options):
        self.skitter, self.options = str(skitter), [str(o) for o in options]
        self.stats = None

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="fakeweb-")
        self.file = pathlib.Path(self.folder.name) / "stats.json"
        self.process = subprocess.Popen(
            [self.skitter, "bench-web", "--port", "0", "--dns-port", "0", "--stats", str(self.file), *self.options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        said = "".join(iter(self.process.stdout.readline, "\n"))
        self.url = re.search(r"http://\S+/", said).group(0)
        self.dns = re.search(r"names: (\S+)", said).group(1)
        self.port = int(self.url.rstrip("/").rsplit(":", 1)[1])
        return self

    def __exit__(self, *exc):
        self.process.send_signal(signal.SIGTERM)
        self.said = self.process.communicate()[0]
        self.status = self.process.returncode
        if self.file.exists():
            self.stats = json.loads(self.file.read_text())
        self.folder.cleanup()

    def listed(self, what="urls"):
        """The URL of every page (or home page: "hosts") there is, from another process."""
        keep = [o for o in self.options]
        out = subprocess.run([self.skitter, "bench-web", *keep, "--port", str(self.port), "--list", what],
                             capture_output=True, text=True, check=True).stdout
        return out.split()

    def crawl_words(self, db, *options, seeds=None):
        return [self.skitter, "crawl", "--dns", self.dns, "--allow-private", "--scope", "any", "--log-format", "json",
                "--progress", "never", "-o", str(db), *[str(o) for o in options], *(seeds or [self.url])]

    def crawl(self, db, *options, seeds=None, limit=60):
        """The exit status and the summary of a crawl of it."""
        r = subprocess.run(self.crawl_words(db, *options, seeds=seeds), stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, timeout=limit * SLOW)
        lines = [line for line in (r.stdout + r.stderr).splitlines() if '"event":"summary"' in line]
        return r.returncode, json.loads(lines[-1]) if lines else {}
