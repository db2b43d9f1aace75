"""Legal hold: what an investigation needs is not erased, whatever age it has. As SQL that other questions build on."""

from __future__ import annotations

_HELD = "FROM case_items AS i JOIN cases AS k ON k.id = i.case_id AND k.legal_hold = 1"

HELD_PEOPLE = f"""
    SELECT i.subject, i.case_id {_HELD} WHERE i.kind = 'person'
    UNION SELECT r.chatter_id, i.case_id {_HELD} JOIN records AS r ON r.id = i.subject WHERE i.kind = 'record'
    UNION SELECT p.chatter_id, i.case_id {_HELD} JOIN appeals AS p ON p.id = i.subject WHERE i.kind = 'appeal'
"""
"""People (``subject``) in a case on hold (``case_id``): themselves, or by a Record or an appeal of theirs."""

HELD_RECORDS = f"SELECT r.id FROM records AS r WHERE r.chatter_id IN (SELECT subject FROM ({HELD_PEOPLE}))"  # noqa: S608
"""Numbers of all Records about those people."""
