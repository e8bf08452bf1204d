"""What docs/deploy ships fits the service: metrics, labels, commands, options and settings exist."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from creditchain.cli.app import whole_command
from creditchain.environment import VARIABLES
from creditchain.exchange import measures

DEPLOY = Path(__file__).resolve().parents[3] / "docs" / "deploy"
PAGE = (DEPLOY.parent / "exchange.md").read_text("utf-8")
UNIT = (DEPLOY / "creditchain-exchange.service").read_text("utf-8")
IMAGE = (DEPLOY / "Dockerfile").read_text("utf-8")
PREFIX = "creditchain_exchange_"
METRIC = re.compile(rf"({PREFIX}[a-z_]+)(?:\{{([^}}]*)\}})?")


def metrics() -> dict[str, set[str]]:
    """The service's metrics by the names that are scraped, with their labels."""
    assert measures.CALLS is not None
    found: dict[str, set[str]] = {}
    for collector in list(REGISTRY._collector_to_names):
        labels = set(getattr(collector, "_labelnames", ()))
        for name in REGISTRY._collector_to_names[collector]:
            found[name] = labels | ({"le"} if name.endswith("_bucket") else set())
    return {name: labels for name, labels in found.items() if name.startswith(PREFIX)}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOY / "alerts.yml").read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_names_metrics_and_labels_that_exist(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert re.search(r"[a-z].*[一-鿿]", rule["annotations"]["summary"])
    assert rule["annotations"]["action"]
    expression, known = rule["expr"], metrics()
    used = METRIC.findall(expression)
    assert used or expression.startswith("up{")
    for name, matchers in used:
        assert name in known
        assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers)) <= known[name]
    for one, other in ("()", "{}", "[]"):
        assert expression.count(one) == expression.count(other)


def test_each_metric_of_the_page_exists_and_each_has_a_row() -> None:
    named = set(re.findall(rf"`({PREFIX}[a-z_]+)", PAGE))
    known = metrics()
    assert {name for name in named if name not in known and f"{name}_bucket" not in known} == set()
    left = {re.sub("_(bucket|sum|count|created)$", "", name) for name in known}
    assert {name for name in left if name not in named and f"{name}_total" not in named} == set()


def test_each_alarm_of_the_page_has_a_rule() -> None:
    """Deliveries that stop in the hours of business: these hours are the operator's."""
    table = PAGE[PAGE.index("| metric | alarm when |") :].split("\n\n")[0]
    named = set(re.findall(rf"`({PREFIX}[a-z_]+)", table))
    ruled = {re.sub("_bucket$", "", name) for rule in rules() for name, _ in METRIC.findall(rule["expr"])}
    without = {f"{PREFIX}delivered_total", f"{PREFIX}problems_total", f"{PREFIX}unmetered"}
    assert named - ruled == without


def known_options() -> set[str]:
    command = whole_command().commands["exchange"].commands["serve"]
    return {name for parameter in (*command.params, *whole_command().params) for name in parameter.opts}


def test_the_unit_runs_a_command_that_exists() -> None:
    (line,) = re.findall(r"^ExecStart=(.*)$", UNIT, re.MULTILINE)
    words = shlex.split(line)
    assert Path(words[0]).name == "creditchain"
    assert [word for word in words[1:] if not word.startswith("--")][:2] == ["exchange", "serve"]
    assert {word for word in words if word.startswith("--")} <= known_options()


def test_the_image_runs_a_command_that_exists() -> None:
    (line,) = re.findall(r"^ENTRYPOINT (.*)$", IMAGE, re.MULTILINE)
    words = yaml.safe_load(line)
    assert [word for word in words if not word.startswith("--")][1:3] == ["exchange", "serve"]
    assert {word for word in words if word.startswith("--")} <= known_options()
    assert "NOT BUILT" in IMAGE
    for source in re.findall(r"^COPY (?!--)(.*) \S+$", IMAGE, re.MULTILINE):
        assert all((DEPLOY.parents[1] / name).exists() for name in source.split()), source


@pytest.mark.parametrize("text", [UNIT, IMAGE], ids=["unit", "image"])
def test_its_settings_exist(text: str) -> None:
    named = set(re.findall(r"CREDITCHAIN_[A-Z_]+", text))
    assert named
    assert named <= VARIABLES.keys()


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze")
    # What it runs and the user are not on this machine.
    shown = UNIT.replace("/opt/creditchain/bin/creditchain", "/bin/true")
    unit = tmp_path / "creditchain-exchange.service"
    unit.write_text(shown)
    done = subprocess.run([program, "verify", "--man=no", str(unit)], capture_output=True, text=True)
    told = [line for line in done.stderr.splitlines() if "creditchain-exchange.service" in line]
    assert told == []
    assert done.returncode == 0, done.stderr
