"""One WordPress site: its files, its database, and the PHP server that answers for it.

A site starts from the database of an earlier installation of its kind in about
0.1 s; the first one of a kind is installed in about 1.5 s. Several may run at
once. The core is shared; everything that a visitor can change (database, plugins,
themes, uploads) belongs to the one site and is deleted with it. Only `stop` ends
PHP's server, not the end of the process that started it: whoever may be killed
keeps the process id (infra/local/processes.py).
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from infra.local.ports import HOST, free_port
from infra.local.processes import Processes, Server
from infra.local.wordpress.cores import WordPressFailedError, core_tree
from infra.local.wordpress.fresh_database import FreshDatabase
from infra.local.wordpress.tls import TlsProxy

PHP = Path(__file__).with_name("php")
ROUTER = PHP / "router.php"
ADMIN_PASSWORD = "correct-horse-Local-1"  # noqa: S105  Of sites that live for one test.

# opcache.revalidate_freq: PHP runs a must-use plugin as soon as a test has rewritten it.
PHP_OPTIONS = {
    "opcache.enable": "1",
    "opcache.enable_cli": "1",
    "opcache.revalidate_freq": "0",
    "memory_limit": "256M",
    "max_execution_time": "60",
    "upload_max_filesize": "64M",
    "post_max_size": "64M",
    "display_errors": "0",
    "log_errors": "1",
}


class WordPress:
    """
    One site.

    Args:
        version: "7.1", "6.8" or "6.5".
        mu: PHP code of a must-use plugin, for instance a security plugin's behaviour.
        path: Sub-directory of the site, such as "/blog".
        port: Port on 127.0.0.1; a free one by default.
        title: The site's name.
        password: The administrator's; a fixed one by default. With another one
            the site is installed anew, not copied.
        workers: How many requests PHP answers at once.
        env: WP_ENVIRONMENT_TYPE; only "local" allows application passwords on plain http.
        rest_prefix: REST prefix other than "wp-json".
        multisite: A network of sites.
        plain: Plain permalinks.
        no_rewrite: A server without URL rewriting.
        strip_auth: A server that keeps the Authorization header from PHP.
        tls: https with a certificate of its own, in the file `certificate`.
        directory: Where the site lives; a temporary directory by default.
        processes: Starts and records the server.

    Attributes, while it runs: `url` (no trailing slash), `user`, `password`,
    `app_password`, `auth` (the pair of user and app_password), `uuid` (of that
    application password), `version` (exact), `dir`, `process`, `certificate`.
    """

    user: str
    password: str
    app_password: str
    uuid: str
    process: Server

    def __init__(
        self,
        version: str = "7.1",
        *,
        mu: str = "",
        path: str = "",
        port: int | None = None,
        title: str = "Example site",
        password: str | None = None,
        workers: int = 2,
        env: str = "local",
        rest_prefix: str = "",
        multisite: bool = False,
        plain: bool = False,
        no_rewrite: bool = False,
        strip_auth: bool = False,
        tls: bool = False,
        directory: Path | None = None,
        processes: Processes | None = None,
    ) -> None:
        self._processes = processes or Processes()
        self.version = version
        self.port = port or free_port()
        self.certificate: Path | None = None
        self._mu, self._path, self._password, self._tls = mu, path, password, tls
        self._directory = directory
        self._switches = {
            "TITLE": title,
            "ENV": env,
            "REST_PREFIX": rest_prefix,
            "MULTISITE": "1" if multisite else "",
            "PLAIN": "1" if plain else "",
            "NO_REWRITE": "1" if no_rewrite else "",
            "STRIP_AUTH": "1" if strip_auth else "",
        }
        self._workers = workers
        self._open = ExitStack()

    @property
    def auth(self) -> tuple[str, str]:
        """User and application password, as `requests` takes them."""
        return self.user, self.app_password

    def __enter__(self) -> Self:
        with self._open:  # Ends what has started when a later step fails.
            self._start()
            self._open = self._open.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server and delete the site."""
        self._open.close()

    def mu(self, php: str) -> None:
        """Replace the must-use plugin; it runs from the next request on."""
        (self.dir / "wp-content/mu-plugins/test.php").write_text(php)

    def mails(self) -> list[dict[str, Any]]:
        """Return the mails that WordPress sent: time, to, subject, message; oldest first."""
        file = self.dir / "mail.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def _start(self) -> None:
        core = core_tree(self.version)
        self.dir = self._directory or Path(tempfile.mkdtemp(prefix="hallpass-wordpress-"))
        self._open.callback(shutil.rmtree, self.dir, ignore_errors=True)
        shutil.rmtree(self.dir, ignore_errors=True)
        shutil.copytree(core / "wp-content", self.dir / "wp-content")
        (self.dir / "wp-content/mu-plugins").mkdir(exist_ok=True)
        (self.dir / "db").mkdir()
        shutil.copy(PHP / "mu-site.php", self.dir / "wp-content/mu-plugins")
        self.url = f"http://{HOST}:{self.port}{self._path}"
        if self._tls:
            proxy = self._open.enter_context(TlsProxy(self.port, self.dir))
            self.certificate = proxy.certificate
            self.url = f"https://{HOST}:{proxy.port}{self._path}"
        environment = {
            **os.environ,
            **{f"HALLPASS_WP_{name}": value for name, value in self._switches.items() if value},
            "HALLPASS_WP_CONFIG": str(PHP / "wp-config.php"),
            "HALLPASS_WP_CORE": str(core),
            "HALLPASS_WP_DIR": str(self.dir),
            "HALLPASS_WP_URL": self.url,
            "HALLPASS_WP_SALT": secrets.token_hex(),
            "HALLPASS_WP_PASSWORD": self._password or ADMIN_PASSWORD,
            "PHP_CLI_SERVER_WORKERS": str(self._workers),
        }
        site = self._install(core, environment)
        self.version = site["version"]
        self.user, self.password = site["user"], site["password"]
        self.app_password, self.uuid = site["app_password"], site["uuid"]
        if self._mu:
            self.mu(self._mu)
        self._serve(core, environment)

    def _install(self, core: Path, environment: dict[str, str]) -> dict[str, str]:
        """Fill the database, by copying or installing; return version, user and keys in it."""
        kind = [str(core), str(core.stat().st_mtime_ns), self._path, *self._switches.values()]
        # A network writes its address into many rows; a single site reads its configuration.
        kind += [self.url] if self._switches["MULTISITE"] else []
        fresh = FreshDatabase(kind + [file.read_text() for file in sorted(PHP.glob("*.php"))])
        if self._password is None and (saved := fresh.restore(self.dir / "db")):
            return saved
        done = subprocess.run(
            ["php", str(PHP / "install.php")],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            site = dict(json.loads(done.stdout.strip().splitlines()[-1]))
        except (IndexError, ValueError):
            said = (done.stderr or done.stdout).strip()[-500:]
            raise WordPressFailedError(f"WordPress did not install: {said}") from None
        if self._password is None:
            fresh.save(self.dir / "db", site)
        return site

    def _serve(self, core: Path, environment: dict[str, str]) -> None:
        options = [f"-d{name}={value}" for name, value in PHP_OPTIONS.items()]
        self.process = self._processes.start(
            "WordPress",
            ["php", *options, "-S", f"{HOST}:{self.port}", f"-t{core}", str(ROUTER)],
            port=self.port,
            log=self.dir / "php.log",
            env=environment,
        )
        self._open.callback(self._processes.end, self.process)
