"""What a change of the config changes is said in one line."""

from __future__ import annotations

import pytest

from imgwatch.config.summary import summary_of

BEFORE = "watch: [{path: /a}, {path: /b}]\nmode: report\nkinds: {card: keep}\n"


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("a: 1", "a: 1 # why", "comments or spelling"),
        ("a: 1\n", "a: 2\n", "a: 2"),
        (BEFORE, BEFORE.replace("mode: report\n", ""), "mode removed"),
        (
            BEFORE,
            BEFORE.replace("keep", "{action: move, to: /c}"),
            "kinds.card: {action: move, to: /c}",
        ),
        (BEFORE, BEFORE.replace(", {path: /b}", ", {path: /c}"), "watch: + {path: /c} - {path: /b}"),
        (BEFORE, BEFORE.replace("{path: /a}, {path: /b}", "{path: /b}, {path: /a}"), "watch: another order"),
        ("a: 1", "{b: 2, c: 3, d: 4, e: 5}", "b: 2, c: 3, d: 4, and 2 more"),
        ("a: 1", f"a: {'x' * 100}", f"a: {'x' * 57}..."),
        ("a: 1", "a: 'tgram://bot-token/chat'", "a: tgram://****"),
        ("a: 1", 'a: "\\e[31m"', r'a: "\e[31m"'),
        ("a: 1", "a: [", "text that is no config"),
        ("a: &a [*a]", "a: &a [*a]\n", "text that is no config"),
        ("a: 1", "[]", "a removed"),
    ],
)
def test_what_differs_is_said_in_one_line(before: str, after: str, says: str) -> None:
    assert summary_of(before, after) == says
