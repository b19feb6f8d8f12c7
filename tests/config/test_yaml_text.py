"""One key or folder of a config is changed, and every other byte stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from imgwatch.config import parse_config
from imgwatch.config.yaml_text import with_folder, with_key, without_folder
from imgwatch.errors import ConfigError, InputMissing

SHIPPED = Path(__file__).parent.parent.parent / "config.yaml"
WATCH = "watch: [{path: /a}]\n"


def test_the_value_alone_changes() -> None:
    before = SHIPPED.read_text()
    after = with_key(before, "model", "/m/mine.onnx")
    changed = [line for line in after.splitlines() if line not in before.splitlines()]
    assert [line.split("#")[0].rstrip() for line in changed] == ["model: /m/mine.onnx"]
    assert "# default: the general one" in changed[0]
    assert str(parse_config(after, "c").model) == "/m/mine.onnx"


@pytest.mark.parametrize(
    "value", ["/m/a b.onnx", "/m/#1: x.onnx", "/m/'q\".onnx", "/m/é☃.onnx", "/m/" + "x" * 300]
)
@pytest.mark.parametrize(
    "before", ["watch: [{path: /a}]\nmodel: 'x' # mine\n", "watch: [{path: /a}]", "# c\nwatch:\n- path: /a\n"]
)
def test_any_path_is_spelled_so_that_it_is_read_again(before: str, value: str) -> None:
    after = with_key(before, "model", value)
    assert str(parse_config(after, "c").model) == value
    assert ("# mine" in after) == ("# mine" in before)
    assert ("# c\n" in after) == ("# c\n" in before)


@pytest.mark.parametrize(
    "before",
    ["watch: [{path: /a}]\nmodel: [x,  # mine\n  y]\n", "- path: /a\n", "x"],
)
def test_what_cannot_be_changed_so_is_left_to_the_user(before: str) -> None:
    with pytest.raises(ConfigError, match="set model to /m in it by hand"):
        with_key(before, "model", "/m")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("threshold:\n  false_alarms: 0.01 # mine\n", "threshold:\n  false_alarms: 0.05 # mine\n"),
        (
            "threshold:\n    # c\n    confidence: 0.95\n",
            "threshold:\n    # c\n    false_alarms: 0.05\n    confidence: 0.95\n",
        ),
        ("threshold: {false_alarms: 1.0e-2}\n", "threshold: {false_alarms: 0.05}\n"),
        (
            "threshold: { confidence: 0.95 }  # c\n",
            "threshold: { confidence: 0.95, false_alarms: 0.05}  # c\n",
        ),
        ("mode: report", "mode: report\nthreshold:\n  false_alarms: 0.05\n"),
    ],
)
def test_a_key_of_a_section_is_set(before: str, after: str) -> None:
    watched = "watch: [{path: /a}]\n"
    assert with_key(watched + before, "threshold.false_alarms", 0.05) == watched + after
    rule = parse_config(watched + after, "c").threshold
    assert rule is not None
    assert rule.false_alarms == 0.05


def test_a_key_without_a_value_gets_one() -> None:
    assert (
        with_key("watch: [{path: /a}]\nmodel:\nmode: report\n", "model", "/m").splitlines()[1] == "model: /m"
    )


@pytest.mark.parametrize("before", ["threshold:\n", "threshold: [1]\n"])
def test_a_section_that_cannot_be_changed_is_left_to_the_user(before: str) -> None:
    with pytest.raises(ConfigError, match=r"set threshold.false_alarms to 0.05 in it by hand"):
        with_key("watch: [{path: /a}]\n" + before, "threshold.false_alarms", 0.05)


RULE = {"action": "move", "to": "/p/%Y", "after_days": 30}
SPELLED = "{action: move, to: /p/%Y, after_days: 30}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"kinds:\n  screenshot: {SPELLED}\n"),
        ("kinds:\n  card: keep  # c\n", f"kinds:\n  screenshot: {SPELLED}\n  card: keep  # c\n"),
        ("kinds: {card: keep}\n", f"kinds: {{card: keep, screenshot: {SPELLED}}}\n"),
        ("kinds: {}\n", f"kinds: {{screenshot: {SPELLED}}}\n"),
        ("kinds:\n  screenshot: keep  # c\n", f"kinds:\n  screenshot: {SPELLED}  # c\n"),
        (
            "kinds: {screenshot: {action: keep}, card: keep}\n",
            f"kinds: {{screenshot: {SPELLED}, card: keep}}\n",
        ),
        (
            "kinds:\n  screenshot:\n    action: report\n  # of cards\n  card: keep\n",
            f"kinds:\n  screenshot: {SPELLED}\n  # of cards\n  card: keep\n",
        ),
        (
            "kinds:\n  screenshot:\n  - {in: [a], action: keep}\n  - keep: 1\nmode: report\n",
            f"kinds:\n  screenshot: {SPELLED}\nmode: report\n",
        ),
        (
            "kinds:\n  screenshot:\n    - {in: [a], action: keep}\n    - action: report\n\n\nmode: report\n",
            f"kinds:\n  screenshot: {SPELLED}\n\n\nmode: report\n",
        ),
    ],
)
def test_a_rule_is_set_in_any_style(before: str, after: str) -> None:
    assert with_key(WATCH + before, "kinds.screenshot", RULE) == WATCH + after
    assert parse_config(WATCH + after, "c").kinds.of("screenshot")[0].after_days == 30


@pytest.mark.parametrize(
    "before",
    [
        "kinds:\n  screenshot:\n    action: report  # until May\n    after_days: 3\n",
        "kinds:\n  screenshot:  # until May\n    action: report\n",
        "kinds:\n  screenshot:\n    # until May\n    - action: report\n",
        "kinds:\n  dark: &rule {action: report}\n  screenshot: *rule\n",
        "others: &rules {screenshot: report}\nkinds: *rules\n",
    ],
)
def test_what_would_drop_a_comment_or_change_another_key_is_left_to_the_user(before: str) -> None:
    with pytest.raises(ConfigError, match=r"set kinds.screenshot to keep in it by hand"):
        with_key(WATCH + before, "kinds.screenshot", "keep")


def test_a_config_that_is_json_is_changed_too() -> None:
    before = '{"watch": [{"path": "/a"}], "threshold": {"false_alarms": 0.01}}'
    after = with_key(with_key(before, "kinds.document", "keep"), "threshold.false_alarms", 0.02)
    settings = parse_config(with_folder(after, Path("/b")), "c")
    assert settings.kinds.of("document")[0].action == "keep"
    assert settings.threshold is not None
    assert settings.threshold.false_alarms == 0.02
    assert [str(watch.path) for watch in settings.watch] == ["/a", "/b"]


@pytest.mark.parametrize(
    "before",
    [
        "watch: [{path: /a}]\n",
        "watch: [ {path: /a}, ]  # c\nmode: report\n",
        "watch:\n  - path: /a  # mine\n    recursive: false  # c\n\n# of modes\nmode: report\n",
        "watch:\n- {path: /a}\nmode: report",
        "mode: report\nwatch:\n  - path: /a",
        "watch:\n  - path: /a\n    ignore:\n      - x\n      - y  # c\n",
    ],
)
@pytest.mark.parametrize("name", ["/b", "/b c: #d", "/é☃"])
def test_a_folder_is_added_and_removed_again(before: str, name: str) -> None:
    after = with_folder(before, Path(name))
    assert [str(watch.path) for watch in parse_config(after, "c").watch] == ["/a", name]
    for comment in ("# mine", "# c", "# of modes"):
        assert (comment in after) == (comment in before)
    back = without_folder(after, Path(name))
    assert parse_config(back, "c") == parse_config(before, "c")
    assert (
        back.replace(" ", "").replace(",]", "]").rstrip()
        == before.replace(" ", "").replace(",]", "]").rstrip()
    )


@pytest.mark.parametrize("gone", ["/a", "/b", "/c"])
@pytest.mark.parametrize(
    "before",
    [
        "watch: [{path: /a}, {path: /b, recursive: false}, {path: /c}]\nmode: report\n",
        "watch:\n  - path: /a  # 1\n    recursive: false\n  - {path: /b}  # 2\n"
        "  - path: /c\n    ignore:\n      - x\nmode: report\n",
    ],
)
def test_any_folder_is_removed(before: str, gone: str) -> None:
    after = without_folder(before, Path(gone))
    kept = [watch for watch in parse_config(before, "c").watch if str(watch.path) != gone]
    assert list(parse_config(after, "c").watch) == kept
    assert after.endswith("mode: report\n")


def test_comments_about_the_next_folder_stay() -> None:
    before = (
        "watch:\n  - path: /a  # of the phone\n    recursive: false\n\n  # of the scanner\n  - path: /b\n"
    )
    assert without_folder(before, Path("/a")) == "watch:\n\n  # of the scanner\n  - path: /b\n"


def test_the_last_folder_stays_and_an_unknown_one_is_named() -> None:
    with pytest.raises(ConfigError, match="the only watched folder"):
        without_folder(WATCH, Path("/a"))
    with pytest.raises(InputMissing, match="/x: not a watched folder"):
        without_folder(WATCH, Path("/x"))
    with pytest.raises(ConfigError, match="no list of watched folders"):
        with_folder("watch: /a\n", Path("/b"))
