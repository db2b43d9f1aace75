"""Settings of the process: from the environment or a private file, with errors that name the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import Settings, SettingsError


def private(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = private(tmp_path / ".env", "CHATWARDEN_CLIENT_ID=from-file\nCHATWARDEN_BOT_ID=7\n")
    monkeypatch.setenv("CHATWARDEN_CLIENT_ID", "from-environment")
    settings = Settings.read(file)
    assert (settings.client_id, settings.bot_id) == ("from-environment", "7")


def test_channel_names_are_cleaned(tmp_path: Path) -> None:
    file = private(tmp_path / ".env", "CHATWARDEN_CHANNELS=' Aurora, #night_kiln,@aurora,, '\n")
    assert Settings.read(file).channel_names == ("aurora", "night_kiln")


def test_the_address_of_a_channels_page_is_its_name(tmp_path: Path) -> None:
    pages = "https://twitch.tv/Aurora,www.twitch.tv/night_kiln/videos, https://m.twitch.tv/ada?sr=a"
    file = private(tmp_path / ".env", f"CHATWARDEN_CHANNELS='{pages}'\n")
    assert Settings.read(file).channel_names == ("aurora", "night_kiln", "ada")


@pytest.mark.parametrize("channels", ["your channel", "aurora;night_kiln", "https://example.org/aurora", "a" * 26])
def test_what_can_be_no_channels_name_is_told(tmp_path: Path, channels: str) -> None:
    file = private(tmp_path / ".env", f"CHATWARDEN_CHANNELS='{channels}'\n")
    with pytest.raises(SettingsError, match=r"CHATWARDEN_CHANNELS: .* is no channel's name .*commas between"):
        Settings.read(file)


def test_the_bots_id_must_be_a_number_where_it_is_needed(tmp_path: Path) -> None:
    settings = Settings.read(private(tmp_path / ".env", "CHATWARDEN_BOT_ID=my_bot\n"))
    with pytest.raises(SettingsError, match="CHATWARDEN_BOT_ID: 'my_bot' is no id, which is a number"):
        settings.require("bot_id")


def test_a_secret_file_others_can_read_is_refused(tmp_path: Path) -> None:
    file = private(tmp_path / ".env", "CHATWARDEN_CLIENT_ID=x\n")
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        Settings.read(file)


def test_missing_settings_are_named_with_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.read(tmp_path / "absent").require("client_id", "client_secret", "channels")
    assert "CHATWARDEN_CLIENT_ID: The Twitch application's client id." in str(error.value)
    assert "CHATWARDEN_CLIENT_SECRET" in str(error.value)


def test_a_wrong_address_is_named_by_its_variable(tmp_path: Path) -> None:
    file = private(tmp_path / ".env", "CHATWARDEN_HELIX_URL=api.twitch.tv\n")
    with pytest.raises(SettingsError, match=r"CHATWARDEN_HELIX_URL: .*write it as https://api.twitch.tv/helix/ is"):
        Settings.read(file)


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    file = private(tmp_path / ".env", "CHATWARDEN_CLIENT_SECRET=hunter2\n")
    assert "hunter2" not in repr(Settings.read(file))


def test_a_slip_in_a_name_is_told_and_what_is_not_ours_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATWARDEN_SOMETHING_ELSE", "1")
    file = private(tmp_path / ".env", "CHATWARDEN_METRICS_PRT=9109\nOTHER=1\n")
    with pytest.raises(SettingsError, match=r"CHATWARDEN_METRICS_PRT: no such .*did you mean CHATWARDEN_METRICS_PORT"):
        Settings.read(file)


def test_a_wrong_value_is_told_as_it_was_given(tmp_path: Path) -> None:
    file = private(tmp_path / ".env", "CHATWARDEN_METRICS_PORT=99999\n")
    with pytest.raises(SettingsError, match="CHATWARDEN_METRICS_PORT: '99999' is above 65535"):
        Settings.read(file)
