"""The gallery as a lasting service: names of the config, the password, and a proxy that names the user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from gallery import HOST, ORIGIN, Open, Scene, opened_browser
from imgwatch.cli import app
from imgwatch.config import parse_config
from imgwatch.errors import ConfigError, UsageError
from imgwatch.review import password
from imgwatch.review.door import Door, door_of
from imgwatch.review.keys import Keys
from imgwatch.review.proxy import Proxy
from imgwatch.review.tries import FREE_TRIES, LONGEST_PAUSE_SECONDS, MOST_VISITORS, WrongTries
from imgwatch.settings import Settings

NAME = "photos.home"
SECRET = "correct horse battery"
HEADERS = {"Host": NAME, "Origin": f"https://{NAME}", "X-Forwarded-Proto": "https"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "review.password"
    password.set_password(path, SECRET)
    return path


@contextmanager
def visitor(scene: Scene, door: Door, address: str = "127.0.0.1") -> Iterator[TestClient]:
    with opened_browser(scene, door, Keys(clock=lambda: 0.0)) as browser:  # no time passes
        yield TestClient(browser.app, base_url=ORIGIN, client=(address, 4711))


def proxied(**more: object) -> Proxy:
    return Proxy(frozenset({"127.0.0.1"}), **more)  # type: ignore[arg-type]


def test_the_hash_is_its_owners_alone_and_not_the_password(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    assert SECRET not in file.read_text()
    assert password.matches(file, SECRET)
    assert not password.matches(file, SECRET + "x")
    assert not password.matches(file, "x" * 5000)


@pytest.mark.parametrize("content", ["", "scrypt-1:a:b:c", "scrypt-9:YQ==:YQ==", "scrypt-1:*:*", "\xff"])
def test_a_file_that_holds_no_password_is_refused(file: Path, content: str) -> None:
    file.write_text(content)
    with pytest.raises(ConfigError, match="--set-password"):
        password.require_usable(file)


def test_a_hash_that_others_may_read_is_refused(file: Path) -> None:
    file.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        password.require_usable(file)


def test_a_short_password_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least 8"):
        password.set_password(tmp_path / "p", "short")
    assert list(tmp_path.iterdir()) == []


def test_the_command_sets_it_from_a_pipe(scene: Scene) -> None:
    done = CliRunner().invoke(
        app(), ["review", "--set-password", "--config", str(scene.config)], input=f"{SECRET}\n"
    )
    assert done.exit_code == 0, done.output
    assert password.matches(scene.settings.state / password.NAME, SECRET)


def test_a_name_of_the_config_is_answered_and_no_other(scene: Scene, file: Path) -> None:
    with visitor(scene, Door(frozenset({NAME}), password_file=file)) as client:
        for host in (NAME, f"{NAME}:8443", NAME.upper(), HOST):
            assert client.get("/", headers={"Host": host}).status_code == 403, "asks for the password"
        for host in ("evil.example", f"{NAME}.evil.example", f"x.{NAME}"):
            assert client.get("/", headers={"Host": host}).status_code == 421


def test_the_password_opens_a_session_whose_cookie_is_for_tls_alone(scene: Scene, file: Path) -> None:
    with visitor(scene, Door(frozenset({NAME}), proxied(), file)) as client:
        page = client.get("/activity", headers=HEADERS)
        assert (page.status_code, 'type="password"' in page.text) == (403, True)
        assert "form-action 'self'" in page.headers["content-security-policy"]
        sent = client.post("/login", data={"password": SECRET}, headers=HEADERS, follow_redirects=False)
        assert (sent.status_code, sent.headers["location"]) == (303, "/")
        cookie = sent.headers["set-cookie"]
        for wanted in ("HttpOnly", "SameSite=strict", "Secure"):
            assert wanted in cookie
        brought = {"Cookie": cookie.partition(";")[0]}
        assert client.get("/", headers=HEADERS | brought).status_code == 200
        assert client.post("/undo", json={}, headers=HEADERS | brought).status_code == 200


def test_without_tls_the_cookie_is_not_for_tls_alone(scene: Scene, file: Path) -> None:
    with visitor(scene, Door(password_file=file)) as client:
        headers = {"Origin": ORIGIN, "X-Forwarded-Proto": "https"}  # from whom nobody trusts
        assert client.post("/login", data={"password": SECRET}, headers=headers).status_code == 200
        assert client.get("/").status_code == 200


def test_a_new_password_ends_the_sessions_of_the_old_one(scene: Scene, file: Path) -> None:
    with visitor(scene, Door(password_file=file)) as client:
        for word in (SECRET, "another horse battery"):
            password.set_password(file, word)
            assert client.get("/").status_code == 403
            client.post("/login", data={"password": word}, headers={"Origin": ORIGIN})
            assert client.get("/").status_code == 200


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", f"http://{NAME}"])
def test_other_sites_log_nobody_in(scene: Scene, file: Path, origin: str | None) -> None:
    with visitor(scene, Door(frozenset({NAME}), proxied(), file)) as client:
        headers = {name: value for name, value in HEADERS.items() if name != "Origin"}
        headers |= {"Origin": origin} if origin else {}
        assert client.post("/login", data={"password": SECRET}, headers=headers).status_code == 403
        assert not client.cookies


def test_wrong_tries_make_one_visitor_wait_and_no_other(scene: Scene, file: Path) -> None:
    with visitor(scene, Door(frozenset({NAME}), proxied(), file)) as client:

        def tried(word: str, address: str) -> int:
            headers = HEADERS | {"X-Forwarded-For": f"9.9.9.9, {address}"}
            sent = client.post("/login", data={"password": word}, headers=headers, follow_redirects=False)
            return sent.status_code

        for _ in range(FREE_TRIES):
            assert tried("wrong password", "192.0.2.1") == 403
        assert tried(SECRET, "192.0.2.1") == 429
        assert tried(SECRET, "192.0.2.2") == 303


def test_the_pause_grows_up_to_a_limit_and_is_forgotten() -> None:
    now = [0.0]
    tries, pauses = WrongTries(clock=lambda: now[0]), []
    for _ in range(FREE_TRIES + 10):
        tries.note("a")
        pauses.append(tries.pause("a"))
        now[0] += pauses[-1]
    assert pauses[: FREE_TRIES + 2] == [0.0] * (FREE_TRIES - 1) + [1.0, 2.0, 4.0]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS
    assert tries.pause("b") == 0
    now[0] += 4000
    assert tries.pause("a") == 0
    tries.note("a")
    tries.forgive("a")
    assert tries.pause("a") == 0


def test_a_crowd_of_visitors_costs_no_memory() -> None:
    tries = WrongTries(clock=lambda: 0.0)
    for number in range(MOST_VISITORS + 100):
        tries.note(str(number))
    assert len(tries._tries) == MOST_VISITORS


def test_whom_the_proxy_names_is_let_in_from_its_address_alone(scene: Scene) -> None:
    door = Door(frozenset({NAME}), proxied(user_header="X-Remote-User"))
    named = HEADERS | {"X-Remote-User": "alice"}
    with visitor(scene, door) as client:
        assert client.get("/", headers=named).status_code == 200
        assert client.post("/undo", json={}, headers=named).status_code == 200
        assert client.get("/", headers=HEADERS).status_code == 403
        assert client.get("/", headers=HEADERS | {"X-Remote-User": " "}).status_code == 403
        twice = [*named.items(), ("X-Remote-User", "mallory")]
        assert client.get("/", headers=twice).status_code == 403
        other_site = named | {"Origin": "https://evil.example"}
        assert client.post("/undo", json={}, headers=other_site).status_code == 403
    with visitor(scene, door, "192.0.2.7") as stranger:
        assert stranger.get("/", headers=named).status_code == 403


def test_without_them_all_is_as_before(scene: Scene, open_gallery: Open) -> None:
    stranger = open_gallery(scene).without_key
    assert "imgwatch review" in stranger.get("/", headers={"X-Remote-User": "alice"}).text
    assert stranger.post("/login", data={"password": ""}, headers={"Origin": ORIGIN}).status_code == 403
    assert stranger.get("/", headers={"Host": NAME}).status_code == 421


def settings_with(review: str, tmp_path: Path) -> Settings:
    return parse_config(f"watch: [{{path: /pictures}}]\nstate: {tmp_path}\nreview: {review}\n", "c.yaml")


def test_a_name_without_password_or_proxy_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"review\.names: photos\.home needs a password"):
        door_of(settings_with("{names: [photos.home]}", tmp_path))
    with pytest.raises(ConfigError, match="imgwatch review --serve needs a password"):
        door_of(settings_with("{}", tmp_path), is_lasting=True)
    with pytest.raises(ConfigError, match="--set-password"):
        door_of(settings_with(f"{{password_file: {tmp_path}/none}}", tmp_path))
    assert not door_of(settings_with("{}", tmp_path)).lets_in
    proxy = "{addresses: [127.0.0.1], user_header: X-Remote-User}"
    assert door_of(settings_with(f"{{names: [photos.home], trust_proxy: {proxy}}}", tmp_path)).lets_in
    password.set_password(tmp_path / password.NAME, SECRET)
    assert door_of(settings_with("{names: [photos.home]}", tmp_path), is_lasting=True).lets_in


@pytest.mark.parametrize(
    ("review", "says"),
    [
        ("{trust_proxy: {user_header: X-Remote-User}}", "name its address"),
        ("{names: ['http://photos.home']}", "review.names"),
        ("{port: 0}", "review.port"),
    ],
)
def test_what_the_config_may_not_say(review: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        settings_with(review, tmp_path)
    assert says in str(caught.value)
