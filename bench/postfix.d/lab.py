# SPDX-License-Identifier: BSD-2-Clause
"""lab.py - one Postfix, many doors: each port has other milters behind it

All stands in one folder and on free ports of 127.0.0.1: a Postfix of our own
with an smtpd for each setting, the milters that they name, and a sink for the
mail whose signatures are looked at. Everything started is ended by its pid.
"""
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")
DOMAIN = "bench.example"
SRC = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BIN = os.environ.get("BIN", os.path.join(SRC, "build", "bin"))
BENCH = os.environ.get("BENCH", os.path.join(BIN, "..", "bench"))
# where `dpkg -x` put Debian's rspamd and libhyperscan5, see fetch_rspamd()
RSPAMD = os.environ.get("RSPAMD", os.path.join(BENCH, "rspamd"))
PHRASES = 500

# setting: the milters behind it, in order
SETTINGS = {
    "none": [],
    "four": ["suppress", "keyword", "unsubscribe", "dkim"],
    "chain": ["chain"],
    "opendkim": ["opendkim"],
    "rspamd": ["rspamd"],
    "rivals": ["rspamd", "opendkim"],
    "rspamd-lean": ["rspamd-lean"],
    "rivals-lean": ["rspamd-lean", "opendkim"],
    "suppress": ["suppress"],
    "keyword": ["keyword"],
    "unsubscribe": ["unsubscribe"],
    "dkim": ["dkim"],
    "null-rcpt": ["null-rcpt"],
    "null-all": ["null-all"],
}
OURS = ("suppress", "keyword", "unsubscribe", "dkim", "chain")
SIGNS = ("four", "chain", "opendkim", "rspamd", "rivals", "rspamd-lean",
         "rivals-lean", "dkim")


class Missing(Exception):
    """A program that is not to be had here."""


def run(*args, **kw):
    return subprocess.run(args, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **kw).stdout


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, test, seconds=20):
    end = time.time() + seconds
    while not test():
        if time.time() > end:
            raise RuntimeError("no " + what)
        time.sleep(0.02)


def answers(spec):
    """Does somebody accept at unix:PATH or inet:PORT@127.0.0.1?"""
    kind, where = spec.split(":", 1)
    with socket.socket(socket.AF_UNIX if kind == "unix" else
                       socket.AF_INET) as s:
        try:
            s.connect(where if kind == "unix" else
                      ("127.0.0.1", int(where.split("@")[0])))
            return True
        except OSError:
            return False


def children(pid):
    """pid and all below it."""
    out = [pid]
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            for child in f.read().split():
                out += children(int(child))
    except OSError:
        pass
    return out


def cpu(pid):
    """CPU seconds of pid, all below it and all that it has buried."""
    ticks = 0
    for p in children(pid):
        try:
            with open("/proc/%d/stat" % p) as f:
                field = f.read().rsplit(")", 1)[1].split()
            ticks += sum(int(x) for x in field[11:15])
        except OSError:
            pass
    return ticks / TICK


def peak(pid):
    """Peak resident octets of pid and all below it, together."""
    kb = 0
    for p in children(pid):
        try:
            with open("/proc/%d/status" % p) as f:
                kb += int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1))
        except (OSError, AttributeError):
            pass
    return kb * 1024


def fetch_rspamd():
    """Debian's rspamd in a folder: its package excludes libvectorscan-dev."""
    exe = os.path.join(RSPAMD, "usr/bin/rspamd")
    if os.path.exists(exe):
        return
    os.makedirs(RSPAMD, exist_ok=True)
    try:
        run("apt-get", "download", "rspamd", "libhyperscan5", cwd=RSPAMD)
        for name in os.listdir(RSPAMD):
            if name.endswith(".deb"):
                run("dpkg", "-x", name, ".", cwd=RSPAMD)
        out = run("ldd", exe, env=rspamd_env())
        if "not found" in out:
            raise Missing("rspamd: " + re.search(".*not found", out).group())
    except (OSError, subprocess.CalledProcessError) as e:
        raise Missing("rspamd: %s" % e)


