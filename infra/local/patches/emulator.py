"""MiniStack's own server, with the patches that change MiniStack itself.

infra/local/ministack.py starts this file with the Python of .venv-aws, which is where
MiniStack is installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ministack import app  # type: ignore[import-not-found]

ROOT = Path(__file__).resolve().parents[3]


def main() -> None:
    """Patch MiniStack and serve until SIGTERM arrives."""
    # At the end of this process's own path: a PYTHONPATH would reach the functions as well,
    # and they must find nothing but what the zip brings.
    sys.path.append(str(ROOT))
    from infra.local.patches import (  # noqa: PLC0415
        batch_actions,
        condition_keys,
        log_tail,
        queue_workers,
        reply_to,
        unpacked_once,
    )

    batch_actions.apply()
    condition_keys.apply()
    log_tail.apply()
    queue_workers.apply()
    reply_to.apply()
    unpacked_once.apply()
    app.main()


if __name__ == "__main__":
    main()
