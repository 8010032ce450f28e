"""The notebook runs from its first to its last cell, and its network names the song."""

from helpers import ROOT


def test_the_notebook_runs(tmp_path, monkeypatch):
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(ROOT / "examples" / "first_steps.ipynb", as_version=4)
    for cell in notebook.cells:  # into a folder that is gone after the test
        cell.source = cell.source.replace("output/notebook", str(tmp_path))
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": ROOT}}).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert "'metal'" in shown[-1]["data"]["text/plain"]
