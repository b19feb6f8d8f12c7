from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
import yaml

from imgwatch.config import find_config, load_config, parse_config
from imgwatch.config.faults import section_in
from imgwatch.config.first_config import config_for
from imgwatch.errors import ConfigError, InputMissing
from imgwatch.judgement import Kind
from imgwatch.kind_rules import rule_for
from imgwatch.settings import DEFAULT_IGNORE, Section, Settings, ThresholdRule, plain
from imgwatch.settings.kinds import KindRule, KindSettings

DEFAULT = Path(__file__).parent.parent.parent / "config.yaml"


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "c.yaml")
    return str(caught.value).splitlines()[1:]


def test_all_faults_at_once_with_key_and_line() -> None:
    messages = faults(
        "watch:\n  - path: ~/x\n    recursve: true\n  - path: relative\nmode: maybe\n"
        "threshold: {false_alarms: 0.01, score: 3}\nlimits:\n  megapixels: -3\nthreads: [1]\n"
    )
    for wanted in (
        "line 3: watch.0.recursve: unknown key; did you mean recursive?",
        "line 4: watch.1.path: must be an absolute path",
        "line 5: mode: ",
        "line 6: threshold: give exactly one of",
        "line 8: limits.megapixels: ",
        "line 9: threads: ",
    ):
        assert any(wanted in line for line in messages), (wanted, messages)
    assert len(messages) == 6


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("mode: maybe", "mode: must be one of auto, quarantine, report (found 'maybe')"),
        ("scan_minutes: .inf", "scan_minutes: must be finite (found inf)"),
        ("threshold: {score: .nan}", "threshold.score: must be finite (found nan)"),
        ("limits: 3", "limits: Expected a mapping, got a whole number (found 3)"),
        ("threads: true", "threads: Expected a whole number, got true or false (found True)"),
        (
            "state: ~nobody-of-this-name/x",
            "state: this user's home folder is not known (found '~nobody-of-this-name/x')",
        ),
        ("state: 3", "state: must be a path (found 3)"),
        ("model: mine.onnx", "model: must be an absolute path, or begin with ~ (found 'mine.onnx')"),
        ("train: {dense: {hidden: [0]}}", "train.dense.hidden: Expected a whole number >= 1"),
        ("3: 4", "3: unknown key"),
        ('"\\ud800": 4', "\ud800: unknown key"),
        ('threads: "\\ud800"', "threads: Expected text that has UTF-8 (found '\\ud800')"),
        ('state: "/\\ud800"', "state: must be a path that a file system can have (found '/\\ud800')"),
        ("kinds: {screenshots: keep}", "kinds.screenshots: unknown key; did you mean screenshot?"),
        (
            "kinds: {card: kepe}",
            "kinds.card: must be one of quarantine, keep, report, move, or a mapping (found 'kepe')",
        ),
        (
            "kinds: {card: move}",
            "kinds.card: move needs a folder: card: {action: move, to: ~/Pictures/cards}",
        ),
        (
            "kinds: {card: {action: move}}",
            "kinds.card: move needs a folder: {action: move, to: ~/Pictures/Screenshots}",
        ),
        ("kinds: {card: {to: /b}}", "kinds.card: to goes with action: move only, not with quarantine"),
        (
            "kinds: {card: {action: keep, after_days: 3}}",
            "kinds.card: after_days goes with what is moved, not with keep",
        ),
        (
            "kinds: {card: {action: move, to: b}}",
            "kinds.card.to: must be an absolute path, or begin with ~ (found 'b')",
        ),
        (
            "kinds: {card: {action: move, to: /b/%Q}}",
            "kinds.card.to: %Q is not a part of a date; use "
            "%Y, %m, %d, %y, %b, %B, %j, %G, %V, %% (found '/b/%Q')",
        ),
        (
            "kinds: {card: {action: move, to: /b/%Y/..}}",
            "kinds.card.to: must not lead upwards with .. (found '/b/%Y/..')",
        ),
        ("kinds: {card: {in: []}}", "kinds.card.in: Expected a list of length >= 1"),
        (
            "kinds: {card: [{action: keep}, {in: [b]}]}",
            "kinds.card.1: never applies: the rule before it has no `in`, so it applies to every folder",
        ),
        ("kinds: {card: [{action: keep}, {inn: [b]}]}", "kinds.card.1.inn: unknown key; did you mean in?"),
        (
            "kinds: {card: {false_alarms: 0.6}}",
            "kinds.card.false_alarms: Expected a number <= 0.5 (found 0.6)",
        ),
        (
            "threshold: {false_alarms: 5}",
            "threshold.false_alarms: Expected a number <= 0.5 (found 5); it is a share: write 0.05 for 5 %",
        ),
        (
            "breaker: {share: 50%}",
            "breaker.share: Expected a number, got text (found '50%'); it is a share: write 0.05 for 5 %",
        ),
        (
            "kinds: {card: [{in: [b], false_alarms: 0.01}]}",
            "kinds.card.0.false_alarms: a promise applies to all folders: set it in a rule without `in`",
        ),
        (
            "kinds: {stranger: {false_alarms: 0.01}}",
            "kinds.stranger.false_alarms: strangers have what `threshold: {false_alarms}` leaves them: "
            "set false_alarms for the other kinds",
        ),
        (
            "threshold: {false_alarms: 0.01}\nkinds: {card: {false_alarms: 0.01}}",
            "threshold.false_alarms: the promises in kinds add up to 1.00 %, which leaves nothing of 1.00 % for the "
            "others; promise more here, or less there",
        ),
    ],
)
def test_a_fault_says_what_is_wanted(line: str, says: str) -> None:
    assert faults(f"watch: [{{path: /a}}]\n{line}\n") == [f"  line 2: {says}"]


