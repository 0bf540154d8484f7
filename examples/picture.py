#!/usr/bin/env python3
"""Records assets/coshell.svg, the picture in the README, from a real session.

    cargo build --release && examples/picture.py

It types the keys of three scenes into a separate tmux server and captures the screen (`capture-pane -e`). The
notification comes from the bytes that coshell sent to the terminal (OSC 9), the window title from OSC 2. Needs tmux, bash
and lrzsz.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from html import escape
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLS, ROWS = 88, 9
CELL, LINE, FONT = 9.0, 20, 15
LEFT, TOP, BOTTOM = 18, 58, 62
BACKGROUND, FOREGROUND = "#1b1f27", "#d8dee9"
COLOURS = ["#4c566a", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9"]
FACE = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"
SANS = "system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif"

CHAT = """#!/bin/sh
sleep 0.6; echo 'ann has joined'
sleep 1.2; echo 'Are you there?'
read -r answer
sleep 1; echo 'ann has left, reassured'
"""
BUILD = """#!/bin/sh
for part in lexer parser typeck codegen; do sleep 0.5; printf '  \\033[32mCC\\033[0m %s.c\\n' $part; done
sleep 0.7; printf '\\033[1mBUILD PASSED\\033[0m in 2.7 s\\n'
"""


class Terminal:
    """A tmux pane and the frames recorded from it."""

    def __init__(self, home):
        self.socket = f"picture-{os.getpid()}"
        self.raw = home / "raw"
        self.env = {"HOME": str(home), "PATH": f"{home}/bin:{os.environ['PATH']}", "LANG": "C.UTF-8", "SHELL": "/bin/bash"}
        self.frames, self.caption, self.note = [], "", None
        self.tmux("new-session", "-d", "-x", str(COLS), "-y", str(ROWS), "-c", str(home), "bash")
        self.tmux("set", "-g", "status", "off")
        self.tmux("pipe-pane", f"cat > {self.raw}")
        self.wait("$ ")

    def tmux(self, *args):
        command = ["tmux", "-L", self.socket, "-f", "/dev/null", *args]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, check=True).stdout

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def wait(self, text, seconds=10.0):
        """Records frames until the last line that is not blank ends with `text`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.film()
            lines = [line for line in self.screen().split("\n") if line.strip()]
            if lines and (lines[-1] + " ").endswith(text):
                return
            time.sleep(0.1)
        raise SystemExit(f"picture.py: waited in vain for {text!r}:\n{self.screen()}")

    def film(self, seconds=0.1):
        """Adds a frame of this duration; an unchanged screen extends the last frame instead."""
        rows = self.tmux("capture-pane", "-e", "-p").split("\n")[:ROWS]
        x, y, title = self.tmux("display-message", "-p", "#{cursor_x} #{cursor_y} #{pane_title}").rstrip("\n").split(" ", 2)
        sent = re.findall(rb"\x1b\]9;([^\x07]*)\x07", self.raw.read_bytes() if self.raw.exists() else b"")
        self.note = sent[-1].decode() if sent else None
        things = [("row", i, row) for i, row in enumerate(rows) if row.strip()]
        things += [("cursor", int(x), int(y)), ("title", title), ("caption", *self.caption)] if self.caption else []
        if self.note:
            things.append(("note", self.note))
        if self.frames and self.frames[-1][1] == things:
            self.frames[-1][0] += seconds
        else:
            self.frames.append([seconds, things])

    def type(self, text, pace=0.055):
        for piece in re.findall(r".{1,2}", text):
            self.tmux("send-keys", "-l", "--", piece)
            time.sleep(0.03)
            self.film(pace * len(piece))
        self.film(0.5)
        self.tmux("send-keys", "Enter")

    def scene(self, number, caption):
        """Clears the screen without recording."""
        frames = self.frames
        self.caption = ()
        if number > 1:
            self.tmux("send-keys", "-l", "exit")
            self.tmux("send-keys", "Enter")
            time.sleep(0.5)
        self.tmux("send-keys", "-l", "printf '\\033]2;bash\\007'; clear")
        self.tmux("send-keys", "Enter")
        time.sleep(0.5)
        self.tmux("pipe-pane")
        self.raw.unlink(missing_ok=True)
        self.tmux("pipe-pane", f"cat > {self.raw}")
        self.frames, self.caption = frames, (number, caption)
        self.film(0.8)

    def last(self):
        return len(self.frames) - 1


