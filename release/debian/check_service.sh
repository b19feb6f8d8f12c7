#!/bin/sh
# The packaged services under a systemd: started, move a picture, go on after an upgrade, are gone after a removal.
# Changes the machine: run it under one that is thrown away afterwards.
#   release/debian/check_service.sh DEB NEXT_DEB
set -eu
here=$(dirname "$(realpath "$0")")
wait_for() { i=0; until sh -c "$1"; do i=$((i + 1)); [ $i -lt 600 ] || { echo "not within a minute: $1" >&2; journalctl -u 'imgwatch*' -n 30 --no-pager >&2; exit 1; }; sleep .1; done; }
as_imgwatch() { setpriv --reuid imgwatch --regid imgwatch --clear-groups env HOME=/var/lib/imgwatch "$@"; }
is_active() { systemctl is-active --quiet "$1"; }
draw() { (cd "$here/.." && as_imgwatch /opt/imgwatch/bin/python3 -B -c "import smoke; smoke.advertisement().rotate($2).save('$1')"); }

dpkg -i "$1" >/dev/null
! is_active imgwatch || { echo "it runs before anybody asked for it" >&2; exit 1; }
install -d -o imgwatch -g imgwatch /srv/imgwatch /srv/imgwatch/inbox
(cd "$here/.." && /opt/imgwatch/bin/python3 -B -c 'import smoke; smoke.album("/srv/album")')
cat >/etc/imgwatch/config.yaml <<'EOF'
watch: [{path: /srv/imgwatch/inbox}]
quarantine: {path: /srv/imgwatch/quarantine}
state: /var/lib/imgwatch
model: /etc/imgwatch/model.onnx
EOF
imgwatch setup --config /etc/imgwatch/config.yaml --normal /srv/album --false-alarms 0.05 --yes --no-service >/dev/null
systemctl enable --quiet --now imgwatch
test "$(stat -c %U "/proc/$(systemctl show -P MainPID imgwatch)")" = imgwatch
draw /srv/imgwatch/inbox/offer.png 0
wait_for 'test -e /srv/imgwatch/quarantine/pictures/offer.png'

# The gallery's unit as it is packaged: the first request starts it, as the service's user and without a network.
echo 'a long password' | as_imgwatch imgwatch review --set-password --config /etc/imgwatch/config.yaml >/dev/null
systemctl enable --quiet --now imgwatch-review.socket
! is_active imgwatch-review.service || { echo "the gallery runs before the first request" >&2; exit 1; }
token=$(as_imgwatch imgwatch token add check --config /etc/imgwatch/config.yaml | head -n 1)
draw /tmp/sent.png 7
python3 - "$token" <<'EOF'
import http.client, json, sys

def answer(method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", 8466, timeout=60)
    connection.request(method, path, body, headers)
    return connection.getresponse().read().decode()

assert "Password" in answer("GET", "/"), "the gallery asks for no password"
with open("/tmp/sent.png", "rb") as stream:
    judged = json.loads(answer("POST", "/api/v1/judge", stream.read(), Authorization=f"Bearer {sys.argv[1]}"))
assert judged["verdict"] == "quarantine", judged
EOF
is_active imgwatch-review.service
test "$(stat -c %U "/proc/$(systemctl show -P MainPID imgwatch-review)")" = imgwatch
test "$(systemctl show -P PrivateNetwork imgwatch-review)" = yes

# The same as the command does it: as the owner of the folder, who may write just what the config names.
imgwatch service install --config /etc/imgwatch/config.yaml >/dev/null
first=$(systemctl show -P MainPID imgwatch)
draw /srv/imgwatch/inbox/another.png 5
wait_for 'test -e /srv/imgwatch/quarantine/pictures/another.png'

dpkg -i "$2" >/dev/null
wait_for 'systemctl is-active --quiet imgwatch'
test "$(systemctl show -P MainPID imgwatch)" != "$first" || { echo "the upgrade did not restart the service" >&2; exit 1; }
as_imgwatch imgwatch quarantine restore --all --config /etc/imgwatch/config.yaml
test -e /srv/imgwatch/inbox/offer.png
is_active imgwatch-review.socket

dpkg -r imgwatch >/dev/null
for unit in imgwatch.service imgwatch-review.service imgwatch-review.socket; do
    ! is_active $unit || { echo "$unit runs although the package is removed" >&2; exit 1; }
done
test -e /srv/imgwatch/inbox/offer.png
dpkg -P imgwatch >/dev/null
test ! -e /var/lib/imgwatch
test -e /srv/imgwatch/inbox/offer.png
test -z "$(systemctl list-units --failed --no-legend 'imgwatch*')"
systemd=$(systemctl --version | { read -r _ number _; echo "$number"; })
echo "$(basename "$1"): under systemd $systemd the service and the gallery ran, went on after the upgrade, and were gone after the removal"