def test_overlaps_are_faults(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "a" / "b"
    assert any("watch.1.path" in line for line in faults(f"watch: [{{path: {a}}}, {{path: {b}}}]"))
    assert any("watch.1.path" in line for line in faults(f"watch: [{{path: {a}}}, {{path: {a}}}]"))
    assert any(
        "quarantine.path" in line for line in faults(f"watch: [{{path: {b}}}]\nquarantine: {{path: {a}}}")
    )
    inside = parse_config(f"watch: [{{path: {a}}}]\nquarantine: {{path: {b}}}", "c.yaml")
    assert inside.quarantine.path == b
    apart = f"watch: [{{path: {a}, recursive: false}}, {{path: {b}}}]"
    assert len(parse_config(apart, "c.yaml").watch) == 2


def test_figures_and_hooks_are_checked(tmp_path: Path) -> None:
    a = tmp_path / "a"
    messages = faults(
        f"watch: [{{path: {a}}}]\nmetrics: {{port: 0, textfile: /x/y.txt}}\nhooks: {{quarantined: curl}}\n"
    )
    assert any("metrics.port" in line for line in messages)
    assert any("must end in .prom" in line for line in messages)
    assert any("hooks.quarantined" in line for line in messages)
    (told_inside,) = faults(f"watch: [{{path: {a}}}]\nmetrics: {{textfile: {a}/i.prom}}")
    assert f"metrics.textfile: {a}/i.prom lies in {a}" in told_inside


def test_each_kind_has_its_key() -> None:
    assert [field.name for field in msgspec.structs.fields(KindSettings)] == list(Kind)


def test_a_kind_has_an_action_a_rule_or_several(tmp_path: Path) -> None:
    kinds = parse_config(
        "watch: [{path: /a}]\nkinds:\n  document: keep\n  screenshot: {action: move, to: ~/S/%Y-%m, after_days: 30}\n"
        "  card:\n    - {in: [WhatsApp/**], action: keep}\n    - {false_alarms: 0.1}\n",
        "c.yaml",
    ).kinds
    assert kinds.of(Kind.DOCUMENT) == (KindRule("keep"),)
    [moved] = kinds.of(Kind.SCREENSHOT)
    assert (moved.action, moved.to, moved.after_days) == ("move", Path.home() / "S/%Y-%m", 30)
    assert kinds.of(Kind.CARD) == (KindRule("keep", folders=("WhatsApp/**",)), KindRule(false_alarms=0.1))
    assert kinds.of(Kind.DARK) == (KindRule("quarantine"),)


@pytest.mark.parametrize(
    "to", ["{a}", "{a}/Sorted", "{a}/%Y/x", "{link}/Sorted", "{base}/%%%j", "{base}/%B/y"]
)
def test_nothing_is_moved_to_where_it_is_judged_again(tmp_path: Path, to: str) -> None:
    watched = tmp_path / "a"
    (tmp_path / "link").symlink_to(watched)
    to = to.format(a=watched, link=tmp_path / "link", base=tmp_path)
    messages = faults(
        f"watch: [{{path: {watched}}}, {{path: {tmp_path}/%y}}]\nkinds: {{card: {{action: move, to: {to}}}}}\n"
    )
    assert [
        line for line in messages if "kinds.card.to: " in line and "would judge it again" in line
    ] == messages


@pytest.mark.parametrize("to", ["{q}", "{q}/%Y", "{home}/%j"])
def test_nothing_is_moved_into_the_quarantine(tmp_path: Path, to: str) -> None:
    to = to.format(q=tmp_path / "q", home=tmp_path)
    messages = faults(
        f"watch: [{{path: /a}}]\nquarantine: {{path: {tmp_path}/q}}\nkinds: {{card: {{action: move, to: {to}}}}}\n"
    )
    assert len(messages) == 1
    assert "lies in the quarantine" in messages[0]


@pytest.mark.parametrize(
    "watch", ["recursive: false", "ignore: [/Sorted]", "ignore: [sorted/]", "ignore: ['20*']"]
)
def test_what_a_folder_does_not_judge_may_be_moved_there(tmp_path: Path, watch: str) -> None:
    rules = f"{{card: {{action: move, to: {tmp_path}/Sorted/%Y}}}}"
    assert parse_config(f"watch: [{{path: {tmp_path}, {watch}}}]\nkinds: {rules}\n", "c.yaml")


@pytest.mark.parametrize(
    ("picture", "action"),
    [
        ("WhatsApp/a/b.jpg", "keep"),
        ("whatsapp/b.jpg", "keep"),
        ("x/WhatsApp/b.jpg", "report"),
        ("b.png", "quarantine"),
    ],
)
def test_the_first_rule_that_fits_holds(picture: str, action: str) -> None:
    rules = (KindRule("keep", folders=("WhatsApp/**",)), KindRule("report", folders=("*.jpg",)))
    assert rule_for(rules, Path(picture).parts).action == action


def test_twice_the_same_key_is_a_fault() -> None:
    assert any(
        "mode: given twice" in line for line in faults("watch: [{path: /a}]\nmode: report\nmode: report\n")
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        "a: [",
        "watch: []",
        "\x00",
        "watch: 3",
        "!!python/object:os.x {}",
        "a: &a [*a]",
        "- " * 100_000,
    ],
)
def test_what_is_no_config_is_a_config_error(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_config(text, "c.yaml")


def test_overrides_set_single_keys() -> None:
    settings = parse_config("watch: [{path: /a}]", "c", ("train.dense.latent=16", "threshold={score: 3}"))
    assert settings.train.dense.latent == 16
    assert settings.threshold == ThresholdRule(score=3)
    with pytest.raises(ConfigError, match="key=value"):
        parse_config("watch: [{path: /a}]", "c", ("train",))


def test_the_named_config_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputMissing, match="imgwatch setup"):
        find_config(tmp_path / "none.yaml")
    monkeypatch.setenv("IMGWATCH_CONFIG", str(DEFAULT))
    assert find_config(None) == DEFAULT


