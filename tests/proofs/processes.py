"""Real processes that start at once: forked from a server that has loaded the models and has neither threads nor a store open."""

import multiprocessing
import os
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
LONGEST = 1800.0


def start(function: Callable[..., Any], *arguments: Any) -> tuple[Any, Connection]:
    """Begin a function in a process of its own; its result, or its traceback, comes through the pipe."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.proofs.warm"])
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), before]).strip(os.pathsep)
    try:
        ensure_running()
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_run, args=(theirs, function, arguments), daemon=True)
        process.start()
        theirs.close()
    finally:
        os.environ["PYTHONPATH"] = before
    return process, ours


def finish(process: Any, pipe: Connection) -> Any:
    """Wait for a process that was started, and return what its function returned."""
    if not pipe.poll(LONGEST):
        process.kill()
        raise AssertionError(f"{process} is still running after {LONGEST:.0f} s.")
    kind, result = pipe.recv()
    process.join()
    pipe.close()
    assert kind == "done", result
    return result


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run a function in a process of its own."""
    return finish(*start(function, *arguments))


def kill_after(seconds: float, function: Callable[..., Any], *arguments: Any) -> bool:
    """Run a function in a process of its own and SIGKILL it after a while; whether it was still running."""
    process, pipe = start(function, *arguments)
    process.join(seconds)
    killed = process.exitcode is None
    process.kill()
    process.join()
    if not killed:
        kind, result = pipe.recv()
        assert kind == "done", result
    pipe.close()
    return killed


def duration(function: Callable[..., Any], *arguments: Any) -> float:
    """Seconds that a function takes in a process of its own, the start included."""
    began = time.monotonic()
    call(function, *arguments)
    return time.monotonic() - began


def _run(pipe: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        result = ("done", function(*arguments))
    except BaseException:
        result = ("failed", traceback.format_exc())
    pipe.send(result)
