"""Ctrl-C, as the shell sends it, at any moment of any command: one sentence on standard error, exit code 130."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge_base.errors import STOPPED

pytestmark = pytest.mark.usefixtures("hears_ctrl_c")
ROOT = Path(__file__).parent.parent
CTRL_C = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(20)\n"
IN_A_CALLBACK = """
import os, signal, time, weakref

class Held: pass

def told(reference):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(1)

held = Held()
kept = weakref.ref(held, told)
del held
time.sleep(20)
"""


def interrupted(folder: Path, library: str, command: str, text: str = CTRL_C) -> subprocess.CompletedProcess[str]:
    """What a command says that is interrupted while it imports a library."""
    (folder / f"{library}.py").write_text(text, "utf-8")
    environment = os.environ | {"PYTHONPATH": str(folder), "DESK_STORE": str(folder / "store")}
    return subprocess.run(
        [sys.executable, "-m", *command.split()], capture_output=True, text=True, timeout=120, cwd=ROOT, env=environment, check=False
    )


@pytest.mark.parametrize(
    ("library", "command"),
    [
        ("typer", "training lint"),
        ("typer", "assistant ask hello"),
        ("typer", "knowledge_base search hello"),
        ("langchain_core", "training lint"),
        ("langchain_core", "training examples warm"),
        ("torch", "training retrain --dry-run"),
        ("langchain_core", "assistant ask hello"),
        ("langchain_core", "assistant questions draft"),
        ("numpy", "knowledge_base refresh"),
    ],
)
def test_ctrl_c_ends_a_command_with_one_sentence(tmp_path, library, command):
    done = interrupted(tmp_path, library, command)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", f"{STOPPED}\n")


def test_ctrl_c_that_falls_into_a_callback_ends_the_command_too(tmp_path):
    done = interrupted(tmp_path, "typer", "training voices", IN_A_CALLBACK)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", f"{STOPPED}\n")


def test_what_ends_otherwise_keeps_its_exit_code(tmp_path):
    done = interrupted(tmp_path, "nothing", "training promote whisper@1", "")
    assert done.returncode == 1
    assert done.stderr.startswith("There is no voice 'whisper@1'")
    assert interrupted(tmp_path, "nothing", "training retrain --unknown", "").returncode == 2