def test_the_sample_in_a_checkout_is_nobodys_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMGWATCH_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    mine = tmp_path / "imgwatch" / "config.yaml"
    mine.parent.mkdir()
    mine.write_text("watch: [{path: /a}]\n")
    monkeypatch.chdir(DEFAULT.parent)
    assert find_config(None) == mine
    assert find_config(DEFAULT) == DEFAULT, "unless it is named"
    monkeypatch.chdir(mine.parent)
    assert find_config(None) == mine
    robot = tmp_path / "robot" / "config.yaml"
    robot.parent.mkdir()
    robot.write_text("watch: [{path: /a}]\n")
    (robot.parent / "__init__.py").touch()
    monkeypatch.chdir(robot.parent)
    assert find_config(None) == robot, "any other package may have a config"


def test_a_working_directory_that_is_closed_to_the_user_holds_no_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IMGWATCH_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    mine, closed = tmp_path / "imgwatch" / "config.yaml", tmp_path / "closed" / "config.yaml"
    for config in (mine, closed):
        config.parent.mkdir()
        config.write_text("watch: [{path: /a}]\n")
    monkeypatch.chdir(closed.parent)
    assert find_config(None) == closed
    monkeypatch.setattr("imgwatch.config.os.access", lambda path, _: path != closed.parent)
    assert find_config(None) == mine


def keys_of(section: type[Section], above: str = "") -> set[str]:
    keys: set[str] = set()
    for field in msgspec.structs.fields(section):
        keys.add(above + field.encode_name)
        if below := section_in(field.type):
            keys |= keys_of(below, f"{above}{field.encode_name}.")
    return keys


def keys_shown(text: str) -> set[str]:
    """Return the dotted keys of a config, those in comments as well: a key is shown where it belongs."""
    keys: set[str] = set()
    above: list[tuple[int, str]] = []
    for line in text.splitlines():
        if match := re.match(r"^( *(?:- )?)(?:# )?([a-z_]+):(.*)", line):
            indent = len(match[1])
            above = [(depth, name) for depth, name in above if depth < indent]
            path = ".".join([*(name for _, name in above), match[2]])
            above.append((indent, match[2]))
            keys |= {path, *(f"{path}.{name}" for name in re.findall(r"[{,] ?([a-z_]+):", match[3]))}
    return keys


def test_config_yaml_shows_every_key() -> None:
    alternatives = {f"{above}threshold.{rule}" for above in ("train.perceptual.", "train.dense.", "train.conv.")
                    for rule in ("false_alarms", "confidence", "mean_plus_std", "score")}  # fmt: skip
    alternatives |= {
        f"watch.threshold.{rule}" for rule in ("false_alarms", "confidence", "mean_plus_std", "score")
    }
    alternatives |= {f"kinds.{kind}.{key}" for kind in Kind for key in keys_of(KindRule)}
    assert keys_of(Settings) - keys_shown(DEFAULT.read_text()) - alternatives == set()


def test_config_yaml_states_the_defaults() -> None:
    stated = load_config(DEFAULT)
    bare = parse_config(yaml.safe_dump({"watch": [{"path": str(stated.watch[0].path)}]}), "bare")
    assert plain(stated) | {"threshold": None} == plain(bare) | {"threshold": None}


def test_init_writes_a_config_for_these_folders(tmp_path: Path) -> None:
    strange = tmp_path / 'with "quotes": and # hash'
    settings = parse_config(config_for([tmp_path / "a", strange]), "written")
    assert [watch.path for watch in settings.watch] == [tmp_path / "a", strange]
    assert settings.watch[1].ignore == DEFAULT_IGNORE
