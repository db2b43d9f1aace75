from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filters.types import Category
from storage.audit import Audit
from storage.cases import CaseBook
from storage.database import Database
from storage.exposure import Exposure
from storage.messages import MessageLog
from storage.people import erase, find_people
from storage.queue import ClaimError, Queue
from storage.records import RecordLog, RecordQuery
from storage.requests import Requests
from storage.reviews import Decision, Reviews
from storage.roles import Staff
from storage.sealed import SEALED, SealedQueue, Sealer, SealError, new_key
from storage.verifying import verify
from tests.storage.conftest import add_ban, make_evidence, make_message

Team = dict[str, Staff]
TELLTALE = "a telltale line nobody may read"


@pytest.fixture
def sealer() -> Sealer:
    return Sealer([new_key()])


def stored(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir() if file.is_file())


async def add_sealed(log: RecordLog, category: Category = Category.CHILD_SAFETY, number: int = 1) -> int:
    found = make_evidence(category, folded="telltale folded", detail=f"quotes {TELLTALE}")
    return await add_ban(log, number, text=TELLTALE, evidence=(found,))


@pytest.mark.parametrize("category", sorted(SEALED))
@pytest.mark.parametrize("keyed", [True, False])
async def test_sealed_text_is_never_on_the_disk_in_plain(
    db: Database, path: Path, sealer: Sealer, category: Category, keyed: bool
) -> None:
    log = RecordLog(db, sealer if keyed else None)
    number = await add_sealed(log, category)
    # The same line as context of a later Record is as secret.
    await add_ban(log, 2, "other", text="harmless", context=(make_message(1, text=TELLTALE),))
    await log.close()
    assert b"telltale" not in stored(path)
    assert b"harmless" in stored(path)
    [seal] = await SealedQueue(db).list()
    assert (seal.record_id, seal.category, seal.sealed_by) == (number, category, "bot")
    assert (seal.kept, seal.present) == (keyed, keyed)
    assert [record.text for record in await log.list(RecordQuery())] == ["harmless", None]
    assert (await verify(db)).breaks == []


@pytest.mark.parametrize("order", list(permutations(["keep", "write", "seal", "quote"])))
async def test_a_line_a_reviewer_seals_stays_nowhere_in_plain_whatever_comes_first(
    db: Database, path: Path, sealer: Sealer, staff: Team, order: tuple[str, ...]
) -> None:
    records, kept = RecordLog(db, sealer), MessageLog(db)
    line = make_message(1, text=TELLTALE)
    number = await add_ban(records, 1, text=TELLTALE)
    await Queue(db).claim(staff["analyst"], number, surface="shell")
    for step in order:
        match step:
            case "keep":
                kept.keep(line)
                kept.keep(make_message(2, "ann", "harmless"))
            case "write":
                await kept.close()
            case "seal":
                await Reviews(db, sealer).decide(
                    staff["analyst"], number, Decision.ESCALATE, "child safety", surface="shell"
                )
            case "quote":
                await add_ban(records, 3, "other", text="you too", context=(line,))
    await kept.close()
    await db.forget_log()
    assert b"telltale" not in stored(path)
    assert [row["text"] for row in await db.rows("SELECT text FROM messages")] == ["harmless"]
    assert (await verify(db)).breaks == []
    await records.close()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=8).filter(lambda text: len(text.encode("utf-8", "replace")) >= 8))
