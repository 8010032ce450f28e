"""README.md and docs/: links lead somewhere, commands have options that exist, and code runs."""

import re
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import soundfile
from helpers import ROOT

import genre

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
PAGES_IN_THE_LIBRARY = sorted((ROOT / "genre").rglob("*.md"))
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
    return [shlex.split(line, comments=True) for line in lines]


@cache
def help_of(script: str) -> str:
    command = [sys.executable, ROOT / script, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


@pytest.mark.parametrize(
    "path", [*PAGES, *PAGES_IN_THE_LIBRARY], ids=lambda path: path.relative_to(ROOT).as_posix()
)
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


@pytest.fixture
def songs(corpus, network, tmp_path, monkeypatch) -> None:
    """A folder to work in, with the songs and the network that the pages' code names."""
    samples, rate = soundfile.read(corpus / "jazz" / "jazz.00000.wav")
    soundfile.write(tmp_path / "song.mp3", samples, rate)
    (tmp_path / "broken.mp3").write_text("no song")
    shutil.copytree(network, tmp_path / "output" / "cnn")
    monkeypatch.chdir(tmp_path)


def code_of(page: str) -> str:
    """Return the only block of Python in a page."""
    blocks = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    (code,) = [code for language, code in blocks if language == "python"]
    return code


def test_the_readmes_lines_of_the_api_run(songs, monkeypatch, capsys):
    monkeypatch.setattr("genre.model.files.PRETRAINED", Path("output/cnn").absolute())
    exec(code_of("README.md"), {})
    first, *_, song, broken = capsys.readouterr().out.splitlines()
    named, verdict = first.split()
    assert named in genre.load().card.mapping and verdict in ("sure", "either", "open")
    assert song == f"song.mp3 {named}"
    assert broken.startswith("broken.mp3 ") and "not readable as audio" in broken


def test_a_network_runs_without_our_code(songs, capsys):
    exec(code_of("docs/training.md"), {})
    assert capsys.readouterr().out.strip() == genre.load("output/cnn").predict("song.mp3").genre


def test_nothing_is_left_to_measure():
    assert [path.name for path in PAGES if "TO-MEASURE" in path.read_text(encoding="utf-8")] == []
