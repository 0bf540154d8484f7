#!/usr/bin/env python3
r"""A client of a running session that needs only the standard library. Copy the class `Session` for your own client.

    examples/client.py                                    print the output of the session, line by line
    examples/client.py --answer 'Overwrite .*\? $' n      and type n and Enter at a matching prompt

Inside a session COSHELL_SOCKET is the path of the socket; in another terminal use --socket with a path from
`coshell sessions --json`. The protocol is JSON-RPC 2.0, one object per line; coshell(1) lists all methods and events.
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
    """An error response of the session, with its code and message."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error["code"]


class Session:
    """A connection to a session; a context manager that closes it."""

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
        """Sends a request and returns the result, as in call("send", text="ls", enter=True)."""
        number = next(self.ids)
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        while message := self._receive():
            if message.get("id") == number:
                if "error" in message:
                    raise Refused(message["error"])
                return message["result"]
            # Keep an event that arrived before the response.
            self.waiting.append(message["params"])
        raise EOFError("the session ended before it responded")

    def subscribe(self, *events):
        """Yields the events of these types, by default of all types, until the session ends."""
        self.call("subscribe", events=list(events))
        # A separate generator, so that the subscription starts with this call and not with the first event.
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
    """Prints finished lines and answers each prompt once."""
    answered = None
    for event in session.subscribe("line", "prompt"):
        if event["type"] == "line":
            print(event["text"], flush=True)
            continue
        # The prompt event is repeated when the line grows, for example by the echo of the answer.
        reply = next((reply for pattern, reply in answers if re.search(pattern, event["text"])), None)
        if reply is not None and event["number"] != answered:
            answered = event["number"]
            session.call("send", text=reply, enter=True)


def own_terminal():
    """Returns whether stdout is the terminal of the session, where each printed line would be printed again."""
    return sys.stdout.isatty() and os.ttyname(sys.stdout.fileno()) == os.environ.get("COSHELL_TTY")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--socket", metavar="PATH", help="socket of the session [$COSHELL_SOCKET]")
    parser.add_argument("--answer", nargs=2, action="append", default=[], metavar=("REGEX", "TEXT"), help="type TEXT and Enter at a prompt that matches REGEX; repeatable")
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
