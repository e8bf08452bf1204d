"""What commands share that pass signed files on: reading, writing, showing, tags, who signs for a node."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from creditchain.cli.connecting import required_signer
from creditchain.errors import CreditchainError, InputError, NotValidError, Place, UsageError

if TYPE_CHECKING:
    from creditchain.chain.region import Region
    from creditchain.chain.signers import Signer
    from creditchain.cli.output import Output
    from creditchain.identifiers import Subject
    from creditchain.messages import ContractDomain

_Made = TypeVar("_Made")

OutOption = Annotated[Path, typer.Option("--output", "-o", help="File to write.")]
TagKeysOption = Annotated[
    list[str] | None,
    typer.Option("--tag-key", envvar="CREDITCHAIN_TAG_KEY", help="Tag key of an epoch: keystore:PATH or env:VARIABLE."),
]
StatementOption = Annotated[Path | None, typer.Option("--tag-statement", help="A platform's tag statement about it.")]


#: Names that people see in both languages.
_LABELS = {
    "institution": "金融机构",
    "platform": "背书平台",
    "provider": "提供方",
    "purpose": "用途",
    "sections": "信息类别",
    "domains": "数据域",
    "data_from": "信息起始日",
    "data_to": "信息截止日",
    "not_before": "生效",
    "not_after": "到期",
    "valid_from": "实际生效",
    "uses": "次数",
    "used": "已用",
    "keep_days": "保存天数",
    "key": "企业密钥",
    "on_paper": "纸质授权",
    "signed": "已签署",
    "endorsed": "已背书",
    "notice": "告知书",
    "revoked_at": "撤销时间",
    "delivered_at": "交付时间",
    "meter_by": "计量期限",
    "metered_at": "计量时间",
    "block_time": "区块时间",
    "deadline": "截止",
}
_TIMES = frozenset(
    {
        *("not_before", "not_after", "valid_from", "revoked_at", "delivered_at"),
        *("meter_by", "metered_at", "block_time", "deadline"),
    }
)


def tell(output: Output, value: Mapping[str, Any]) -> None:
    """A result: for machines as it is, for people with names in both languages, times as times, lists as lines."""
    if output.as_json:
        output.emit(value)
        return
    output.emit({f"{name} {_LABELS.get(name, '')}".strip(): _told(name, one) for name, one in value.items()})


def _told(name: str, value: Any) -> Any:
    from creditchain.consents.judging import moment

    if name in _TIMES and isinstance(value, int):
        return moment(value) if value else "–"
    if isinstance(value, Mapping):
        return "; ".join(f"{inner} {_told(inner, one)}" for inner, one in value.items())
    if isinstance(value, list):
        return ", ".join(str(_told("", one)) for one in value) or "–"
    return "0x" + value.hex() if isinstance(value, bytes) else "–" if value is None else value


def load(path: Path, parse: Callable[[bytes], _Made]) -> _Made:
    """A file, parsed; errors name it.

    Raises:
        UnavailableError: it can not be read. InputError: it is malformed.
    """
    from creditchain.cli.files import read_file

    try:
        return parse(read_file(path))
    except CreditchainError as error:
        raise error.at(Place(str(path))) from None


def save(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, for its owner alone: it holds salts."""
    part = path.with_name(path.name + ".part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise InputError("the file can not be written", place=Place(str(path)), found=error.strerror) from error


def require_here(region: Region, domain: ContractDomain, contract: str, log: bytes | None = None) -> None:
    """Raise ForeignFileError unless a message is meant for this region's contract and, if it names one, log."""
    from creditchain.consents.errors import ForeignFileError

    deployment = region.deployment
    checks = (
        ("chain", str(deployment.chain_id), str(domain.chain_id)),
        (contract, deployment.address(contract), domain.contract),
        ("log", "0x" + deployment.log_id.hex(), "0x" + (log or deployment.log_id).hex()),
    )
    for what, ours, theirs in checks:
        if ours != theirs:
            hint = "Choose the network and deployment that the file was made for."
            raise ForeignFileError(f"this is for another {what}", expected=ours, found=theirs, hint=hint)


def digits(text: str, option: str) -> bytes:
    """Bytes from 0x and hex digits."""
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise UsageError(f"{option} takes 0x and hex digits") from None


def fresh_salt() -> bytes:
    """32 random bytes."""
    import secrets

    return secrets.token_bytes(32)


def subject_tags(region: Region, subject: Subject, keys: list[str] | None, statement: Path | None) -> tuple[bytes, ...]:
    """The subject's tag under each key epoch that is given, the newest epoch first. At least one.

    Raises:
        UsageError: neither key nor statement. ConfigError: a key of no epoch.
        InputError: a statement about somebody else.
        NotValidError: a statement that no active platform of this region signed.
    """
    from creditchain.evidence.record import EvidenceFetcher
    from creditchain.home.keystores import load_tag_key
    from creditchain.packages.record_package import parse_statement
    from creditchain.reports import gather_tags
    from creditchain.verification.subject import check_signature
    from creditchain.verification.verdict import Outcome

    statements = [load(statement, parse_statement)] if statement is not None else []
    if not keys and not statements:
        raise UsageError("the enterprise's tag is needed", expected="--tag-statement FILE, or --tag-key of a platform")
    if statements:
        fetcher = EvidenceFetcher(region)
        step = check_signature(statements[0], fetcher.origin, fetcher.signer(statements[0]))
        if step.outcome is not Outcome.PASSED:
            raise NotValidError(step.reason.en, place=Place(str(statement)))
    block = region.chain.final_block().number
    epochs = range(1, region.current_key_epoch(block) + 1)
    logged = {epoch: region.key_epoch_digest(epoch, block) for epoch in epochs}
    known = {epoch: digest for epoch, digest in logged.items() if digest is not None}
    tags = gather_tags(subject, known, [load_tag_key(key) for key in keys or []], statements)
    return tuple(tags[epoch].subject_tag for epoch in sorted(tags, reverse=True))


def node_signer(region: Region, signer: str | None, node: int, what: str) -> Signer:
    """The signer, who has to act for a node now. Raises InputError."""
    from creditchain.chain.signers import parse_signer

    found = parse_signer(required_signer(signer), region.chain)
    if not region.acts_for(found.address, node):
        raise InputError(
            f"the signer does not act for the {what}",
            expected=f"the operator of node {node}, active, or of its host",
            found=f"a key of node {region.node_of(found.address) or 'nobody'}",
        )
    return found
