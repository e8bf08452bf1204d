"""Drawing a consent file as a QR code, for the enterprise's phone to scan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.output_files import require_writable, save
from creditchain.errors import InputError, UsageError

if TYPE_CHECKING:
    from creditchain.packages.consent_file import ConsentFile

QrOption = Annotated[
    Path | None,
    typer.Option("--qr", help="Also draw a QR code to this .svg or .png file. A scanner reads the file's text."),
]


def require_drawable(path: Path | None, *, force: bool) -> None:
    """Raise before anything is asked or signed unless the picture can be written. None: none is wanted."""
    if path is None:
        return
    if path.suffix not in (".svg", ".png"):
        raise UsageError("--qr takes a file .svg or .png", found=path.suffix or "no suffix")
    require_writable(path, force=force)


def draw(file: ConsentFile, path: Path, *, force: bool) -> None:
    """Write the picture, of the kind that the path's suffix names. Raises InputError where the consent is too long."""
    from io import BytesIO

    import segno

    from creditchain.packages.reading import compact

    content, picture = compact(file.as_json()).encode(), BytesIO()
    try:
        code = segno.make(content, error="l", mode="byte", micro=False, boost_error=False)
    except segno.DataOverflowError:
        raise InputError(
            "the consent does not fit into a QR code",
            expected="at most 2953 bytes",
            found=f"{len(content)} bytes",
            hint="Shorten the notice, or hand on the file.",
        ) from None
    code.save(picture, kind=path.suffix.removeprefix("."), scale=4)
    save(path, picture.getvalue(), force=force)
