"""docs/lifecycle.md shows the table that the program follows."""

from __future__ import annotations

from pathlib import Path

from imgwatch.lifecycle import DESCRIPTIONS, TAKES_BACK, TEACHES, TRANSITIONS, FileState, ReviewState, State

PAGE = Path(__file__).parent.parent.parent / "docs" / "lifecycle.md"


def _cells(line: str) -> list[str]:
    return [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]


def _rows(heading: str) -> list[list[str]]:
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    return [_cells(line) for line in table[2:]]


def test_the_page_has_a_sentence_for_every_state() -> None:
    rows = {name: sentence for name, sentence in _rows("States")}
    assert rows == {str(state): sentence for state, sentence in DESCRIPTIONS.items()}


def test_the_page_has_every_transition() -> None:
    assert sorted(_rows("Transitions")) == sorted(
        [str(state), str(event), str(following)] for (state, event), following in TRANSITIONS.items()
    )


def test_the_diagram_has_every_transition_of_the_quarantine() -> None:
    diagram = PAGE.read_text(encoding="utf-8").split("```mermaid\n")[1].split("```")[0]
    drawn = {
        tuple(line.strip().replace(" --> ", ":").split(":")) for line in diagram.splitlines() if "-->" in line
    }
    shown: dict[tuple[State, State], list[str]] = {}
    for (state, event), following in TRANSITIONS.items():
        if state is not following and following is not FileState.UNSEEN:
            shown.setdefault((state, following), []).append(event)
    assert {(a.strip(), b.strip()) for a, b, *_ in drawn if "[*]" not in (a.strip(), b.strip())} == set(shown)
    assert all(isinstance(state, ReviewState | FileState) for pair in shown for state in pair)


def test_the_page_says_what_decisions_teach() -> None:
    rows = {event: (teaches, takes_back) for event, teaches, takes_back in _rows("What decisions teach")}
    for event in {*TEACHES, *TAKES_BACK}:
        assert rows[event] == (str(TEACHES.get(event, "")), str(TAKES_BACK.get(event, "")))
