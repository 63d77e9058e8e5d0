"""site_tools.py - the real sites: nginx on loopback, and what is reachable on it."""
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
FOLDERS = {
    "python": "python3.11-doc/usr/share/doc/python3.11/html",
    "postgresql": "postgresql-doc-15/usr/share/doc/postgresql-doc-15/html",
}
CONF = """
daemon off;
master_process on;
worker_processes 1;
{user}
pid {run}/nginx.pid;
error_log {run}/error.log warn;
events {{ worker_connections 1024; }}
http {{
	log_format plain '$server_port $request_uri $status';
	access_log {run}/access.log plain;
	client_body_temp_path {run}/t1;
	proxy_temp_path {run}/t2;
	fastcgi_temp_path {run}/t3;
	uwsgi_temp_path {run}/t4;
	scgi_temp_path {run}/t5;
	types {{
		text/html html htm; text/css css; text/javascript js; text/plain txt; text/xml xml;
		image/png png; image/svg+xml svg; image/gif gif;
	}}
	default_type application/octet-stream;
	sendfile on;
	keepalive_requests 100000;
	gzip {gzip};
	gzip_comp_level 1;
{servers}
}}
"""
SERVER = "\tserver {{ listen 127.0.0.1:{port} backlog=511; server_name _; root {root}; }}\n"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def nginx_binary(docs):
    unpacked = docs / "nginx/usr/sbin/nginx"
    return str(unpacked) if unpacked.exists() else shutil.which("nginx") or "/usr/sbin/nginx"


class Nginx:
    """One nginx that serves every site of FOLDERS, each on a port of its own, while the block runs."""

    def __init__(self, docs, run, gzip=True):
        self.docs, self.run, self.gzip = docs, run, gzip

    def try_start(self):
        self.port = {name: free_port() for name in FOLDERS}
        servers = "".join(SERVER.format(port=self.port[n], root=self.docs / FOLDERS[n]) for n in FOLDERS)
        conf = CONF.format(run=self.run, servers=servers, gzip="on" if self.gzip else "off",
                           user="user root root;" if os.geteuid() == 0 else "")
        (self.run / "nginx.conf").write_text(conf)
        return self.launch(self.port["python"])

    def launch(self, port):
        """Starts it with the nginx.conf written; whether it listens on that port."""
        self.process = subprocess.Popen([nginx_binary(self.docs), "-p", str(self.run), "-e", str(self.run / "error.log"),
                                         "-c", str(self.run / "nginx.conf")], stdin=subprocess.DEVNULL)
        for _ in range(200):
            if self.process.poll() is not None:
                return False
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return True
            except OSError:
                time.sleep(0.02)
        self.stop()
        return False

    def __enter__(self):
        shutil.rmtree(self.run, ignore_errors=True)
        self.run.mkdir(parents=True)
        for _ in range(5):  # another program may take a port between the look and the bind
            if self.try_start():
                return self
        sys.exit(f"real: nginx does not start, see {self.run}/error.log")

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def __exit__(self, *exc):
        self.stop()

    def url(self, name):
        return f"http://127.0.0.1:{self.port[name]}/index.html"

    def forget(self):
        """Empties the access log (nginx appends, so truncation is safe)."""
        os.truncate(self.run / "access.log", 0)

    def requests(self, name):
        """Request URIs of one site, in order, robots.txt aside. nginx logs when a response is complete."""
        want = str(self.port[name])
        lines = (self.run / "access.log").read_text().splitlines()
        rows = [line.split(" ") for line in lines]
        return [row[1] for row in rows if row[0] == want and row[1] != "/robots.txt"]


def reachable(docs, name):
    """The set of paths a browser could reach; kept beside the site since it takes a while."""
    kept = docs / f"{name}.reach"
    if not kept.exists():
        out = subprocess.run([sys.executable, str(HERE / "reach.py"), str(docs / FOLDERS[name]), "/index.html"],
                             check=True, capture_output=True, text=True).stdout
        kept.with_suffix(".new").write_text(out)
        kept.with_suffix(".new").rename(kept)
    return set(kept.read_text().split())


def seeded():
    seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
    print(f"             SEED={seed}")
    return random.Random(seed)
