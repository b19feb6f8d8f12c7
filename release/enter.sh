#!/bin/sh
# Run a command in a system that lies in a folder, in a mount namespace of its own, so that nothing stays mounted:
#   unshare --mount release/enter.sh ROOT [NAME=VALUE]... COMMAND [ARGUMENT]...
# The system that this one runs in stays mounted at /before.
set -eu
cd "$1"
shift
mount --rbind . .
cd "$PWD"
for folder in proc sys dev; do mount --rbind --make-rslave "/$folder" "$folder"; done
mkdir -p before
pivot_root . before
exec chroot . env -i LC_ALL=C.UTF-8 "$@"
