#!/usr/bin/env bash
# debian.sh [12|13]… [run|TARGET]…
#
# Tries what is committed here on a bare Debian: one made by debootstrap, with git, make and CA
# certificates and nothing else, in namespaces of its own, so that no process and no mount is left
# behind. `run` plays one whole story against `make run`; TARGET is any target of the Makefile.
# Without words: both releases, `run` and then `test`. Needs root and debootstrap.
#
# The bare systems reach the outside as this machine does: they get its mirror, its name servers,
# its certificates, and its settings of apt, pip and npm. PYTEST_ADDOPTS chooses tests.
set -euo pipefail
cd "$(dirname "$0")/../.."
releases=() jobs=()
for word in "$@"; do
  case $word in 12 | 13) releases+=("$word") ;; *) jobs+=("$word") ;; esac
done
[ ${#releases[@]} -gt 0 ] || releases=(12 13)
[ ${#jobs[@]} -gt 0 ] || jobs=(run test)

[ "$(id -u)" = 0 ] || { echo "A bare Debian needs root: sudo make fresh" >&2; exit 1; }
command -v debootstrap > /dev/null || { echo "This needs debootstrap: apt-get install debootstrap" >&2; exit 1; }
cache=${XDG_CACHE_HOME:-$HOME/.cache}/hallpass/debian
mkdir -p "$cache"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' 2> /dev/null | sort -u | head -n 1 || true)

# bare RELEASE -> the path of an archive of the bare system, made once.
bare() {
  local names=([12]=bookworm [13]=trixie) archive=$cache/$1.tar
  if [ ! -e "$archive" ]; then
    rm -rf "$archive.work"
    debootstrap --variant=minbase --include=ca-certificates,git,make "${names[$1]}" "$archive.work" ${mirror:+"$mirror"} > "$archive.log" ||
      { tail -n 5 "$archive.log" >&2; return 1; }
    rm -rf "$archive.work"/var/cache/apt/archives/*.deb "$archive.work"/var/lib/apt/lists/*
    tar -C "$archive.work" -cf "$archive.new" .
    rm -rf "$archive.work"
    mv "$archive.new" "$archive"
  fi
  echo "$archive"
}

# connect ROOT: the settings with which this machine reaches mirrors and registries.
connect() {
  local file
  cp -L /etc/resolv.conf /etc/hosts "$1/etc/"
  cp -L /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/ca-certificates.crt"
  apt-config dump | grep -E '^Acquire::(http|https|ftp|Check|Retries|Force)' > "$1/etc/apt/apt.conf.d/90host" || true
  for file in /etc/pip.conf /etc/xdg/pip /etc/npmrc; do
    [ ! -e "$file" ] || { mkdir -p "$1${file%/*}" && cp -rL "$file" "$1$file"; }
  done
  for file in .config/pip .pip .npmrc; do
    [ ! -e "$HOME/$file" ] || { mkdir -p "$1/root/$(dirname "$file")" && cp -rL "$HOME/$file" "$1/root/$file"; }
  done
  # npm keeps the settings of all users where it is installed; Debian's npm reads /etc/npmrc.
  file=$(npm config get globalconfig 2> /dev/null || true)
  [ ! -f "$file" ] || cp -L "$file" "$1/etc/npmrc"
}

# enter ROOT COMMAND…: run it in the bare system; all that it started ends with it.
enter() {
  local root=$1 name settings=()
  shift
  while IFS='=' read -r -d '' name _; do
    case ${name,,} in pytest_addopts | pip_* | npm_config_* | uv_* | *_proxy | ssl_cert_* | node_extra_ca_certs | requests_ca_bundle | curl_ca_bundle)
      settings+=("$name=${!name}") ;;
    esac
  done < <(env -0)
  unshare --mount --pid --fork --kill-child bash -c '
    mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" && mount -t tmpfs tmpfs "$1/tmp" || exit
    exec chroot "$@"
  ' bash "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "${settings[@]}" "$@"
}

root=
trap '[ -z "$root" ] || rm -rf --one-file-system "$root"' EXIT
failed=()
main() {
  for release in "${releases[@]}"; do
    archive=$(bare "$release")
    root=$(mktemp -d /var/tmp/hallpass-debian-"$release".XXXXXX)
    tar -C "$root" -xf "$archive"
    chmod 755 "$root"
    connect "$root"
    echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/throwaway" # It need not survive a power cut.
    git clone --quiet --no-hardlinks . "$root/root/hallpass"
    for job in "${jobs[@]}"; do
      echo "== Debian $release: $job"
      command=(make "$job")
      packages=()
      case $job in
        run) command=(tests/fresh/run.sh) ;;
        test-unit) packages=(python3 python3-venv nodejs) ;; # These two install nothing themselves,
        check) packages=(python3 python3-venv nodejs npm) ;; # and need no more than they say.
      esac
      [ ${#packages[@]} -eq 0 ] || enter "$root" sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" > /tmp/apt.log 2>&1 || { tail /tmp/apt.log; exit 1; }' sh "${packages[@]}"
      SECONDS=0
      result=passed
      enter "$root" bash -c 'cd /root/hallpass && "$@" < /dev/null' bash "${command[@]}" || result=failed
      echo "== Debian $release: $job $result in $SECONDS s"
      [ "$result" = passed ] || failed+=("Debian $release: $job")
    done
    rm -rf --one-file-system "$root"
    root=
  done
  [ ${#failed[@]} -eq 0 ] || { printf '%s failed\n' "${failed[@]}" >&2; exit 1; }
}

# On one line: bash then reads nothing more of this file, which may change while it runs.
main; exit
