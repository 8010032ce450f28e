"""examples/: the notebook runs from its first cell to its last, as Jupyter runs it."""

import os
import shutil
from pathlib import Path

import nbformat
from helpers import ROOT
from nbclient import NotebookClient

NOTEBOOK = ROOT / "examples" / "first_steps.ipynb"


def copied(folder: Path) -> Path:
    """Return the notebook in a copy of the project that holds nothing but links to it."""
    for path in ROOT.iterdir():
        if path.name not in ("examples", "output"):
            (folder / path.name).symlink_to(path)
    (folder / "examples").mkdir()
    return Path(shutil.copy(NOTEBOOK, folder / "examples"))


def test_the_notebook_runs_where_it_lies(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.defpath)  # where another Python may be, or none
    for name in ("PYTHONPATH", "MPLBACKEND"):  # which our scripts set in this process
        monkeypatch.delenv(name, raising=False)
    path = copied(tmp_path)
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    client = NotebookClient(notebook, resources={"metadata": {"path": path.parent}}, timeout=300)
    client.execute()
    *_, last = notebook.cells
    pictures = [each for each in last.outputs if "image/png" in each.get("data", {})]
    assert len(pictures) == 1
    assert last.outputs[-1].text.rstrip().endswith("of 10 right")
    assert (tmp_path / "output" / "first-steps" / "cnn" / "card.json").is_file()
