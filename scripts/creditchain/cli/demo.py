"""`creditchain demo`: one regional chain from deployment to a refused forgery, by the commands a user would type."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import secrets
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from creditchain.cli.settings import Settings, settings
from creditchain.errors import CreditchainError, ExitCode

Json = dict[str, Any]
#: Runs one command line and returns its exit code.
Run = Callable[[list[str]], int]

# Numbers of nodes among the 26 members that ship (data/members/yrd.json); on a local chain node N signs with dev:N.
_SOURCE = 15
_PLATFORM = 5
_PRODUCT = "registry-basic/1"
_TAG_KEY = "CREDITCHAIN_DEMO_TAG_KEY"


class DemoError(CreditchainError):
    """A command of the demonstration did not end as it should."""

    exit_code = ExitCode.NOT_VALID


def register(app: typer.Typer, run: Run) -> None:
    """Add the command; `run` runs the others."""

    @app.command()
    def demo(
        ctx: typer.Context,
        directory: Annotated[
            Path | None,
            typer.Option("--directory", help="Empty folder to work in and to keep; a temporary one if left out."),
        ] = None,
        records: Annotated[int, typer.Option("--records", min=1, help="Records of the upload.")] = 10_000,
    ) -> int:
        """Show it all on a local chain: deploy, admit 26 members, anchor, prove, verify, refuse forgeries. 演示"""
        chosen = settings(ctx)
        started = time.monotonic()
        with _workplace(directory) as place, _tag_key():
            tour = _Tour(chosen, run, place)
            tour.take(records)
        chosen.output.emit({"steps": tour.done}, text="")
        chosen.output.note(("bold", f"done in {time.monotonic() - started:.0f} s"), "  演示完成")
        return int(ExitCode.OK)


@contextlib.contextmanager
def _workplace(directory: Path | None) -> Iterator[Path]:
    if directory is None:
        with tempfile.TemporaryDirectory(prefix="creditchain-demo-") as temporary:
            yield Path(temporary)
        return
    if directory.exists() and any(directory.iterdir()):
        raise DemoError("the folder is not empty", found=str(directory), hint="Name one that is empty or not there.")
    directory.mkdir(parents=True, exist_ok=True)
    yield directory


@contextlib.contextmanager
def _tag_key() -> Iterator[None]:
    """A fresh tag key in the environment, where the commands look for it."""
    os.environ[_TAG_KEY] = "0x" + secrets.token_hex(32)
    try:
        yield
    finally:
        del os.environ[_TAG_KEY]


class _Tour:
    """The commands, in the order a region meets them."""

    def __init__(self, chosen: Settings, run: Run, place: Path) -> None:
        self.chosen = chosen
        self.run = run
        self.done: list[Json] = []  #: each command and its JSON, for --json
        self.place = place
        self.options = ["--network", chosen.network, "--home", str(place / "home")]
        self.options += ["--deployments", str(place / "deployments")]
        if chosen.networks_file is not None:
            self.options += ["--networks", str(chosen.networks_file)]

    def take(self, records: int) -> None:
        upload, package = self.place / "upload.jsonl", self.place / "package.json"
        key = ("--tag-key", f"env:{_TAG_KEY}")

        self.say("Governors deploy the region's contracts", "治理方部署区域合约")
        self.show("deploy", "--region", "YRD", "--signer", "dev:0")
        self.say("… and admit its 26 members, six of them virtual", "接纳 26 家成员，其中 6 家为虚拟节点")
        self.ask("node", "admit", "--members", "yrd", "--dev-operators", "--signer", "dev:0")
        self.show("node", "list")
        self.say("A key epoch opens: subject tags are pseudonyms under its key", "开启标签密钥期")
        self.show("epoch", "open", *key, "--signer", "dev:0")

        self.say(
            f"A data source anchors a daily upload of {records:,} records by one transaction", "数据源锚定当日批次"
        )
        self.show("sample", "--product", _PRODUCT, "--records", str(records), "--seed", "1", "-o", str(upload))
        anchored = self.ask(
            *("anchor", str(upload), "--product", _PRODUCT, "--node", str(_SOURCE)),
            *(*key, "--signer", f"dev:{_SOURCE}"),
        )
        for name in ("root", "size", "subjects", "transaction", "block"):
            self.chosen.output.line(("bold", name), f"  {anchored[name]}")

        self.say("It proves one record, and a platform states whose it is", "出具证明并由平台声明标签")
        index = self.an_index(anchored["root"], upload, key)
        self.ask(*index, *key, "-o", str(package))
        self.show(
            *("tag", "state", "--platform", str(_PLATFORM), "--package", str(package)),
            *(*key, "--signer", f"dev:{_PLATFORM}"),
        )

        self.say("A bank verifies it against the chain; it holds no key", "银行对照链上锚定核验，不持有密钥")
        self.show("verify", str(package))
        self.say("Forgeries, each refused at the step that catches it", "篡改的数据包在相应步骤被拒绝")
        self.refuse_forgeries(package)
        self.say("The source revokes the record; the same package is valid no more", "数据源撤销记录后不再有效")
        self.ask("record", "revoke", str(package), "--reason", "demo", "--signer", f"dev:{_SOURCE}")
        self.report([("revoked on chain", "链上已撤销", package)])

    def an_index(self, root: str, upload: Path, key: Sequence[str]) -> tuple[str, ...]:
        """The command that proves the first of the records that the first subject of the upload has in the batch."""
        with upload.open(encoding="utf-8") as lines:
            number = json.loads(next(lines))["subject"]["number"]
        folder = self.place / "packages"
        folder.mkdir()
        found = self.ask("prove", "--batch", root, "--number", number, *key, "-o", str(folder), quietly=True)
        first = found[0] if isinstance(found, list) else found
        return ("prove", "--batch", root, "--number", number, "--index", str(first["index"]))

    def refuse_forgeries(self, package: Path) -> None:
        genuine = json.loads(package.read_bytes())
        forged = []
        for name, zh, forge in FORGERIES:
            changed = copy.deepcopy(genuine)
            forge(changed)
            path = self.place / f"{name.replace(' ', '-')}.json"
            path.write_text(json.dumps(changed, ensure_ascii=False), encoding="utf-8")
            forged.append((name, zh, path))
        self.report(forged)

    def report(self, packages: Sequence[tuple[str, str, Path]]) -> None:
        """A line a package: the step that refused it. Raises DemoError if one was not refused."""
        verdicts = self.ask("verify", *(str(path) for _, _, path in packages), expect=ExitCode.NOT_VALID)
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
        if not self.chosen.output.as_json:
            self.chosen.output.table(["package 数据包", "verdict 结论", "step 步骤", "reason 原因"], rows)

    def say(self, title: str, zh: str) -> None:
        self.chosen.output.line()
        self.chosen.output.line(("bold cyan", title), f"  {zh}")

    def show(self, *words: str) -> None:
        """Run a command as a user would, and let it print; with --json keep what it gives."""
        if self.chosen.output.as_json:
            self.ask(*words)
            return
        self.print_command(words)
        self.check(words, self.run([*self.options, *words]), ExitCode.OK)

    def ask(self, *words: str, expect: ExitCode = ExitCode.OK, quietly: bool = False) -> Any:
        """Run a command for its JSON. Raises DemoError if it ends otherwise than expected."""
        if not quietly:
            self.print_command(words)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            code = self.run([*self.options, "--json", *words])
        self.check(words, code, expect)
        result = json.loads(printed.getvalue())
        self.done.append({"command": self.written(words), "exit_code": code, "result": result})
        return result

    def print_command(self, words: Sequence[str]) -> None:
        self.chosen.output.line(("dim", f"$ creditchain {self.written(words)}"))

    def written(self, words: Sequence[str]) -> str:
        """A command as one would type it in the folder of the demonstration."""
        return shlex.join(word.replace(f"{self.place}{os.sep}", "") for word in words)

    def check(self, words: Sequence[str], code: int, expect: ExitCode) -> None:
        if code != expect:
            raise DemoError(f"`{words[0]}` did not end as it should", expected=f"exit code {expect}", found=str(code))


def _changed_amount(package: Json) -> None:
    package["record"]["content"]["data"]["capital_fen"] += 1


def _other_salt(package: Json) -> None:
    package["record"]["salt"] = "0x" + "11" * 32


def _other_section(package: Json) -> None:
    package["record"]["section"] = package["record"]["content"]["section"] = "asset"


def _other_index(package: Json) -> None:
    package["batch"]["index"] ^= 1


def _shorter_path(package: Json) -> None:
    package["batch"]["proof"].pop()


def _other_root(package: Json) -> None:
    package["batch"]["root"] = "0x" + "22" * 32


def _other_chain(package: Json) -> None:
    package["batch"]["chain_id"] += 1


#: Name, Chinese name, and what the forger changes in the package.
FORGERIES: tuple[tuple[str, str, Callable[[Json], None]], ...] = (
    ("changed amount", "金额被改", _changed_amount),
    ("other salt", "盐被换", _other_salt),
    ("other section", "信息类别被换", _other_section),
    ("other index", "位置被移", _other_index),
    ("shorter path", "路径被截短", _shorter_path),
    ("other root", "批次根被换", _other_root),
    ("other chain", "链被换", _other_chain),
)
