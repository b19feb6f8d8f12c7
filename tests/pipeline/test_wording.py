"""Every reason has a sentence and a heading, and no sentence is ever taken apart to get at what it says."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgwatch.judgement import Figure, Reason, ReasonCode, in_words
from imgwatch.wording import counted, heading, sentence

FIGURES = st.dictionaries(
    st.sampled_from(["share", "pictures", "says", "at", "exact", "decisions", "why", "text"]),
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False, width=32) | st.text(),
)


@given(st.sampled_from(ReasonCode), FIGURES)
def test_whatever_the_figures_of_a_forged_record_a_reason_can_be_worded(
    code: ReasonCode, figures: dict[str, Figure]
) -> None:
    assert isinstance(sentence(Reason(code, figures)), str)
    assert heading(Reason(code, figures))


def test_a_date_in_a_reason_stays_out_of_its_heading() -> None:
    at = datetime(2026, 5, 3, 12).timestamp()
    reason = Reason(ReasonCode.COPY_OF_DELETED, {"at": at, "exact": False})
    assert sentence(reason) == "nearly the same as what you deleted on 3 May 2026"
    assert heading(reason) == "a copy of what you deleted"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason(ReasonCode.LIKE_DELETED, {"decisions": 1}), "like what you deleted: learned from 1 decision"),
        (Reason(ReasonCode.LIKE_DELETED, {"decisions": 20}), "like what you deleted: learned from 20 decisions"),
        (Reason(ReasonCode.BLURRED, {"share": 0.993, "pictures": 900}), "blurred: 99.3 % of your pictures are sharper"),
        (Reason(ReasonCode.OTHER_PART, {"says": "odd: {share}", "share": 0.5, "pictures": 9}), "odd: 50.0 %"),
        (in_words("as it was said"), "as it was said"),
    ],
)  # fmt: skip
def test_sentences(reason: Reason, words: str) -> None:
    assert sentence(reason) == words


def test_plurals_agree() -> None:
    assert [counted(number, "fault") for number in (0, 1, 2, 1500)] == [
        "0 faults",
        "1 fault",
        "2 faults",
        "1,500 faults",
    ]
