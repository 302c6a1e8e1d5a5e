#!/usr/bin/env bash
# fetch-wordpress.sh VERSION DIRECTORY
#
# Leaves a WordPress tree of VERSION (7.1, 6.8 or 6.5) at DIRECTORY: plain files, no links, the
# SQLite driver in place, and a wp-config.php that reads the one named by HALLPASS_WP_CONFIG.
# DIRECTORY appears whole or not at all. Needs no root and changes nothing of the system:
# 7.1 is Debian sid's package and 6.8 Debian trixie's, unpacked, not installed; 6.5, and any
# version on a machine without apt, comes from where that machine can get it.
set -euo pipefail
version=$1 out=$2
cache=${XDG_CACHE_HOME:-$HOME/.cache}/hallpass/downloads
mkdir -p "$cache" "$(dirname "$out")"
# Two test workers may want the same tree at the same time; without flock they both fetch it.
exec 9> "$out.lock"
! command -v flock > /dev/null || flock 9
[ ! -e "$out/wp-load.php" ] || exit 0
work=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir -p "$tree"

sha256() { if command -v sha256sum > /dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1; }

# npm_tarball PACKAGE VERSION SHA256 -> path of the tarball, fetched once and checked each time.
npm_tarball() {
  local file; file=$(printf '%s-%s.tgz' "$(tr -d @ <<<"$1" | tr / -)" "$2")
  [ -e "$cache/$file" ] || ( cd "$work" && npm pack --silent "$1@$2" > /dev/null && mv "$file" "$cache/$file" )
  [ "$(sha256 "$cache/$file")" = "$3" ] || { rm -f "$cache/$file"; echo "The npm package $1@$2 is not the one that was reviewed." >&2; exit 1; }
  echo "$cache/$file"
}

# mirror LABEL ENDING -> the Debian mirror that this machine already uses; nothing when it uses none.
mirror() {
  local site
  site=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(SITE)' 'Created-By: Packages' 2>/dev/null | awk -F'|' -v label="$1" '$1 == "Debian" && $2 == label && !found++ { print $3 }')
  # A machine that never ran apt-get update knows no labels yet, only addresses.
  [ -n "$site" ] || site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null | awk -v end="/$2/?$" '$0 ~ end && !found++')
  echo "$site"
}

from_debian() {
  local suite=$1 area=$work/apt key='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
  mkdir -p "$area/lists/partial" "$area/cache/archives/partial" "$area/debs" "$area/root"
  local archive security; archive=$(mirror Debian debian); security=$(mirror Debian-Security debian-security)
  [ -n "$archive" ] || { echo "The apt of this machine names no Debian mirror to fetch WordPress from." >&2; return 1; }
  echo "deb $key $archive $suite main" > "$area/sources.list"
  # Stable gets its point fixes through the security archive; sid has none.
  [ "$suite" = sid ] || [ -z "$security" ] || echo "deb $key $security $suite-security main" >> "$area/sources.list"
  # A snapshot mirror may hold a Release file past its Valid-Until; the signature is still checked.
  local options=(-qq -o "Dir::Etc::sourcelist=$area/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$area/lists" -o "Dir::Cache=$area/cache" -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none)
  [ "$(id -u)" != 0 ] || options+=(-o APT::Sandbox::User=root)
  local packages=(wordpress php-getid3 wordpress-theme-twentytwentyfive libjs-underscore libjs-cropper libjs-lodash)
  [ "$suite" != sid ] || packages+=(libphp-phpmailer)
  apt-get "${options[@]}" update
  ( cd "$area/debs" && apt-get "${options[@]}" download "${packages[@]}" )
  for package in "$area"/debs/*.deb; do dpkg-deb -x "$package" "$area/root"; done
  rm -f "$area/root/usr/share/wordpress/.htaccess" "$area/root/usr/share/wordpress/wp-config.php"
  # The package links to php-getid3, phpmailer and libjs-*; -L makes plain files of the links. Links to
  # packages that only a printed manual or an old theme needs stay dead, so cp's status says nothing.
  cp -rL "$area/root/usr/share/wordpress/." "$tree/" 2> "$work/cp.log" || true
  cp -rL "$area/root/var/lib/wordpress/wp-content/." "$tree/wp-content/" 2>> "$work/cp.log" || true
}

from_npm() {
  local tarball; tarball=$(npm_tarball @wp-playground/wordpress-builds 0.9.19 e62ccde83c48571e7f38b46030f13a9a868e42086b1c7c80b54cde535edd114d)
  tar xzf "$tarball" -C "$work" "package/src/wordpress/wp-$1.zip" "package/public/wp-$1"
  unzip -q "$work/package/src/wordpress/wp-$1.zip" -d "$work/zip"
  if [ -d "$work/zip/wordpress" ]; then cp -r "$work/zip/wordpress/." "$tree/"; else cp -r "$work/zip/." "$tree/"; fi
  cp -r "$work/package/public/wp-$1/." "$tree/"      # The zip leaves out styles and scripts.
  rm -rf "$tree/wp-content/database" "$tree/wp-content/plugins/sqlite-database-integration"
}

from_wordpress_org() {
  curl -fsSL -o "$work/wordpress.zip" "https://wordpress.org/wordpress-$1.zip"
  unzip -q "$work/wordpress.zip" -d "$work/zip"
  cp -r "$work/zip/wordpress/." "$tree/"
}

has_debian() { command -v apt-get > /dev/null && command -v dpkg-deb > /dev/null && [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] && [ -n "$(mirror Debian debian)" ]; }

case $version in
  7.1) if has_debian; then from_debian sid; else from_wordpress_org 7.1; fi ;;
  6.8) if has_debian; then from_debian trixie; else from_wordpress_org 6.8; fi ;;
  6.5) from_npm 6.5 ;;
  *) echo "Unknown WordPress version $version: choose 7.1, 6.8 or 6.5." >&2; exit 2 ;;
esac

# The released SQLite driver lies as a zip in WordPress Playground's package.
tar xzf "$(npm_tarball @wp-playground/cli 3.1.56 7cba7021c70a824d309f8d3bcbf6f9250c44795445b5d2883baa763a63482a7c)" -C "$work" package/sqlite-database-integration.zip
unzip -q "$work/package/sqlite-database-integration.zip" -d "$work/sqlite"
mkdir -p "$tree/wp-content/plugins"
mv "$work/sqlite/plugin-sqlite-database-integration" "$tree/wp-content/plugins/sqlite-database-integration"
sed -e "s#'{SQLITE_IMPLEMENTATION_FOLDER_PATH}'#__DIR__ . '/plugins/sqlite-database-integration'#" \
    -e "s#{SQLITE_IMPLEMENTATION_FOLDER_PATH}#$out/wp-content/plugins/sqlite-database-integration#" \
    -e "s#{SQLITE_PLUGIN}#sqlite-database-integration/load.php#" \
    "$tree/wp-content/plugins/sqlite-database-integration/db.copy" > "$tree/wp-content/db.php"
# Several clones share this tree, each with a configuration of its own.
printf '%s\n' '<?php' "defined( 'ABSPATH' ) || define( 'ABSPATH', __DIR__ . '/' );" "require getenv( 'HALLPASS_WP_CONFIG' );" > "$tree/wp-config.php"
grep -q '\$wp_version' "$tree/wp-includes/version.php"
chmod -R u+rwX,go+rX "$tree"
[ -e "$out" ] || mv "$tree" "$out"
