"""Every command line of the pages runs, in its order. README and docs/consent.md have tests of their own."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest
from page_lines import DOCS, Typist, address, page_lines

GOVERNORS = (31, 32, 33, 34)
CANCELLER, ANYBODY, SIGNERS = 35, 9, {3: 43, 7: 47, 12: 52}
NAMED = " ".join(f"{node}:{address(key)}" for node, key in SIGNERS.items())
SOURCE, PLATFORM, REGULATOR = 15, 6, 1
TAG_KEY = "07" * 32
NUMBER = "914403001922038216"
#: Where the pages say keystore:….
BY = "--signer keystore:…"


def decided(file: str) -> list[str]:
    """What makes a proposal take effect: three governors approve, anybody executes."""
    approved = [f"govern approve {file} --signer dev:{one}" for one in GOVERNORS[:3]]
    return [*approved, f"govern execute {file} --signer dev:{ANYBODY}"]


def decide(file: str, command: str) -> list[str]:
    return [f"govern propose {file} {command}", *decided(file)]


@pytest.fixture
def typist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typist:
    """Types into an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name, value in {"CREDITCHAIN_PASSWORD": "change-me", "TAG": TAG_KEY}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CREDITCHAIN_TAG_KEY", "env:TAG")
    return Typist()


def test_products(typist: Typist) -> None:
    text = (DOCS / "products.md").read_text(encoding="utf-8")
    Path("heat-usage-1.toml").write_text(text.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    typist.play(
        page_lines("products.md"),
        {
            "creditchain product check FILE…": ["product check heat-usage-1.toml"],
            "creditchain sample --all-products --enterprises 50 -o sample/": [
                "sample --all-products --enterprises 2 -o sample/"
            ],
        },
    )
    typist.type("sample --product heat-usage-1.toml --records 20 -o heat.jsonl")
    typist.type("upload check heat.jsonl --product heat-usage-1.toml")


def test_uploads(typist: Typist) -> None:
    """The mapping of the page reads a workbook with the columns that it names; the draft is left to people."""
    text = (DOCS / "uploads.md").read_text(encoding="utf-8")
    mapping = next(part.split("```")[0] for part in text.split("```toml\n") if part.startswith("product ="))
    line, draft, mapped = page_lines("uploads.md")
    typist.type("sample --product tax-payment/1 --records 3 -o taxes.csv")
    book = openpyxl.Workbook()
    for row in Path("taxes.csv").read_text(encoding="utf-8").splitlines():
        book.active.append(row.split(","))
    book.save("taxes.xlsx")
    typist.play([line, draft], {})
    own = {
        "纳税人识别号": f" {NUMBER.lower()} ", "所属月份": "2024年2月", "凭证号": "TP000001", "税种": "增值税",
        "纳税人类型": "一般纳税人", "信用等级": "Ａ", "销售额（元）": "1,234.56", "应纳税额（元）": "100.5",
        "实缴税额（元）": 99.01, "缴款日期": "2024年3月6日", "减免税额（元）": "-",
    }  # fmt: skip
    book = openpyxl.Workbook()
    book.active.append(list(own))
    book.active.append(list(own.values()))
    book.save("taxes.xlsx")
    Path("taxes.toml").write_text(mapping, encoding="utf-8")
    typist.play([mapped], {})


OPERATIONS = {
    # tests/unit/home/test_moving_journals.py does that, killed at each step.
    "creditchain --database postgresql://creditchain@db.example:5432/node_7 journal move": [],
    # Batches that are not final. A row to drop takes an interrupted anchor: test_anchor_flow does that.
    f"creditchain batch resume {BY}": [],
    "creditchain batch drop 17": [],
    # How governors act
    f"creditchain deploy --region YRD {'--governor 0x… ' * 4}--canceller 0x… {BY}": [
        f"deploy --region YRD {' '.join(f'--governor {address(one)}' for one in GOVERNORS)}"
        f" --canceller {address(CANCELLER)} --admin-delay 1 --signer dev:0",
    ],
    "creditchain govern propose suspend.json node suspend 5": [
        *decide("admit.json", "node admit --members yrd --dev-operators"),
        "govern propose suspend.json node suspend 5",
        "govern propose late.json node suspend 7",
    ],
    f"creditchain govern approve suspend.json {BY}": decided("suspend.json"),
    f"creditchain govern execute suspend.json {BY}": [],
    "creditchain govern renew suspend.json --output again.json": ["govern renew late.json --output again.json"],
    "creditchain govern propose lock.json govern call Governance setGrantDelay canceller 86400": [
        "govern propose lock.json govern call Governance setGrantDelay canceller 86400",
        *decided("lock.json"),
        *decide("lock2.json", "govern call Governance setGrantDelay governor 86400"),
    ],
    f"creditchain govern cancel 0xOPERATION {BY}": [
        "!wait",
        f"govern cancel {{operation}} --signer dev:{CANCELLER}",
        f"govern execute {{another}} --signer dev:{ANYBODY}",
    ],
    # Upgrading a contract: of one and of Governance
    f"creditchain upgrade create AnchorRegistry {BY}": [f"upgrade create AnchorRegistry --signer dev:{ANYBODY}"],
    "creditchain govern propose swap.json upgrade swap AnchorRegistry 0xADDRESS": [
        *decide("swap.json", "upgrade swap AnchorRegistry {address}"),
        "!wait",
    ],
    f"creditchain govern execute 0xOPERATION {BY}": [],
    "creditchain upgrade adopt AnchorRegistry 0xADDRESS": [
        f"govern execute {{operation}} --signer dev:{ANYBODY}",
        f"govern execute {{another}} --signer dev:{ANYBODY}",
        "upgrade adopt AnchorRegistry {address}",
    ],
    # test_act_governing and test_governance replace Governance, step by step.
    f"creditchain upgrade create Governance {BY}": [],
    "creditchain govern propose one.json upgrade swap Governance 0xADDRESS": [],
    "creditchain govern propose two.json upgrade swap Governance 0xADDRESS": [],
    "creditchain upgrade adopt Governance 0xADDRESS": [],
    "creditchain govern propose three.json upgrade swap Governance 0xADDRESS": [],
    # Limits
    "creditchain tag exception --number 91…": [*decided("open.json"), f"tag exception --number {NUMBER[:-1]}7"],
    "creditchain limit accept 0xDIGEST --signer propose:number.json": [
        "limit accept {digest} --signer propose:number.json",
        *decided("number.json"),
    ],
    # Checkpoints
    "creditchain checkpoint set-signers 3:0x… 7:0x… 12:0x… --threshold 2 --signer propose:set.json": [
        *decide("epoch.json", "epoch open"),
        "sample --product registry-basic/1 --records 100 --enterprises 1 --seed 1 -o upload.jsonl",
        f"anchor upload.jsonl --product registry-basic/1 --node {SOURCE} --signer dev:{SOURCE}",
        f"batch resume --signer dev:{SOURCE}",
        "!prove",
        f"tag state --platform {PLATFORM} --package package.json --signer dev:{PLATFORM}",
        f"checkpoint set-signers {NAMED} --threshold 2 --signer propose:set.json",
        *decided("set.json"),
    ],
    f"creditchain checkpoint sign --output checkpoint.json {BY}": [
        f"checkpoint sign --output checkpoint.json --signer dev:{SIGNERS[3]}"
    ],
    f"creditchain checkpoint sign --add checkpoint.json --output checkpoint.json {BY}": [
        f"checkpoint sign --add checkpoint.json --output checkpoint.json --signer dev:{SIGNERS[7]}"
    ],
    # Backup and restore
    "creditchain backup /mnt/vault/node-7": ["backup vault/node-7"],
    "creditchain backup s3://vault/node-7": ["backup memory://vault/node-7"],
    "creditchain restore /mnt/vault/node-7 --check": ["restore vault/node-7 --check"],
    "creditchain --home /srv/creditchain restore /mnt/vault/node-7": [
        "--home restored --deployments restored-deployments restore vault/node-7"
    ],
    f"creditchain --home /srv/creditchain batch resume {BY}": [f"--home restored batch resume --signer dev:{SOURCE}"],
}
BATCHES = {
    "creditchain book make --node 7 --epoch 1": [f"book make --node {SOURCE} --epoch 1"],
    f"creditchain book enter ROOT {BY}": [f"book enter {{root}} --signer dev:{SOURCE}"],
    "creditchain book check ROOT": ["book check {root}"],
    f"creditchain audit watch PLACE... --auditor 1 {BY}": [
        "audit list {root} -o place/{root}.leaves",
        f"audit watch place --auditor {REGULATOR} --once --signer dev:{REGULATOR}",
    ],
}


WRONG_NODES = (
    f"audit watch place --auditor {REGULATOR} --node 99 --once --signer dev:{REGULATOR}",
    f"node accept 99 --signer dev:{ANYBODY} -o accepted.json",
    "node show 99",
    "node compromise 99 --since 2026-01-01T00:00Z --signer dev:0",
)


class Operator(Typist):
    """Runs a node of the region that the pages found."""

    def prove(self) -> None:
        """Write the package of one record of the last batch."""
        subject = json.loads(Path("upload.jsonl").read_text(encoding="utf-8").splitlines()[0])["subject"]
        self.type(f"prove --batch {{root}} --number {subject['number']} --index 0 -o package.json")


@pytest.mark.usefixtures("typist")
def test_operations_and_batches() -> None:
    """A region from its deployment by governors to a restored home, with its books and audits."""
    operator = Operator()
    operator.play(page_lines("operations.md"), OPERATIONS)
    operator.play(page_lines("batches.md"), BATCHES)
    assert json.loads(Path("deployments/embedded.json").read_text())["contracts"]
    assert [one["node"] for one in operator.type("batch list")] == [SOURCE]
    for line in WRONG_NODES:
        assert operator.refused(line) == (4, "there is no node 99")
