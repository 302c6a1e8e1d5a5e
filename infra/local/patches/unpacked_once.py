"""MiniStack unpacks the zip of a function for each of its processes; this unpacks it once.

The zip has two thousand files: to unpack them takes a second, in which MiniStack does little else,
and each request that meets only busy processes starts one more. All processes of one zip get
one directory here, through a link. On AWS it is read-only, and no function of ours writes there.

Missing in MiniStack 1.5.33: `core/lambda_runtime.py` `Worker._spawn` unpacks into a directory of
each process. No longer needed once it does not: `test_patches.py` then fails.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
import types
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def apply() -> None:
    """Link the directory of each process to that of its zip."""
    from ministack.core import lambda_runtime  # type: ignore[import-not-found]  # noqa: PLC0415

    lock = threading.Lock()
    unpacked: dict[str, str] = {}  # Directory by SHA-256; all go with MiniStack's own.

    class Archive(zipfile.ZipFile):
        def extractall(
            self,
            path: Any = None,  # noqa: ANN401  As zipfile has it.
            members: Iterable[Any] | None = None,
            pwd: bytes | None = None,
        ) -> None:
            digest = hashlib.sha256(Path(str(self.filename)).read_bytes()).hexdigest()
            with lock:
                if digest not in unpacked:
                    directory = tempfile.mkdtemp(prefix="ministack-code-")
                    super().extractall(directory, members, pwd)
                    unpacked[digest] = directory
            Path(path).rmdir()
            Path(path).symlink_to(unpacked[digest], target_is_directory=True)

    lambda_runtime.zipfile = types.SimpleNamespace(**{**vars(zipfile), "ZipFile": Archive})
