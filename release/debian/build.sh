#!/bin/sh
# Build the Debian package of one release of Debian and one kind of processor, on any machine:
#   release/debian/build.sh WHEEL VERSION CODENAME PYTHON ARCHITECTURE OUT
# such as `... imgwatch-0.2.0-py3-none-any.whl 0.2.0-1 bookworm 3.11 amd64 dist`.
# It has its own environment in /opt/imgwatch: the versions in constraints.txt, not Debian's, are those that were tested.
# The same bytes come out for the same SOURCE_DATE_EPOCH.
set -eu
wheel=$1 version=$2 codename=$3 python=$4 architecture=$5 out=$6
here=$(dirname "$(realpath "$0")") top=$(dirname "$(dirname "$here")")
UV=${UV:-uv}
case $architecture in
amd64) platform=x86_64-manylinux_2_28 ;;
arm64) platform=aarch64-manylinux_2_28 ;;
*) echo "$0: $architecture: amd64 or arm64" >&2; exit 2 ;;
esac
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
umask 022
chmod 755 "$root"

# The environment, as `python3 -m venv /opt/imgwatch` would lay it out on that machine.
prefix=$root/opt/imgwatch
site=$prefix/lib/python$python/site-packages
mkdir -p "$prefix/bin" "$site"
ln -s "/usr/bin/python$python" "$prefix/bin/python3"
ln -s python3 "$prefix/bin/python"
printf 'home = /usr/bin\ninclude-system-site-packages = false\nversion = %s\n' "$python" >"$prefix/pyvenv.cfg"
"$UV" pip install -q --target "$site" --python-platform "$platform" --python-version "$python" \
    --only-binary :all: --no-compile-bytecode --link-mode copy -c "$top/constraints.txt" "imgwatch[review,metrics,notify] @ file://$(realpath "$wheel")"
# uv lays a wheel's scripts and data below its target, with the building machine's Python in the scripts.
rm -rf "$site/bin"
mv "$site/share" "$root/share"
rm -f "$site/.lock"
find "$site" -name '*.dist-info' -type d -exec sh -c 'rm -f "$1/direct_url.json" "$1/uv_cache.json" "$1/RECORD"' sh {} \;
cat >"$prefix/bin/imgwatch" <<'END'
#!/opt/imgwatch/bin/python3 -P
import sys
from imgwatch.start import main
if __name__ == "__main__":  # not in the decoding workers, which import this file, too
    sys.exit(main())
END
chmod 755 "$prefix/bin/imgwatch"

# What the system finds by itself: command, manual, completion, units, the service's user and its folder.
mkdir -p "$root/usr/bin" "$root/usr/share/doc/imgwatch/examples" \
    "$root/usr/share/zsh/vendor-completions" "$root/usr/lib/systemd/system" "$root/usr/lib/systemd/user"
ln -s /opt/imgwatch/bin/imgwatch "$root/usr/bin/imgwatch"
mv "$root/share/zsh/site-functions/_imgwatch" "$root/usr/share/zsh/vendor-completions/"
mv "$root/share/man" "$root/share/bash-completion" "$root/share/fish" "$root/usr/share/"
rm -r "$root/share"
gzip -9n "$root"/usr/share/man/man*/*
install -m 644 "$top/systemd/imgwatch.service" "$top/systemd/imgwatch@.service" "$root/usr/lib/systemd/system/"
install -m 644 "$top/systemd/imgwatch-review.service" "$top/systemd/imgwatch-review.socket" "$root/usr/lib/systemd/system/"
install -m 644 "$top/systemd/imgwatch-user.service" "$root/usr/lib/systemd/user/imgwatch.service"
install -m 644 "$top/systemd/imgwatch-review-user.service" "$root/usr/lib/systemd/user/imgwatch-review.service"
install -m 644 "$top/systemd/imgwatch-review.socket" "$root/usr/lib/systemd/user/"
install -m 644 -D "$here/sysusers.conf" "$root/usr/lib/sysusers.d/imgwatch.conf"
install -m 644 -D "$here/tmpfiles.conf" "$root/usr/lib/tmpfiles.d/imgwatch.conf"
install -m 644 "$here/README.Debian" "$here/copyright" "$root/usr/share/doc/imgwatch/"
install -m 644 "$top/daemon/imgwatch/config.yaml" "$root/usr/share/doc/imgwatch/examples/"
gzip -9nc "$top/CHANGELOG.md" >"$root/usr/share/doc/imgwatch/changelog.gz"

# What dpkg wants to know.
mkdir "$root/DEBIAN"
minor=${python#3.}
sed -e "s/@VERSION@/$version~$codename/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@PYTHON@/$python/" \
    -e "s/@NEXT@/3.$((minor + 1))/" -e "s/@SIZE@/$(du -sk --exclude DEBIAN "$root" | cut -f1)/" \
    "$here/control" >"$root/DEBIAN/control"
for script in postinst prerm postrm; do install -m 755 "$here/$script" "$root/DEBIAN/"; done
(cd "$root" && find opt usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
mkdir -p "$out"
dpkg-deb --root-owner-group -Zzstd -z12 --build "$root" "$out/imgwatch_$version~${codename}_$architecture.deb" >/dev/null
