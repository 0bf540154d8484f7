"""Uses `coshell mcp` by the official SDK in each way in which that negotiates the version of the protocol.

Arguments: coshell, and the id of a session at a prompt.
"""

import os
import sys

import anyio
from mcp import Client, MCPError, StdioServerParameters

TOOLS = ["status", "sessions", "read_lines", "read_screen", "last_command", "wait"]


async def check(mode):
    coshell, session = sys.argv[1:]
    environment = {"XDG_RUNTIME_DIR": os.environ["XDG_RUNTIME_DIR"]}
    server = StdioServerParameters(command=coshell, args=["mcp", "--session", session], env=environment)
    async with Client(server, mode=mode) as client:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == TOOLS, tools
        assert all(tool.annotations.read_only_hint for tool in tools), tools
        status = await client.call_tool("status", {})
        assert status.structured_content["state"] == "prompt" and not status.is_error, status
        # A call that waits, with others beside it, and one that the client gives up.
        async with anyio.create_task_group() as group:
            outcomes = []

            async def wait():
                result = await client.call_tool("wait", {"text": "never", "timeout_seconds": 1})
                outcomes.append(result.structured_content["outcome"])

            group.start_soon(wait)
            for _ in range(5):
                screen = await client.call_tool("read_screen", {})
                assert screen.structured_content["size"]["columns"] > 0, screen
            with anyio.move_on_after(0.05):
                await client.call_tool("wait", {"text": "never"})
        assert outcomes == ["timeout"], outcomes
        wrong = await client.call_tool("read_lines", {"number": 0})
        assert wrong.is_error and "whole number" in wrong.content[0].text, wrong
        try:
            await client.call_tool("run", {"command_line": "true"})
            raise AssertionError("the tool is not allowed")
        except MCPError as error:
            assert error.code == -32602, error
        print(mode, client.protocol_version)


for mode in ["legacy", "auto", "2026-07-28"]:
    anyio.run(check, mode)
