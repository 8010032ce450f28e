"""examples/: the notebook runs from its first cell to its last."""

import json
import os
import subprocess
import sys

from helpers import ROOT


def test_the_notebook_runs(tmp_path):
    """Run its cells as a script that stands beside the project's, in a process of its own."""
    notebook = json.loads((ROOT / "examples" / "first_steps.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] for cell in cells)
    lines = ["import subprocess"]
    for line in "\n".join("".join(cell["source"]) for cell in cells).splitlines():
        if line.startswith("!python "):  # a shell command of Jupyter
            script, *arguments = line.split()[1:]
            command = [sys.executable, f"{ROOT / script}", *arguments]
            line = f"subprocess.run({command!r}, check=True)"
        lines.append(line)
    (tmp_path / "notebook.py").write_text(
        "if __name__ == '__main__':\n" + "".join(f"    {line}\n" for line in lines),
        encoding="utf-8",
    )
    ended = subprocess.run(
        [sys.executable, "notebook.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{ROOT}"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1].endswith("of 10 right")
