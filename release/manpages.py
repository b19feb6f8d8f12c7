"""Write the man pages, made from the commands: one for `imgwatch`, one for each command, one for the config.

python release/manpages.py FOLDER
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from command_tree import Command, Described, commands, exit_codes
from imgwatch import __version__

_CONFIG = Path(__file__).parent.parent / "daemon" / "imgwatch" / "config.yaml"
_FILES = (
    Described("~/.config/imgwatch/config.yaml", "The config of a user."),
    Described("/etc/imgwatch/config.yaml", "The config of the machine, where the user has none."),
    Described(
        "~/.local/share/imgwatch/quarantine", "Where pictures are moved, if the config names no other folder."
    ),
    Described("~/.local/state/imgwatch", "What is remembered, if the config names no other folder."),
)
_VARIABLES = (Described("IMGWATCH_CONFIG", "The config to use where no --config is given."),)


def pages() -> dict[str, str]:
    """Return file name -> text of each page."""
    root, *others = commands()
    made = {"imgwatch.1": _page(root, [command for command in others if len(command.words) == 1])}
    for command in others:
        if len(command.words) == 1:
            below = [other for other in others if other.words[:-1] == command.words]
            made[f"imgwatch-{command.words[0]}.1"] = _page(command, below)
    return made | {"imgwatch-config.5": _config_page()}


def _page(command: Command, below: Sequence[Command]) -> str:
    name = "-".join(("imgwatch", *command.words))
    parts = [_head(name, 1, command.description), _section("SYNOPSIS", f".B {_plain(command.synopsis)}")]
    parts += [
        _section("DESCRIPTION", _paragraphs(command.description)),
        _section("OPTIONS", _listed(command.options)),
    ]
    if command.words:
        parts += [_subcommand(other) for other in below]
        parts.append(_section("SEE ALSO", ".BR imgwatch (1),\n.BR imgwatch-config (5)"))
    else:
        summaries = [
            Described(" ".join(other.words), _first_sentence(other.description).rstrip(".") + ".")
            for other in below
        ]
        parts += [_section("COMMANDS", _listed(summaries)), _section("EXIT STATUS", _listed(exit_codes()))]
        parts += [_section("ENVIRONMENT", _listed(_VARIABLES)), _section("FILES", _listed(_FILES))]
        seen = ",\n".join(f".BR imgwatch-{other.words[0]} (1)" for other in below)
        parts.append(_section("SEE ALSO", f"{seen},\n.BR imgwatch-config (5)"))
    return "\n".join(parts) + "\n"


def _subcommand(command: Command) -> str:
    return _section(
        _plain(" ".join(command.words)).upper(),
        f".B {_plain(command.synopsis)}\n.PP\n{_paragraphs(command.description)}\n{_listed(command.options)}",
    )


def _config_page() -> str:
    text = "\n".join(_plain(line) for line in _CONFIG.read_text(encoding="utf-8").splitlines())
    description = "the config of imgwatch: every key, with its default and what it means."
    return "\n".join(
        (
            _head("imgwatch-config", 5, description),
            _section("DESCRIPTION", f".nf\n{text}\n.fi"),
            _section("SEE ALSO", ".BR imgwatch (1)\n"),
        )
    )


def _head(name: str, chapter: int, description: str) -> str:
    summary = _first_sentence(description).rstrip(".")
    return (
        f'.TH {name.upper()} {chapter} "" "imgwatch {__version__}" "imgwatch"\n'
        f".SH NAME\n{_plain(name)} \\- {_plain(summary)}"
    )


def _first_sentence(text: str) -> str:
    return text.split(". ")[0].split("\n")[0]


def _section(title: str, body: str) -> str:
    return f".SH {title}\n{body}"


def _paragraphs(text: str) -> str:
    return "\n.PP\n".join(_plain(part) for part in text.split("\n\n"))


def _listed(rows: Iterable[Described]) -> str:
    return "\n".join(f".TP\n.B {_plain(row.name)}\n{_plain(row.description)}" for row in rows)


def _plain(text: str) -> str:
    """Escape what roff would read as a request or an escape."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


def main() -> None:
    """Write all pages into the folder that the command line names."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
