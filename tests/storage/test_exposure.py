from __future__ import annotations

import pytest

from filters.types import Category, Severity
from storage.audit import Audit
from storage.database import Database
from storage.exposure import Exposure, ExposureError, Load
from storage.records import RecordLog
from storage.roles import Staff
from storage.rules import Rules
from tests.storage.conftest import add_ban, make_evidence


async def test_looks_are_counted_by_severity_and_stop_at_the_limit(
    log: RecordLog, db: Database, staff: dict[str, Staff]
) -> None:
    await Rules(db).set("exposure_limit", 5, by=staff["manager"], surface="shell")
    grave = await add_ban(log, 1, evidence=(make_evidence(severity=Severity.EXTREME),))
    mild = await add_ban(log, 2, evidence=(make_evidence(severity=Severity.LOW),))
    exposure, analyst = Exposure(db), staff["analyst"]
    for record in (mild, grave, grave):
        await exposure.unmask(analyst, record, surface="console")
    assert await exposure.load(analyst) == Load(looks=3, points=6, limit=5)
    with pytest.raises(ExposureError, match="analyst has seen 6 severity points unmasked in 8 hours, the limit is 5"):
        await exposure.unmask(analyst, mild, surface="console")
    await exposure.unmask(staff["analyst2"], grave, surface="console")
    assert len(await Audit(db).latest(actor="analyst")) == 3


async def test_a_look_long_ago_counts_no_more(log: RecordLog, db: Database, staff: dict[str, Staff]) -> None:
    number = await add_ban(log)
    await Exposure(db).unmask(staff["analyst"], number, surface="shell")
    async with db.transaction() as transaction:
        await transaction.execute("UPDATE exposures SET at_ms = at_ms - 9 * 3600000")
    assert (await Exposure(db).load(staff["analyst"])).points == 0


async def test_what_is_sealed_or_not_there_cannot_be_unmasked(
    log: RecordLog, db: Database, staff: dict[str, Staff]
) -> None:
    sealed = await add_ban(log, evidence=(make_evidence(Category.CHILD_SAFETY),))
    for record, told in ((sealed, "is sealed"), (99, "there is no Record #99")):
        with pytest.raises(ExposureError, match=told):
            await Exposure(db).unmask(staff["legal"], record, surface="shell")
    assert await db.rows("SELECT 1 FROM exposures") == []
