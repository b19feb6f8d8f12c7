"""The child process that sends one message by apprise, with a contact sheet, and reports which URLs it reached.

It reads a JSON object on stdin, so that no URL shows in a list of processes, and writes a list of booleans.
It logs nothing: the services' answers may hold secrets.
"""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from imgwatch.explain import as_image
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Box, Decoded, Limits, Shape

_COLUMNS, _CELL = 4, 160  # pictures in a row; pixels a picture
_GAP = 4
_QUALITY = 80


def main() -> None:
    """Send the message on stdin; write to stdout which URLs were reached."""
    logging.disable(logging.CRITICAL)
    message = json.load(sys.stdin)
    sheet = contact_sheet([Path(path) for path in message["pictures"]], Limits(**message["limits"]))
    reached = [_send(url, message["title"], message["body"], sheet) for url in message["urls"]]
    json.dump(reached, sys.stdout)


def contact_sheet(pictures: Sequence[Path], limits: Limits) -> bytes | None:
    """Return small copies of these pictures in rows, as a JPEG; None if none can be shown."""
    if not pictures:
        return None
    with Decoder(Shape(8, 8, "RGB"), limits) as decoder:
        outcomes = [decoder.look_at(path, Box(_CELL)) for path in pictures]
    small = [as_image(outcome.pixels) for outcome in outcomes if isinstance(outcome, Decoded)]
    if not small:
        return None
    columns = min(_COLUMNS, len(small))
    step = _CELL + _GAP
    size = (columns * step - _GAP, -(-len(small) // columns) * step - _GAP)
    sheet = Image.new("RGB", size, "white")
    for number, image in enumerate(small):
        row, column = divmod(number, columns)
        corner = column * step + (_CELL - image.width) // 2, row * step + (_CELL - image.height) // 2
        sheet.paste(image, corner)
    content = io.BytesIO()
    sheet.save(content, "JPEG", quality=_QUALITY)
    return content.getvalue()


def _send(url: str, title: str, body: str, sheet: bytes | None) -> bool:
    import apprise  # not at the top: the decoders, which begin with this module, do without it
    from apprise.attachment.memory import AttachMemory

    service = apprise.Apprise()
    if not service.add(url):
        return False
    attached = (
        None
        if sheet is None
        else AttachMemory(  # type: ignore[no-untyped-call]
            sheet, name="imgwatch.jpg", mimetype="image/jpeg"
        )
    )
    try:
        return bool(service.notify(body=body, title=title, attach=attached))
    except Exception:  # noqa: BLE001 - a plug-in's fault: it says no more than that nothing was sent
        return False


if __name__ == "__main__":
    main()
