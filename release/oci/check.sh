#!/bin/sh
# Run an image that buildah has built as it is meant to be run: read-only, without rights, no network. Needs root, buildah, runc.
#   release/oci/check.sh IMAGE smoke.py|self_test.py      (of release/; an emulated processor takes too long for the first)
set -eu
image=$1 program=$2
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
container=$(buildah from --pull-never "$image")
trap 'buildah umount "$container" >/dev/null; buildah rm "$container" >/dev/null; rm -rf --one-file-system "$work"' EXIT
root=$(buildah mount "$container")
mkdir "$work/state" "$work/pictures" "$work/bundle"
chown 1000:1000 "$work/state" "$work/pictures"
cd "$work/bundle"
runc spec
python3 - "$root" "$work" "$here/../$program" <<'END'
import json, sys

root, work, program = sys.argv[1:]
with open("config.json") as stream:
    spec = json.load(stream)
spec["root"] = {"path": root, "readonly": True}
spec["process"] |= {
    "terminal": False, "user": {"uid": 1000, "gid": 1000}, "cwd": "/", "noNewPrivileges": True, "capabilities": {},
    "env": ["PATH=/opt/imgwatch/bin:/usr/bin:/bin", "HOME=/state", "PYTHONDONTWRITEBYTECODE=1"],
    "args": ["/opt/imgwatch/bin/python", "/mnt/program.py", "imgwatch", "/pictures/smoke"],
}  # fmt: skip
bind = lambda source, target, *more: {"destination": target, "source": source, "type": "bind", "options": ["bind", *more]}
spec["mounts"] += [
    {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777"]},
    bind(f"{work}/state", "/state", "rw"), bind(f"{work}/pictures", "/pictures", "rw"),
    bind(program, "/mnt/program.py", "ro"),
]  # fmt: skip
with open("config.json", "w") as stream:
    json.dump(spec, stream)
END
runc run "imgwatch-check-$$"
echo "$image: $program ran as user 1000, on a read-only root, without a network"
