#!/usr/bin/env python3
"""A coprocess with JSON input that types the answer to questions of the form "12 + 30 = ".

    coshell -i json --coproc ./examples/sums.py

A question without a newline comes as a "prompt" object as soon as the output pauses. To look at the objects, use `jq`:

    coshell -i json --coproc 'jq . > objects.txt'
"""

import json
import re
import sys

asked = None
for line in sys.stdin:
    item = json.loads(line)
    question = re.search(r"(\d+) \+ (\d+) = $", item.get("text", ""))
    # The prompt object is repeated when the line grows, for example by the echo of the answer.
    if item["type"] == "prompt" and question and item["number"] != asked:
        asked = item["number"]
        print(int(question[1]) + int(question[2]), end="\r", flush=True)
