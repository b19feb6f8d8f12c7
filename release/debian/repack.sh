#!/bin/sh
# Make the same package with a higher version, to upgrade to:  release/debian/repack.sh DEB OUT
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dpkg-deb -R "$1" "$work/tree"
sed -i 's/^Version: .*/&+next/' "$work/tree/DEBIAN/control"
dpkg-deb --root-owner-group -Znone --build "$work/tree" "$2" >/dev/null
