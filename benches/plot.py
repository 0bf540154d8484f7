#!/usr/bin/env python3
"""Draws what the relay bench found, and prints the table of benches/README.md.

    cargo bench --bench relay -- --rounds 5 --peers --tests throughput --workloads log,colour --json peers.json
    cargo bench --bench relay -- --rounds 5 --workloads log,noise --json own.json
    benches/plot.py peers.json own.json > assets/speed.svg      # the table goes to stderr

Of a row that stands in several files, that of the first counts.
"""
import json
import sys
from html import escape

# What is drawn: test, the bench's name of the row, what a reader calls it, colour.
BARS = [
    ("throughput", "relay", "minimal poll relay", "#8b93a7"),
    ("throughput", "coshell", "coshell", "#3b82c4"),
    ("triggers", "100 triggers", "coshell, 100 triggers", "#3b82c4"),
    ("triggers", "1,000 triggers", "coshell, 1,000 triggers", "#3b82c4"),
    ("coproc", "raw", "coshell, coprocess reading all", "#3b82c4"),
    ("throughput", "script", "script", "#8b93a7"),
    ("throughput", "zssh", "zssh", "#8b93a7"),
    ("throughput", "expect", "expect, no pattern", "#8b93a7"),
    ("throughput", "expect, 1 pattern", "expect, 1 pattern", "#8b93a7"),
    ("throughput", "ChromaTerm, 1 rule", "ChromaTerm, 1 rule", "#8b93a7"),
    ("throughput", "tmux", "tmux pipe-pane", "#8b93a7"),
]
WIDTH, LEFT, ROW, TOP = 760, 250, 26, 44


def find(rows, test, wrapper, **more):
    for row in rows:
        if (row["test"], row["wrapper"]) == (test, wrapper) and all(row.get(k) == v for k, v in more.items()):
            return row
    return None


def svg(rows):
    bars = [(label, colour, find(rows, test, name, workload="log")) for test, name, label, colour in BARS]
    bars = [(label, colour, row["of_floor"]) for label, colour, row in bars if row and row["exact"]]
    most = max(1.0, max(ratio["median"] for _, _, ratio in bars))
    scale = (WIDTH - LEFT - 90) / most
    height = TOP + ROW * len(bars) + 34
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#f7f8fa"/>',
        '<text x="20" y="27" font-size="15" fill="#1f2430">Log lines, as part of the bare pty’s rate '
        "(median; the line is least to most)</text>",
    ]
    bare = LEFT + scale
    out.append(f'<line x1="{bare:.0f}" x2="{bare:.0f}" y1="{TOP - 6}" y2="{height - 28}" stroke="#c3c8d4" stroke-dasharray="4 3"/>')
    out.append(f'<text x="{bare:.0f}" y="{height - 12}" fill="#6b7280" text-anchor="middle">bare pty</text>')
    for n, (label, colour, ratio) in enumerate(bars):
        y = TOP + n * ROW
        low, high = (LEFT + scale * min(ratio[end], most * 1.05) for end in ("min", "max"))
        out.append(f'<text x="{LEFT - 10}" y="{y + 15}" text-anchor="end" fill="#1f2430">{escape(label)}</text>')
        out.append(f'<rect x="{LEFT}" y="{y + 3}" width="{scale * ratio["median"]:.1f}" height="16" rx="2" fill="{colour}"/>')
        out.append(f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y + 11}" y2="{y + 11}" stroke="#1f2430" stroke-opacity=".45"/>')
        out.append(f'<text x="{WIDTH - 16}" y="{y + 15}" text-anchor="end" fill="#1f2430">{ratio["median"]:.2f}</text>')
    out.append("</svg>")
    return "\n".join(out)


def table(rows):
    names = ["floor", "relay", "coshell", "script", "zssh", "expect", "expect, 1 pattern", "ChromaTerm, 1 rule", "tmux"]
    titles = {"floor": "bare pty", "relay": "minimal relay", "tmux": "tmux pipe-pane", "expect": "expect, no pattern"}
    micro = lambda value: f"{value / 1000:.0f} µs" if value < 1e6 else f"{value / 1e6:.1f} ms"
    yield "| | log lines | colour | 8-bit noise | CPU for a GB | echo p50, p99 | key in a flood | key, terminal stalled | peak memory |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for name in names:
        log = find(rows, "throughput", name, workload="log")
        if not log:
            continue
        cells = []
        for workload in ("log", "colour", "noise"):
            row = find(rows, "throughput", name, workload=workload)
            good = row and (row["exact"] or row["own_screen"])
            cells.append(f'{row["of_floor"]["median"]:.2f}' if good else "-")
        cells.append("-" if name == "floor" else f'{log["cpu_s_per_gb"]["median"]:.1f} s')
        echo, flood, stalled = (find(rows, test, name) for test in ("latency", "flood", "stalled"))
        cells.append(f'{micro(echo["echo"]["p50"])}, {micro(echo["echo"]["p99"])}' if echo else "-")
        cells.append(micro(flood["key"]["p50"]) if flood and flood["key"]["count"] else "-")
        if not stalled:
            cells.append("-")
        else:
            cells.append("blocked" if stalled["blocked"] else micro(stalled["key"]["p50"]))
        cells.append("-" if name == "floor" else f'{log["peak_mb"]["median"]:.1f} MB')
        yield f"| {titles.get(name, name)} | " + " | ".join(cells) + " |"


def main():
    rows = []
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8") as file:
            rows += json.load(file)["rows"]
    print(svg(rows))
    for line in table(rows):
        print(line, file=sys.stderr)


main()
