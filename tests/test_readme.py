"""The README says what is there: its tree, its targets and its commands."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PACKAGES = ("knowledge_base", "assistant", "training", "ui")
BLOCKS = re.findall(r"^```[^\n]*\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
TARGETS = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
COMMAND = re.compile(r"(?:python3?|\.venv/bin/python) -m ((?:knowledge_base|assistant|training|tests)\b[^\n`#|>]*)")


def modules() -> set[str]:
    """Every module and folder of the four packages, as paths from the root."""
    found = set(PACKAGES)
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            name = path.relative_to(ROOT)
            if any(part.startswith((".", "__")) for part in name.parts) and path.stem not in ("__init__", "__main__"):
                continue
            if (path.suffix == ".py" and path.stem not in ("__init__", "__main__")) or (path.is_dir() and len(name.parts) == 2):
                found.add(name.as_posix())
    return found


def tree() -> set[str]:
    """The paths that the README's tree names: its first block in which every package stands on a line of its own.

    A line is indented by its depth, with or without box-drawing characters; what follows two spaces or a ``#`` is a
    comment.
    """
    block = next((b for b in BLOCKS if all(re.search(rf"^[\s│├└─]*{package}/", b, re.MULTILINE) for package in PACKAGES)), "")
    named: set[str] = set()
    trail: list[tuple[int, str]] = []
    for line in block.splitlines():
        match = re.match(r"(?P<indent>[\s│├└─|`+-]*)(?P<names>[\w.][\w./*-]*(?:,? [\w.][\w./*-]*\.\w+|,? [\w-]+/)*)", line)
        if match is None:
            continue
        depth = len(match["indent"])
        trail = [(at, name) for at, name in trail if at < depth]
        above = "".join(name for _, name in trail)
        for name in re.split(r",? ", match["names"]):
            named.add((above + name).rstrip("/"))
        if match["names"].endswith("/"):
            trail.append((depth, match["names"]))
    return named


def test_the_readme_is_written():
    assert len(README.split()) > 200


def test_the_tree_names_every_module_and_folder_of_the_packages():
    assert sorted(modules() - tree()) == []


def test_the_tree_names_nothing_that_does_not_exist():
    named = {name for name in tree() if name.split("/")[0] in PACKAGES}
    assert named
    assert sorted(name for name in named if not (ROOT / name).exists() and not list(ROOT.glob(name.replace("NAME", "*")))) == []


def test_every_make_target_it_names_exists():
    code = re.findall(r"`([^`\n]+)`", README) + [line for block in BLOCKS for line in block.splitlines()]
    named = {target for text in code for target in re.findall(r"(?:^|[\s;&])make ([a-z][\w-]*)", " " + text)}
    assert {"app", "test"} <= named
    assert sorted(named - TARGETS) == []


HELP = """
import contextlib, io, json, runpy, sys
shown = []
for module, *command in json.load(sys.stdin):
    sys.argv = [module, *command, "--help"]
    out, code = io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        except SystemExit as end:
            code = end.code or 0
        except Exception as error:
            code = repr(error)
    shown.append(out.getvalue() if code == 0 else f"exit code {code}: {out.getvalue()}")
print(json.dumps(shown))
"""
"""Asks every command for its help in one process, which loads the libraries once."""


@pytest.fixture(scope="module")
def commands() -> dict[str, str]:
    """Each ``python -m`` command of the README and the help of what it calls."""
    heads = {call: tuple(_head(call)) for call in {" ".join(match.split()) for match in COMMAND.findall(README)}}
    asked = sorted(set(heads.values()))
    done = subprocess.run(
        [sys.executable, "-c", HELP], input=json.dumps(asked), capture_output=True, text=True, cwd=ROOT, timeout=300, check=True,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
    )  # fmt: skip
    helps = dict(zip(asked, json.loads(done.stdout.splitlines()[-1]), strict=True))
    return {call: helps[head] for call, head in heads.items()}


def _head(call: str) -> list[str]:
    words = shlex.split(call.rstrip(".,;:)"))
    module = words[0]
    command = [word for word in words[1:2] if re.fullmatch(r"[a-z][a-z-]*", word)] if not module.startswith("tests") else []
    return [module, *command]


def test_every_command_it_shows_exists_with_the_options_it_names(commands):
    assert commands
    missing = []
    for call, shown in commands.items():
        if shown.startswith("exit code"):
            missing.append((call, shown[-300:]))
        for option in re.findall(r"(?<!\S)(--[a-z][\w-]*)", call):
            if not re.search(rf"(?<![\w-]){option}(?![\w-])", shown):
                missing.append((call, option))
    assert missing == []
