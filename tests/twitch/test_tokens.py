"""Tokens on disk: private, whole, and never shown."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from twitch.tokens import Token, TokenError, TokenStore

ANN = Token("1", "ann", "secret-access", "secret-refresh", ("user:read:chat",))
BOB = Token("2", "bob", "b-access", "b-refresh")


def test_what_is_saved_is_loaded_again(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "deep" / "tokens.json")
    assert store.load() == {}
    store.save(ANN)
    store.save(BOB)
    assert store.load() == {"1": ANN, "2": BOB}


def test_a_new_token_replaces_the_accounts_old_one(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    store.save(ANN)
    renewed = Token("1", "ann", "new", "newer")
    store.save(renewed)
    assert store.load() == {"1": renewed}


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    store.save(ANN)
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["{", "[1]", '[{"user_id": "1"}]', '{"1": {"token": "x"}}'])
def test_a_damaged_file_is_refused_with_the_remedy_and_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(content)
    with pytest.raises(TokenError, match="chatwarden login"):
        TokenStore(path).save(ANN)
    assert path.read_text() == content


def test_a_write_that_fails_leaves_the_old_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    store.save(ANN)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(TokenError, match=r"No space left.*CHATWARDEN_TOKENS"):
        store.save(BOB)
    assert store.load() == {"1": ANN}
    assert [each.name for each in tmp_path.iterdir()] == ["tokens.json"]


def test_a_token_never_shows_its_secrets() -> None:
    assert "secret" not in repr(ANN)
    assert "secret" not in f"{ANN}"
