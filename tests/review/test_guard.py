"""Nobody but the user's own browser gets an answer."""

from __future__ import annotations

import pytest

from conftest import WriteConfig
from gallery import HOST, ORIGIN, PORT, Open, Scene
from imgwatch.review.guard import Hosts


@pytest.mark.parametrize("address", ["/", "/activity", "/pictures", "/pictures/0123456789ab/large", "/live"])
def test_without_the_key_there_is_nothing(scene: Scene, open_gallery: Open, address: str) -> None:
    browser = open_gallery(scene)
    answer = browser.without_key.get(address)
    assert answer.status_code == 403
    assert "imgwatch review" in answer.text


def test_token_is_exchanged_for_a_cookie_that_scripts_and_other_sites_do_not_get(
    scene: Scene, open_gallery: Open
) -> None:
    browser = open_gallery(scene)
    answer = browser.without_key.get(f"/?token={browser.keys.token}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert browser.keys.token not in cookie


@pytest.mark.parametrize("token", ["", "x", "é" * 40])
def test_a_wrong_token_opens_nothing(scene: Scene, open_gallery: Open, token: str) -> None:
    answer = open_gallery(scene).without_key.get("/", params={"token": token})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1:1", f"127.0.0.1.evil:{PORT}", "["]
)
def test_a_name_that_was_rebound_to_us_is_refused(scene: Scene, open_gallery: Open, host: str) -> None:
    assert open_gallery(scene).client.get("/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", f"https://{HOST}", "http://127.0.0.1:1"]
)
@pytest.mark.parametrize("address", ["/decide", "/undo", "/empty"])
def test_other_sites_decide_nothing(
    scene: Scene, open_gallery: Open, origin: str | None, address: str
) -> None:
    scene.fill(1)
    browser = open_gallery(scene)
    picture = browser.rows()[0]["id"]
    asked = {"verb": "delete", "ids": [picture], "shown_as": "open"}
    answer = browser.client.post(address, json=asked, headers={"Origin": origin} if origin else {})
    assert answer.status_code == 403
    assert [row["standing"] for row in browser.rows()] == ["open"]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_embed_nothing(scene: Scene, open_gallery: Open, site: str) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}
    assert open_gallery(scene).client.get("/pictures", headers=headers).status_code == 403


@pytest.mark.parametrize("address", ["/", "/activity", "/pictures", "/static/review.css", "/nothing"])
def test_every_answer_carries_the_strict_policy(scene: Scene, open_gallery: Open, address: str) -> None:
    browser = open_gallery(scene)
    for client in (browser.client, browser.without_key):
        headers = client.get(address).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_pages_hold_nothing_that_the_policy_forbids(scene: Scene, open_gallery: Open) -> None:
    browser = open_gallery(scene)
    for address in ("/", "/activity"):
        text = browser.client.get(address).text
        assert "style=" not in text
        assert "<script>" not in text
        assert "://" not in text.replace("http://www.w3.org", "")


@pytest.mark.parametrize(
    "asked", ["[]", "{", '{"verb": "shred", "ids": [], "shown_as": "open"}', '{"verb": "delete", "ids": 7}']
)
def test_nonsense_is_refused(scene: Scene, open_gallery: Open, asked: str) -> None:
    headers = {"Origin": ORIGIN, "Content-Type": "application/json"}
    assert open_gallery(scene).client.post("/decide", content=asked, headers=headers).status_code == 400


def test_too_long_a_request_is_refused_before_it_is_read(scene: Scene, open_gallery: Open) -> None:
    headers = {"Origin": ORIGIN, "Content-Length": str(1 << 30)}
    assert open_gallery(scene).client.post("/decide", content=b"{}", headers=headers).status_code == 413


@pytest.mark.parametrize("name", ["..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "junk_000.png", "0" * 12])
@pytest.mark.parametrize("what", ["small", "large", "heat", ""])
def test_a_browser_names_ids_and_never_paths(scene: Scene, open_gallery: Open, name: str, what: str) -> None:
    scene.fill(1)
    browser = open_gallery(scene)
    assert browser.client.get(f"/pictures/{name}/{what}".rstrip("/")).status_code == 404
    assert browser.client.get(f"/normal/{name}").status_code == 404


def test_other_machines_may_use_an_address_and_no_name() -> None:
    hosts = Hosts(80, listens_to_others=True)
    assert hosts.admits("192.0.2.7")
    assert hosts.admits("[2001:db8::1]:80")
    assert not hosts.admits("gallery.example")
    assert not Hosts(80).admits("192.0.2.7")


def test_two_galleries_on_one_machine_keep_their_cookies_apart(
    scene: Scene, open_gallery: Open, write_config: WriteConfig
) -> None:
    del write_config
    cookies = open_gallery(scene).client.cookies
    assert list(cookies.keys()) == [f"imgwatch_{PORT}"]
