"""The steps of `scripts/deploy.py`, `anchor_batch.py` and `verify_report.py`, made of commands of the CLI.

Each script first does the steps that are missing before its own, so that each runs on a fresh chain. It uses the chain
that Brownie is connected to (`brownie run deploy`), else the network that CREDITCHAIN_NETWORK names
(`python scripts/deploy.py`). This is for local chains: the first account governs, the second operates a data source,
and everybody knows the tag key.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from creditchain.cli.app import run
from creditchain.cli.connecting import open_region
from creditchain.cli.output import Output
from creditchain.cli.settings import Settings
from creditchain.errors import ConfigError, ExitCode
from creditchain.hashing import keccak256

#: Environment variables: an upload and its product for `anchor_batch`, a package for `verify_report`. If they are not
#: set, the script makes a sample.
UPLOAD, PRODUCT, PACKAGE = "CREDITCHAIN_UPLOAD", "CREDITCHAIN_PRODUCT", "CREDITCHAIN_PACKAGE"
TAG_KEY, DEVELOPMENT_TAG_KEY = "CREDITCHAIN_TAG_KEY", "CREDITCHAIN_DEVELOPMENT_TAG_KEY"
RECORDS = 1_000
SOURCE = 1


@dataclass(frozen=True, slots=True)
class Walkthrough:
    """The settings of a chain with its own home folder, and the signers."""

    settings: Settings
    governor: str
    source: str
    source_address: str

    def deploy(self) -> None:
        """Set up a region with one member and a key epoch, unless they exist already."""
        if not self._deployed():
            self._run("deploy", "--region", "YRD", "--signer", self.governor)
        with open_region(self.settings) as region:
            members, epoch = region.node_count(), region.current_key_epoch()
        if members == 0:
            self._run(
                *("node", "admit", "--key", "shanghai-registry", "--name-zh", "上海工商数据源"),
                *("--name-en", "Shanghai registry data source", "--role", "source", "--division", "310000"),
                *("--domains", "registry", "--operator", self.source_address, "--signer", self.governor),
            )
        if epoch == 0:
            self._run("epoch", "open", "--tag-key", _tag_key(), "--signer", self.governor)

    def anchor_batch(self) -> None:
        """Anchor one batch, from the upload that the environment names or from a sample."""
        self.deploy()
        self._run(*self._anchoring())

    def verify_report(self) -> None:
        """Verify the package that the environment names, or a package for the first record of the sample."""
        if PACKAGE in os.environ:
            self._run("verify", os.environ[PACKAGE])
        else:
            self._run("verify", str(self._package()), "--tag-key", _tag_key())

    def _anchoring(self) -> tuple[str, ...]:
        return (
            *("anchor", str(self._upload()), "--product", os.environ.get(PRODUCT, "registry-basic/1")),
            *("--node", str(SOURCE), "--tag-key", _tag_key(), "--signer", self.source),
        )

    def _deployed(self) -> bool:
        return (self.settings.deployments / f"{self.settings.network}.json").exists()

    def _upload(self) -> Path:
        if UPLOAD in os.environ:
            return Path(os.environ[UPLOAD])
        sample = self.settings.home / "sample.jsonl"
        if not sample.exists():
            self._run("sample", "--records", str(RECORDS), "--seed", "1", "-o", str(sample))
        return sample

    def _package(self) -> Path:
        if UPLOAD in os.environ:
            raise ConfigError(
                "no package to verify", hint=f"Make one with `creditchain prove`, and set {PACKAGE} to its path."
            )
        self.anchor_batch()
        # Anchoring the same upload again changes nothing and returns its batch.
        root = json.loads(self._run("--json", *self._anchoring()))["root"]
        with self._upload().open(encoding="utf-8") as lines:
            number = json.loads(next(lines))["subject"]["number"]
        folder = self.settings.home / "packages"
        folder.mkdir(exist_ok=True)
        self._run("prove", "--batch", root, "--number", number, "--tag-key", _tag_key(), "-o", str(folder))
        return min(folder.iterdir())

    def _run(self, *words: str) -> str:
        """Run one command as a user would. Ends the script if it fails. Returns the output of a `--json` command."""
        chosen, printed = self.settings, io.StringIO()
        options = ["--network", chosen.network, "--home", str(chosen.home), "--deployments", str(chosen.deployments)]
        if chosen.networks_file is not None:
            options += ["--networks", str(chosen.networks_file)]
        quietly = words[0] == "--json"
        if not quietly:
            chosen.output.line(("bold", f"$ creditchain {words[0]} …"))
        with contextlib.redirect_stdout(printed) if quietly else contextlib.nullcontext():
            code = run([*options, *words])
        if code != ExitCode.OK:
            sys.exit(code)
        return printed.getvalue()


@contextlib.contextmanager
def walkthrough() -> Iterator[Walkthrough]:
    """Use Brownie's chain if Brownie is connected to one, else the network that the environment names."""
    brownie = sys.modules.get("brownie")
    if brownie is None or not brownie.network.is_connected():
        yield _on_network(os.environ.get("CREDITCHAIN_NETWORK", "embedded"))
        return
    own = brownie.network.rpc.is_child()
    # A chain that Brownie started ends with the script, so its folder is of no use afterwards.
    with tempfile.TemporaryDirectory() if own else contextlib.nullcontext(_lasting_folder(brownie)) as folder:
        yield _on_brownie(brownie, Path(folder))


def _on_network(name: str) -> Walkthrough:
    from eth_account import Account

    from creditchain.chain.signers import dev_key

    home = Path(os.environ.get("CREDITCHAIN_HOME", ".creditchain"))
    deployments = Path(os.environ.get("CREDITCHAIN_DEPLOYMENTS", "deployments"))
    file = os.environ.get("CREDITCHAIN_NETWORKS")
    settings = Settings(name, Path(file) if file else None, home, deployments, Output())
    return Walkthrough(settings, "dev:0", f"dev:{SOURCE}", Account.from_key(dev_key(SOURCE)).address)


def _on_brownie(brownie: Any, folder: Path) -> Walkthrough:
    networks = folder / "networks.toml"
    url = brownie.web3.provider.endpoint_uri
    # A development chain is one endpoint, and is believed.
    networks.write_text(f'[brownie]\nurl = "{url}"\npoll_seconds = 0.02\ntold = true\n', encoding="utf-8")
    settings = Settings("brownie", networks, folder, folder / "deployments", Output())
    governor, source = (brownie.accounts[number].address for number in (0, SOURCE))
    return Walkthrough(settings, f"unlocked:{governor}", f"unlocked:{source}", source)


def _lasting_folder(brownie: Any) -> Path:
    """A separate folder for each chain, named by its genesis, which is new whenever a development chain starts anew."""
    genesis = bytes(brownie.web3.eth.get_block(0)["hash"])
    folder = Path(os.environ.get("CREDITCHAIN_HOME", ".creditchain")) / "brownie" / genesis[:8].hex()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _tag_key() -> str:
    """The value of --tag-key: from the environment, else a key that everybody knows."""
    if TAG_KEY in os.environ:
        return os.environ[TAG_KEY]
    os.environ[DEVELOPMENT_TAG_KEY] = "0x" + keccak256(b"creditchain development tag key").hex()
    return f"env:{DEVELOPMENT_TAG_KEY}"
