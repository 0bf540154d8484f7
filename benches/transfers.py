#!/usr/bin/env python3
"""Measures file transfers by ZMODEM on a pty: interleaved rounds, medians, and ratios to the bare lrzsz of the same round.

    benches/transfers.py --coshell PATH [--also NAME=PATH] [--rounds N] [--megabytes N] [--ssh] [--only WORD]

"bare" is lrzsz at both ends, the far one on a pty and the near one connected to its master by two cat(1). "alone" has the
program's sz or rz at the near end instead. In the other rows a session of coshell stands between both ends, whose output
this program reads as a terminal does.
"""

import argparse
import getpass
import os
import pty
import random
import re
import resource
import shlex
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HEADER = re.compile(rb"\*\*\x18B0[01][0-9a-f]{12}")
FAR = {"up": "rz -b -q -y", "down": "sz -b -q data"}


class Sshd:
    """An sshd on loopback with keys of its own, for the user who runs this program."""

    def __init__(self, folder):
        for name in ["host", "user"]:
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/{name}"]
            subprocess.run(command, check=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = [f"HostKey={folder}/host", f"AuthorizedKeysFile={folder}/user.pub", "UsePAM=no", "StrictModes=no",
                   "PidFile=none", f"ListenAddress=127.0.0.1:{port}"]
        os.makedirs("/run/sshd", exist_ok=True)
        arguments = [word for option in options for word in ("-o", option)]
        self.process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", "/dev/null", *arguments], stderr=subprocess.DEVNULL)
        self.command = (f"ssh -tt -q -e none -F none -i {folder}/user -p {port} -o StrictHostKeyChecking=no "
                        f"-o UserKnownHostsFile=/dev/null -o ConnectionAttempts=5 {getpass.getuser()}@127.0.0.1")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def start_on_pty(command, folder):
    """Starts a command on a new pty; returns its pid and the master."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvp("/bin/sh", ["/bin/sh", "-c", "exec " + command])
    return pid, master


def bare(near, far, folder):
    """Moves the file without a session; returns the seconds."""
    begun = time.monotonic()
    pid, master = start_on_pty(far, f"{folder}/far")
    # As a session does: in front of its header the far end discards what it is sent.
    printed = b""
    while not (header := HEADER.search(printed)):
        printed += os.read(master, 4096)
    # The near end is given the header, and pipes: both ends would set the modes of the same pty.
    received, forward = os.pipe()
    os.write(forward, printed[header.start():])
    reader = subprocess.Popen(["cat"], stdin=master, stdout=forward, stderr=subprocess.DEVNULL)
    sender = subprocess.Popen(shlex.split(near), stdin=received, stdout=subprocess.PIPE, cwd=f"{folder}/near",
                              stderr=subprocess.DEVNULL)
    writer = subprocess.Popen(["cat"], stdin=sender.stdout, stdout=master)
    os.close(received)
    os.close(forward)
    sender.stdout.close()
    for process in [sender, writer]:
        process.wait()
    os.waitpid(pid, 0)
    seconds = time.monotonic() - begun
    os.close(master)
    reader.wait()
    return seconds


def in_session(coshell, near, far, folder):
    """Moves the file in a session; returns the seconds."""
    receive = near or f"{coshell} rz"
    send = near or f"{coshell} sz data"
    options = [f"cd {folder}/near && exec {receive}", f"cd {folder}/near && exec {send}"]
    command = [coshell, "--indicator", "none", "--zmodem", "--zmodem-receive", options[0], "--zmodem-send", options[1],
               "--", "sh", "-c", "exec " + far]
    begun = time.monotonic()
    pid, master = start_on_pty(shlex.join(command), f"{folder}/far")
    while True:
        try:
            if not os.read(master, 65536):
                break
        except OSError:
            break
    os.waitpid(pid, 0)
    seconds = time.monotonic() - begun
    os.close(master)
    return seconds


def cases(arguments):
    """Returns the rows for each direction: a name and a function that moves the file by the far command."""
    programs = [("coshell", arguments.coshell)] + [entry.split("=", 1) for entry in arguments.also]
    rows = {"up": [], "down": []}
    for option in [" -e", ""]:
        rows["up"].append((f"bare lrzsz, sz{option}", lambda far, folder, o=option: bare(f"sz -b -q{o} data", far, folder)))
    rows["down"].append(("bare lrzsz", lambda far, folder: bare("rz -b -q -y", far, folder)))
    for name, program in programs:
        rows["up"].append((f"{name}, lrzsz near, sz -e",
                           lambda far, folder, p=program: in_session(p, "sz -b -q -e data", far, folder)))
        rows["down"].append((f"{name}, lrzsz near",
                             lambda far, folder, p=program: in_session(p, "rz -b -q -y", far, folder)))
        for direction, near in [("up", "sz -q data"), ("down", "rz -q")]:
            rows[direction].append((f"{name} {near[:2]} alone",
                                    lambda far, folder, n=f"{program} {near}": bare(n, far, folder)))
            rows[direction].append((f"{name} --zmodem", lambda far, folder, p=program: in_session(p, None, far, folder)))
    return rows


def measure(direction, move, way, folder, data):
    """Moves the file once; returns the rate in MB/s and the CPU seconds for a GB."""
    source, target = ("near", "far") if direction == "up" else ("far", "near")
    for side, has_file in [(source, True), (target, False)]:
        path = f"{folder}/{side}/data"
        if os.path.exists(path):
            os.unlink(path)
        if has_file:
            with open(path, "wb") as file:
                file.write(data)
    far = FAR[direction]
    if way:
        far = f"{way} {shlex.quote(f'cd {folder}/far && exec {far}')}"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = move(far, folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    with open(f"{folder}/{target}/data", "rb") as file:
        if file.read() != data:
            sys.exit(f"the file differs: {direction}, {folder}")
    return len(data) / seconds / 1e6, cpu / len(data) * 1e9


def spread(values, digits):
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{middle:.{digits}f} ({least:.{digits}f}-{most:.{digits}f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--coshell", default="target/release/coshell", type=os.path.abspath)
    parser.add_argument("--also", action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--ssh", action="store_true", help="over ssh to an sshd on loopback")
    parser.add_argument("--only", default="", help="rows whose name has this, and the bare ones")
    arguments = parser.parse_args()
    data = os.urandom(arguments.megabytes * 1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        for side in ["near", "far"]:
            os.mkdir(f"{folder}/{side}")
        sshd = Sshd(folder) if arguments.ssh else None
        try:
            for direction, rows in cases(arguments).items():
                rows = [row for row in rows if arguments.only in row[0] or row[0].startswith("bare")]
                results = {name: [] for name, _ in rows}
                for _ in range(arguments.rounds):
                    # In a new order each round, so that no row has the same one in front of it each time.
                    for name, move in random.sample(rows, len(rows)):
                        results[name].append(measure(direction, move, sshd and sshd.command, folder, data))
                report(direction, rows, results)
        finally:
            if sshd:
                sshd.stop()


def report(direction, rows, results):
    print(f"{direction}: MB/s | ratio of the medians to bare lrzsz (ratios of rounds) | CPU of all programs, s for a GB",
          flush=True)
    base = [rate for rate, _ in results[rows[0][0]]]
    for name, _ in rows:
        rates = [rate for rate, _ in results[name]]
        ratios = [rate / bare_rate for rate, bare_rate in zip(rates, base)]
        cpu = spread([cpu for _, cpu in results[name]], 1)
        ratio = f"{statistics.median(rates) / statistics.median(base):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
        print(f"  {name:34} {spread(rates, 1):22} {ratio:22} {cpu}", flush=True)


if __name__ == "__main__":
    main()
