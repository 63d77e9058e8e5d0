"""crawlers.py - who is measured, and by which command: each at the settings that were fastest for it."""
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
THREADS = 16


class Crawler:
    """One contestant. command() returns the words to run against a running server, with OUT (a folder) to write to."""

    stores = "files"
    slow = False  # one that stores next to nothing, and takes its time: measured in one place only

    def __init__(self, name):
        self.name = name

    def available(self):
        return True

    def command(self, site, nginx, out):
        raise NotImplementedError

    def environment(self, nginx):
        return {}


class Skitter(Crawler):
    stores = "bodies, heads, links, text, facts"

    def __init__(self, binary, name="skitter"):
        super().__init__(name)
        self.binary = pathlib.Path(binary).resolve()

    def available(self):
        return self.binary.exists()

    def command(self, site, nginx, out):
        return [str(self.binary), "crawl", "-q", "--progress", "never", "--delay", "0", "--per-host", "32",
                *(["--ca-file", str(nginx.ca)] if site.secure else []), "-o", str(out / "crawl.db"), *site.seeds(nginx.port)]


class Limit(Crawler):
    """Only fetches, and is told what: the limit of the machine beside this server."""

    stores = "nothing"

    def __init__(self, binary):
        super().__init__("limit")
        self.binary = pathlib.Path(binary).resolve()

    def command(self, site, nginx, out):
        urls = out.with_name("urls.txt")
        urls.write_text("\n".join(site.urls(nginx.port)) + "\n")
        return [str(self.binary), "-c", "32" if len(site.hosts) == 1 else "64", *(["-z"] if site.gzip else []),
                *(["-2"] if site.secure == "h2" else []), *(["-a", str(nginx.ca)] if site.secure else []), str(urls)]


class Wget2(Crawler):
    """Fetches images, scripts and styles too; leaving them out made it no faster. No second try of what is refused."""

    def __init__(self):
        super().__init__("wget2")

    def available(self):
        return shutil.which("wget2") is not None

    def command(self, site, nginx, out):
        return ["wget2", "--no-config", "-q", "--no-hsts", "-r", "-l", "inf", "--tries=1", f"--max-threads={THREADS}",
                *([f"--ca-certificate={nginx.ca}"] if site.secure else []), "-P", str(out), *site.seeds(nginx.port)]


class Wget(Crawler):
    def __init__(self):
        super().__init__("wget")

    def available(self):
        return shutil.which("wget") is not None

    def command(self, site, nginx, out):
        return ["wget", "--no-config", "-q", "--no-hsts", "-r", "-l", "inf", "--tries=1", *(["--compression=gzip"] if site.gzip else []),
                *([f"--ca-certificate={nginx.ca}"] if site.secure else []), "-P", str(out), *site.seeds(nginx.port)]


class Httrack(Crawler):
    """Without its limits of speed and connections, its pauses, its index and its log."""

    def __init__(self):
        super().__init__("httrack")

    def available(self):
        return shutil.which("httrack") is not None

    def command(self, site, nginx, out):
        return ["httrack", *site.seeds(nginx.port), "-O", str(out), "-q", "-%!", f"-c{THREADS}", "-%c0", "-A0", "-s0", "-I0", "-Q",
                "-r999999", "-%v0", "-p1"]


class Scrapy(Crawler):
    stores, slow = "url and title", True

    def __init__(self):
        super().__init__("scrapy")

    def available(self):
        return subprocess.run(["/usr/bin/python3", "-c", "import scrapy"], capture_output=True).returncode == 0

    def command(self, site, nginx, out):
        return ["/usr/bin/python3", str(HERE / "peers/scrapy_peer.py"), str(out), *site.seeds(nginx.port)]


class Node(Crawler):
    """A crawler from npm, driven by a script that lies beside its node_modules."""

    stores, slow = "url and title", True

    def __init__(self, name, npm, script, out=True):
        super().__init__(name)
        self.script, self.out = npm / script, out

    def available(self):
        return shutil.which("node") is not None and self.script.exists()

    def command(self, site, nginx, out):
        return ["node", str(self.script), *([str(out)] if self.out else []), *site.seeds(nginx.port)]


    def environment(self, nginx):
        return {"NODE_EXTRA_CA_CERTS": str(nginx.ca)}


class Linkinator(Node):
    """Checks every link; what is not on the site's hosts is skipped. It goes deeper only below the URL it is given."""

    stores = "nothing"

    def __init__(self, npm):
        super().__init__("linkinator", npm, "node_modules/linkinator/build/src/cli.js", out=False)

    def command(self, site, nginx, out):
        ours = "|".join(re.escape(h.origin(nginx.port)) for h in site.hosts)
        folders = [s.rpartition("/")[0] + "/" for s in site.seeds(nginx.port)]
        return ["node", str(self.script), *folders, "--recurse", "--concurrency", "100", "--timeout", "30000",
                "--verbosity", "none", "--skip", f"^(?!{ours})"]


def install_npm(npm):
    """Lays the npm peers below the build folder. False: there is no npm, or it could not get them."""
    npm.mkdir(parents=True, exist_ok=True)
    for f in (HERE / "peers").iterdir():
        if f.suffix in (".json", ".cjs", ".mjs"):
            shutil.copy(f, npm / f.name)
    stamp = npm / ".done"
    want = (npm / "package.json").read_text()
    if stamp.exists() and stamp.read_text() == want:
        return True
    if shutil.which("npm") is None:
        print("bench: there is no npm here: its crawlers are left out", file=sys.stderr)
        return False
    print("bench: installing the crawlers from npm (once)", file=sys.stderr, flush=True)
    done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], cwd=npm,
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        print("bench: npm could not install them: its crawlers are left out", file=sys.stderr)
        return False
    stamp.write_text(want)
    return True


def peers(build):
    found = [Wget(), Httrack(), Scrapy()]
    npm = build / "bench/npm"
    if install_npm(npm):
        found += [Node("spider-rs", npm, "spider_rs.cjs", out=False), Node("crawlee", npm, "crawlee.mjs"),
                  Node("node-crawler", npm, "node_crawler.cjs"), Linkinator(npm)]
        found[3].stores = "nothing"
    return found


def chosen(build, wanted, binaries):
    """skitter, the limit and wget2 always; WANTED names peers or is "all"; BINARIES are further skitters."""
    who = [Skitter(build / "skitter"), *(Skitter(b, f"skitter:{b}") for b in binaries),
           Limit(build / "bench/limit"), Wget2()]
    if wanted:
        others = peers(build)
        unknown = set(wanted) - {"all"} - {c.name for c in others}
        if unknown:
            sys.exit(f"bench: PEERS: unknown: {', '.join(sorted(unknown))}; there are: "
                     f"all, {', '.join(c.name for c in others)}")
        who += [c for c in others if "all" in wanted or c.name in wanted]
    for c in who:
        if not c.available():
            print(f"bench: {c.name} is not here: left out", file=sys.stderr)
    return [c for c in who if c.available()]