def rspamd_env():
    return dict(os.environ, LD_LIBRARY_PATH="%s/usr/lib/rspamd:%s/usr/lib/%s"
                % (RSPAMD, RSPAMD, "x86_64-linux-gnu"))


MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {dir}/maillog
maillog_file_prefixes = {dir}
myhostname = mx.bench.example
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_tls_security_level = none
disable_dns_lookups = yes
smtp_host_lookup = native
default_transport = discard:
transport_maps = inline:{{ sink.example=smtp:[127.0.0.1]:{sink} }}
default_process_limit = 200
milter_default_action = tempfail
in_flow_delay = 0
biff = no
"""

MASTER_CF = """\
pickup   unix n - n 60 1 pickup
cleanup  unix n - n - 0 cleanup
qmgr     unix n - n 300 1 qmgr
rewrite  unix - - n - - trivial-rewrite
bounce   unix - - n - 0 bounce
defer    unix - - n - 0 bounce
trace    unix - - n - 0 bounce
verify   unix - - n - 1 verify
flush    unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp     unix - - n - - smtp
error    unix - - n - - error
retry    unix - - n - - error
discard  unix - - n - - discard
anvil    unix - - n - 1 anvil
scache   unix - - n - 1 scache
postlog  unix-dgram n - n - 1 postlogd
"""

MAILWEIR_CONF = """\
state_dir = {dir}/state
run_dir = {dir}
store_key_file = {dir}/store.key
token_key_file = {dir}/token.key
[suppress]
socket_mode = 0666
[keyword]
socket_mode = 0666
rules = {dir}/phrases.cf
[unsubscribe]
socket_mode = 0666
[chain]
socket_mode = 0666
[dkim]
socket_mode = 0666
oversign_headers = From
oversign_present =
[key s]
domain = bench.example
selector = s
file = {dir}/s.pem
match = *
[stream news]
match_sender = @bench.example
class = bulk
scopes = news
unsubscribe = add
unsubscribe_url = https://u.bench.example/u/
unsubscribe_mailto = u@u.bench.example
list_id = <news.bench.example>
"""

# Debian's /etc/opendkim.conf but for the names of things; relaxed/relaxed is
# what ours does. It looks at each message whether its key is kept safe, and
# takes none in a folder that others can write to, as /tmp.
OPENDKIM_CONF = """\
Canonicalization relaxed/relaxed
UMask 000
KeyTable csl:k=bench.example:s:{dir}/opendkim/s.pem
SigningTable refile:{dir}/table
OversignHeaders From
UserID opendkim
Syslog yes
SyslogSuccess yes
"""

# rspamd as Debian has it, without what needs the network or another program
RSPAMD_OFF = """rbl surbl spf dmarc arc asn fuzzy_check greylist ratelimit
neural replies mx_check url_redirector dkim bayes_expiry p0f history_redis
metadata_exporter clickhouse elastic spamassassin antivirus external_services
reputation whitelist""".split()
RSPAMD_LOCAL = {
    "options": """filters = "chartable,dkim,regexp"; tempdir = "{dir}";
dns {{ nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; }}
hs_cache_dir = "{cache}/";
""",
    "actions": "reject = 1000; add_header = 900; greylist = 800;\n",
    "dkim_signing": """sign_local = true; use_esld = false;
