"""The second half of step 2: whose record it is, by its tag, the statement that vouches for it, and the key epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from creditchain.documents import JSON_MEDIA_TYPE
from creditchain.errors import CreditchainError
from creditchain.identifiers import Subject, epoch_digest, subject_tag
from creditchain.messages import LogDomain, TagStatement, recover
from creditchain.packages.parts import PackagedTag, SignedTagStatement
from creditchain.packages.record_package import RecordPackage
from creditchain.verification.evidence import Evidence, Missing, NodeHistory, Origin, StatementSigner, TagEvidence
from creditchain.verification.policy import Policy
from creditchain.verification.verdict import (
    Step,
    WeaknessKind,
    failed,
    not_verified,
    passed,
    weakness,
    worst_fault,
)
from creditchain.vocabulary import Role

#: Later than any time on a chain. No chain sees a tag statement, so it may have been signed at any time until now.
_FOR_EVER = 2**64


UNVOUCHED_TAG: Final = weakness(
    WeaknessKind.UNVOUCHED, "only the document itself says whose tag this is", "标签归属仅凭文档自述"
)


@dataclass(frozen=True, slots=True)
class TagKey:
    """The secret of a key epoch, for a verifier who holds it. It never shows in `repr` or in a step."""

    secret: bytes  #: 32 bytes

    def __repr__(self) -> str:
        return "TagKey(…)"


@dataclass(frozen=True, slots=True)
class TagClaim:
    """The claim that a tag belongs to a subject under a key epoch."""

    tag: PackagedTag
    subject: Subject
    key_epoch: int
    named_by_document: bool  #: True for a JSON document, which names its subject itself; a file does not


def signer_of(statement: SignedTagStatement, origin: Origin) -> str | None:
    """The address whose key signed the statement, under the log that the verifier trusts; None if malformed."""
    message = TagStatement(
        LogDomain(origin.log_id),
        platform=statement.platform,
        key_epoch=statement.key_epoch,
        subject_tag=statement.subject_tag,
        scheme=statement.subject.scheme,
        number=statement.subject.number,
        issued_at=statement.issued_at,
    )
    try:
        return recover(message, statement.signature)
    except CreditchainError:
        return None


def check_subject(package: RecordPackage, evidence: Evidence, policy: Policy, tag_key: TagKey | None) -> Step:
    """Check that the tag is this subject's under the key epoch that the anchor names."""
    if isinstance(evidence.anchor, Missing):
        return not_verified(2, f"key epoch unknown: {evidence.anchor.why.en}", f"密钥期未知：{evidence.anchor.why.zh}")
    if evidence.anchor is None:
        return not_verified(2, "key epoch unknown: the batch is not anchored", "密钥期未知：批次未锚定")
    epoch = evidence.anchor.key_epoch
    if package.batch.key_epoch != epoch:
        return not_verified(
            2,
            "the package names another key epoch than its anchor",
            "数据包所称密钥期与锚定不符",
            expected=epoch,
            found=package.batch.key_epoch,
        )
    claim = TagClaim(
        package.tag, package.record.subject, epoch, named_by_document=package.record.media_type == JSON_MEDIA_TYPE
    )
    return check_tag(claim, evidence.origin, evidence.tag, policy, tag_key)


def check_tag(
    claim: TagClaim, origin: Origin, evidence: TagEvidence, policy: Policy, tag_key: TagKey | None = None
) -> Step:
    """Check that a statement or a tag key vouches for the claim, or that the policy can do without."""
    return vouch(claim, origin, evidence, tag_key) or unvouched(claim, policy)


def vouch(claim: TagClaim, origin: Origin, evidence: TagEvidence, tag_key: TagKey | None = None) -> Step | None:
    """What the statement and the tag key say, the worse of the two if both are given; None if neither is."""
    statement = claim.tag.statement
    said = check_statement(claim, statement, origin, evidence) if statement is not None else None
    computed = _check_key(claim, tag_key, evidence) if tag_key is not None else None
    return worst_fault(computed, said)