def play(home):
    """Records the three scenes; returns the frames and the one to show without animation."""
    term = Terminal(home)
    term.frames = []
    term.scene(1, "A coprocess reads all that the shell prints; what it prints is typed.")
    term.type("coshell -i text --coproc ./bot.py")
    term.wait("$ ")
    term.type("./chat")
    term.wait("$ ")
    term.film(2.2)
    still = term.last()
    term.scene(2, "A trigger is a pattern on the output that starts an action.")
    term.type("coshell -t 'BUILD (\\w+)' --notify 'Build: $1' --title 'build: $1'")
    term.wait("$ ")
    term.type("./build")
    term.wait("$ ")
    term.film(2.8)
    term.scene(3, "A silent coprocess transfers a file: here sz answers a far rz.")
    term.type("coshell -t 'rz waiting' -s 'sz -e ~/photos.tar'")
    term.wait("$ ")
    term.type("cd far && rz")
    term.wait("$ ", 60)
    term.film(0.6)
    term.type("cmp photos.tar ~/photos.tar && ls -sh")
    term.wait("$ ")
    term.film(3)
    term.tmux("kill-server")
    return term.frames, still


def spans(row):
    """Splits a captured row into runs of one style: (column, text, style)."""
    style, column, out = {}, 0, []
    for piece in re.split(r"(\x1b\[[0-9;]*m)", row):
        if piece.startswith("\x1b["):
            codes = [int(code or 0) for code in piece[2:-1].split(";")]
            for code in codes:
                if code == 0:
                    style = {}
                elif code in (1, 2):
                    style = style | {"bold" if code == 1 else "faint": True}
                elif 30 <= code <= 37 or 90 <= code <= 97:
                    style = style | {"colour": COLOURS[code % 10]}
                elif code == 39:
                    style = {key: value for key, value in style.items() if key != "colour"}
        elif piece:
            out.append((column, piece, style))
            column += len(piece)
    return out


def text(x, y, words, attributes, columns=None):
    fit = f' textLength="{columns * CELL:g}" lengthAdjust="spacingAndGlyphs"' if columns else ""
    return f'<text x="{x:g}" y="{y:g}"{fit}{attributes}>{escape(words, quote=False)}</text>'


def draw(thing, width, height):
    kind, *what = thing
    if kind == "row":
        at, row = what
        out = []
        for column, words, style in spans(row):
            # SVG collapses blanks, so each run of words has its own position.
            for match in re.finditer(r"\S+(?: \S+)*", words):
                look = f' fill="{style["colour"]}"' if "colour" in style else ""
                look += ' font-weight="bold"' if "bold" in style else ""
                look += ' opacity=".55"' if "faint" in style else ""
                x, y = LEFT + (column + match.start()) * CELL, TOP + at * LINE + FONT
                out.append(text(x, y, match[0], look, len(match[0])))
        return "".join(out)
    if kind == "cursor":
        x, y = LEFT + what[0] * CELL, TOP + what[1] * LINE
        return f'<rect x="{x:g}" y="{y + 1:g}" width="{CELL}" height="{LINE - 2}" fill="{FOREGROUND}" opacity=".7"/>'
    if kind == "title":
        return text(width / 2, 27, what[0], ' class="s" font-size="13" text-anchor="middle" fill="#9aa5b8"')
    if kind == "caption":
        number, words = what
        dots = "".join(
            f'<circle cx="{LEFT + 8 + 18 * i}" cy="{height - 26}" r="5" fill="{"#88c0d0" if i + 1 == number else "#434c5e"}"/>'
            for i in range(3)
        )
        return dots + text(LEFT + 64, height - 21, words, ' class="s" font-size="15" fill="#eceff4"')
    words = what[0]
    return (
        f'<g transform="translate({width - 262} {height - BOTTOM - 66})"><rect width="246" height="62" rx="12" fill="#eceff4"/>'
        '<circle cx="30" cy="31" r="15" fill="#5e81ac"/>'
        '<path d="M24 25l6 6-6 6m9 0h6" fill="none" stroke="#fff" stroke-width="2.5" stroke-linecap="round"/>'
        + text(58, 27, "Terminal", ' class="s" font-size="12" fill="#4c566a"')
        + text(58, 46, words, ' class="s" font-size="15" font-weight="600" fill="#1b1f27"')
        + "</g>"
    )


