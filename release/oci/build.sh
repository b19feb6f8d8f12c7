#!/bin/sh
# Build the image for a kind of processor from Containerfile and dist/, check it, and keep it as an OCI archive, on a machine that has
# neither a container engine nor a registry: buildah and runc come from Debian, and the base is bootstrapped from Debian's packages.
# Needs root and mmdebstrap.
#   release/oci/build.sh amd64|arm64 VERSION OUT.tar
set -eu

make() { # ROOT ARCHITECTURE: the tools, and in them the base
    mmdebstrap --quiet --variant=minbase --include=buildah,netavark,runc,qemu-user,python3,ca-certificates trixie "$1"
    [ "$2" = "$(dpkg --print-architecture)" ] || emulate "$1/usr/bin/qemu-aarch64"
    mmdebstrap --quiet --skip=check/qemu --architectures="$2" --variant=minbase trixie "$1/base.tar"
}

emulate() { # QEMU: from now on the kernel runs programs for arm64 by it; `forget` ends that
    [ -e $BINFMT/register ] || { mount -t binfmt_misc none $BINFMT && mounted=yes; }
    magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
    mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
    printf ':imgwatch-arm64:M::%s:%s:%s:F' "$magic" "$mask" "$1" >$BINFMT/register
}

forget() {
    [ ! -e $BINFMT/imgwatch-arm64 ] || echo -1 >$BINFMT/imgwatch-arm64
    [ -z "${mounted:-}" ] || umount $BINFMT
}

build() { # ARCHITECTURE VERSION, among the tools
    umount -l /before
    container=$(buildah from --arch "$1" scratch)
    buildah add -q "$container" /base.tar / >/dev/null
    buildah commit -q --rm "$container" docker.io/library/debian:13-slim >/dev/null
    # The certificates that this machine trusts are lent to pip, and are not in the image.
    buildah build -q --pull-never --arch "$1" --timestamp "$SOURCE_DATE_EPOCH" -f /build/release/oci/Containerfile -t "imgwatch:$2" \
        --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 --volume /lent:/root/.config/pip:ro /build
    program=smoke.py
    [ "$1" = "$(dpkg --print-architecture)" ] || program=self_test.py
    /build/release/oci/check.sh "imgwatch:$2" "$program"
    buildah push -q "imgwatch:$2" "oci-archive:/image.tar:imgwatch:$2"
}

BINFMT=/proc/sys/fs/binfmt_misc
if [ "$1" = --build ]; then
    shift
    build "$@"
    exit
fi
architecture=$1 version=$2 out=$(realpath "$3")
top=$(dirname "$(dirname "$(dirname "$(realpath "$0")")")")
work=$(mktemp -d)
trap 'forget; rm -rf --one-file-system "$work"' EXIT
make "$work/root" "$architecture"
mkdir -p "$work/root/build/dist" "$work/root/lent"
cp -r "$top/constraints.txt" "$top/release" "$work/root/build/"
cp "$top"/dist/imgwatch-*.whl "$work/root/build/dist/"
cp /etc/ssl/certs/ca-certificates.crt "$work/root/lent/certificates.crt"
printf '[global]\ncert = /root/.config/pip/certificates.crt\ntimeout = 180\n' >"$work/root/lent/pip.conf"
cp /etc/resolv.conf "$work/root/etc/resolv.conf"
unshare --mount "$top/release/enter.sh" "$work/root" PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot \
    "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" /build/release/oci/build.sh --build "$architecture" "$version"
mv "$work/root/image.tar" "$out"
