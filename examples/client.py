#!/usr/bin/env python3
r"""A client of a running session, with the standard library only: a class to copy, and a use of it.

    examples/client.py                                    prints what the session prints, line by line
    examples/client.py --answer 'Overwrite .*\? $' n      and types n and Enter at such a prompt

Inside a session COSHELL_SOCKET says where it listens; for another terminal `coshell sessions --json` tells, and --socket
takes it. The protocol is JSON-RPC 2.0, one object a line; coshell(1) has all methods and events.
"""

import argparse
import itertools
import json
import os
import re
import socket
import sys
from collections import deque


class Refused(Exception):
    """The session's answer was an error: its code, and a sentence."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error["code"]


class Session:
    """A connection to a session. With `with` it is closed at the end."""

    def __init__(self, path=None):
        path = path or os.environ.get("COSHELL_SOCKET")
        if not path:
            raise ValueError("no session: COSHELL_SOCKET is not set; `coshell sessions --json` lists the sockets")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.lines = self.socket.makefile(encoding="utf-8")
        self.ids = itertools.count(1)
        self.waiting = deque()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()

    def call(self, method, **params):
        """Asks for something and waits for the answer: call("send", text="ls", enter=True)."""
        number = next(self.ids)
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        while message := self._receive():
            if message.get("id") == number:
                if "error" in message:
                    raise Refused(message["error"])
                return message["result"]
            # An event that came before the answer is kept for later.
            self.waiting.append(message["params"])
        raise EOFError("the session ended before it answered")

    def subscribe(self, *events):
        """The events of these types, as they happen; of all types, unless told. Ends with the session."""
        self.call("subscribe", events=list(events))
        # A generator of its own, so that the subscription begins now and not with the first event taken.
        return self._events()

    def _events(self):
        while True:
            if self.waiting:
                yield self.waiting.popleft()
            elif message := self._receive():
                yield message["params"]
            else:
                return

    def _receive(self):
        line = self.lines.readline()
        return json.loads(line) if line else None


def watch(session, answers):
    """Prints finished lines, and answers prompts, each once."""
    answered = None
    for event in session.subscribe("line", "prompt"):
        if event["type"] == "line":
            print(event["text"], flush=True)
            continue
        # The same prompt is told again when more stands behind it, such as the answer.
        reply = next((reply for pattern, reply in answers if re.search(pattern, event["text"])), None)
        if reply is not None and event["number"] != answered:
            answered = event["number"]
            session.call("send", text=reply, enter=True)


def own_terminal():
    """Whether what is printed here is printed in the session: then each line would be the next one's cause."""
    return sys.stdout.isatty() and os.ttyname(sys.stdout.fileno()) == os.environ.get("COSHELL_TTY")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--socket", metavar="PATH", help="where the session listens [COSHELL_SOCKET]")
    parser.add_argument("--answer", nargs=2, action="append", default=[], metavar=("REGEX", "TEXT"), help="repeatable")
    args = parser.parse_args()
    if own_terminal():
        parser.error("this is the session's own terminal: run it in another one, or send its output to a file")
    try:
        with Session(args.socket) as session:
            watch(session, args.answer)
    except (OSError, ValueError, EOFError, Refused) as reason:
        sys.exit(f"client.py: {reason}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
