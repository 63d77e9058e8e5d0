"""crawlers.py - who is measured, and by which command: each at the settings that were fastest for it."""
import pathlib
import shutil

THREADS = 16


class Crawler:
    """One contestant. command() returns the words to run, with OUT (a folder) to write to."""

    stores = "files"

    def __init__(self, name):
        self.name = name

    def available(self):
        return True

    def command(self, site, port, out):
        raise NotImplementedError


class Skitter(Crawler):
    stores = "bodies, heads, links, text, facts"

    def __init__(self, binary, name="skitter"):
        super().__init__(name)
        self.binary = pathlib.Path(binary).resolve()

    def available(self):
        return self.binary.exists()

    def command(self, site, port, out):
        return [str(self.binary), "crawl", "-q", "--progress", "never", "--delay", "0", "--per-host", "32",
                "-o", str(out / "crawl.db"), *site.seeds(port)]


class Limit(Crawler):
    """Only fetches, and is told what: the limit of the machine beside this server."""

    stores = "nothing"

    def __init__(self, binary):
        super().__init__("limit")
        self.binary = pathlib.Path(binary).resolve()

    def command(self, site, port, out):
        urls = out.with_name("urls.txt")
        urls.write_text("\n".join(site.urls(port)) + "\n")
        return [str(self.binary), "-c", "32" if len(site.hosts) == 1 else "64", *(["-z"] if site.gzip else []),
                str(urls)]


class Wget2(Crawler):
    """Pages only, as skitter: without the tags that name images, scripts and styles."""

    def __init__(self):
        super().__init__("wget2")

    def available(self):
        return shutil.which("wget2") is not None

    def command(self, site, port, out):
        return ["wget2", "--no-config", "-q", "--no-hsts", "-r", "-l", "inf", f"--max-threads={THREADS}",
                "-P", str(out), *site.seeds(port)]


def always(build):
    return [Skitter(build / "skitter"), Limit(build / "bench/limit"), Wget2()]
