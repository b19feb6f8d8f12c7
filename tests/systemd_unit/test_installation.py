"""What `service install` decides, without a systemd: for whom, what it opens, what it refuses."""

from __future__ import annotations

import os
import pwd
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import WriteConfig
from imgwatch.cli import app
from imgwatch.config import load_config
from imgwatch.doctor.finding import Subject
from imgwatch.doctor.monitoring import check_monitoring, check_ports
from imgwatch.errors import ConfigError, InputMissing, UsageError
from imgwatch.settings import Settings
from imgwatch.systemd import installation
from imgwatch.systemd.installed import config_of, drop_in_file, installed_for, text_of, unit_file
from imgwatch.systemd.plan import InstallOptions, InstallPlan, plan
from imgwatch.systemd.systemctl import Manager

SYSTEMD = Path(__file__).parent.parent.parent / "systemd"


@pytest.fixture
def config(write_config: WriteConfig, tmp_path: Path) -> Path:
    return write_config(state=str(tmp_path / "state"))


@pytest.fixture
def settings(config: Path) -> Settings:
    return load_config(config)


def planned(settings: Settings, config: Path, **options: str | bool) -> InstallPlan:
    return plan(settings, config, Path(settings.model), InstallOptions(**options))  # type: ignore[arg-type]


def said_by(plan: InstallPlan) -> str:
    """Return what the drop-in says, and what the unit says for all configs."""
    return "".join(plan.texts.values())


def test_it_runs_as_the_owner_of_the_folder_and_may_write_what_the_config_names(
    settings: Settings, config: Path, tmp_path: Path
) -> None:
    plan = planned(settings, config)
    assert plan.user.pw_uid == (tmp_path / "inbox").stat().st_uid
    assert f"User={plan.user.pw_name}\n" in said_by(plan)
    assert f"ReadWritePaths=-{tmp_path}\n" in said_by(plan)
    assert f"--config {config}" in said_by(plan)


def test_a_folder_below_tmp_is_the_one_that_everybody_sees(write_config: WriteConfig) -> None:
    config = write_config(quarantine="{path: /tmp/imgwatch-tests-are-never-here}")
    assert "PrivateTmp=no" in said_by(planned(load_config(config), config))


def test_each_of_systemds_complaints_is_a_line_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaining = tmp_path / "systemd-analyze"
    complaining.write_text("#!/bin/sh\nprintf 'a.service: this\\na.service: that\\n' >&2\nexit 1\n")
    complaining.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(ConfigError) as refusal:
        Manager(for_user=False).verify({Path("a.service"): ""})
    assert refusal.value.message == "systemd refuses a.service:"
    assert refusal.value.details == ("a.service: this", "a.service: that")


def test_a_reload_needs_no_program_that_a_small_system_lacks() -> None:
    for unit in SYSTEMD.glob("*.service"):
        programs = re.findall(r"^Exec\w+=(\S+)", unit.read_text(), re.MULTILINE)
        assert set(programs) <= {"/opt/imgwatch/bin/python", "/bin/sh"}, unit.name


def test_a_user_unit_has_no_read_only_file_system_and_no_user(settings: Settings, config: Path) -> None:
    text = said_by(planned(settings, config, for_user=True))
    assert "ProtectSystem" not in text
    assert "User=" not in text
    assert "WantedBy=default.target" in text


def test_its_first_line_names_the_config_and_is_how_it_is_found_again(
    settings: Settings, config: Path, tmp_path: Path
) -> None:
    file = tmp_path / "unit.service"
    file.write_text(planned(settings, config).texts[unit_file("imgwatch", for_user=False)])
    assert config_of(file) == config
    file.write_text("[Service]\n")
    assert config_of(file) is None
    with pytest.raises(UsageError, match="left alone"):
        list(installation.uninstall(file, for_user=False))
    assert file.exists()


