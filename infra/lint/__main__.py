"""Build, lint the template, and check it as CloudFormation gets it after the SAM transform."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from infra import package, template

HERE = Path(__file__).parent
CHECKOV = package.ROOT / ".venv-checkov" / "bin" / "checkov"


def main() -> None:
    """End with the first tool that finds something."""
    built = package.build()
    cfn_lint = Path(sys.executable).with_name("cfn-lint")
    _run([cfn_lint, built.template])
    expanded = package.BUILD / "expanded.json"
    expanded.write_text(json.dumps(template.expanded(built.template), indent=1))
    quiet: list[str | Path] = [
        "--compact",
        "--quiet",
        "--skip-download",
        "--config-file",
        HERE / "checkov.yaml",
    ]
    _run([CHECKOV, "--file", expanded, *quiet])
    print("The template is clean.")


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(command, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
