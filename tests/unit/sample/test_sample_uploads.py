"""Samples are uploads that the batch room takes, and the same ones in every format."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditchain.batch.accepting.rules import Rules
from creditchain.batch.folder.manifest import Terms
from creditchain.batch.making.pipeline import prepare
from creditchain.batch.making.task import BatchLimits
from creditchain.batch.readers.upload import find_upload
from creditchain.batch.sealing import Seals
from creditchain.catalogue.products import load_product
from creditchain.sample import Form, Sample, write_sample

SEALS = Seals(tag_key=bytes(range(32)), secret=bytes(range(32, 64)))


@pytest.mark.parametrize("ref", ["registry-basic/1", "customs-trade/1", "credit-loan/1", "taiwan-enterprise-report/1"])
def test_every_format_gives_the_same_root(tmp_path: Path, ref: str) -> None:
    product = load_product(ref, [])
    terms = Terms(
        log_id=b"\x01" * 32,
        chain_id=31337,
        anchor_registry="0x" + "11" * 20,
        node=3,
        product=product.ref,
        product_digest=product.digest,
        product_number=product.number,
        key_epoch=1,
        upload_digest=b"\x02" * 32,
    )
    roots = set()
    for form in Form:
        path = tmp_path / f"upload.{form}"
        write_sample(Sample(product, 600, 80, seed=8), path, form)
        upload, dest = find_upload(path), tmp_path / form
        made = prepare(upload, Rules(product), SEALS, terms, dest, name="test", limits=BatchLimits())
        assert made.size == 600
        assert made.subjects == 80
        roots.add(made.root)
    assert len(roots) == 1
