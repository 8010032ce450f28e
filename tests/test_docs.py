"""README.md and docs/: links lead somewhere, commands and code are those of the suite."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from helpers import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
# The history of experiments keeps the commands of its time.
PAGES_WITH_COMMANDS = [path for path in PAGES if path.name != "experiments.md"]


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    words = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {text.replace(" ", "-") for text in words}


def commands(path: Path) -> list[list[str]]:
    """Return the words of each line `python script.py ...` in a page's blocks of code."""
    blocks = "\n".join(code for _, code in BLOCK.findall(path.read_text(encoding="utf-8")))
    lines = re.findall(r"^(?:\$ )?python (\w+\.py .*|\w+\.py)$", blocks, re.MULTILINE)
    return [line.split("#")[0].split() for line in lines]


@cache
def help_of(script: str) -> str:
    command = [sys.executable, ROOT / script, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_within_the_project_lead_somewhere(path):
    for link in LINK.findall(path.read_text(encoding="utf-8")):
        if link.startswith(("http:", "https:")):
            continue
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("path", PAGES_WITH_COMMANDS, ids=lambda path: path.name)
def test_commands_have_options_that_the_scripts_know(path):
    for script, *words in commands(path):
        options = {word.split("=")[0] for word in words if word.startswith("--")}
        known = set(re.findall(r"--[\w-]+", help_of(script)))
        assert options <= known, f"{script}: {options - known}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_python_code_is_python(path):
    for language, code in BLOCK.findall(path.read_text(encoding="utf-8")):
        if language == "python":
            ast.parse(code)


def test_nothing_is_left_to_measure():
    assert [path.name for path in PAGES if "TO-MEASURE" in path.read_text(encoding="utf-8")] == []
