"""The HTTP interface: who may do what, and that the OpenAPI document says what is answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from conftest import WriteConfig, bright, dark, write_brightness_model
from gallery import ORIGIN, Scene, opened_browser
from imgwatch.cli import app
from imgwatch.commands.context import load_settings
from imgwatch.errors import ConfigError, InputMissing, UsageError
from imgwatch.review.door import Door, door_of
from imgwatch.review.tokens import Permission, Tokens

ALL = tuple(Permission)
LONGEST = 200_000


@pytest.fixture
def tokens(scene: Scene) -> Tokens:
    return Tokens(scene.settings.state)


class Program:
    """A program that brings a token."""

    def __init__(self, client: TestClient, tokens: Tokens) -> None:
        self.client = client
        self.tokens = tokens
        self.token = tokens.add("all", ALL)

    def ask(self, method: str, path: str, token: str | None = None, **more: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token or self.token}"} | more.pop("headers", {})
        answer = self.client.request(method, f"/api/v1{path}", headers=headers, **more)
        return answer.status_code, answer.json()

    def ok(self, method: str, path: str, **more: Any) -> Any:
        status, answer = self.ask(method, path, **more)
        assert status == 200, answer
        return answer

    def ids(self, **query: Any) -> list[str]:
        return [one["id"] for one in self.ok("GET", "/quarantine", params=query)["pictures"]]


@pytest.fixture
def program(scene: Scene, tokens: Tokens) -> Iterator[Program]:
    scene.fill(5)
    with opened_browser(scene, Door(tokens=tokens, longest_upload_bytes=LONGEST)) as browser:
        yield Program(TestClient(browser.app, base_url=ORIGIN), tokens)


def test_without_a_token_nothing_is_answered_but_the_description(program: Program) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {program.token}"}):
        for method, path in (
            ("GET", "/quarantine"),
            ("POST", "/judge"),
            ("POST", "/decisions"),
            ("POST", "/undo"),
            ("GET", "/x"),
        ):
            answer = program.client.request(method, f"/api/v1{path}", headers=headers, content=b"{}")
            assert answer.status_code == 401, (method, path)
            assert "imgwatch token add" in answer.json()["error"]
            assert answer.headers["www-authenticate"] == "Bearer"
    assert program.client.get("/api/v1/openapi.json").status_code == 200


def test_a_browsers_session_opens_nothing_here_and_a_token_no_page(scene: Scene, tokens: Tokens) -> None:
    with opened_browser(scene, Door(tokens=tokens)) as browser:
        assert browser.client.get("/").status_code == 200
        assert browser.client.get("/api/v1/quarantine").status_code == 401
        brought = {"Authorization": f"Bearer {tokens.add('all', ALL)}"}
        assert browser.without_key.get("/api/v1/quarantine", headers=brought).status_code == 200
        assert browser.without_key.get("/pictures", headers=brought).status_code == 403


@pytest.mark.parametrize("may", ALL)
def test_a_token_may_what_it_was_made_for(program: Program, tmp_path: Path, may: Permission) -> None:
    token = program.tokens.add("narrow", (may,))
    (picture,) = program.ids(limit=1)
    asked = {
        Permission.JUDGE: ("POST", "/judge", {"content": bright(tmp_path / "x.png").read_bytes()}),
        Permission.LIST: ("GET", "/quarantine", {}),
        Permission.DECIDE: ("POST", "/decisions", {"json": {"ids": [picture], "decision": "later"}}),
    }
    for permission, (method, path, more) in asked.items():
        status, answer = program.ask(method, path, token, **more)
        assert status == (200 if permission is may else 403)
        assert status == 200 or f"--can {permission}" in answer["error"]


def test_a_removed_token_opens_nothing_any_more(program: Program) -> None:
    program.tokens.remove("all")
    assert program.ask("GET", "/quarantine")[0] == 401


def test_another_name_is_refused_in_a_sentence(program: Program) -> None:
    status, answer = program.ask("GET", "/quarantine", headers={"Host": "evil.example"})
    assert (status, answer) == (421, {"error": "This server does not answer to that host name."})


def test_a_picture_is_judged_and_nothing_of_it_is_kept(
    program: Program, scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    before = sorted(scene.settings.state.rglob("*")), sorted(scene.settings.quarantine.path.rglob("*"))
    for make, verdict in ((bright, "quarantine"), (dark, "keep")):
        row = program.ok("POST", "/judge", content=make(tmp_path / "p.png").read_bytes())
        assert (row["verdict"], row["path"]) == (verdict, "-")
    assert program.ok("POST", "/judge", content=b"GIF89a and no more")["verdict"] == "unreadable"
    assert list(folder.iterdir()) == []
    assert before == (
        sorted(scene.settings.state.rglob("*")),
        sorted(scene.settings.quarantine.path.rglob("*")),
    )


def test_the_file_of_a_form_is_judged_and_fields_are_passed_over(program: Program, tmp_path: Path) -> None:
    for make, verdict in ((bright, "quarantine"), (dark, "keep")):
        files = {"picture": ("holiday.png", make(tmp_path / "p.png").read_bytes())}
        assert program.ok("POST", "/judge", data={"album": "summer"}, files=files)["verdict"] == verdict
    two = [("picture", ("a.png", b"x")), ("picture", ("b.png", b"y"))]
    assert program.ask("POST", "/judge", files=two) == (
        400, {"error": "send one picture per request; this form has two files"}
    )  # fmt: skip
    assert program.ask("POST", "/judge", files={"picture": ("a.png", b"x" * LONGEST)})[0] == 413
    assert program.ask("POST", "/judge", files={"picture": ("a.png", b"")})[0] == 400


def test_a_new_model_is_taken_and_a_broken_one_is_not(write_config: WriteConfig, tmp_path: Path) -> None:
    model = write_brightness_model(tmp_path / "own.onnx")
    config = write_config(model=str(model))
    scene = Scene(tmp_path / "inbox", config, load_settings(config))
    tokens, content = Tokens(scene.settings.state), bright(tmp_path / "p.png").read_bytes()
    with opened_browser(scene, Door(tokens=tokens, longest_upload_bytes=LONGEST)) as browser:
        program = Program(TestClient(browser.app, base_url=ORIGIN), tokens)
        assert program.ok("POST", "/judge", content=content)["threshold"] == 0.5
        write_brightness_model(model, threshold=0.99)
        assert program.ok("POST", "/judge", content=content)["threshold"] == 0.99
        model.write_bytes(b"no model")
        assert program.ok("POST", "/judge", content=content)["threshold"] == 0.99


@pytest.mark.parametrize(
    ("headers", "content", "status", "says"),
    [
        ({}, b"", 400, "--data-binary"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x--", 400, "-F picture=@FILE"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x\r\n\r\nshort", 400, "-F picture=@FILE"),
        ({"Content-Type": "multipart/form-data"}, b"--x--", 400, "-F picture=@FILE"),
        ({"Content-Length": "9999999"}, b"x", 413, "too large"),
        ({}, b"x" * (LONGEST + 1), 413, "too large"),
    ],
)
def test_what_is_no_upload_is_refused(
    program: Program, headers: dict[str, str], content: bytes, status: int, says: str
) -> None:
    found, answer = program.ask("POST", "/judge", headers=headers, content=content)
    assert found == status
    assert says in answer["error"]


def test_the_list_comes_in_pages_that_hold_each_picture_once(program: Program) -> None:
    whole = program.ok("GET", "/quarantine")
    assert (whole["total"], whole["next"], len(whole["pictures"])) == (5, None, 5)
    seen, after = [], {}
    for expected in (2, 2, 1):
        page = program.ok("GET", "/quarantine", params={"limit": 2, **after})
        assert (len(page["pictures"]), page["total"]) == (expected, 5)
        seen += page["pictures"]
        after = {"after": page["next"]}
    assert after == {"after": None}
    assert seen == whole["pictures"]


def test_the_list_is_filtered(program: Program, scene: Scene) -> None:
    one = program.ok("GET", "/quarantine", params={"text": "JUNK_003"})["pictures"]
    assert [Path(row["original"]).name for row in one] == ["junk_003.png"]
    at = one[0]["quarantined_at"]
    assert len(program.ids(folder=str(scene.inbox))) == 5
    assert program.ids(folder=str(scene.inbox)[:-1]) == []
    assert one[0]["id"] in program.ids(since=at)
    assert one[0]["id"] not in program.ids(until=at)
    assert program.ids(state="binned") == []
    assert program.ids(kind="screenshot") == []
    assert program.ok("GET", f"/quarantine/{one[0]['id']}") == one[0]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"state": "gone"}, "state"),
        ({"since": "2026-01-01T00:00:00"}, "since"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_query_that_makes_no_sense_says_what(program: Program, query: dict[str, str], says: str) -> None:
    status, answer = program.ask("GET", "/quarantine", params=query)
    assert status == 400
    assert says in answer["error"]


def test_decisions_go_the_way_of_the_gallery_and_one_fault_stops_no_other(
    program: Program, scene: Scene
) -> None:
    first, second, *_ = program.ids()
    asked = {"ids": [first, "0" * 12, second], "decision": "restore", "expected": "open"}
    outcome = program.ok("POST", "/decisions", json=asked)
    assert outcome["done"] == [first, second]
    assert "no longer in quarantine" in outcome["failed"]["0" * 12]
    assert len(list(scene.inbox.iterdir())) == 2
    assert len(program.ids()) == 3


def test_a_picture_that_was_decided_on_meanwhile_is_left_as_it_is(program: Program) -> None:
    first, *_ = program.ids()
    program.ok("POST", "/decisions", json={"ids": [first], "decision": "delete"})
    late = {"ids": [first], "decision": "later", "expected": "open"}
    assert first in program.ok("POST", "/decisions", json=late)["failed"]
    assert program.ids(state="binned") == [first]
    program.ok("POST", "/decisions", json={"ids": [first], "decision": "reopen"})
    assert len(program.ids()) == 5


def test_a_decision_is_undone_once_and_by_what_its_outcome_says(program: Program, scene: Scene) -> None:
    first, second, third, *_ = program.ids()
    restored = program.ok("POST", "/decisions", json={"ids": [first, second], "decision": "restore"})
    binned = program.ok("POST", "/decisions", json={"ids": [third], "decision": "delete"})
    undone = program.ok("POST", "/undo", json={"undo": restored["undo"]})
    assert (len(undone["done"]), undone["failed"]) == (2, {})
    assert list(scene.inbox.iterdir()) == []
    assert set(undone["done"]) < set(program.ids())
    assert program.ids(state="binned") == [third]
    assert program.ok("POST", "/undo", json={"undo": binned["undo"]})["done"] == [third]
    status, answer = program.ask("POST", "/undo", json={"undo": binned["undo"]})
    assert status == 404
    assert "it was already" in answer["error"]


def test_what_was_decided_anew_meanwhile_is_not_undone(program: Program) -> None:
    first, *_ = program.ids()
    early = program.ok("POST", "/decisions", json={"ids": [first], "decision": "delete"})
    program.ok("POST", "/decisions", json={"ids": [first], "decision": "later"})
    assert first in program.ok("POST", "/undo", json={"undo": early["undo"]})["failed"]
    assert program.ids(state="later") == [first]


def test_nothing_done_has_nothing_to_undo(program: Program) -> None:
    outcome = program.ok("POST", "/decisions", json={"ids": ["0" * 12], "decision": "later"})
    assert (outcome["done"], outcome["undo"]) == ([], None)


@pytest.mark.parametrize(
    "asked",
    ["[]", "{", '{"ids": []}', '{"ids": ["a"], "decision": "shred"}', '{"ids": "a", "decision": "later"}'],
)
def test_a_decision_that_makes_no_sense_is_refused(program: Program, asked: str) -> None:
    status, answer = program.ask("POST", "/decisions", content=asked)
    assert status == 400
    assert answer["error"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/quarantine/0123456789ab", 404), ("DELETE", "/quarantine", 405)],
)
def test_what_is_not_there_is_said_as_json(program: Program, method: str, path: str, status: int) -> None:
    found, answer = program.ask(method, path, headers={"Content-Length": "0"})
    assert found == status
    assert answer["error"]


def checking(schema: dict[str, Any]) -> Any:
    """Return what checks answers against a schema; only who checks waits seconds for its import."""
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def validated(document: dict[str, Any], method: str, path: str, status: int, answer: Any) -> None:
    """Check an answer against what the document says of it, and that the document leaves out none of its keys."""
    (schema,) = (
        media["schema"]
        for media in document["paths"][path][method]["responses"][str(status)]["content"].values()
    )
    whole = {**schema, "components": document["components"]}
    checking(whole).validate(answer)
    described = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    assert set(answer) == set(described["properties"])


def test_real_answers_are_what_the_document_says(program: Program, tmp_path: Path) -> None:
    document = program.client.get("/api/v1/openapi.json").json()
    first, second, *_ = program.ids()
    picture = bright(tmp_path / "p.png").read_bytes()
    decision = {"ids": [first, "x"], "decision": "later"}
    decided = program.ok("POST", "/decisions", json={"ids": [second], "decision": "later"})["undo"]
    for method, path, address, more in (
        ("post", "/api/v1/judge", "/judge", {"content": picture}),
        ("post", "/api/v1/judge", "/judge", {"content": b"no picture"}),
        ("post", "/api/v1/judge", "/judge", {"content": b""}),
        ("get", "/api/v1/quarantine", "/quarantine", {"params": {"limit": 2}}),
        ("get", "/api/v1/quarantine", "/quarantine", {"params": {"limit": 0}}),
        ("get", "/api/v1/quarantine/{id}", f"/quarantine/{second}", {}),
        ("get", "/api/v1/quarantine/{id}", "/quarantine/x", {}),
        ("post", "/api/v1/decisions", "/decisions", {"json": decision}),
        ("post", "/api/v1/decisions", "/decisions", {"content": b"{"}),
        ("post", "/api/v1/undo", "/undo", {"json": {"undo": decided}}),
        ("post", "/api/v1/undo", "/undo", {"json": {"undo": decided}}),
        ("post", "/api/v1/undo", "/undo", {"content": b"{}"}),
        ("post", "/api/v1/judge", "/judge", {"files": {"picture": ("p.png", picture)}}),
    ):
        status, answer = program.ask(method.upper(), address, **more)
        validated(document, method, path, status, answer)


def test_the_document_names_what_is_asked(program: Program) -> None:
    document = program.client.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    operations = [(path, method) for path, methods in document["paths"].items() for method in methods]
    assert len(operations) == len({document["paths"][p][m]["operationId"] for p, m in operations}) == 5
    parameters = {one["name"]: one for one in document["paths"]["/api/v1/quarantine"]["get"]["parameters"]}
    assert set(parameters) == {"state", "kind", "folder", "text", "since", "until", "limit", "after"}
    assert parameters["limit"]["schema"]["maximum"] == 500
    asked = document["paths"]["/api/v1/decisions"]["post"]["requestBody"]["content"]["application/json"]
    whole = {**asked["schema"], "components": document["components"]}
    assert checking(whole).is_valid({"ids": ["a"], "decision": "later"})
    assert not checking(whole).is_valid({"ids": ["a"], "decision": "shred"})


def run(scene: Scene, *words: str) -> str:
    done = CliRunner().invoke(app(), ["token", *words, "--config", str(scene.config)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


def test_the_command_makes_a_token_that_is_shown_once(scene: Scene, tokens: Tokens) -> None:
    token = run(scene, "add", "shop", "--can", "judge, list").strip()
    kept = tokens.of(token)
    assert kept is not None
    assert (kept.name, kept.can) == ("shop", (Permission.JUDGE, Permission.LIST))
    (file,) = (scene.settings.state / "api-tokens").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert token not in file.read_text()
    assert "shop" in run(scene, "list")
    assert '"can": ["judge", "list"]' in run(scene, "list", "--json")
    with pytest.raises(UsageError, match="already exists"):
        run(scene, "add", "shop")
    run(scene, "remove", "shop")
    assert tokens.of(token) is None
    assert "no token" in run(scene, "list")
    with pytest.raises(InputMissing, match="token list"):
        run(scene, "remove", "shop")


@pytest.mark.parametrize(
    "words", [("add", "../x"), ("add", "x", "--can", "shred"), ("add", ".x"), ("add", "x", "--can", "")]
)
def test_an_odd_name_or_permission_is_refused(scene: Scene, words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        run(scene, *words)


def test_a_service_for_programs_alone_needs_a_token_and_no_password(scene: Scene, tokens: Tokens) -> None:
    with pytest.raises(ConfigError):
        door_of(scene.settings, is_lasting=True)
    tokens.add("shop", ALL)
    assert not door_of(scene.settings, is_lasting=True).lets_in


def test_a_broken_token_file_is_named(scene: Scene, tokens: Tokens, program: Program) -> None:
    (scene.settings.state / "api-tokens" / "a.json").write_text("{}")
    status, answer = program.ask("GET", "/quarantine")
    assert status == 503
    assert "a.json" in answer["error"]
    with pytest.raises(ConfigError, match=r"a\.json"):
        list(tokens.all())
