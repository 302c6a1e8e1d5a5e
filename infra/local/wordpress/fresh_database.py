"""Databases of freshly installed sites: a site of the same kind starts from a copy.

Installing WordPress takes about 1.5 s, copying its database 0.1 s, and the tests
start some hundred sites.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

KEPT = Path(__file__).resolve().parents[3] / ".local" / "wordpress-databases"


class FreshDatabase:
    """The database of one kind of site; *kind* is everything that the installation depends on."""

    def __init__(self, kind: list[str]) -> None:
        self._place = KEPT / hashlib.sha256(json.dumps(kind).encode()).hexdigest()[:16]

    def restore(self, database: Path) -> dict[str, str] | None:
        """Copy it to *database*; return the *site* given to `save`, or None if none was saved."""
        if not self._place.exists():
            return None
        shutil.copytree(self._place / "db", database, dirs_exist_ok=True)
        return dict(json.loads((self._place / "site.json").read_text()))

    def save(self, database: Path, site: dict[str, str]) -> None:
        """Keep a copy of *database*, with *site*; it appears whole or not at all."""
        KEPT.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=KEPT))
        shutil.copytree(database, fresh / "db")
        (fresh / "site.json").write_text(json.dumps(site))
        try:
            fresh.rename(self._place)
        except OSError:  # Another worker saved the same kind first.
            shutil.rmtree(fresh)
