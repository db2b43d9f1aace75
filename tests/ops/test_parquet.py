from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from filters.masking import masked
from ops.parquet import masked_all


@given(st.lists(st.text()))
def test_a_batch_is_masked_as_each_line_would_be(texts: list[str]) -> None:
    assert masked_all(texts) == [masked(text) for text in texts]
