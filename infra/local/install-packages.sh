#!/usr/bin/env bash
# install-packages.sh run|test|browsers
#
# Makes sure that this machine has the programs that are not Python's: for `run` what the local
# WordPress needs, for `test` a browser besides, for `browsers` two more. Installs what is missing on
# Debian and Ubuntu, with sudo where it must; elsewhere it says what to install. Does nothing where
# nothing is missing.
set -euo pipefail
python=${PYTHON3:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
  echo "Hallpass needs Python 3.11 or newer, and “$python” is not. Install one, or name it: make PYTHON3=/path/to/python3.11" >&2
  exit 1
fi
missing=()
need() { missing+=("$@"); }

# No pipe to `grep -q`: it hangs up early, and pipefail then reports the broken pipe.
has_php() { command -v php > /dev/null && [[ $(php -m) == *pdo_sqlite* ]]; }
has_chromium() { command -v chromium > /dev/null || command -v chromium-browser > /dev/null || command -v google-chrome > /dev/null; }

has_php || need php-cli php-sqlite3
command -v curl > /dev/null || need curl
command -v unzip > /dev/null || need unzip
if [ "${1:-run}" = test ]; then
  has_chromium || need chromium fonts-dejavu-core
fi
if [ "${1:-run}" = browsers ]; then
  command -v firefox-esr > /dev/null || need firefox-esr
  command -v WebKitWebDriver > /dev/null || need webkit2gtk-driver
  command -v xvfb-run > /dev/null || need xvfb xauth
fi
# Debian's python3 comes without the module that makes virtual environments.
[ -x .venv/bin/pip ] || "$python" -c 'import ensurepip' 2> /dev/null || need python3-venv
command -v npm > /dev/null || need npm
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get > /dev/null; then
  cat >&2 <<TEXT
This machine lacks programs that Debian and Ubuntu call: ${missing[*]}
Please install them and try again (PHP 8 needs its SQLite driver, pdo_sqlite).
  macOS    brew install php node curl unzip && brew install --cask chromium
  Fedora   sudo dnf install php-cli php-pdo nodejs-npm curl unzip chromium
  Arch     sudo pacman -S php php-sqlite npm curl unzip chromium
TEXT
  exit 1
fi

as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo > /dev/null || { echo "Please run as root: apt-get install ${missing[*]}" >&2; exit 1; }
  # sudo clears the environment, and a question that nobody sees would hang for ever.
  as_root=(sudo env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a)
fi
echo "Installing ${missing[*]}"
log=.local/apt.log
mkdir -p .local
export DEBIAN_FRONTEND=noninteractive
# Lists that were never fetched, or are too old, name packages that the mirror no longer has.
install() { "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" ca-certificates > "$log" 2>&1; }
if ! install; then
  "${as_root[@]}" apt-get update -qq >> "$log" 2>&1 || true
  install || { tail -n 5 "$log" >&2; echo "apt-get could not install them; the whole output is in $log." >&2; exit 1; }
fi
