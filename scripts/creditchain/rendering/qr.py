"""The QR code of a report: which package it shows."""

from __future__ import annotations

import io


def qr_svg(text: str, *, sized: bool = True) -> bytes:
    """A QR code as SVG, without XML declaration. Not `sized`: as large as the style of the page has it."""
    import segno

    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        picture, kind="svg", scale=4, border=0, xmldecl=False, omitsize=not sized
    )
    return picture.getvalue()
