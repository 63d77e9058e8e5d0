"""tls.py - nginx over TLS 1.3 on loopback, with an authority of its own: what connections a crawl makes.

h2       HTTP/2: the streams of one connection, never more than --per-host of them
h1       HTTP/1.1: connections are kept over the delay; where the server closes them, sessions are resumed
hosts    many hosts: each gets its own session back; at one address never more than --per-ip connections
certs    certificates that do not hold are recorded as tls_cert; --ca-file, --insecure
"""
import collections
import os
import pathlib
import shutil
import subprocess
import sys
import time

import site_tools as site

HOSTS = 24  # more than libcurl's own caches hold
PAGES = 12
CONF = """
daemon off;
worker_processes 1;
{user}
pid {run}/nginx.pid;
error_log {run}/error.log warn;
events {{ worker_connections 1024; }}
http {{
	log_format tls '$server_port $host $uri $status $connection $connection_requests $server_protocol '
		'$ssl_protocol $ssl_session_reused $msec $request_time $connections_active';
	access_log {run}/access.log tls;
	client_body_temp_path {run}/t1;
	proxy_temp_path {run}/t2;
	fastcgi_temp_path {run}/t3;
	uwsgi_temp_path {run}/t4;
	scgi_temp_path {run}/t5;
	default_type text/html;
	root {run}/root;
	keepalive_timeout 60s;
	ssl_protocols TLSv1.2 TLSv1.3;
	ssl_session_cache shared:one:4m;
	ssl_certificate {run}/good.crt;
	ssl_certificate_key {run}/good.key;
	server {{ listen {ip}:{h2} ssl http2; }}
	server {{ listen {ip}:{slow} ssl http2; limit_rate 1500; }}
	server {{ listen {ip}:{h1} ssl; }}
	server {{ listen {ip}:{close} ssl; keepalive_timeout 0; }}
	server {{ listen {ip}:{tls12} ssl; keepalive_timeout 0; ssl_protocols TLSv1.2; }}
	server {{ listen {ip}:{expired} ssl; ssl_certificate {run}/expired.crt; ssl_certificate_key {run}/expired.key; }}
	server {{ listen {ip}:{other} ssl; ssl_certificate {run}/other.crt; ssl_certificate_key {run}/other.key; }}
	server {{ listen {ip}:{own} ssl; ssl_certificate {run}/own.crt; ssl_certificate_key {run}/own.key; }}
}}
"""
SERVERS = ("h2", "slow", "h1", "close", "tls12", "expired", "other", "own")
IP = "127.0.0.1"


def openssl(run, *words):
    r = subprocess.run(["openssl", *words], cwd=run, capture_output=True, text=True)
    if r.returncode:
        sys.exit(f"openssl {' '.join(words)}: {r.stderr}")


def make_certificates(run):
    """An authority (ca), and certificates: good, expired, for another name, signed by nobody."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(run, "req", "-x509", *key, "-days", "30", "-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.crt")
    openssl(run, "req", "-x509", *key, "-days", "30", "-subj", "/CN=a.site.test", "-keyout", "own.key", "-out", "own.crt",
            "-addext", "subjectAltName=DNS:*.site.test")
    for name, names, days in (("good", "DNS:*.site.test", "30"), ("expired", "DNS:*.site.test", "-1"), ("other", "DNS:*.else.test", "30")):
        (run / f"{name}.ext").write_text(f"subjectAltName={names}\n")
        openssl(run, "req", "-new", *key, "-subj", "/CN=test", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl(run, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", days, "-extfile", f"{name}.ext", "-out", f"{name}.crt")


def make_pages(root):
    root.mkdir()
    links = "".join(f'<a href="/{n}.html">{n}</a>\n' for n in range(PAGES))
    for name in ("index", *range(PAGES)):
        (root / f"{name}.html").write_text(f"<title>{name}</title>\n{links}" + "<p>words and words</p>\n" * 60)


class Request:
    """A line of the server's log."""

    def __init__(self, line):
        (self.port, self.host, self.uri, self.status, self.connection, self.nth, self.protocol, self.tls, self.reused,
         end, took, self.active) = line.split(" ")
        self.reused = self.reused == "r"
        self.end, self.took, self.active = float(end), float(took), int(self.active)


class TlsNginx(site.Nginx):
    def __init__(self, docs, run):
        super().__init__(docs, run)

    def try_start(self):
        self.port = {name: site.free_port() for name in SERVERS}
        make_certificates(self.run)
        make_pages(self.run / "root")
        conf = CONF.format(run=self.run, ip=IP, user="user root root;" if os.geteuid() == 0 else "", **self.port)
        (self.run / "nginx.conf").write_text(conf)
        return self.launch(self.port["h2"])

    def url(self, name, host="a.site.test"):
        return f"https://{host}:{self.port[name]}/index.html"

    def log(self, name, robots=False):
        want = str(self.port[name])
        lines = (self.run / "access.log").read_text().splitlines()
        return [r for r in map(Request, lines) if r.port == want and (robots or r.uri != "/robots.txt")]


def resolve(nginx, name, host="a.site.test"):
    return "--resolve", f"{host}:{nginx.port[name]}:{IP}"


def crawl_it(check, crawl, nginx, what, name, *options, hosts=("a.site.test",), trust=True):
    """Crawls hosts of one server; the requests it saw (robots.txt aside)."""
    crawl.forget()
    nginx.forget()
    words = ["crawl", "-o", str(crawl.db), *options]
    words += ["--ca-file", str(nginx.run / "ca.crt")] if trust else []
    for host in hosts:
        words += [*resolve(nginx, name, host), nginx.url(name, host)]
    rc = crawl.wait(crawl.start(*words))
    check(f"{what}: the crawl ends well", rc == (0 if trust else 5), f"exit status {rc}\n{crawl.said()[-2000:]}")
    time.sleep(0.05)  # nginx logs when a response is complete
    return nginx.log(name)


