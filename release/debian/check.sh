#!/bin/sh
# Install, use, upgrade, downgrade, remove and purge a package in a Debian made for it. Needs root and mmdebstrap.
#   release/debian/check.sh DEB CODENAME
set -eu
deb=$(realpath "$1") codename=$2
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
root=$work/root
# In a mount namespace of its own, so that nothing stays mounted, whatever happens.
[ -n "${IN_NAMESPACE:-}" ] || { rmdir "$work"; exec env IN_NAMESPACE=1 unshare --mount "$0" "$@"; }
trap 'umount -R "$root/proc" "$root/dev" 2>/dev/null || true; rm -rf --one-file-system "$work"' EXIT

mmdebstrap --quiet --variant=minbase --include=systemd "$codename" "$root"
cp "$deb" "$root/root/package.deb"
cp "$here/../smoke.py" "$root/srv/"
"$here/repack.sh" "$deb" "$root/root/next.deb"
mount -t proc proc "$root/proc"
mount --rbind --make-rslave /dev "$root/dev"
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }
installed() { inside dpkg-query -W -f '${Version}' imgwatch; }

# What it depends on comes from Debian.
cp /etc/resolv.conf "$root/etc/resolv.conf"
inside apt-get update -qq
inside apt-get install -qq --no-install-recommends /root/package.deb >/dev/null
first=$(installed)
inside imgwatch --version
inside dpkg --verify imgwatch
inside getent passwd imgwatch >/dev/null
test "$(inside stat -c '%U %a' /var/lib/imgwatch)" = "imgwatch 700"
inside imgwatch quarantine list --help >/dev/null
inside imgwatch review --help >/dev/null
inside /opt/imgwatch/bin/python3 -c 'import starlette, uvicorn, prometheus_client'
inside setpriv --reuid imgwatch --regid imgwatch --clear-groups env HOME=/var/lib/imgwatch \
    /opt/imgwatch/bin/python3 /srv/smoke.py imgwatch /var/lib/imgwatch/smoke

inside dpkg -i /root/next.deb >/dev/null
test "$(installed)" != "$first"
inside imgwatch status --config /var/lib/imgwatch/smoke/config.yaml | grep -q 'quarantined: 1' # what was remembered is known
inside dpkg -i /root/package.deb >/dev/null 2>&1 # back to the older one
test "$(installed)" = "$first"
inside imgwatch status --config /var/lib/imgwatch/smoke/config.yaml | grep -q 'quarantined: 1'

inside dpkg -r imgwatch >/dev/null
test ! -e "$root/opt/imgwatch" || { echo "left behind:"; find "$root/opt/imgwatch"; exit 1; }
test ! -e "$root/usr/bin/imgwatch"
test -d "$root/var/lib/imgwatch/smoke/quarantine/records" # pictures and state stay
inside dpkg -P imgwatch 2>"$work/purged" >/dev/null
grep -q 'is kept: pictures in quarantine lie in /var/lib/imgwatch/smoke/quarantine' "$work/purged"
test -d "$root/var/lib/imgwatch/smoke/quarantine/records"
rm -r "$root/var/lib/imgwatch/smoke/quarantine"
inside dpkg -i /root/package.deb >/dev/null
inside dpkg -P imgwatch >/dev/null 2>&1
test ! -e "$root/var/lib/imgwatch"
echo "$(basename "$deb"): installed, used, upgraded, downgraded, removed and purged on Debian $codename"
