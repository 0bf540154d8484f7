#!/usr/bin/env python3
"""A coprocess that answers "Are you there?" with "Yes".

    coshell -i text --coproc ./examples/bot.py
    coshell --coproc ./examples/bot.py          # raw bytes work too

Its stdin is a copy of all that the shell prints; what it prints is typed into the shell. With `-i text` coshell has
taken the escape sequences out already. Without it they are here, and a line of bash looks like
b"\\x1b[?2004l\\rAre you there?\\r\\n", so this bot takes them out itself; on text without any, that changes nothing.
"""

import os
import re
import sys

QUESTION = "Are you there?"
ANSWER = b"Yes\r"  # \r is what the Enter key sends.
LONGEST_LINE = 64 * 1024

ESCAPE = re.compile(
    rb"\x1b[\]PX^_].*?(?:\x07|\x1b\\)"  # OSC and other strings: titles, links, marks of the shell
    rb"|\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor motions, modes
    rb"|\x1b[ -/]*[0-~]",  # the short ones
    re.DOTALL,
)


def readable(line):
    """The line as a person reads it: no escape sequences, and what a carriage return overprinted is gone."""
    line = ESCAPE.sub(b"", line).rstrip(b"\r")
    return line.rpartition(b"\r")[2].decode(errors="replace").strip()


def main():
    unfinished = b""
    # os.read gives what there is; a read of a whole block would wait until the block is full.
    while chunk := os.read(sys.stdin.fileno(), 65536):
        *lines, unfinished = (unfinished + chunk).split(b"\n")
        unfinished = unfinished[-LONGEST_LINE:]
        for line in lines:
            if readable(line) == QUESTION:
                # Not through a buffer: an answer that waits in one is no answer.
                os.write(sys.stdout.fileno(), ANSWER)
    # The end of stdin is the end of the session: leave, and the session need not wait.


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        pass