def svg(frames, still):
    width, height = LEFT * 2 + COLS * CELL, TOP + ROWS * LINE + BOTTOM
    total = sum(seconds for seconds, _ in frames)
    starts, now = [], 0.0
    for seconds, _ in frames:
        starts.append(100 * now / total)
        now += seconds
    seen = {}
    for number, (_, things) in enumerate(frames):
        for thing in things:
            seen.setdefault(thing, []).append(number)
    order = {"cursor": 0, "row": 1, "title": 2, "caption": 3, "note": 4}
    rules, body = [], []
    for number, (thing, when) in enumerate(sorted(seen.items(), key=lambda item: order[item[0][0]])):
        runs = [[n for _, n in run] for _, run in groupby(enumerate(when), lambda pair: pair[1] - pair[0])]
        steps = {} if runs[0][0] == 0 else {0.0: "hidden"}
        for run in runs:
            steps[starts[run[0]]] = "visible"
            if run[-1] + 1 < len(frames):
                steps[starts[run[-1] + 1]] = "hidden"
        keys = "".join(f"{at:.2f}%{{visibility:{how}}}" for at, how in sorted(steps.items()))
        rules.append(f"@keyframes k{number}{{{keys}}}#k{number}{{animation-name:k{number}}}")
        hidden = "" if still in when else ' visibility="hidden"'
        body.append(f'<g id="k{number}" class="a"{hidden}>{draw(thing, width, height)}</g>')
    style = (
        f"text{{font-family:{FACE};white-space:pre}}.s{{font-family:{SANS}}}"
        f"@media (prefers-reduced-motion:no-preference){{.a{{animation:{total:.1f}s step-end infinite}}{''.join(rules)}}}"
    )
    lights = "".join(f'<circle cx="{24 + 20 * i}" cy="22" r="6" fill="{c}"/>' for i, c in enumerate(["#ec6a5e", "#f4bf4f", "#61c554"]))
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
        f' font-size="{FONT}" fill="{FOREGROUND}" role="img">',
        "<title>coshell at work</title>",
        "<desc>Three scenes in a terminal: a bot answers a question in a chat; a notification tells that a build has passed;"
        " a file is sent to a far rz.</desc>",
        f"<style>{style}</style>",
        f'<rect x=".5" y=".5" width="{width - 1:g}" height="{height - 1:g}" rx="11" fill="{BACKGROUND}" stroke="#4c566a"/>',
        f'<path d="M1 44h{width - 2:g}M1 {height - BOTTOM + 10:g}h{width - 2:g}" stroke="#2e3440"/>',
        lights,
        *body,
        "</svg>",
        "",
    ])


def main():
    binary = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release/coshell").resolve()
    if not binary.exists():
        raise SystemExit(f"picture.py: {binary}: not there; cargo build --release, or name the program")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        home = Path(name)
        for directory in ("bin", "far"):
            (home / directory).mkdir()
        (home / "bin/coshell").symlink_to(binary)
        shutil.copy(ROOT / "examples/bot.py", home)
        for script, words in (("chat", CHAT), ("build", BUILD)):
            (home / script).write_text(words)
            (home / script).chmod(0o755)
        (home / ".bashrc").write_text("PS1='\\[\\e[34m\\]\\w\\[\\e[0m\\] \\[\\e[32m\\]$\\[\\e[0m\\] '\nunset TMUX\n")
        (home / "photos.tar").write_bytes(os.urandom(150_000_000))
        frames, still = play(home)
    (ROOT / "assets/coshell.svg").write_text(svg(frames, still))


if __name__ == "__main__":
    main()
