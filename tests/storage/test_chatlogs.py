from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.chatlogs import START_S, ChatLine, LogError, read_chat


@pytest.fixture
def log(tmp_path):
    def write(text: str, name: str = "chat.log") -> list[ChatLine]:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return list(read_chat(path))

    return write


def test_jsonl_with_and_without_what_is_optional(log):
    lines = log(
        '{"ts": 100.5, "channel": "#Aurora", "user": "Ann", "text": "hi", "roles": ["vip"]}\n'
        "\n"
        '{"text": "Kappa yes  Kappa", "emotes": ["Kappa"]}\n'
    )
    assert lines == [
        ChatLine(100.5, "aurora", "ann", "hi", ("vip",)),
        ChatLine(
            101.5,
            "aurora",
            "viewer",
            "Kappa yes  Kappa",
            (),
            (("emote", "Kappa"), ("text", " yes  "), ("emote", "Kappa")),
        ),
    ]
    assert log('{"text": "first"}')[0].ts_s == START_S


def test_gzip(tmp_path):
    path = tmp_path / "chat.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "hi"}\n'))
    assert [line.text for line in read_chat(path)] == ["hi"]


def test_twitch_downloader(log):
    comments = [
        {
            "content_offset_seconds": 12,
            "commenter": {"name": "Ann", "display_name": "Änn"},
            "message": {
                "body": "hi Kappa",
                "fragments": [{"text": "hi ", "emoticon": None}, {"text": "Kappa", "emoticon": {"emoticon_id": "25"}}],
                "user_badges": [{"_id": "moderator", "version": "1"}, {"_id": "bits", "version": "100"}],
            },
        }
    ]
    whole = {
        "streamer": {"name": "Aurora", "id": 1},
        "video": {"created_at": "2023-01-02T03:04:05Z"},
        "comments": comments,
    }
    wanted = [
        ChatLine(1672628657.0, "aurora", "ann", "hi Kappa", ("moderator",), (("text", "hi "), ("emote", "Kappa")))
    ]
    assert log(json.dumps(whole)) == wanted
    assert log(json.dumps(whole, indent=2)) == wanted


def test_plain_irc(log):
    assert log("[2021-04-05 12:34:56] <Ann> hi: there\n[2021-04-05 12:34:57 UTC] #borealis ben: yo\n") == [
        ChatLine(1617626096.0, "aurora", "ann", "hi: there"),
        ChatLine(1617626097.0, "borealis", "ben", "yo"),
    ]


def test_raw_irc_with_tags(log):
    raw = (
        "@badges=moderator/1,subscriber/12,bits/100;emotes=25:3-7;tmi-sent-ts=1617626096123 "
        ":ann!ann@ann.tmi.twitch.tv PRIVMSG #aurora :hi Kappa :)"
    )
    pieces = (("text", "hi "), ("emote", "Kappa"), ("text", " :)"))
    assert log(raw) == [ChatLine(1617626096.123, "aurora", "ann", "hi Kappa :)", ("moderator", "subscriber"), pieces)]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ('{"text": 5}', '"text" is 5'),
        ('{"text": "x", "ts": "noon"}', "\"ts\" is 'noon'"),
        ('{"text": "x", "roles": ["king"]}', "king"),
        ('{"text": "x", "emotes": "Kappa"}', "list of texts"),
        ('{"text": "x" "user": "y"}', "not valid JSON"),
        ("just words", "is no chat line"),
        ("[2021-99-05 12:34:56] <ann> hi", "is no date"),
        ("@emotes=25:0-99 :a!a@a PRIVMSG #c :hi", "emotes has '0-99'"),
        ("@tmi-sent-ts=soon :a!a@a PRIVMSG #c :hi", "tmi-sent-ts"),
    ],
)
def test_a_malformed_line_is_named_with_file_number_and_remedy(log, bad, why):
    with pytest.raises(LogError) as caught:
        log(f'{{"text": "fine"}}\n{bad}\n', "evening.log")
    message = str(caught.value)
    assert "evening.log: line 2: " in message
    assert why in message
    assert message.endswith(")")


def test_a_malformed_comment_is_numbered(log):
    with pytest.raises(LogError, match="comment 1 of the log is malformed"):
        log('{"comments": [{"message": {}}]}')


@pytest.mark.parametrize("content", ['{"text": "cut', "{\n", '{"comments": 5}'])
def test_a_log_that_ends_too_early_is_an_error(log, content):
    with pytest.raises(LogError, match="line 1"):
        log(content)


def test_what_cannot_be_opened_is_a_log_error(tmp_path):
    with pytest.raises(LogError, match=r"missing\.jsonl: cannot be read"):
        list(read_chat(tmp_path / "missing.jsonl"))
    (tmp_path / "bad.jsonl.gz").write_bytes(b"not gzip")
    with pytest.raises(LogError, match=r"bad\.jsonl\.gz: cannot be read"):
        list(read_chat(tmp_path / "bad.jsonl.gz"))
    (tmp_path / "latin.log").write_bytes(b"[2021-04-05 12:34:56] <ann> \xff\n")
    with pytest.raises(LogError, match="not UTF-8"):
        list(read_chat(tmp_path / "latin.log"))


@given(text=st.text(min_size=1).filter(str.strip), emotes=st.lists(st.text(min_size=1), max_size=3))
def test_fragments_always_join_to_the_text(tmp_path_factory, text, emotes):
    path: Path = tmp_path_factory.getbasetemp() / "fragments.jsonl"
    path.write_text(json.dumps({"text": text, "emotes": emotes}), encoding="utf-8")
    (line,) = read_chat(path)
    assert line.text == text
    if line.fragments is not None:
        assert "".join(piece for _, piece in line.fragments) == text


def test_real_chat_reads_to_the_end():
    path = Path(__file__).parents[2] / "../shared/data/dev/chat.jsonl.gz"
    if not path.exists():
        pytest.skip("the recorded chat is not on this machine")
    assert sum(1 for _ in read_chat(path)) == 95_869
