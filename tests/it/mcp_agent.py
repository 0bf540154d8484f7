"""What an agent does with `coshell mcp`: it runs a failing test, reads the failure, opens the place in the file, types what mends
it, and waits until the test passes.

Arguments: coshell, the id of a session at a prompt, and the directory of the project.
"""

import os
import re
import sys

import anyio
from mcp import Client, StdioServerParameters


async def main():
    coshell, session, project = sys.argv[1:]
    environment = {"XDG_RUNTIME_DIR": os.environ["XDG_RUNTIME_DIR"]}
    arguments = ["mcp", "--session", session, "--allow", "type"]
    server = StdioServerParameters(command=coshell, args=arguments, env=environment)
    async with Client(server) as client:

        async def call(tool, **arguments):
            result = await client.call_tool(tool, arguments)
            assert not result.is_error, (tool, result.content[0].text)
            return result.structured_content

        async def type_and_wait(line):
            """Types a line at the prompt, and waits for the end of its command."""
            typed = await call("type", text=line, enter=True)
            ended = await call("wait", command_end=True, offset=typed["offset"])
            assert ended["outcome"] == "came", ended
            prompt = await call("wait", prompt=True)
            assert prompt["outcome"] == "came", prompt
            return ended["status"]

        await call("run", command_line=f"cd '{project}'")
        failed = await call("run", command_line="python3 test_sums.py")
        printed = "\n".join(line["text"] for line in failed["lines"])
        assert failed["status"] == 1 and "AssertionError: 0" in printed, failed
        test = int(re.findall(r'test_sums\.py", line (\d+)', printed)[-1])
        print("failed in line", test)

        await call("type", text="vim -u NONE -N +2 sums.py", enter=True)
        opened = await call("wait", state="full-screen")
        assert opened["outcome"] == "came", opened
        for _ in range(100):
            screen = await call("read_screen")
            row = screen["rows"][screen["cursor"]["row"] - 1]
            if row.strip() == "return a - b":
                break
            await call("wait", quiet_seconds=1)
        assert row.strip() == "return a - b" and screen["alternate_screen"], screen
        await call("press", keys=["Escape", ":", "q", "Enter"])
        prompt = await call("wait", prompt=True)
        assert prompt["outcome"] == "came", prompt
        print("opened")

        assert await type_and_wait("sed -i 's/a - b/a + b/' sums.py") == 0
        last = await call("last_command")
        assert last["status"] == 0 and last["lines"] == [], last
        print("mended")

        assert await type_and_wait("python3 test_sums.py") == 0
        last = await call("last_command")
        assert (last["status"], [line["text"] for line in last["lines"]]) == (0, ["OK"]), last
        assert last["command_line"] == "python3 test_sums.py", last
        print("green")


anyio.run(main)
