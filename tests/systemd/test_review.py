"""`imgwatch service install --review` under a real systemd: the first request starts a gallery without a network."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

import pytest

from conftest import bright
from daemon import wait_until
from machine import Machine

pytestmark = [pytest.mark.systemd, pytest.mark.root]

PROXY = "{names: [photos.home], trust_proxy: {addresses: [127.0.0.1], user_header: X-Remote-User}}"
HEADERS = {"Host": "photos.home", "X-Remote-User": "alice", "X-Forwarded-Proto": "https"}


def asked(method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", 8466, timeout=60)
    try:
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_the_first_request_starts_it_and_it_restores_and_judges(machine: Machine, tmp_path: Path) -> None:
    for shipped in Path("/etc/systemd/system").glob("imgwatch-review.*"):
        shipped.unlink()
    machine.write_config(review=PROXY)
    machine.systemctl("start", "imgwatch")
    machine.drop("b1.png")
    machine.wait_quarantined("b1.png")
    said = machine.imgwatch("service", "install", "--review", "--config", machine.config)
    assert "enabled imgwatch-review.socket" in said
    unit = "imgwatch-review.service"
    assert machine.show("User", unit) == "imgwatch"
    assert machine.show("ActiveState", unit) == "inactive"
    status, rows = asked("GET", "/pictures", HEADERS)
    assert status == 200
    assert machine.show("ActiveState", unit) == "active"
    assert machine.show("PrivateNetwork", unit) == "yes"
    (row,) = json.loads(rows)["pictures"]
    verdict = {"verb": "restore", "ids": [row["id"]], "shown_as": "open"}
    headers = HEADERS | {"Origin": "https://photos.home"}
    status, answer = asked("POST", "/decide", headers, json.dumps(verdict).encode())
    assert json.loads(answer)["done"] == [row["id"]]
    assert (machine.inbox / "b1.png").exists()
    token = machine.imgwatch("token", "add", "shop", "--config", machine.config).splitlines()[0]
    upload = bright(tmp_path / "u.png").read_bytes()
    bearer = {"Authorization": f"Bearer {token}"}
    status, answer = asked("POST", "/api/v1/judge", bearer, upload)
    assert (status, json.loads(answer)["verdict"]) == (200, "quarantine")
    machine.imgwatch("service", "uninstall", "--review")
    wait_until(
        lambda: not list(Path("/etc/systemd/system").glob("imgwatch-review.s*")), says="both are removed"
    )
