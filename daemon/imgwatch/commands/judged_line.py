"""The line, or JSON object, by which commands print a judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from imgwatch import console

if TYPE_CHECKING:
    from imgwatch.judging import Judged


def say_judged(judged: Judged, as_json: bool, **more: Any) -> None:
    """Print path, verdict, score against threshold, and reason; `more` are further keys of the JSON object.

    The line ends with `becomes` of these, where the picture goes or would go, or else with its new `id`.
    """
    from imgwatch.cluster.object_url import url_of
    from imgwatch.judged_row import JudgedRow
    from imgwatch.wording import sentence

    judgement, path = judged.judgement, url_of(judged.path)
    reason = sentence(judgement.reason)
    if as_json:
        console.say_json(asdict(JudgedRow.of(judgement, path)) | more)
        return
    figure = "-" if judgement.score is None else f"{judgement.score:.4g} / {judgement.threshold:.4g}"
    becomes = more.get("becomes") or more.get("id")
    moved = f"  -> {becomes}" if becomes else ""
    console.say(f"{judgement.verdict:<10} {figure:>17}  {path}  ({reason}){moved}")
