"""server.py - nginx with one worker that serves one site, and what it was asked."""
import collections
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse

PR_SET_PDEATHSIG = 1
CONF = """
daemon off;
worker_processes 1;
{user}
pid {run}/nginx.pid;
error_log {run}/error.log warn;
events {{ worker_connections 4096; }}
http {{
	log_format bench '$server_addr $status $request_method $request_uri';
	access_log {run}/access.log bench buffer=256k;
	client_body_temp_path {run}/t1;
	proxy_temp_path {run}/t2;
	fastcgi_temp_path {run}/t3;
	uwsgi_temp_path {run}/t4;
	scgi_temp_path {run}/t5;
	types {{
		text/html html htm; text/css css; text/javascript js; text/plain txt; text/xml xml;
		image/png png; image/svg+xml svg; image/gif gif; image/jpeg jpg; application/pdf pdf;
	}}
	default_type application/octet-stream;
	sendfile on;
	keepalive_requests 1000000;
	gzip off;
	gzip_static {gzip};
	ssl_certificate {run}/cert.pem;
	ssl_certificate_key {run}/key.pem;
	ssl_protocols TLSv1.3;
	ssl_session_cache shared:bench:1m;
{servers}
}}
"""
SERVER = "\tserver {{ listen {address}:{port}{tls} backlog=4096; server_name _; root {root}; }}\n"


class CannotServe(Exception):
    pass


def free_port(addresses):
    """A port that is free on every address."""
    for _ in range(100):
        with socket.socket() as s:
            s.bind((addresses[0], 0))
            port = s.getsockname()[1]
        try:
            for a in addresses[1:]:
                with socket.socket() as s:
                    s.bind((a, port))
        except OSError:
            continue
        return port
    raise CannotServe("no port is free on every address")


def binary(docs):
    unpacked = docs / "nginx/usr/sbin/nginx"
    return str(unpacked) if unpacked.exists() else shutil.which("nginx") or "/usr/sbin/nginx"


def make_certificate(cert, key, addresses):
    """Valid for these addresses and signed by itself, so it is its own authority."""
    names = ",".join(f"IP:{a}" for a in addresses)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", str(key), "-out", str(cert), "-days", "2", "-subj", "/CN=skitter bench",
                    "-addext", f"subjectAltName={names}"], check=True, capture_output=True)


def with_parent():
    """nginx ends when this program is gone, however it ended."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


class Server:
    """Serves a site while the block runs. The log is complete only after that: nginx buffers it."""

    def __init__(self, docs, run, site):
        self.docs, self.run, self.site = docs, pathlib.Path(run), site
        self.process = None

    def __enter__(self):
        shutil.rmtree(self.run, ignore_errors=True)
        self.run.mkdir(parents=True)
        self.ca = self.run / "cert.pem"
        make_certificate(self.ca, self.run / "key.pem", [h.address for h in self.site.hosts])
        for _ in range(5):  # another program may take the port between the look and the bind
            if self.try_start():
                return self
        raise CannotServe(f"nginx does not start, see {self.run}/error.log")

    def try_start(self):
        self.port = free_port([h.address for h in self.site.hosts])
        tls = {"": "", "tls": " ssl", "h2": " ssl http2"}[self.site.secure]
        servers = "".join(SERVER.format(address=h.address, port=self.port, root=h.package.root, tls=tls)
                          for h in self.site.hosts)
        conf = CONF.format(run=self.run, servers=servers, gzip="on" if self.site.gzip else "off",
                           user="user root root;" if os.geteuid() == 0 else "")
        (self.run / "nginx.conf").write_text(conf)
        self.process = subprocess.Popen([binary(self.docs), "-p", str(self.run), "-e", str(self.run / "error.log"),
                                         "-c", str(self.run / "nginx.conf")], stdin=subprocess.DEVNULL,
                                        preexec_fn=with_parent)
        for _ in range(250):
            if self.process.poll() is not None:
                return False
            try:
                socket.create_connection((self.site.hosts[0].address, self.port), 1).close()
                return True
            except OSError:
                time.sleep(0.02)
        self.stop()
        return False

    def stop(self):
        self.process.terminate()  # the worker writes what it had buffered
        self.process.wait()

    def __exit__(self, *exc):
        self.stop()

    def tally(self):
        """What the log says, against what is reachable."""
        asked = {h.address: collections.Counter() for h in self.site.hosts}
        answered = {h.address: set() for h in self.site.hosts}
        for line in (self.run / "access.log").read_text(errors="replace").splitlines():
            address, status, _, uri = line.split(" ", 3)
            path = urllib.parse.unquote(uri)
            asked[address][path] += 1
            if status == "200":
                answered[address].add(path)
        pages = sum(len(answered[h.address] & h.pages) for h in self.site.hosts)
        on_pages = sum(asked[h.address][p] for h in self.site.hosts for p in asked[h.address] if p in h.pages)
        distinct = sum(p in h.pages for h in self.site.hosts for p in asked[h.address])
        return {
            "pages": pages,
            "missed": self.site.pages - pages,
            "repeated": on_pages - distinct,
            "other_requests": sum(sum(c.values()) for c in asked.values()) - on_pages,
        }
