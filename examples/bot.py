#!/usr/bin/env python3
"""A coprocess that answers "Are you there?" with "Yes".

    coshell -i text --coproc ./examples/bot.py
    coshell --coproc ./examples/bot.py          # raw bytes work too

Its stdin is a copy of the shell's output, and its stdout is typed into the shell. With `-i text` coshell removes the escape
sequences. Without it a line of bash looks like b"\\x1b[?2004l\\rAre you there?\\r\\n", so this bot removes them itself.
"""

import os
import re
import sys

QUESTION = "Are you there?"
ANSWER = b"Yes\r"  # \r is what the Enter key sends.
LONGEST_LINE = 64 * 1024

ESCAPE = re.compile(
    rb"\x1b[\]PX^_].*?(?:\x07|\x1b\\)"  # OSC and other strings: titles, links, prompt marks
    rb"|\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor motions, modes
    rb"|\x1b[ -/]*[0-~]",  # short sequences
    re.DOTALL,
)


def readable(line):
    """Returns the line as displayed: without escape sequences and without text that a carriage return overwrote."""
    line = ESCAPE.sub(b"", line).rstrip(b"\r")
    return line.rpartition(b"\r")[2].decode(errors="replace").strip()


def main():
    unfinished = b""
    # os.read returns the available bytes; sys.stdin.read(n) would wait for n of them.
    while chunk := os.read(sys.stdin.fileno(), 65536):
        *lines, unfinished = (unfinished + chunk).split(b"\n")
        unfinished = unfinished[-LONGEST_LINE:]
        for line in lines:
            if readable(line) == QUESTION:
                # Write without a buffer, so that the answer is typed at once.
                os.write(sys.stdout.fileno(), ANSWER)
    # stdin ends with the session: exit, so that the session does not wait.


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        pass
