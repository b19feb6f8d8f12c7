"""Patterns of names and paths that are left alone, as in .gitignore, without regard to case.

A plain name or glob matches at any depth, one with a slash from the watched folder on, one that ends in a slash only
folders; `!` makes an exception, which (unlike git's) holds for all that lies below what it matches. What a walk does
with the answer is in `scan`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import translate
from functools import cache, cached_property
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

Matches = Callable[[str], bool]
_END, _BEGIN, _GLOB = re.compile(r"\*([^*?\[]+)"), re.compile(r"([^*?\[]+)\*"), re.compile(r"[*?\[]")


class _Rule(msgspec.Struct, frozen=True):
    """One pattern in lower case: `head`, the folders before the last slash, and `tail`, a glob on the last name."""

    head: str
    tail: str
    is_exception: bool
    is_of_folders: bool

    @classmethod
    def of(cls, pattern: str) -> _Rule:
        text = pattern.lower()
        is_exception = text.startswith("!")
        text = text.removeprefix("!")
        head, slash, tail = text.rstrip("/").rpartition("/")
        if slash and not head:
            head = "/"
        elif head in ("**", "/**"):  # at any depth, as without it
            head = ""
        return cls(head, _unescaped(tail), is_exception, text.endswith("/"))

    @property
    def is_of_names(self) -> bool:
        """Return whether the last name alone decides."""
        return not self.head and not self.is_exception and not self.is_of_folders

    def is_near(self, folder: str) -> bool:
        """Return whether something that lies directly in `folder` ("" for the top) can match."""
        if not self.head:
            return True
        head = self.head.removesuffix("/**")
        if self.head == "/" or not folder:
            return not folder and (self.head == "/" or head.strip("*/") == "")
        return _spec((head if head.startswith("**") else f"/{head.lstrip('/')}",)).match_file(f"{folder}/")


class Ignore:
    """Compiled patterns. Names that no pattern can match cost no look at the path."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self._patterns = tuple(pattern for pattern in patterns if pattern.strip("/"))
        self._rules = [_Rule.of(pattern) for pattern in self._patterns]
        self._has_exceptions = any(rule.is_exception for rule in self._rules)
        self._by_path = [rule for rule in self._rules if not rule.is_exception and not self._is_sure(rule)]
        self.has_paths = bool(self._by_path)

    @cached_property
    def by_name(self) -> Matches:
        """A function that says what is ignored by its name alone, whatever it is and wherever it lies."""
        return _name_matcher(rule.tail for rule in self._rules if self._is_sure(rule))

    def by_path(self, folder: str) -> Callable[[str, bool], bool] | None:
        """Return a function of (name, is it a folder) in `folder`: is it ignored? None if names alone decide.

        `folder` is relative to the watched one, "" for that itself.
        """
        folder = folder.lower()
        near = [rule.tail for rule in self._by_path if rule.is_near(folder)]
        if not near:
            return None
        is_candidate, spec, above = _name_matcher(near), self._spec, f"{folder}/" if folder else ""

        def is_ignored(name: str, is_folder: bool) -> bool:
            return is_candidate(name) and spec.match_file(f"{above}{name.lower()}{'/' if is_folder else ''}")

        return is_ignored

    def ignores(self, steps: tuple[str, ...]) -> bool:
        """Return whether a path, by its names from the watched folder on, or a folder above it, is ignored."""
        if any(map(self.by_name, steps)):
            return True
        return self.has_paths and any(
            (is_ignored := self.by_path("/".join(steps[:depth]))) is not None
            and is_ignored(name, depth + 1 < len(steps))
            for depth, name in enumerate(steps)
        )

    def _is_sure(self, rule: _Rule) -> bool:
        return rule.is_of_names and not self._has_exceptions

    @cached_property
    def _spec(self) -> GitIgnoreSpec:
        return _spec(tuple(pattern.lower() for pattern in self._patterns))


compiled = cache(Ignore)


@cache
def _spec(lines: tuple[str, ...]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # costs 40 ms, which patterns of names do without

    return GitIgnoreSpec.from_lines(map(_as_pathspec_reads, lines))


def _as_pathspec_reads(line: str) -> str:
    """Return a pattern so that pathspec reads it as git does: `#` is no comment here, and `a/**` is not `a` itself."""
    folder = "/" if line.endswith("/") else ""
    line = line.removesuffix("/")
    line = f"\\{line}" if line.startswith("#") else line
    return f"{line}/*{folder}" if line.endswith("/**") else line + folder


def _unescaped(glob: str) -> str:
    return re.sub(r"\\(.)", r"\1", glob)


def _name_matcher(globs: Iterable[str]) -> Matches:
    """Return compiled globs. For most of a million files, the first and the last letter suffice."""
    names, begins, ends, others = set[str](), [], [], []
    for glob in globs:
        if _GLOB.search(glob) is None:
            names.add(glob)
        elif end := _END.fullmatch(glob):
            ends.append(end[1])
        elif begin := _BEGIN.fullmatch(glob):
            begins.append(begin[1])
        else:
            others.append(glob)
    matches = _simple_matcher(frozenset(names), tuple(begins), tuple(ends))
    if not others:
        return matches
    matches_other = re.compile("|".join(map(translate, others)), re.IGNORECASE).match
    return lambda name: matches(name) or matches_other(name) is not None


def _simple_matcher(names: frozenset[str], begins: tuple[str, ...], ends: tuple[str, ...]) -> Matches:
    firsts = {letter for text in (*names, *begins) for letter in (text[0], text[0].upper())}
    lasts = {letter for end in ends for letter in (end[-1], end[-1].upper())}

    def matches(name: str) -> bool:
        if name[-1] not in lasts and name[0] not in firsts:
            return False
        name = name.lower()
        return name.endswith(ends) or name.startswith(begins) or name in names

    return matches
