#!/bin/sh
# The arm64 package on another kind of processor, emulated: the general model passes its self-test. Needs mmdebstrap.
#   release/debian/check_arm64.sh DEB CODENAME PYTHON
set -eu
deb=$(realpath "$1") codename=$2 python=$3
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
mmdebstrap --quiet --arch=arm64 --variant=extract --include=python3,libstdc++6 "$codename" "$work/root"
mmdebstrap --quiet --variant=extract --include=qemu-user trixie "$work/emulator" # Debian 12's cannot run onnxruntime
dpkg-deb --fsys-tarfile "$deb" | tar x -C "$work/root"
cp "$(dirname "$(realpath "$0")")/../self_test.py" "$work/"
"$work/emulator/usr/bin/qemu-aarch64" -L "$work/root" -E "PYTHONHOME=$work/root/usr" \
    -E "PYTHONPATH=$work/root/opt/imgwatch/lib/python$python/site-packages" "$work/root/usr/bin/python$python" "$work/self_test.py"
