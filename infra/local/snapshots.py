"""Databases of freshly installed sites, kept to start the next one of the same kind from."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

SNAPSHOTS = Path(__file__).resolve().parents[2] / ".local" / "wordpress-snapshots"


class Snapshot:
    """The database of one kind of site; *kind* is everything that the installation depends on."""

    def __init__(self, kind: list[str]) -> None:
        self._place = SNAPSHOTS / hashlib.sha256(json.dumps(kind).encode()).hexdigest()[:16]

    def restore(self, database: Path) -> dict[str, str] | None:
        """Copy it to *database* and return what `save` was told; None when there is none."""
        if not self._place.exists():
            return None
        shutil.copytree(self._place / "db", database, dirs_exist_ok=True)
        return dict(json.loads((self._place / "site.json").read_text()))

    def save(self, database: Path, site: dict[str, str]) -> None:
        """Keep *database* and *site*; it appears whole or not at all."""
        SNAPSHOTS.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=SNAPSHOTS))
        shutil.copytree(database, fresh / "db")
        (fresh / "site.json").write_text(json.dumps(site))
        try:
            fresh.rename(self._place)
        except OSError:  # Another worker was quicker with the same kind.
            shutil.rmtree(fresh)
