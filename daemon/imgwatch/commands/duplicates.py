"""`imgwatch duplicates`: list copies of pictures, which one is the original of each, and why. Moves nothing."""

from typing import TYPE_CHECKING

from imgwatch import console
from imgwatch.commands.context import compared_scopes, load_settings, open_finder, open_ledger
from imgwatch.commands.options import ConfigOption, JsonOption
from imgwatch.wording import counted, sentence

if TYPE_CHECKING:
    from pathlib import Path

    from imgwatch.duplicates.finder import Copy


def duplicates(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List copies in the watched and reference folders. Names the original and its copies, and says why."""
    from imgwatch.candidates import candidates
    from imgwatch.duplicates.groups import grouped
    from imgwatch.picture.decoder import Decoder
    from imgwatch.picture.decoding import Shape
    from imgwatch.scan import identity_of

    settings = load_settings(config)
    with (
        open_ledger(settings) as ledger,
        Decoder(Shape(8, 8, "RGB"), settings.limits.limits(), settings.threads) as decoder,
        console.progress() as progress,
    ):
        finder = open_finder(settings, ledger, lambda: decoder)
        paths = list(candidates(compared_scopes(settings), together=settings.companions == "together"))
        pictures = []
        for number, path in enumerate(paths, 1):
            progress("duplicates", number, len(paths))
            identity = identity_of(path)
            signed = None if identity is None else finder.look_at(path, identity)
            if signed is not None:
                pictures.append(signed)
        groups = grouped(finder, pictures)
    for kept, copies in groups.items():
        _say(kept, copies, as_json)
    if not as_json:
        number = sum(map(len, groups.values()))
        console.say(
            f"{counted(number, 'copy', 'copies')} of {counted(len(groups), 'picture')}; "
            f"{counted(len(pictures), 'picture')} compared, nothing moved"
        )


def _say(kept: "Path", copies: "list[Copy]", as_json: bool) -> None:
    from imgwatch.duplicates.taking import reason_of

    if as_json:
        listed = [
            {"path": str(copy.copy.path), "because": str(copy.because), "exact": copy.is_exact,
             "reason": sentence(reason_of(copy))}
            for copy in copies
        ]  # fmt: skip
        console.say_json({"kept": str(kept), "copies": listed})
        return
    console.say(str(kept))
    for copy in copies:
        console.say(f"  {copy.copy.path}: {sentence(reason_of(copy))}")
