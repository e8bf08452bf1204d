"""`--report-errors` never erases what the command reads, by whatever name it is given."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from creditchain.batch.accepting.table import ENVELOPE
from creditchain.catalogue.products import load_product
from creditchain.cli.app import run
from creditchain.errors import ExitCode

CSV = "subject_number,section\nx,y\n"


@pytest.mark.parametrize("upload", ["a.csv", "file", "folder"])
@pytest.mark.parametrize("erased", ["upload", "mapping", "product"])
def test_a_report_over_an_input(upload: str, erased: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    known = load_product("registry-basic/1")
    fields = (*ENVELOPE, *known.schema["required"])
    mapping = "".join(f'[fields.{name}]\ncolumn = "{name}"\n' for name in fields)
    (tmp_path / "m.toml").write_text(f'product = "registry-basic/1"\n{mapping}')
    (tmp_path / "p.toml").write_bytes(files("creditchain").joinpath("data/products/registry-basic-1.toml").read_bytes())
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "manifest.csv").write_text(CSV)
    given = {"a.csv": f"{tmp_path}/a.csv", "file": f"file://{tmp_path}/a.csv", "folder": f"{tmp_path}/folder"}[upload]
    inputs = {"mapping": tmp_path / "m.toml", "product": tmp_path / "p.toml"}
    inputs["upload"] = tmp_path / ("folder/manifest.csv" if upload == "folder" else "a.csv")
    before = {path: path.read_bytes() for path in inputs.values()}
    chosen = {"mapping": ["--product", "registry-basic/1", "--mapping", f"{tmp_path}/m.toml"]}
    options = chosen.get(erased, ["--product", f"{tmp_path}/p.toml" if erased == "product" else "registry-basic/1"])
    code = run(["upload", "check", given, *options, "--report-errors", str(inputs[erased])])
    assert code == ExitCode.USAGE
    assert {path: path.read_bytes() for path in inputs.values()} == before
