#!/usr/bin/env bash
# install-packages.sh python|unit|check|run|test|browsers
#
# Makes sure that this machine has the programs that pip cannot install. `python`, `unit` and `check`
# only say what is missing for the virtual environment, the unit tests and `make check`. The others
# install it on Debian and Ubuntu, with sudo where it must, and elsewhere say what to install: `run`
# what the local WordPress needs, `test` a browser besides, `browsers` two more. None does anything
# where nothing is missing.
set -euo pipefail
job=${1:-run}
python=${PYTHON3:-python3}
packages=() needs=()
# need WORDS PACKAGE…: what a person reads, and what Debian calls it.
need() { needs+=("$1"); packages+=("${@:2}"); }

# No pipe to `grep -q`: it hangs up early, and pipefail then reports the broken pipe.
has_php() { command -v php > /dev/null && [[ $(php -m) == *pdo_sqlite* ]]; }
has_chromium() { command -v chromium > /dev/null || command -v chromium-browser > /dev/null || command -v google-chrome > /dev/null; }
has_libatomic() { [[ $(PATH=$PATH:/usr/sbin:/sbin ldconfig -p 2> /dev/null) == *libatomic.so.1* ]]; }
version() { "$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])'; }
node_version() { node --version | sed 's/^v\([0-9]*\).*/\1/'; }

if ! command -v "$python" > /dev/null; then
  need "Python 3.11 or newer" python3 python3-venv
elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
  echo "Hallpass needs Python 3.11 or newer, and “$python” is $(version). Install one, or name it: make PYTHON3=/path/to/python3.11" >&2
  exit 1
elif [ ! -x .venv/bin/pip ] && ! "$python" -c 'import ensurepip' 2> /dev/null; then
  # Debian's Python comes without the module that makes virtual environments.
  need "Python's module venv" "python$(version)-venv"
fi
case $job in python | run | browsers) ;; *)
  if ! command -v node > /dev/null; then
    need "Node 18 or newer" nodejs
  elif [ "$(node_version)" -lt 18 ]; then
    echo "Hallpass needs Node 18 or newer, and “node” is $(node --version). Please install one." >&2
    exit 1
  fi
esac
case $job in python | unit) ;; *)
  command -v npm > /dev/null || need npm npm
esac
case $job in run | test | browsers)
  has_php || need "PHP 8 with pdo_sqlite" php-cli php-sqlite3
  command -v curl > /dev/null || need curl curl
  command -v unzip > /dev/null || need unzip unzip
esac
if [ "$job" = test ]; then
  has_chromium || need Chromium chromium fonts-dejavu-core
  has_libatomic || need "libatomic, for Playwright's driver" libatomic1
fi
if [ "$job" = browsers ]; then
  command -v firefox-esr > /dev/null || need Firefox firefox-esr
  command -v WebKitWebDriver > /dev/null || need WebKit webkit2gtk-driver
  command -v xvfb-run > /dev/null || need Xvfb xvfb xauth
fi
[ ${#needs[@]} -gt 0 ] || exit 0

listed=$(printf '%s, ' "${needs[@]}")
case $job in python | unit | check)
  cat >&2 <<TEXT
This machine lacks: ${listed%, }. Please install what is missing and try again:
  Debian, Ubuntu   sudo apt-get install ${packages[*]}
  macOS            brew install python node
  Fedora           sudo dnf install python3 nodejs-npm
  Arch             sudo pacman -S python nodejs npm
TEXT
  exit 1
esac

if ! command -v apt-get > /dev/null; then
  cat >&2 <<TEXT
This machine lacks: ${listed%, }. Please install what is missing and try again:
  macOS    brew install python php node curl unzip && brew install --cask chromium
  Fedora   sudo dnf install python3 php-cli php-pdo nodejs-npm curl unzip chromium libatomic
  Arch     sudo pacman -S python php php-sqlite npm curl unzip chromium
TEXT
  exit 1
fi

as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo > /dev/null || { echo "Please run as root: apt-get install ${packages[*]}" >&2; exit 1; }
  # sudo clears the environment, and a question that stays unseen would hang for ever.
  as_root=(sudo env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a)
fi
echo "Installing ${packages[*]}"
log=.local/apt.log
mkdir -p .local
export DEBIAN_FRONTEND=noninteractive
# Lists that were never fetched, or are too old, name packages that the mirror no longer has.
install() { "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}" ca-certificates > "$log" 2>&1; }
if ! install; then
  "${as_root[@]}" apt-get update -qq >> "$log" 2>&1 || true
  install || { tail -n 5 "$log" >&2; echo "apt-get could not install them; the whole output is in $log." >&2; exit 1; }
fi
