"""The first chapters of the demonstration: a region comes up, sources publish, a bank checks one record."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from creditchain.cli.demo_forgeries import FORGERIES
from creditchain.cli.demo_shell import DemoError, DemoShell
from creditchain.cli.demo_sources import FOLLOWED, PLATFORM, REGISTRY, SOURCES
from creditchain.errors import ExitCode

TAG_KEY = "CREDITCHAIN_DEMO_TAG_KEY"
KEY = ("--tag-key", f"env:{TAG_KEY}")

#: Records of an enterprise that are enough for figures, and that a person can still look through.
READABLE = range(24, 64)


class Tour:
    """The first chapters. `number`: the enterprise that the story is about; `package`: a record of it."""

    def __init__(self, shell: DemoShell) -> None:
        self.shell, self.place = shell, shell.place
        self.package = self.place / "package.json"
        self.number, self._root = "", ""

    def region(self) -> None:
        """A region comes up."""
        self.shell.chapter("A region comes up", "建立区域征信链")
        self.shell.say("Governors deploy the region's contracts", "治理方部署区域合约")
        self.shell.show("deploy", "--region", "YRD", "--signer", "dev:0")
        self.shell.say("… and admit its 26 members, six of them virtual", "接纳 26 家成员，其中 6 家为虚拟节点")
        self.shell.ask("node", "admit", "--members", "yrd", "--dev-operators", "--signer", "dev:0")
        self.shell.show("node", "list")
        self.shell.say("A key epoch opens: subject tags are pseudonyms under its key", "开启标签密钥期")
        self.shell.show("epoch", "open", *KEY, "--signer", "dev:0")

    def publishing(self, records: int) -> None:
        """Sources anchor their uploads, the first of this many records. Only fingerprints go on chain."""
        self.shell.chapter("Data sources publish: only a fingerprint goes on chain", "数据源发布：链上只有指纹")
        for source in SOURCES:
            self.shell.say(source.name, source.zh)
            upload = self.place / source.file
            amount = ("--records", str(records)) if source.node == REGISTRY else self._followed(records)
            self.shell.show("sample", "--product", source.product, *amount, "--seed", "1", "-o", str(upload))
            anchored = self.shell.ask(
                *("anchor", str(upload), "--product", source.product, "--node", str(source.node)),
                *(*KEY, "--signer", f"dev:{source.signer}"),
            )
            for name in ("root", "size", "subjects", "transaction", "block"):
                self.shell.output.line(("bold", name), f"  {anchored[name]}")
            self._root = self._root or anchored["root"]
        self.number = self._enterprise()

    def record(self) -> None:
        """A bank checks one record; forgeries are refused."""
        self.shell.chapter("A bank checks one record", "银行核验一条记录")
        self.shell.say("The source proves it, and a platform states whose it is", "数据源出具证明，平台声明标签")
        self.shell.ask(*self._proving(), *KEY, "-o", str(self.package))
        self.shell.show(
            *("tag", "state", "--platform", str(PLATFORM), "--package", str(self.package)),
            *(*KEY, "--signer", f"dev:{PLATFORM}"),
        )
        self.shell.say("The bank verifies it against the chain; it holds no key", "银行对照链上锚定核验，不持有密钥")
        self.shell.show("verify", str(self.package))
        self.shell.say("Forgeries, each refused at the step that catches it", "篡改的数据包在相应步骤被拒绝")
        self._refuse_forgeries()

    def report(self, packages: Sequence[tuple[str, str, Path]]) -> None:
        """A line a package: the step that refused it. Raises DemoError if one was not refused."""
        verdicts = self.shell.ask("verify", *(str(path) for _, _, path in packages), expect=ExitCode.NOT_VALID)
        rows = []
        for (name, zh, _), verdict in zip(packages, verdicts, strict=True):
            step = next((step for step in verdict["steps"] if step["outcome"] == "failed"), None)
            if step is None:
                raise DemoError("a package that should be refused was not", found=name)
            said = Text(f"{verdict['verdict']}\n{verdict['verdict_zh']}", style="bold red")
            reason = f"{step['reason']['en']}\n{step['reason']['zh']}"
            rows.append((f"{name}\n{zh}", said, f"{step['number']}", reason))
        if not self.shell.output.as_json:
            self.shell.output.table(["package 数据包", "verdict 结论", "step 步骤", "reason 原因"], rows)

    def _followed(self, records: int) -> tuple[str, str]:
        return "--enterprises", str(min(records, FOLLOWED))

    def _enterprise(self) -> str:
        """The number of an enterprise that all sources know, with records that a person can look through."""
        known = [Counter(_numbers(self.place / source.file)) for source in SOURCES]
        total = {number: sum(one[number] for one in known) for number in known[0] if all(one[number] for one in known)}
        if not total:
            raise DemoError("no enterprise is in all uploads", found=f"{len(known[0])} registered enterprises")
        return next((number for number in total if total[number] in READABLE), min(total, key=total.__getitem__))

    def _proving(self) -> tuple[str, ...]:
        """The command that proves the first of the registrations that the enterprise has in the batch."""
        folder = self.place / "packages"
        folder.mkdir()
        asked = ("prove", "--batch", self._root, "--number", self.number)
        found = self.shell.ask(*asked, *KEY, "-o", str(folder), quietly=True)
        first = found[0] if isinstance(found, list) else found
        return (*asked, "--index", str(first["index"]))

    def _refuse_forgeries(self) -> None:
        """Forge a genuine package in every way, and show that each is refused."""
        genuine = json.loads(self.package.read_bytes())
        forged = []
        for name, zh, forge in FORGERIES:
            changed = copy.deepcopy(genuine)
            forge(changed)
            path = self.place / f"{name.replace(' ', '-')}.json"
            path.write_text(json.dumps(changed, ensure_ascii=False), encoding="utf-8")
            forged.append((name, zh, path))
        self.report(forged)


def _numbers(upload: Path) -> list[str]:
    with upload.open(encoding="utf-8") as lines:
        return [json.loads(line)["subject"]["number"] for line in lines]