def most_at_once(requests):
    """The most requests that were open at any time (the log has milliseconds)."""
    marks = sorted([(r.end, -1) for r in requests] + [(r.end - r.took + 0.001, 1) for r in requests])
    now = most = 0
    for _, step in marks:
        now += step
        most = max(most, now)
    return most


def run_h2(check, crawl, nginx):
    log = crawl_it(check, crawl, nginx, "h2", "h2", "--per-host", "8")
    check("h2: every page once", len(log) == PAGES + 1, f"{len(log)} requests")
    check("h2: HTTP/2 over TLS 1.3", {(r.protocol, r.tls) for r in log} == {("HTTP/2.0", "TLSv1.3")},
          str({(r.protocol, r.tls) for r in log}))
    versions = crawl.ask("select distinct http_version from pages")
    check("h2: pages.http_version says so", versions == [("2",)], str(versions))
    check("h2: all on one connection", len({r.connection for r in log}) == 1, str([r.connection for r in log]))
    for limit in (1, 4):
        log = crawl_it(check, crawl, nginx, f"h2 --per-host {limit}", "slow", "--per-host", str(limit), "--max-pages", str(3 * limit))
        most = most_at_once(log)
        check(f"h2: at most {limit} streams at once, and as many", most == limit, f"{most} at once")
        check(f"h2 --per-host {limit}: all on one connection", len({r.connection for r in log}) == 1)


def run_h1(check, crawl, nginx):
    log = crawl_it(check, crawl, nginx, "h1", "h1", "--delay", "0.05", "--per-host", "1")
    check("h1: every page once, by HTTP/1.1",
          len(log) == PAGES + 1 and {r.protocol for r in log} == {"HTTP/1.1"}, f"{len(log)} requests")
    check("h1: one connection is kept over the delay", len({r.connection for r in log}) == 1,
          str([r.connection for r in log]))
    for name, version in (("close", "TLSv1.3"), ("tls12", "TLSv1.2")):
        log = crawl_it(check, crawl, nginx, name, name, "--per-host", "1")
        check(f"{name}: a connection for each page", len({r.connection for r in log}) == PAGES + 1)
        # The first connection was that of robots.txt.
        fresh = [r for r in log if not r.reused]
        check(f"{name}: {version} sessions are resumed", not fresh and {r.tls for r in log} == {version},
              f"{len(fresh)} of {len(log)} connections began anew, {collections.Counter(r.tls for r in log)}")


def run_hosts(check, crawl, nginx):
    hosts = [f"h{n}.site.test" for n in range(HOSTS)]
    log = crawl_it(check, crawl, nginx, "hosts", "close", "--per-ip", "64", hosts=hosts)
    fresh = [r for r in log if not r.reused]
    check(f"hosts: {HOSTS} hosts, each resumes its own session", len(log) == HOSTS * (PAGES + 1) and not fresh,
          f"{len(fresh)} of {len(log)} connections began anew")
    log = crawl_it(check, crawl, nginx, "hosts", "h2", "--per-ip", "64", "--delay", "0.02", hosts=hosts)
    per_host = collections.Counter(host for host, _ in {(r.host, r.connection) for r in log})
    check("hosts: one connection carries the pages of a host", len(per_host) == HOSTS and set(per_host.values()) == {1},
          str(per_host))


    log = crawl_it(check, crawl, nginx, "hosts --per-ip 3", "h1", "--per-ip", "3", "--concurrency", "32", hosts=hosts)
    check("hosts: all is fetched through three connections", len(log) == HOSTS * (PAGES + 1), f"{len(log)} requests")
    log = nginx.log("h1", robots=True)
    most = max(r.active for r in log)
    check("hosts: three connections, those that rest and those for robots.txt counted (nginx may not have seen the end "
          "of a fourth)", most in (3, 4), f"{most}")
    check("hosts: three requests at a time", most_at_once(log) <= 3, str(most_at_once(log)))


def run_certs(check, crawl, nginx):
    for name in ("expired", "other", "own"):
        log = crawl_it(check, crawl, nginx, f"certs {name}", name, "--retries", "0", trust=False)
        errors = crawl.ask("select status, error from pages")
        check(f"certs: {name} is tls_cert, and nothing is asked", errors == [(0, "tls_cert")] and not log, str(errors))
    crawl_it(check, crawl, nginx, "certs good, authority unknown", "h2", "--retries", "0", trust=False)
    check("certs: without --ca-file the authority is unknown", crawl.ask("select error from pages") == [("tls_cert",)])
    crawl.forget()
    rc = crawl.wait(crawl.start("crawl", "-o", str(crawl.db), "--insecure", *resolve(nginx, "own"), nginx.url("own")))
    check("certs: --insecure accepts what does not hold", rc == 0 and len(crawl.pages()) == PAGES + 1, crawl.said()[-2000:])
    crawl.forget()
    rc = crawl.wait(crawl.start("crawl", "-o", str(crawl.db), "--ca-file", str(nginx.run / "nginx.conf"), nginx.url("h2")))
    check("certs: a file that holds no certificate is said at once", rc == 2 and "--ca-file" in crawl.said(),
          f"exit status {rc}\n{crawl.said()[-2000:]}")


def run(check, make_crawl, docs, work):
    if not shutil.which("openssl"):
        print("             tls: skipped, there is no openssl command")
        return
    with TlsNginx(docs, pathlib.Path(work) / "tls") as nginx:
        crawl = make_crawl(nginx, "h2", work / "tls.db")
        for part in (run_h2, run_h1, run_hosts, run_certs):
            part(check, crawl, nginx)
