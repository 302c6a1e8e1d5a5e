"""WordPress itself: one read-only tree per version, fetched once to the user's cache.

All clones of this repository and all local sites share the trees; what belongs
to one site is in that site's own directory. fetch-wordpress.sh fetches them.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hallpass"
FETCH = Path(__file__).with_name("fetch-wordpress.sh")
VERSIONS = ("7.1", "6.8", "6.5")  # Newest first.


class WordPressFailedError(Exception):
    """The site could not be fetched, installed or started; the message says why."""


def core_tree(version: str) -> Path:
    """Return the directory of WordPress *version*, fetched at the first call."""
    tree = CACHE / f"wordpress-{version}"
    if not (tree / "wp-load.php").exists():
        done = subprocess.run(
            [str(FETCH), version, str(tree)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()[-500:]
            raise WordPressFailedError(f"WordPress {version} could not be fetched: {said}")
    return tree


def newest(progress: Callable[[str], None]) -> str:
    """Return the newest version that can be fetched here; *progress* gets why newer ones failed."""
    for version in VERSIONS:
        if not (CACHE / f"wordpress-{version}").exists():
            progress(f"Fetching WordPress {version}")
        try:
            core_tree(version)
        except WordPressFailedError as error:
            progress(f"{error}")
        else:
            return version
    raise WordPressFailedError("No WordPress could be fetched; is there a network?")