allow_hdrfrom_mismatch = true;
domain {{ bench.example {{ path = "{dir}/s.pem"; selector = "s"; }} }}
""",
}
RSPAMD_PROXY = """bind_socket = "{socket}"; milter = yes; timeout = 120s;
count = 2; upstream "local" {{ default = yes; self_scan = yes; }}
"""

# the same program with nothing but the phrases and the signer
RSPAMD_LEAN = """\
options {{
    filters = "dkim,regexp"; explicit_modules = ["dkim_signing"];
    pidfile = "{local}/pid"; tempdir = "{dir}"; url_tld = "{dir}/tld";
    cache_file = "{local}/symbols"; hs_cache_dir = "{local}/";
    dns {{ nameserver = ["127.0.0.1:1"]; timeout = 0.1s; }}
}}
logging {{ type = "file"; filename = "{local}/log"; level = "info"; }}
lua = "{dir}/rspamd.lua";
modules {{ path = "{share}/plugins/dkim_signing.lua"; }}
actions {{ reject = 1000; add_header = 900; }}
dkim_signing {{ """ + RSPAMD_LOCAL["dkim_signing"] + """}}
worker "rspamd_proxy" {{ """ + RSPAMD_PROXY + """}}
"""


class Lab:
    """The folder, its programs and its doors."""

    def __init__(self, entries=0):
        self.dir = "%s/mw-bench-postfix.%d" % (
            os.environ.get("DIR", "/var/lib"), os.getpid())
        self.entries = entries
        self.procs = {}         # (milter, socket kind): (pid, spec)
        self.popens = []
        self.doors = {}         # (setting, socket kind): port
        self.sink = free_port()
        self.master = None

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text, **more):
        with open(self.path(name), "w") as f:
            f.write(text.format(dir=self.dir, **more))

    # what all milters work with

    def set_up(self):
        for name in ("", "etc", "queue", "data", "world"):
            os.makedirs(self.path(name), mode=0o755)
        mail = pwd.getpwnam("postfix")
        for name in ("data", "world"):
            os.chown(self.path(name), mail.pw_uid, mail.pw_gid)
        run(os.path.join(BIN, "mailweir"), "dkim", "genkey", "--domain",
            DOMAIN, "--selector", "s", "--out", self.path("s.pem"))
        self.public = run("openssl", "rsa", "-in", self.path("s.pem"),
                          "-pubout")
        self.public = "".join(re.findall(r"^[A-Za-z0-9+/=]{8,}$", self.public,
                                         re.M))
        self.write("table", "* k\n")
        # the whole list takes rspamd a minute to compile
        self.write("tld", "com\nexample\nnet\norg\n")
        self.write("opendkim.conf", OPENDKIM_CONF)
        self.write("mailweir.conf", MAILWEIR_CONF)
        words = [("offer%03d of the century" % i) for i in range(PHRASES)]
        with open(self.path("phrases.cf"), "w") as f:
            for i, w in enumerate(words):
                f.write("body P%03d /%s/i\nscore P%03d 1\n" % (i, w, i))
        with open(self.path("rspamd.lua"), "w") as f:
            f.write("config['regexp'] = config['regexp'] or {}\n")
            for i, w in enumerate(words):
                f.write("config['regexp']['P%03d'] = { re = '/%s/i{mime}', "
                        "score = 1.0 }\n" % (i, w))
        run(os.path.join(BIN, "mailweir"), "-c", self.path("mailweir.conf"),
            "init")
        if self.entries > 0:
            self.fill()

    def fill(self):
        """A list of addresses none of which is written to."""
        with open(self.path("list"), "w") as f:
            for i in range(self.entries):
                f.write("gone%d@world.example\n" % i)
        run(os.path.join(BIN, "mailweir"), "-c", self.path("mailweir.conf"),
            "import", self.path("list"), "--scope", "news", "--reason",
            "optout")
        os.unlink(self.path("list"))

    # milters

    def home(self, name):
        """A folder for its socket; opendkim needs its own, and its own key."""
        if os.path.exists(self.path(name)):
            return
        os.mkdir(self.path(name), 0o755)
        if name == "opendkim" and shutil.which(name):
            key = shutil.copy(self.path("s.pem"), self.path(name))
            os.chmod(key, 0o600)
            for path in key, self.path(name):
                shutil.chown(path, "opendkim")

    def command(self, name, spec):
        if name in OURS:
            return [os.path.join(BIN, "mailweir-" + name), "-d", "-c",
                    self.path("mailweir.conf"), "-p", spec], None
        if name.startswith("null-"):
            return [os.path.join(BENCH, "milter-null"), spec, name[5:]], None
        if name == "opendkim":
            if shutil.which("opendkim") is None:
                raise Missing("opendkim: not installed")
            return ["opendkim", "-f", "-x", self.path("opendkim.conf"), "-p",
                    spec.replace("unix:", "local:")], None
        return self.rspamd(name, spec), rspamd_env()

    def rspamd(self, name, spec):
        """A folder of configuration for it, and the command."""
        fetch_rspamd()
        kind, where = spec.split(":", 1)
        local = "%s-%s" % (name, kind)
        os.makedirs(self.path(local + "/local.d"))
        share = os.path.join(RSPAMD, "usr/share/rspamd")
        cache = os.path.join(RSPAMD, "cache")
        os.makedirs(cache, exist_ok=True)
        more = {"share": share, "cache": cache, "local": self.path(local),
                "socket": where + " mode=0666" if kind == "unix" else
                "127.0.0.1:" + where.split("@")[0]}
        for module in RSPAMD_OFF:
            self.write("%s/local.d/%s.conf" % (local, module),
                       "enabled = false;\n")
        for worker in ("normal", "controller", "fuzzy"):
            self.write("%s/local.d/worker-%s.inc" % (local, worker),
                       "enabled = false;\n")
        self.write(local + "/local.d/worker-proxy.inc", RSPAMD_PROXY, **more)
        for what, text in RSPAMD_LOCAL.items():
            self.write("%s/local.d/%s.%s" % (
                local, what, "inc" if what == "options" else "conf"), text,
                **more)
        shutil.copy(self.path("rspamd.lua"),
                    self.path(local + "/rspamd.local.lua"))
        conf = os.path.join(RSPAMD, "etc/rspamd/rspamd.conf")
        if name == "rspamd-lean":
            self.write(local + "/lean.conf", RSPAMD_LEAN, **more)
            conf = self.path(local + "/lean.conf")
        var = {"SHAREDIR": share, "LUALIBDIR": share + "/lualib",
               "RULESDIR": share + "/rules", "PLUGINSDIR": share + "/plugins",
               "CONFDIR": os.path.join(RSPAMD, "etc/rspamd")}
        var.update(dict.fromkeys(("LOCAL_CONFDIR", "DBDIR", "RUNDIR",
                                  "LOGDIR"), self.path(local)))
        return [os.path.join(RSPAMD, "usr/bin/rspamd"), "-f", "-i", "-c",
                conf] + ["--var=%s=%s" % x for x in var.items()]

    def milter(self, name, kind):
        """Start it unless it runs; its (pid, spec)."""
        if (name, kind) not in self.procs:
            spec = "unix:" + self.path(name + "/sock") if kind == "unix" \
                else "inet:%d@127.0.0.1" % free_port()
            self.home(name)
            args, env = self.command(name, spec)
            with open(self.path("%s-%s.log" % (name, kind)), "w") as log:
                p = subprocess.Popen(args, stdin=subprocess.DEVNULL,
                                     stdout=log, stderr=log, env=env,
                                     umask=0)
            self.popens.append(p)
            wait_for("%s at %s; see %s" % (name, spec, log.name),
                     lambda: p.poll() is None and answers(spec),
                     300 if name == "rspamd" else 20)
            self.procs[name, kind] = p.pid, spec
        return self.procs[name, kind]

    # Postfix

    def door(self, setting, kind):
        """A port whose smtpd has the milters of this setting."""
        if (setting, kind) in self.doors:
            return
        specs = [self.milter(m, kind)[1] for m in SETTINGS[setting]]
        specs = [s if s.startswith("unix:") else
                 "inet:127.0.0.1:" + s.split(":")[1].split("@")[0]
                 for s in specs]
        self.doors[setting, kind] = free_port(), " ".join(specs)

    def start(self):
        self.write("etc/main.cf", MAIN_CF, sink=self.sink)
        with open(self.path("etc/master.cf"), "w") as f:
            f.write(MASTER_CF)
            for port, specs in self.doors.values():
                f.write("127.0.0.1:%d inet n - n - - smtpd\n"
                        " -o { smtpd_milters = %s }\n" % (port, specs))
        run("postfix", "-c", self.path("etc"), "start")
        pid = self.path("queue/pid/master.pid")
        wait_for("Postfix", lambda: os.path.exists(pid))
        with open(pid) as f:
            self.master = int(f.read())
        self.popens.append(subprocess.Popen(
            ["smtp-sink", "-u", "postfix", "-d", "%M%S.",
             "127.0.0.1:%d" % self.sink, "64"], cwd=self.path("world"),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL))
        for port, _ in self.doors.values():
            wait_for("smtpd", lambda: answers("inet:%d@" % port))

    def stop(self):
        if self.master is not None:
            subprocess.run(["postfix", "-c", self.path("etc"), "stop"],
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        for p in self.popens:
            p.send_signal(signal.SIGTERM)
        for p in self.popens:
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
        if os.environ.get("KEEP") is None:
            shutil.rmtree(self.dir, ignore_errors=True)

    def settle(self):
        """Wait until nothing is on its way any more."""
        def idle():
            for q in ("incoming", "active", "maildrop"):
                for _, _, files in os.walk(self.path("queue/" + q)):
                    if files:
                        return False
            return True
        wait_for("empty queue", idle, 120)

    # measuring

    def load(self, door, clients, messages, per, size, rate=0, even=False):
        p = subprocess.run([os.path.join(BENCH, "smtp-load"),
                            str(self.doors[door][0]), str(clients),
                            str(messages), str(per), str(size), str(rate),
                            "even" if even else "random"],
                           stdout=subprocess.PIPE, text=True)
        return json.loads(p.stdout)

    def measure(self, door, clients, per, size, seconds, rate=0, even=False):
        """One round at a door: what the clients saw and what it cost."""
        warm = self.load(door, min(clients, 8), 24, 1, size)
        guess = rate or warm["taken"] / warm["seconds"]
        n = max(24, int(guess * seconds))
        who = {m: self.milter(m, door[1])[0] for m in SETTINGS[door[0]]}
        who["postfix"] = self.master
        self.settle()
        before = {m: cpu(pid) for m, pid in who.items()}
        out = self.load(door, clients, n, per, size, rate, even)
        out["rate"] = out["taken"] / out["seconds"]
        self.settle()
        out["cpu"] = {m: 1000 * (cpu(pid) - before[m]) / n
                      for m, pid in who.items()}
        out["cpu"]["clients"] = 1000 * out["used"] / n
        out["work"] = sum(out["cpu"].values())
        out["peak"] = {m: peak(pid) for m, pid in who.items()
                       if m != "postfix"}
        return out

    # equal work

    def signed(self, setting, kind):
        """Two messages to the sink: how many verify with the key's public
        half, by another program than any that signs here."""
        import dkim
        old = set(os.listdir(self.path("world")))
        for i in range(2):
            self.send(self.doors[setting, kind][0], i)
        wait_for("signed mail of " + setting, lambda: len(
            set(os.listdir(self.path("world"))) - old) >= 2)
        record = b"v=DKIM1; k=rsa; p=" + self.public.encode()
        good = 0
        for name in set(os.listdir(self.path("world"))) - old:
            self.settle()
            with open(self.path("world/" + name), "rb") as f:
                raw = f.read()
            # smtp-sink's own lines are X-*; the message begins behind them
            raw = re.sub(rb"\A(X-[A-Za-z-]+-Args:.*\n|X-Client-.*\n|"
                         rb"X-Helo-.*\n)*", b"", raw)
            raw = re.sub(rb"(?s)\AReceived:.*?\n(?![ \t])", b"", raw, 1)
            good += dkim.verify(raw.replace(b"\r\n", b"\n")
                                .replace(b"\n", b"\r\n"),
                                dnsfunc=lambda *a, **k: record)
        return good

    def send(self, port, i):
        import smtplib
        with smtplib.SMTP("127.0.0.1", port) as s:
            s.sendmail("a@" + DOMAIN, ["c%d@sink.example" % i],
                       "From: Ann <a@bench.example>\r\nTo: c@sink.example\r\n"
                       "Subject: sample %d\r\nMessage-ID: <%d@bench.example>"
                       "\r\n\r\nA plain text.\r\n" % (i, i))


def needs_root():
    if os.geteuid() != 0:
        sys.exit("bench/postfix: Postfix needs root")
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if shutil.which("postconf") is None:
        sys.exit("bench/postfix: no Postfix here")