def check_statement(claim: TagClaim, statement: SignedTagStatement, origin: Origin, evidence: TagEvidence) -> Step:
    """Check that the statement names this tag, subject and epoch, and that a platform signed it."""
    if statement.key_epoch != claim.key_epoch:
        return not_verified(
            2,
            "the tag statement names another key epoch",
            "标签声明属于另一密钥期",
            expected=claim.key_epoch,
            found=statement.key_epoch,
        )
    if statement.subject_tag != claim.tag.subject_tag:
        return failed(2, "the tag statement names another tag", "标签声明的标签不符")
    if statement.subject != claim.subject:
        return failed(2, "the tag statement names another subject", "标签声明的主体不符")
    return check_signature(statement, origin, evidence.signer)


def check_signature(statement: SignedTagStatement, origin: Origin, signer: StatementSigner | Missing | None) -> Step:
    """Check that a platform signed the statement, was one then, and still acts."""
    if isinstance(signer, Missing):
        why = signer.why
        return not_verified(2, f"who signed the tag statement is unknown: {why.en}", f"标签声明签署方未知：{why.zh}")
    address = signer_of(statement, origin)
    if address is None:
        return failed(2, "the tag statement's signature is malformed", "标签声明的签名无效")
    if signer is None or signer.address != address:
        return not_verified(2, "the signer of the tag statement was not looked up", "未查询标签声明的签署方")
    member = signer.member
    if member is None or member.info.number != statement.platform:
        return failed(
            2,
            "the tag statement is not signed by a key of the platform it names",
            "标签声明并非由所称平台的密钥签署",
            expected=statement.platform,
            found=None if member is None else member.info.number,
            signer=address,
        )
    return _standing(statement, signer, member)


def _standing(statement: SignedTagStatement, signer: StatementSigner, member: NodeHistory) -> Step:
    """Check that the key was a platform's when it signed, and that the platform still acts.

    `issued_at` is the signer's own word: the statement may have been made at any time from then on. So it does not
    help to be older than a suspension or a theft.
    """
    then, now, issued_at = signer.then, signer.now, statement.issued_at
    details = {
        "platform": member.info.number,
        "signer": signer.address,
        "key_epoch": statement.key_epoch,
        "issued_at": issued_at,
    }
    if member.info.role != Role.PLATFORM:
        return failed(
            2, "the node that signed the tag statement is not a platform", "标签声明签署方不是征信平台", **details
        )
    if then is None:
        return not_verified(
            2, "the tag statement is dated after the block that was read", "标签声明的日期晚于所读区块", **details
        )
    if member.compromised_between(issued_at, _FOR_EVER, signer.address):
        return not_verified(
            2,
            "the platform's key was compromised when the tag statement may have been signed",
            "标签声明可能签署于平台密钥泄露期间",
            **details,
        )
    if then.role != Role.PLATFORM or not then.acts or (then.operator or "").lower() != signer.address.lower():
        return failed(
            2,
            "when the tag statement was signed, its signer was not the key of an active platform",
            "签署标签声明时，签署方并非活动平台的密钥",
            **details,
        )
    if not now.acts:
        return failed(
            2, "the platform that signed the tag statement is not active", "签署标签声明的平台已非活动状态", **details
        )
    return passed(2, "a platform vouches for the tag", "征信平台已声明该标签", **details)


def _check_key(claim: TagClaim, tag_key: TagKey, evidence: TagEvidence) -> Step:
    logged = evidence.key_epoch_digest
    if isinstance(logged, Missing):
        return not_verified(2, f"key epoch unknown: {logged.why.en}", f"密钥期未知：{logged.why.zh}")
    if logged is None or epoch_digest(tag_key.secret) != logged:
        return not_verified(
            2, "the given tag key is not the key of the anchor's epoch", "所给标签密钥不属于该锚定的密钥期"
        )
    if subject_tag(tag_key.secret, claim.subject) != claim.tag.subject_tag:
        return failed(2, "the tag is not this subject's", "标签与主体不符")
    return passed(2, "the tag was computed from the key of its epoch", "标签由该密钥期的密钥算出")


def unvouched(claim: TagClaim, policy: Policy) -> Step:
    """Nobody vouches for the tag. A JSON document at least names its subject itself; a file does not."""
    if policy.tag_statement == "optional" and claim.named_by_document:
        return passed(
            2, "the document names its subject; nobody vouches for the tag", "文档自述主体；标签未经声明", vouched=False
        )
    return not_verified(
        2, "without a tag statement or a tag key it is unknown whose tag this is", "无标签声明或标签密钥，标签归属未知"
    )
