#!/usr/bin/env python3
"""Measures what a request to a session takes, from the command line and on an open socket, and what a waiting client costs.

The session runs bash with prompt marks on a pty of its own, whose output this program reads as a terminal does. Each row
is the median and the 90th percentile of its calls, in milliseconds. The rows from the command line include fork and exec
of the client; `true` is what they take alone. All rows run once in each round, in an order that changes.
"""

import argparse
import json
import os
import pty
import random
import socket
import statistics
import subprocess
import tempfile
import threading
import time


class Session:
    """A session of bash with prompt marks."""

    def __init__(self, coshell, folder):
        rc = f"{folder}/bashrc"
        with open(rc, "w") as file:
            file.write(f"PS1='p> '; eval \"$({coshell} integration bash)\"\n")
        pid, master = pty.fork()
        if pid == 0:
            os.environ["XDG_RUNTIME_DIR"] = folder
            os.environ.pop("COSHELL_SOCKET", None)
            os.execv(coshell, [coshell, "-q", "--", "bash", "--noprofile", "--rcfile", rc])
        self.pid, self.master = pid, master
        self.path = f"{folder}/coshell/{pid}.sock"
        self.env = {**os.environ, "COSHELL_SOCKET": self.path}
        threading.Thread(target=self.read, daemon=True).start()
        while not os.path.exists(self.path):
            time.sleep(0.01)

    def read(self):
        try:
            while os.read(self.master, 65536):
                pass
        except OSError:
            # EIO: the session has ended (pty(7)).
            pass

    def sleeps(self):
        """Returns how often the session has gone to sleep."""
        with open(f"/proc/{self.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("voluntary_ctxt_switches"))


class Connection:
    """An open connection to the socket of a session."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")

    def requester(self, method, params):
        """Returns a function that makes the request. It neither writes nor reads JSON, which Python does slowly."""
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n"

        def request():
            self.socket.sendall(line)
            if b'"result"' not in self.file.readline():
                raise RuntimeError(f"{method} was refused")

        return request


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--coshell", default="target/release/coshell", type=os.path.abspath)
    parser.add_argument("--rounds", type=int, default=100)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        session = Session(arguments.coshell, folder)
        connection = Connection(session.path)

        def call(*words):
            subprocess.run(words, env=session.env, stdout=subprocess.DEVNULL, check=True)

        coshell = arguments.coshell
        call(coshell, "await", "--prompt", "--timeout", "10s")
        call(coshell, "exec", "--", "seq 100")
        rows = {
            "true": lambda: call("true"),
            "status": lambda: call(coshell, "status"),
            "lines -n 20": lambda: call(coshell, "lines", "-n", "20"),
            "exec -- true": lambda: call(coshell, "exec", "--", "true"),
            "socket: status": connection.requester("status", {}),
            "socket: lines, 20": connection.requester("lines", {"number": 20}),
            "socket: get": connection.requester("get", {}),
        }
        times = {name: [] for name in rows}
        for _ in range(arguments.rounds):
            for name in random.sample(list(rows), len(rows)):
                begun = time.perf_counter()
                rows[name]()
                times[name].append((time.perf_counter() - begun) * 1000)
        for name, taken in times.items():
            print(f"{name:20} {statistics.median(taken):7.2f} ms {statistics.quantiles(taken, n=10)[-1]:7.2f} ms")
        waiting = subprocess.Popen([coshell, "await", "--text", "never printed"], env=session.env)
        time.sleep(1)
        before = session.sleeps()
        time.sleep(3)
        print(f"wake-ups in 3 s beside a client that waits: {session.sleeps() - before}")
        waiting.terminate()
        waiting.wait()
        os.write(session.master, b"exit\r")
        os.waitpid(session.pid, 0)


if __name__ == "__main__":
    main()
