#!/bin/sh
# Make a Debian, boot its own systemd in it, and run a command there; files lie in its /mnt. All of it is thrown away afterwards.
#   IMGWATCH_SYSTEMD_RUNNER=RUNNER release/debian/boot.sh CODENAME FILE... -- COMMAND [ARGUMENT]...
# Needs root, mmdebstrap, and RUNNER: a script that boots the systemd of the system that it lies in, and runs a command under it.
set -eu

make() { # ROOT CODENAME
    mmdebstrap --quiet --variant=minbase --include=systemd,dbus,mount,python3,libstdc++6 "$2" "$1"
    install -m 755 "$IMGWATCH_SYSTEMD_RUNNER" "$1/usr/local/bin/boot-and-run"
    # From 256 on systemd starts under control groups of version 1 only if the kernel's command line says so.
    [ ! -e /sys/fs/cgroup/cgroup.controllers ] || return 0
    mv "$1/usr/lib/systemd/systemd" "$1/usr/lib/systemd/systemd.real"
    install -m 755 /dev/stdin "$1/usr/lib/systemd/systemd" <<'EOF'
#!/bin/sh
export SYSTEMD_PROC_CMDLINE="systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"
exec /usr/lib/systemd/systemd.real "$@"
EOF
}

codename=$1
shift
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
make "$work/root" "$codename"
while [ "$1" != -- ]; do
    cp -r "$1" "$work/root/mnt/"
    shift
done
shift
top=$(dirname "$(dirname "$(realpath "$0")")")
unshare --mount "$top/enter.sh" "$work/root" PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin boot-and-run -- "$@"