@pytest.fixture
def of_user(settings: Settings, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InstallPlan:
    """A unit for a user's own manager, whose folder is one of this test; no manager is there to be told."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr("imgwatch.systemd.systemctl.Manager.is_running", lambda _: False)
    return planned(settings, config, for_user=True)


def test_what_is_installed_is_the_shipped_unit_with_a_drop_in_and_both_are_removed(
    of_user: InstallPlan, config: Path
) -> None:
    said = list(installation.install(of_user, start=True))
    drop_in = drop_in_file(of_user.file)
    assert said[:2] == [f"wrote {drop_in}", f"wrote {of_user.file}"]
    shipped = (SYSTEMD / "imgwatch-user.service").read_text()
    assert of_user.file.read_text().partition("\n")[2] == shipped
    assert f"--config {config}" in drop_in.read_text()
    assert installed_for(config) == [of_user.file]
    said = list(installation.uninstall(of_user.file, for_user=True))
    assert said[:2] == [f"removed {of_user.file}", f"removed {drop_in}"]
    assert list(of_user.file.parent.iterdir()) == []


def test_a_unit_of_an_earlier_version_is_replaced_and_what_the_user_edited_stays(
    of_user: InstallPlan, config: Path
) -> None:
    folder = drop_in_file(of_user.file).parent
    folder.mkdir(parents=True)
    (folder / "override.conf").write_text("[Service]\nNice=5\n")
    old = f"# Written by `imgwatch service install` for {config}\n[Service]\nExecStart=/old\nReadWritePaths=-/old\n"
    of_user.file.write_text(old)
    list(installation.install(of_user, start=True))
    assert "/old" not in text_of(of_user.file)
    assert "Nice=5" in text_of(of_user.file)
    list(installation.uninstall(of_user.file, for_user=True))
    assert list(folder.iterdir()) == [folder / "override.conf"]


def test_a_drop_in_that_somebody_else_wrote_is_not_replaced(of_user: InstallPlan) -> None:
    drop_in = drop_in_file(of_user.file)
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text("[Service]\n")
    with pytest.raises(UsageError, match="is there already, for something else"):
        list(installation.install(of_user, start=True))
    assert drop_in.read_text() == "[Service]\n"
    assert not of_user.file.exists()


def test_uninstall_of_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputMissing):
        list(installation.uninstall(tmp_path / "none.service", for_user=False))


def test_a_missing_folder_an_unknown_user_and_an_odd_name_are_told(
    settings: Settings, config: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="no such user"):
        planned(settings, config, run_as="nobody-of-that-name")
    with pytest.raises(UsageError, match="--name"):
        planned(settings, config, name="../evil")
    (tmp_path / "inbox").rmdir()
    with pytest.raises(InputMissing, match="inbox"):
        planned(settings, config)


def test_quarantine_and_state_are_made_for_their_owner_alone(
    settings: Settings, config: Path, tmp_path: Path
) -> None:
    plan = planned(settings, config)
    assert len(list(installation.make_folders(plan))) == 2
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert list(installation.make_folders(plan)) == []


def test_folders_that_pictures_are_moved_to_are_made_and_may_be_written(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    base = tmp_path.parent / f"{tmp_path.name}-sorted" / "screens"
    config = write_config(kinds=f"{{screenshot: {{action: move, to: {base}/%Y}}}}")
    plan = planned(load_config(config), config)
    assert f"ReadWritePaths=-{base}\n" in said_by(plan)
    assert any(str(base) in line for line in installation.make_folders(plan))
    assert base.is_dir()
    assert list(installation.make_folders(plan)) == []
    broad = write_config(kinds="{screenshot: {action: move, to: /srv/%Y}}")
    with pytest.raises(ConfigError, match="pictures are moved to /srv, too much"):
        planned(load_config(broad), broad)


@pytest.mark.root
def test_what_root_had_made_is_handed_over(settings: Settings, config: Path, tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "ledger.sqlite").touch()
    os.chown(tmp_path / "inbox", nobody.pw_uid, nobody.pw_gid)
    said = list(installation.make_folders(planned(settings, config)))
    assert any("which root had made" in line for line in said)
    assert (tmp_path / "state" / "ledger.sqlite").stat().st_uid == nobody.pw_uid


def test_the_folder_of_the_metrics_file_may_be_written_and_the_network_stays_closed(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    config = write_config(
        metrics=f"{{textfile: {tmp_path}/figures/i.prom}}",
        quarantine=f"{{path: {tmp_path / 'inbox' / 'q'}}}",
        state=f"{tmp_path / 'inbox' / 's'}",
    )
    text = said_by(planned(load_config(config), config))
    assert f"ReadWritePaths=-{tmp_path}/figures\n" in text
    assert "PrivateNetwork=yes" in text


def test_a_port_for_metrics_is_opened_and_told(write_config: WriteConfig) -> None:
    config = write_config(metrics="{port: 9321}", hooks="{quarantined: [curl]}")
    plan = planned(load_config(config), config)
    assert "SocketBindAllow=ipv4:tcp:9321" in said_by(plan)
    assert any("http://127.0.0.1:9321/metrics" in note for note in plan.notes)
    assert any("the hook runs in the same sandbox: without network" in note for note in plan.notes)


def test_a_metrics_file_that_would_open_too_much_is_refused(write_config: WriteConfig) -> None:
    config = write_config(metrics="{textfile: /var/lib/i.prom}")
    with pytest.raises(ConfigError, match="give it a folder of its own"):
        planned(load_config(config), config)


def test_messages_open_the_network_and_it_is_said(write_config: WriteConfig) -> None:
    config = write_config(notify="{urls: ['json://a']}", hooks="{quarantined: [curl]}")
    found = planned(load_config(config), config)
    assert "IPAddressAllow=any\nSocketBindDeny=any\n" in said_by(found)
    assert any("may reach the network" in note for note in found.notes)
    assert not any("without network" in note for note in found.notes)


@pytest.mark.parametrize("for_user", [False, True])
def test_doctor_sees_when_unit_and_config_differ_about_the_port(
    write_config: WriteConfig, for_user: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    file = unit_file("imgwatch", for_user=True)
    file.parent.mkdir(parents=True)

    def grades(installed: str, now: str, notify: tuple[str, str] = ("{}", "{}")) -> list[str]:
        config = write_config(metrics=installed, notify=notify[0])
        texts = planned(load_config(config), config, for_user=for_user).texts.values()
        for written, text in zip((drop_in_file(file), file), texts, strict=True):
            written.parent.mkdir(exist_ok=True)
            written.write_text(text)
        settings = load_config(write_config(metrics=now, notify=notify[1]))
        return [finding.grade for finding in check_ports(Subject(config, settings, config, config))]

    assert grades("{}", "{}") == grades("{port: 9321}", "{port: 9321}") == []
    assert grades("{}", "{port: 9321}") == ["fault"]
    assert grades("{port: 9321}", "{}") == ["warning"]
    assert grades("{port: 9321}", "{port: 9322}") == ([] if for_user else ["fault"])
    sends = "{urls: ['json://a']}"
    for port in ("{}", "{port: 9321}"):
        assert grades(port, port, (sends, sends)) == []
        assert grades(port, port, ("{}", sends)) == ["fault"]
        assert grades(port, port, (sends, "{}")) == ["warning"]
    assert grades("{}", "{port: 9321}", (sends, sends)) == ([] if for_user else ["fault"])


def test_doctor_looks_at_urls_and_who_may_read_them(write_config: WriteConfig, tmp_path: Path) -> None:
    def found(notify: str, mode: int) -> list[tuple[str, str]]:
        config = write_config(notify=notify)
        config.chmod(mode)
        subject = Subject(config, load_config(config), tmp_path, tmp_path)
        return [(finding.grade, finding.what) for finding in check_monitoring(subject)]

    assert found("{urls: ['json://hush']}", 0o600) == [
        ("ok", "notify: 1 URL; `imgwatch notify --test` sends a message")
    ]
    grades = found("{urls: ['json://hush']}", 0o644)
    assert [grade for grade, _ in grades] == ["warning", "ok"]
    assert "hush" not in str(grades)
    ((grade, what),) = found(f"{{urls_file: {tmp_path}/none}}", 0o600)
    assert (grade, "cannot be read" in what) == ("fault", True)


def test_doctor_looks_at_the_metrics_file_and_the_hook(write_config: WriteConfig, tmp_path: Path) -> None:
    def findings(**lines: str) -> list[tuple[str, str]]:
        settings = load_config(write_config(**lines))
        return [
            (finding.grade, finding.what)
            for finding in check_monitoring(Subject(tmp_path, settings, tmp_path, tmp_path))
        ]

    assert findings() == []
    (tmp_path / "figures").mkdir()
    assert [g for g, _ in findings(metrics=f"{{textfile: {tmp_path}/figures/i.prom, port: 1}}")] == [
        "ok",
        "ok",
    ]
    ((grade, what),) = findings(metrics=f"{{textfile: {tmp_path}/none/i.prom}}")
    assert (grade, "there is no folder" in what) == ("warning", True)
    assert [g for g, _ in findings(hooks="{quarantined: [/bin/sh, -c, x]}")] == ["ok"]
    ((grade, what),) = findings(hooks="{quarantined: [/nowhere/told]}")
    assert (grade, "is not a program" in what) == ("warning", True)


def test_the_gallery_gets_a_service_and_its_port(
    write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr("imgwatch.systemd.systemctl.Manager.is_running", lambda _: False)
    config = write_config(review="{port: 9876}", metrics="{port: 9321}")
    settings = load_config(config)
    plan = planned(settings, config, name="imgwatch-review", for_user=True, of_gallery=True)
    said = list(installation.install(plan, start=True))
    unit, socket = plan.file, plan.file.with_suffix(".socket")
    assert unit.read_text().partition("\n")[2] == (SYSTEMD / "imgwatch-review-user.service").read_text()
    assert f"review --serve --config {config}" in text_of(unit)
    assert "AF_INET" not in text_of(unit)
    assert text_of(socket).endswith("ListenStream=\nListenStream=127.0.0.1:9876\n")
    assert said[-1].endswith("systemctl --user enable --now imgwatch-review.socket")
    assert any("http://127.0.0.1:9876" in line for line in said)
    assert installed_for(config) == [], "the doctor asks for the daemon's"
    list(installation.uninstall(unit, for_user=True))
    assert list(unit.parent.iterdir()) == []


def test_the_gallerys_service_may_write_what_the_daemon_may(settings: Settings, config: Path) -> None:
    of_daemon, of_gallery = (
        said_by(planned(settings, config, of_gallery=is_gallery)) for is_gallery in (False, True)
    )
    for option in ("ReadWritePaths", "User", "StateDirectory", "ProtectHome", "PrivateTmp"):
        lines = [
            [line for line in text.splitlines() if line.startswith(f"{option}=")]
            for text in (of_daemon, of_gallery)
        ]
        assert lines[0] == lines[1]


def test_a_gallery_that_nobody_could_open_is_not_installed(config: Path) -> None:
    done = CliRunner().invoke(app(), ["service", "install", "--review", "--dry-run", "--config", str(config)])
    assert isinstance(done.exception, ConfigError)
    assert "--set-password" in str(done.exception)
