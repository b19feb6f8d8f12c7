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
cat >"$work/look.py" <<'END'
import platform
from pathlib import Path

from imgwatch.model.scorer import Scorer
from imgwatch.version import GENERAL_MODEL, version_words

Scorer(Path(GENERAL_MODEL))  # scores the golden pictures; raises where it does not come to what it came to when it was trained
print(f"{version_words()} passes its self-test on {platform.machine()}")
END
"$work/emulator/usr/bin/qemu-aarch64" -L "$work/root" -E "PYTHONHOME=$work/root/usr" \
    -E "PYTHONPATH=$work/root/opt/imgwatch/lib/python$python/site-packages" "$work/root/usr/bin/python$python" "$work/look.py"
