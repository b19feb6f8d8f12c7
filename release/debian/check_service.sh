#!/bin/sh
# The packaged service under a systemd: started, moves a picture, goes on after an upgrade, is gone after a removal.
# Changes the machine: run it under one that is thrown away afterwards.
#   release/debian/check_service.sh DEB NEXT_DEB
set -eu
here=$(dirname "$(realpath "$0")")
wait_for() { i=0; until sh -c "$1"; do i=$((i + 1)); [ $i -lt 600 ] || { echo "not within a minute: $1" >&2; journalctl -u imgwatch -n 30 --no-pager >&2; exit 1; }; sleep .1; done; }
journal() { journalctl -u imgwatch --no-pager -o cat; }

dpkg -i "$1" >/dev/null
systemctl is-active imgwatch >/dev/null && { echo "it runs before anybody asked for it" >&2; exit 1; }
install -d -o imgwatch -g imgwatch /srv/imgwatch /srv/imgwatch/inbox
imgwatch init --config /etc/imgwatch/config.yaml --watch /srv/imgwatch/inbox >/dev/null
sed -i -e 's#~/.local/share/imgwatch/quarantine#/srv/imgwatch/quarantine#' -e 's#~/.local/state/imgwatch#/var/lib/imgwatch#' \
    -e 's#^threshold:#threshold_of_old:#' /etc/imgwatch/config.yaml
sed -i -e '/^threshold_of_old:/,/^$/d' /etc/imgwatch/config.yaml
systemctl enable --quiet --now imgwatch
first=$(systemctl show -P MainPID imgwatch)
test "$(stat -c %U "/proc/$first")" = imgwatch
(cd "$here/.." && setpriv --reuid imgwatch --regid imgwatch --clear-groups /opt/imgwatch/bin/python3 -B -c \
    'import smoke; smoke.advertisement().save("/srv/imgwatch/inbox/offer.png")')
wait_for 'test -e /srv/imgwatch/quarantine/pictures/offer.png'

# The same as the command does it: as the owner of the folder, who may write just what the config names.
imgwatch service install --config /etc/imgwatch/config.yaml >/dev/null
first=$(systemctl show -P MainPID imgwatch)
(cd "$here/.." && setpriv --reuid imgwatch --regid imgwatch --clear-groups /opt/imgwatch/bin/python3 -B -c \
    'import smoke; smoke.advertisement().rotate(5).save("/srv/imgwatch/inbox/another.png")')
wait_for 'test -e /srv/imgwatch/quarantine/pictures/another.png'

dpkg -i "$2" >/dev/null
wait_for 'systemctl is-active --quiet imgwatch'
second=$(systemctl show -P MainPID imgwatch)
test "$second" != "$first" || { echo "the upgrade did not restart the service" >&2; exit 1; }
setpriv --reuid imgwatch --regid imgwatch --clear-groups imgwatch quarantine restore --all --config /etc/imgwatch/config.yaml
test -e /srv/imgwatch/inbox/offer.png

dpkg -r imgwatch >/dev/null
systemctl is-active --quiet imgwatch && { echo "it runs although it is removed" >&2; exit 1; }
test -e /srv/imgwatch/inbox/offer.png
echo "$(basename "$1"): the service ran, moved a picture, went on after the upgrade, and was gone after the removal"
