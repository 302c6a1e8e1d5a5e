"""python -m infra.local.wordpress [VERSION]: a site to look at, until Ctrl-C."""

from __future__ import annotations

import sys
import time
from contextlib import suppress

from infra.local.wordpress import WordPress

with WordPress(*sys.argv[1:2]) as site:
    print(f"{site.url}/wp-admin/  {site.user}  {site.password}")
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(60)