async def test_any_text_opens_as_it_was_sealed(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("seal") / "log.sqlite3"
    db, sealer = await Database.open(path), Sealer([new_key()])
    log = RecordLog(db, sealer)
    await add_ban(log, text=text, evidence=(make_evidence(Category.CHILD_SAFETY, folded="", detail=""),))
    await log.close()
    [row] = await db.rows("SELECT ciphertext FROM sealed_content")
    plain = text.encode("utf-8", "surrogatepass")
    assert sealer.open(row["ciphertext"])["text"] == text
    assert plain not in row["ciphertext"]
    await db.close()
    if len(plain) >= 16:  # shorter ones occur by chance
        assert plain not in stored(path)


async def test_opening_is_noted_with_its_purpose_before_anything_is_shown(
    db: Database, sealer: Sealer, staff: Team
) -> None:
    log = RecordLog(db, sealer)
    number = await add_sealed(log)
    queue = SealedQueue(db)
    [seal] = await queue.list()
    content = await queue.open(seal.id, sealer, staff=staff["legal"], purpose="report 17", surface="shell")
    assert content["text"] == TELLTALE
    assert content["evidence"] == [{"folded": "telltale folded", "detail": f"quotes {TELLTALE}"}]
    [deed] = await Audit(db).latest(actor="legal")
    assert (deed.verb, deed.subject, deed.detail) == ("sealed open", f"record {number}", "report 17")
    [row] = await db.rows("SELECT reviewer, record_id, sealed FROM v_exposures")
    assert tuple(row) == ("legal", number, 1)
    with pytest.raises(SealError, match="say what it is opened for"):
        await queue.open(seal.id, sealer, staff=staff["legal"], purpose=" ", surface="shell")
    assert (await Exposure(db).load(staff["legal"])).looks == 1
    await log.close()


async def test_keys_rotate_and_a_wrong_or_missing_key_opens_nothing(db: Database, staff: Team) -> None:
    old, new = new_key(), new_key()
    log = RecordLog(db, Sealer([old]))
    await add_sealed(log)
    queue, legal = SealedQueue(db), staff["legal"]
    for sealer, told in ((None, "no seal key is set"), (Sealer([new]), "sealed with a key that is not set now")):
        with pytest.raises(SealError, match=told):
            await queue.open(1, sealer, staff=legal, purpose="report", surface="shell")
    assert await db.rows("SELECT 1 FROM exposures") == []
    opened = await queue.open(1, Sealer([new, old]), staff=legal, purpose="report", surface="shell")
    assert opened["text"] == TELLTALE
    with pytest.raises(SealError, match="there is no seal 9"):
        await queue.open(9, Sealer([new]), staff=legal, purpose="report", surface="shell")
    await log.close()


def test_a_key_comes_from_the_setting_or_a_private_file(tmp_path: Path) -> None:
    assert Sealer.configured("", None) is None
    key, file = new_key(), tmp_path / "seal.key"
    token = Sealer.configured(key, None).seal({"text": "x"})  # type: ignore[union-attr]
    file.write_text(f"{new_key()}\n{key}\n")
    file.chmod(0o644)
    with pytest.raises(SealError, match=r"can be read by others \(run: chmod 600"):
        Sealer.configured("", file)
    file.chmod(0o600)
    assert Sealer.configured("", file).open(token) == {"text": "x"}  # type: ignore[union-attr]
    file.write_text("\n")
    with pytest.raises(SealError, match="holds no key"):
        Sealer.configured("", file)
    with pytest.raises(SealError, match="not 32 bytes in URL-safe base64"):
        Sealer.configured("secret", None)
    with pytest.raises(SealError, match="No such file"):
        Sealer.configured("", tmp_path / "none")


@pytest.mark.parametrize(
    ("outcome", "decision", "present", "asked"),
    [("reported", "uphold", True, 0), ("no violation", "overturn", True, 1), ("destroyed", "uphold", False, 0)],
)
async def test_working_a_seal_off_is_a_review_too(
    db: Database, sealer: Sealer, staff: Team, outcome: str, decision: str, present: bool, asked: int
) -> None:
    log = RecordLog(db, sealer)
    number = await add_sealed(log)
    decided = await Reviews(db).release_seal(staff["legal"], 1, outcome, note="ref 4", surface="shell")
    assert decided is not None
    [verdict] = await db.rows("SELECT decision, reviewer FROM v_verdicts WHERE record_id = ?", (number,))
    assert tuple(verdict) == (decision, "legal")
    assert len(await Requests(db).open()) == asked
    queue = SealedQueue(db)
    assert await queue.list() == []
    [seal] = await queue.list(released=True)
    assert (seal.outcome, seal.present) == (outcome, present)
    with pytest.raises((SealError, ClaimError)):
        await Reviews(db).release_seal(staff["legal"], 1, outcome, surface="shell")
    assert (await verify(db)).breaks == []
    await log.close()


async def test_a_hold_keeps_sealed_content_and_erasure_destroys_it(
    db: Database, path: Path, sealer: Sealer, staff: Team
) -> None:
    log = RecordLog(db, sealer)
    await add_sealed(log)
    [person] = await find_people(db, "troll")
    book = CaseBook(db)
    case = await book.open(staff["senior"], "report", surface="shell")
    await book.add(staff["senior"], case, "person", person, surface="shell")
    await book.hold(staff["legal"], case, on=True, surface="shell")
    with pytest.raises(SealError, match="a case holds it"):
        await Reviews(db).release_seal(staff["legal"], 1, "destroyed", surface="shell")
    [before] = await db.rows("SELECT ciphertext FROM sealed_content")
    await book.hold(staff["legal"], case, on=False, surface="shell")
    assert (await erase(db, person, actor="officer", reason="request 17")).seals == 1
    assert before["ciphertext"][:40] not in stored(path)
    assert (await verify(db)).breaks == []
    await log.close()


def test_the_cipher_is_the_librarys() -> None:
    key = new_key()
    assert Fernet(key).decrypt(Sealer([key]).seal({"text": "x"})) == b'{"text": "x"}'
