"""What the site has that docs/ has not: pages made from the program, state diagrams as pictures, links out of docs/.

mkdocs calls these functions by their names (`hooks` in mkdocs.yml).
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from mkdocs.structure.files import File

import command_tree

ROOT = Path(__file__).parent.parent
_SOURCE = "https://github.com/imgwatch/imgwatch/blob/main/"
_DIAGRAM = re.compile(r"^```mermaid\nstateDiagram-v2\n(.*?)^```", re.MULTILINE | re.DOTALL)
_STEP = re.compile(r"^\s*(\[\*\]|[\w ]+?) --> (\[\*\]|[\w ]+?)(?:: (.+))?$", re.MULTILINE)


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made from the program."""
    pages = {"commands.md": commands_page(), "config.md": config_page(), "exit-codes.md": exit_codes_page()}
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let links out of docs/ lead to the source, and draw the state diagrams."""
    linked = re.sub(r"\]\(\.\./([^)]+)\)", rf"]({_SOURCE}\1)", markdown)
    return _DIAGRAM.sub(lambda diagram: draw(diagram[1]), linked)


def commands_page() -> str:
    """Return a page with every command and its options."""
    parts = ["# Commands\n\n`imgwatch help COMMAND` and `man imgwatch` say the same.\n"]
    for command in command_tree.commands():
        title = " ".join(("imgwatch", *command.words))
        level = "#" * min(2 + max(len(command.words) - 1, 0), 3)
        parts.append(
            f"{level} {title}\n\n```text\n{command.synopsis}\n```\n\n{_escaped(command.description)}\n"
        )
        rows = [f"| `{option.name}` | {_escaped(option.description)} |" for option in command.options]
        parts.append("| | |\n|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def config_page() -> str:
    """Return a page with the commented config."""
    text = (ROOT / "daemon/imgwatch/config.yaml").read_text(encoding="utf-8")
    return f"# Config\n\nEvery key, with its default and what it means.\n\n```yaml\n{text}```\n"


def exit_codes_page() -> str:
    """Return a page with the exit codes."""
    rows = [f"| {code.name} | {_escaped(code.description)} |" for code in command_tree.exit_codes()]
    more = "`imgwatch status` ends with 3 where no daemon runs, and with 4 where the breaker is open."
    return "\n".join(("# Exit codes", "", "| code | |", "|---|---|", *rows, "", more, ""))


def draw(steps: str) -> str:
    """Draw a mermaid state diagram with Graphviz: a picture in the page, without a script."""
    lines = ['digraph { rankdir=LR; bgcolor="transparent"; node [shape=box style="rounded,filled" fillcolor="#e0f2f1" '
             'fontname="sans-serif" fontsize=12]; edge [fontname="sans-serif" fontsize=9 color="#607d8b" '
             'fontcolor="#607d8b"];']  # fmt: skip
    for number, (start, end, event) in enumerate(_STEP.findall(steps)):
        names = [_node(name, f"{number}{end_number}", lines) for end_number, name in enumerate((start, end))]
        lines.append(f'{names[0]} -> {names[1]} [label="{event}"];')
    drawing = subprocess.run(
        ["dot", "-Tsvg"], input="\n".join([*lines, "}"]), capture_output=True, text=True, check=True
    )
    svg = drawing.stdout[drawing.stdout.index("<svg") :]
    return f'<div class="diagram">\n{" ".join(svg.split())}\n</div>'


def _node(name: str, number: str, lines: list[str]) -> str:
    if name != "[*]":
        return f'"{name}"'
    lines.append(f'"end{number}" [shape=point fillcolor=black label=""];')
    return f'"end{number}"'


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n\n", "<br>")
