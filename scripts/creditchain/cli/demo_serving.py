"""The end of the demonstration: what to try next, and the exchange that keeps running for it."""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from creditchain.cli.demo_report import BANK, PRODUCT
from creditchain.cli.demo_shell import DemoShell
from creditchain.cli.demo_sources import PLATFORM
from creditchain.cli.demo_tour import KEY
from creditchain.errors import UsageError
from creditchain.home.files import write_file

#: The file that leads the commands of another terminal to the region of the demonstration.
ENVIRONMENT = "env.sh"
_NETWORK = "demo"


def require_free(port: int) -> None:
    """Find out before the story, not after it. Raises UsageError: something listens on this port."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError(
                "the port is taken", expected="a free port", found=str(port), hint="Choose another one with --port."
            ) from error


def lead(shell: DemoShell, network: str, networks: Path | None) -> None:
    """Write the file that leads other commands to the region, for a network that other processes can reach."""
    _write_environment(shell, network, networks, shell.place / "home")


def tell_next(shell: DemoShell, *, kept: bool, pdf: bool) -> None:
    """What to try next, if the files of the demonstration stay."""
    shell.chapter("What to try next", "接下来可以尝试")
    if not kept:
        _tell(shell, "Keep the files, to go on with them", "保留文件以便继续", "creditchain demo --directory demo")
    else:
        where = _shown(shell.place)
        delivered, policy = where / "delivered.json", where / "policy.toml"
        _tell(shell, "Use the same region", "沿用同一区域", f"source .venv/bin/activate; source {where / ENVIRONMENT}")
        _tell(shell, "Read the whole report", "查看完整报告", f"creditchain report show {delivered} --policy {policy}")
        if pdf:
            files = f"{where / 'report.html'}   {where / 'report.pdf'}"
            _tell(shell, "Open the same report", "打开同一报告", files)
        _tell(
            *(shell, "Change a digit in it, and verify it again", "改动一个数字后重新核验"),
            f"creditchain verify {delivered} --policy {policy}",
        )
    _tell(shell, "Keep the exchange running, and ask it", "持续运行交换服务并查询", "make demo SERVE=1")
    _tell(shell, "Type all of it yourself", "逐条亲自输入命令", "README.md, README.zh-CN.md")


def serve(shell: DemoShell, port: int) -> None:
    """Run the platform's exchange in this process until Ctrl-C or SIGTERM, and say what to open."""
    with _reachable(shell):
        shell.chapter("The exchange runs: Ctrl-C ends it", "交换服务运行中：按 Ctrl-C 结束")
        url, where = f"http://127.0.0.1:{port}", _shown(shell.place)
        for text, zh, path in _PAGES:
            if path in _paths():
                _tell(shell, text, zh, url + path)
        asked, got = where / "request-2.json", where / "answer.json"
        _tell(
            shell,
            "In another terminal, ask as the bank; what it gets is valid once it is metered, five seconds later",
            "在另一终端以银行身份查询；约五秒后完成计量，报告方为有效",
            f"source .venv/bin/activate; source {where / ENVIRONMENT}",
            f"creditchain query request --consent {where / 'consent.json'} --institution {BANK} --provider {PLATFORM} "
            f"--product {PRODUCT} --staff '信贷员 07' --tag-statement {where / 'statement.json'} --signer dev:{BANK} "
            f"-o {asked}",
            f"creditchain query ask {asked} --exchange {url} --signer dev:{BANK} -o {got}",
            f"creditchain report show {got} --policy {where / 'policy.toml'}",
        )
        shell.output.line()
        shell.run_on(
            *("exchange", "serve", "--node", str(PLATFORM), "--port", str(port), "--meter-after", "5"),
            *(*KEY, "--signer", f"dev:{PLATFORM}"),
        )


#: What may be opened in a browser, as far as this version serves it.
_PAGES = (
    ("Drop a package or a PDF, and see each step", "拖入数据包或 PDF，逐步核验", "/verify"),
    ("What can be called", "接口说明", "/v1/openapi.json"),
    ("Is it ready?", "是否就绪", "/readyz"),
    ("Its metrics", "运行指标", "/metrics"),
)


def _paths() -> frozenset[str]:
    """The addresses that an exchange serves."""
    from creditchain.exchange.app import paths

    return paths()


@contextmanager
def _reachable(shell: DemoShell) -> Iterator[None]:
    """Let other processes use the region: an embedded chain, which this one has for itself, gets an endpoint."""
    from creditchain.chain.networks import load_network
    from creditchain.home.layout import Home

    network = load_network(shell.network, shell.networks_file)
    if network.kind != "embedded":
        lead(shell, shell.network, shell.networks_file)
        yield
        return
    from creditchain.chain.embedded_server import embedded_endpoint

    path, deployments = Home(shell.place / "home").embedded_chain(network.name), shell.place / "deployments"
    with embedded_endpoint(network.chain_id or 0, path) as url:
        file = shell.place / "networks.toml"
        write_file(
            file, f'[{_NETWORK}]\nurl = "{url}"\nchain_id = {network.chain_id}\npoll_seconds = 0.05\ntold = true\n'
        )
        (deployments / f"{_NETWORK}.json").write_bytes((deployments / f"{network.name}.json").read_bytes())
        _write_environment(shell, _NETWORK, file, shell.place / "bank")
        yield


def _write_environment(shell: DemoShell, network: str, networks: Path | None, home: Path) -> None:
    places = {"HOME": home, "DEPLOYMENTS": shell.place / "deployments", **({"NETWORKS": networks} if networks else {})}
    values = {"NETWORK": network, **{name: str(path.resolve()) for name, path in places.items()}}
    lines = [f"export CREDITCHAIN_{name}={shlex.quote(value)}\n" for name, value in values.items()]
    write_file(shell.place / ENVIRONMENT, "".join(lines), overwrite=True)


def _shown(place: Path) -> Path:
    """The folder as one types it here."""
    return Path(os.path.relpath(place)) if place.resolve().is_relative_to(Path.cwd()) else place


def _tell(shell: DemoShell, text: str, zh: str, *lines: str) -> None:
    shell.say(text, zh)
    for line in lines:
        shell.output.line("  ", ("bold", line))
