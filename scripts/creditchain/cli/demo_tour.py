"""The demonstration: the commands of one region, in the order a region meets them."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from creditchain.cli.demo_forgeries import FORGERIES
from creditchain.cli.demo_shell import DemoError, DemoShell
from creditchain.errors import ExitCode

TAG_KEY = "CREDITCHAIN_DEMO_TAG_KEY"

# Numbers of nodes among the 26 members that ship (data/members/yrd.json); on a local chain node N signs with dev:N.
_SOURCE = 15
_PLATFORM = 5
_PRODUCT = "registry-basic/1"


class Tour:
    """The commands, in the order a region meets them."""

    def __init__(self, shell: DemoShell) -> None:
        self.shell, self.place = shell, shell.place

    def take(self, records: int) -> None:
        """Run them all, with an upload of this many records. Raises DemoError."""
        upload, package = self.place / "upload.jsonl", self.place / "package.json"
        key = ("--tag-key", f"env:{TAG_KEY}")

        self.shell.say("Governors deploy the region's contracts", "治理方部署区域合约")
        self.shell.show("deploy", "--region", "YRD", "--signer", "dev:0")
        self.shell.say("… and admit its 26 members, six of them virtual", "接纳 26 家成员，其中 6 家为虚拟节点")
        self.shell.ask("node", "admit", "--members", "yrd", "--dev-operators", "--signer", "dev:0")
        self.shell.show("node", "list")
        self.shell.say("A key epoch opens: subject tags are pseudonyms under its key", "开启标签密钥期")
        self.shell.show("epoch", "open", *key, "--signer", "dev:0")

        self.shell.say(
            f"A data source anchors a daily upload of {records:,} records by one transaction", "数据源锚定当日批次"
        )
        self.shell.show("sample", "--product", _PRODUCT, "--records", str(records), "--seed", "1", "-o", str(upload))
        anchored = self.shell.ask(
            *("anchor", str(upload), "--product", _PRODUCT, "--node", str(_SOURCE)),
            *(*key, "--signer", f"dev:{_SOURCE}"),
        )
        for name in ("root", "size", "subjects", "transaction", "block"):
            self.shell.output.line(("bold", name), f"  {anchored[name]}")

        self.shell.say("It proves one record, and a platform states whose it is", "出具证明并由平台声明标签")
        index = self._an_index(anchored["root"], upload, key)
        self.shell.ask(*index, *key, "-o", str(package))
        self.shell.show(
            *("tag", "state", "--platform", str(_PLATFORM), "--package", str(package)),
            *(*key, "--signer", f"dev:{_PLATFORM}"),
        )

        self.shell.say("A bank verifies it against the chain; it holds no key", "银行对照链上锚定核验，不持有密钥")
        self.shell.show("verify", str(package))
        self.shell.say("Forgeries, each refused at the step that catches it", "篡改的数据包在相应步骤被拒绝")
        self._refuse_forgeries(package)
        self.shell.say("The source revokes the record; the same package is valid no more", "数据源撤销记录后不再有效")
        self.shell.ask("record", "revoke", str(package), "--reason", "demo", "--signer", f"dev:{_SOURCE}")
        self._report([("revoked on chain", "链上已撤销", package)])

    def _an_index(self, root: str, upload: Path, key: Sequence[str]) -> tuple[str, ...]:
        """The command that proves the first of the records that the first subject of the upload has in the batch."""
        with upload.open(encoding="utf-8") as lines:
            number = json.loads(next(lines))["subject"]["number"]
        folder = self.place / "packages"
        folder.mkdir()
        found = self.shell.ask("prove", "--batch", root, "--number", number, *key, "-o", str(folder), quietly=True)
        first = found[0] if isinstance(found, list) else found
        return ("prove", "--batch", root, "--number", number, "--index", str(first["index"]))

    def _refuse_forgeries(self, package: Path) -> None:
        """Forge a genuine package in every way, and show that each is refused."""
        genuine = json.loads(package.read_bytes())
        forged = []
        for name, zh, forge in FORGERIES:
            changed = copy.deepcopy(genuine)
            forge(changed)
            path = self.place / f"{name.replace(' ', '-')}.json"
            path.write_text(json.dumps(changed, ensure_ascii=False), encoding="utf-8")
            forged.append((name, zh, path))
        self._report(forged)

    def _report(self, packages: Sequence[tuple[str, str, Path]]) -> None:
        """A line a package: the step that refused it. Raises DemoError if one was not refused."""
        verdicts = self.shell.ask("verify", *(str(path) for _, _, path in packages), expect=ExitCode.NOT_VALID)
        rows = []
        for (name, zh, _), verdict in zip(packages, verdicts, strict=True):
            step = next((step for step in verdict["steps"] if step["outcome"] == "failed"), None)
            if step is None:
                raise DemoError("a package that should be refused was not", found=name)
            rows.append(
                (
                    f"{name}\n{zh}",
                    Text(f"{verdict['verdict']}\n{verdict['verdict_zh']}", style="bold red"),
                    f"{step['number']}",
                    f"{step['reason']['en']}\n{step['reason']['zh']}",
                )
            )
        if not self.shell.output.as_json:
            self.shell.output.table(["package 数据包", "verdict 结论", "step 步骤", "reason 原因"], rows)
