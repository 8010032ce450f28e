"""The version of this code, and the commit that it is at."""

import os
import subprocess
from functools import cache
from pathlib import Path

VERSION = "1.0.0"
ROOT = Path(__file__).parent.parent


@cache
def described() -> str:
    """Return the version and, in a git checkout, the commit: "1.0.0, commit 3032844b41ab".

    Files that were changed since the commit add "-dirty" to it.
    """
    if not (ROOT / ".git").exists():  # installed, perhaps below a checkout of something else
        return VERSION
    command = ["git", "describe", "--always", "--exclude=*", "--abbrev=12", "--dirty"]
    others = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        ended = subprocess.run(
            command,
            cwd=ROOT,
            capture_output=True,
            text=True,
            env=others | {"GIT_OPTIONAL_LOCKS": "0"},
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):  # there is no git here
        return VERSION
    commit = ended.stdout.strip()
    return f"{VERSION}, commit {commit}" if commit else VERSION
