#!/usr/bin/env python3
"""A coprocess that reads json: it types the answer to every question of the form "12 + 30 = ".

    coshell -i json --coproc ./examples/sums.py

A question without a line's end comes as a "prompt" object as soon as the output rests on it. With `jq` the objects
can be looked at:  coshell -i json --coproc 'jq . > objects.txt'
"""

import json
import re
import sys

asked = None
for line in sys.stdin:
    item = json.loads(line)
    question = re.search(r"(\d+) \+ (\d+) = $", item.get("text", ""))
    # The same prompt is told again when more is printed behind it, such as the echo of the answer.
    if item["type"] == "prompt" and question and item["number"] != asked:
        asked = item["number"]
        print(int(question[1]) + int(question[2]), end="\r", flush=True)
