"""The deployable package: `build/sam.yaml` and `build/deployment.zip`.

`chalice package` makes both. Then `build` removes from the zip what the functions
never read (`sdk_data` cuts botocore's descriptions of AWS to what they call) and adds
`.pyc` files, which halve a cold start. The same sources give the same zip, byte for
byte, and nothing is built again until a source changes. `Package.sha256` names it.

The zip holds no machine code, so it runs on x86_64 and arm64 alike, and only its `.pyc`
files belong to one version of Python. That is the Python that builds; the variable RUNTIME
names another one, such as `python3.13`, which must be installed here to compile them.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from chalicelib import __version__
from infra import sdk_data, template

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
STAGE = "hallpass"
# The functions' Python: the one that builds, or another that is installed here beside it.
RUNTIME = os.environ.get("RUNTIME") or f"python3.{sys.version_info.minor}"
REQUIREMENT = re.compile(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", re.MULTILINE)
EARLIEST_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # The earliest time that a zip can hold.
PLAIN_FILE = 0o100644 << 16
TEXTS = ROOT / "chalicelib" / "notifications" / "texts"
CONFIG = ROOT / "frontend" / "config.json"
MAX_LOGO_BYTES = 100_000  # It goes out with every mail.


class PackageError(Exception):
    """The package could not be built, or is not what it should be; the message says why."""


@dataclass(frozen=True, slots=True)
class Package:
    """A template and the zip that it names."""

    template: Path
    archive: Path

    runtime: str = RUNTIME

    @property
    def sha256(self) -> str:
        """SHA-256 of the zip, in hexadecimal."""
        return hashlib.sha256(self.archive.read_bytes()).hexdigest()


def build() -> Package:
    """
    Return the package of the sources as they are now, built anew only if they changed.

    Raises:
        PackageError: Chalice failed, or the zip lacks something or has too much.
    """
    BUILD.mkdir(exist_ok=True)
    package = Package(BUILD / "sam.yaml", BUILD / "deployment.zip")
    stamp = BUILD / "sources.sha256"
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Test workers may build at the same time.
        sources = fingerprint()
        if not stamp.exists() or stamp.read_text() != sources or not package.archive.exists():
            stamp.unlink(missing_ok=True)
            _build(package)
            stamp.write_text(sources)
    return package


def fingerprint() -> str:
    """Return the SHA-256 of everything that the package is made from."""
    digest = hashlib.sha256(f"{sys.version}\0{RUNTIME}\0".encode())
    names = ["app.py", "requirements.txt", "infra/resources.yaml"]
    names += ["infra/package.py", "infra/sdk_data.py"]
    files = [ROOT / name for name in names]
    files += [*(ROOT / "chalicelib").rglob("*.py"), *(ROOT / ".chalice").glob("*.json")]
    files += [*TEXTS.glob("*.json"), CONFIG, *_logo()]
    for file in sorted(files):
        digest.update(f"{file.relative_to(ROOT)}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _build(package: Package) -> None:
    deployments = ROOT / ".chalice" / "deployments"
    # Chalice's own cache does not notice a changed .chalice/config.json, and grows for ever.
    shutil.rmtree(deployments, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="work-", dir=BUILD) as directory:
        chalice, code = Path(directory) / "chalice", Path(directory) / "code"
        _chalice_package(chalice)
        with zipfile.ZipFile(chalice / "deployment.zip") as archive:
            archive.extractall(code)
        text = template.finished((chalice / "sam.yaml").read_text(), __version__)
        _thin(code, sdk_data.operations_of(template.parsed(text)))
        _brand(code)
        _check(code)
        _compile(code)
        _zip(code, package.archive)
        package.template.write_text(text)
    shutil.rmtree(deployments, ignore_errors=True)


def _chalice_package(out: Path) -> None:
    chalice = Path(sys.executable).with_name("chalice")
    done = subprocess.run(
        [chalice, "package", "--stage", STAGE, "--merge-template", "infra/resources.yaml", out],
        cwd=ROOT,
        env={"AWS_DEFAULT_REGION": "us-east-1", **os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PackageError(f"chalice package failed: {(done.stderr or done.stdout).strip()[-800:]}")


def _thin(code: Path, operations: sdk_data.Operations) -> None:
    """Remove what the functions never read."""
    for cache in list(code.rglob("__pycache__")):
        shutil.rmtree(cache)
    sdk_data.thin(code / "botocore" / "data", operations)
    # charset_normalizer brings each of its compiled modules as Python, too.
    for compiled in list(code.rglob("*.so")):
        compiled.unlink()
    for name in ("boto3/data", "boto3/examples", "bin", "jmespath-1.1.0.data"):
        shutil.rmtree(code / name, ignore_errors=True)
    # What pip needs to uninstall, and lists of time zones: `zoneinfo` reads the files of the zones.
    # botocore asks dateutil for no zone by name, so the zones that it brings are needless as well.
    for pattern in (
        "*.dist-info/RECORD",
        "tzdata/zoneinfo/*.zi",
        "tzdata/zoneinfo/*.tab",
        "dateutil/zoneinfo/*.tar.gz",
    ):
        for needless in list(code.glob(pattern)):
            needless.unlink()


def _brand(code: Path) -> None:
    """Put beside the mails what they show of the team: its settings, and a logo that is a PNG."""
    mails = code / "chalicelib" / "notifications"
    shutil.copyfile(CONFIG, mails / "config.json")
    for logo in _logo():
        if logo.stat().st_size > MAX_LOGO_BYTES:
            raise PackageError(
                f"{logo.name} has more than {MAX_LOGO_BYTES} bytes, too many for mails."
            )
        shutil.copyfile(logo, mails / "logo.png")


def _logo() -> list[Path]:
    """Return the file of the logo in a list, an empty one when mail readers could not show it."""
    named = str(json.loads(CONFIG.read_text()).get("logo", ""))
    return [CONFIG.parent / named.lstrip("/")] if named.endswith(".png") else []


def _check(code: Path) -> None:
    """
    Refuse a package that lacks something.

    Chalice only prints a warning about a dependency that it could not build.
    """
    pinned = REQUIREMENT.findall((ROOT / "requirements.txt").read_text())
    installed = {re.sub(r"[-_.]+", "_", entry.name).lower() for entry in code.glob("*.dist-info")}
    required = {
        re.sub(r"[-_.]+", "_", f"{name}-{version}.dist-info").lower() for name, version in pinned
    }
    missing = sorted(required - installed)
    missing += [name for name in ("app.py", "chalicelib", "chalice") if not (code / name).exists()]
    texts = code / "chalicelib" / "notifications" / "texts"
    missing += [file.name for file in TEXTS.glob("*.json") if not (texts / file.name).exists()]
    if missing:
        raise PackageError(f"The package lacks {', '.join(missing)}.")
    native = [str(file.relative_to(code)) for file in code.rglob("*.so*")]
    if native:
        raise PackageError(f"The package contains machine code: {', '.join(native)}.")
    surplus = [name for name in ("pip", "setuptools", "tests", "infra") if (code / name).exists()]
    if surplus:
        raise PackageError(f"The package contains {', '.join(surplus)}, which must not ship.")


def _compile(code: Path) -> None:
    # Compiled code says which of its constants the compiler's process used elsewhere, too. So the
    # same bytes need a process that always does the same: a fresh one, one file after the other.
    # Unchecked: the zip's time stamps say nothing, and its sources never change.
    script = (
        "import compileall, py_compile, sys;"
        "mode = py_compile.PycInvalidationMode.UNCHECKED_HASH;"
        "sys.exit(not compileall.compile_dir("
        "'.', ddir='/var/task', quiet=1, force=True, invalidation_mode=mode))"
    )
    done = subprocess.run(
        [_interpreter(), "-S", "-c", script],
        cwd=code,
        env={"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PackageError(f"A module of the package does not compile: {done.stdout[-500:]}")


def _interpreter() -> str:
    """Return the path of the Python that compiles for the functions."""
    if f"python3.{sys.version_info.minor}" == RUNTIME:
        return sys.executable
    found = shutil.which(RUNTIME)
    done = found and subprocess.run([found, "-c", ""], capture_output=True, check=False)
    if not found or not done or done.returncode != 0:
        raise PackageError(f"{RUNTIME} is not installed here; it compiles the functions' modules.")
    return found


def _zip(code: Path, archive: Path) -> None:
    unfinished = archive.with_suffix(".tmp")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as out:
        for file in sorted(path for path in code.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(code).as_posix(), EARLIEST_ZIP_TIME)
            entry.external_attr = PLAIN_FILE
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, file.read_bytes())
    unfinished.replace(archive)


if __name__ == "__main__":
    started = time.monotonic()
    try:
        built = build()
    except PackageError as error:
        sys.exit(f"Not built: {error}")
    megabytes = built.archive.stat().st_size / 1e6
    print(f"{built.archive.relative_to(ROOT)}  {megabytes:.1f} MB  sha256 {built.sha256}")
    print(f"{built.template.relative_to(ROOT)}  {time.monotonic() - started:.1f} s")
