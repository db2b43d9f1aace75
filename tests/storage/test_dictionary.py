from __future__ import annotations

from pathlib import Path

import pytest

from filters.types import Category
from storage.database import Database
from storage.dictionary import document, relations

DICTIONARY = Path(__file__).parents[2] / "docs" / "data-dictionary.md"


async def test_the_dictionary_in_docs_is_the_schema() -> None:
    assert await document() == DICTIONARY.read_text(encoding="utf-8"), (
        "run: python -m storage.dictionary > docs/data-dictionary.md"
    )


async def test_a_column_without_a_meaning_is_refused(db: Database) -> None:
    async with db.transaction() as transaction:
        await transaction.execute(
            "CREATE TABLE riddles (\n-- Riddles.\nquestion TEXT, -- What is asked.\nanswer TEXT\n)"
        )
    with pytest.raises(ValueError, match="riddles: no comment in the schema for answer"):
        await relations(db)


async def test_every_category_of_the_filters_is_a_written_rule(db: Database) -> None:
    rows = await db.rows("SELECT name FROM categories WHERE length(policy) > 20")
    assert {row["name"] for row in rows} == {str(each) for each in Category}
