"""Step 7: the consent covered institution, sections, domains, purpose, days and time of the delivery.

The chain says that the consent with this id was granted, and the id is the hash of the message in the package. So the
message is authentic also in what the contract does not store: its subject and its days.
"""

from __future__ import annotations

from creditchain.documents import Section
from creditchain.log.entries import ConsentBody
from creditchain.log.views import ConsentState
from creditchain.messages import NO_DIGEST, Consent, QueryRequest
from creditchain.packages.delivery import PackagedConsent, PackagedDelivery
from creditchain.verification.case import Case, JudgedRecord
from creditchain.verification.days import day_number, day_of
from creditchain.verification.delivered import ledger_fault, too_early
from creditchain.verification.evidence import Missing
from creditchain.verification.verdict import Step, failed, not_verified, passed, worst_fault, worst_of
from creditchain.vocabulary import MeterFlag, Role

#: A consent whose days begin this early does not limit them.
_FIRST_DAY = 1900_01_01
_UNVOUCHED = not_verified(7, "it names the subject only by a tag that nobody vouches for", "仅以无人声明的标签指明主体")


def check_consent(case: Case) -> Step:
    """Step 7."""
    delivery = case.package.delivery
    if delivery is None:
        return not_verified(7, "no request: what was consented to cannot be judged", "无请求，无法判断授权")
    fault = ledger_fault(case, delivery, 7)
    if fault is not None:
        return fault
    faults = worst_fault(_request_fault(case, delivery), _records_fault(case, delivery.request))
    covered = too_early(case, delivery, 7) or _covered(case, delivery)
    return covered if faults is None else worst_of((faults, covered))


def _covered(case: Case, delivery: PackagedDelivery) -> Step:
    """Whether the consent that the request names, or the law without one, covers what was asked for and shown."""
    opened = case.evidence.delivery.open_domains
    if isinstance(opened, Missing):
        return not_verified(7, opened.why.en, opened.why.zh)
    if delivery.request.consent == NO_DIGEST:
        return _without_consent(case, delivery.request, opened)
    return _under_consent(case, delivery, opened)


def _request_fault(case: Case, delivery: PackagedDelivery) -> Step | None:
    request, product = delivery.request, case.product
    if case.policy.institution not in (None, request.institution):
        return failed(
            7,
            "the report was delivered to another institution",
            "报告交付给其他机构",
            expected=case.policy.institution,
            found=request.institution,
        )
    about = case.names_subject(request.subject, delivery.subject_salt)
    if about is False:
        return failed(7, "the request is about another subject", "请求针对其他主体")
    if product is None:
        return not_verified(7, "the report's product is not known here", "本地未知报告产品")
    if request.product != product.digest:
        return failed(
            7,
            "another product was asked for",
            "请求的是其他产品",
            expected=request.product,
            found=product.digest,
        )
    if request.purpose not in {int(purpose) for purpose in product.purposes}:
        return failed(7, "the product is not for this purpose", "该产品不适用于此用途", found=request.purpose)
    return _UNVOUCHED if about is None else None


def _records_fault(case: Case, request: QueryRequest) -> Step | None:
    """No record may come from a section or domain that was not asked for."""
    for record in case.records:
        section = record.record.section
        if not request.sections >> section & 1:
            return failed(
                7, "a record is of a section that was not asked for", "含有未请求的信息类别", found=section.label
            )
        if record.domains & ~request.domains:
            return failed(7, "a record is of a domain that was not asked for", "含有未请求的数据域", leaf=record.leaf)
    return None


def _without_consent(case: Case, request: QueryRequest, opened: int) -> Step:
    if case.package.consent is not None:
        return failed(7, "the package holds a consent that the request does not name", "数据包中的授权并非请求所指")
    if case.product is not None and case.product.consent.required:
        return failed(7, "this product needs a consent", "该产品须经授权")
    if request.domains & ~opened:
        return failed(
            7,
            "a domain asked for could not be used without consent then",
            "所请求的数据域当时须经授权",
            expected=opened,
            found=request.domains,
        )
    return passed(7, "all domains could be used without consent", "所有数据域均无须授权", open_domains=opened)


def _under_consent(case: Case, delivery: PackagedDelivery, opened: int) -> Step:
    state, packaged = case.evidence.delivery.consent, case.package.consent
    if isinstance(state, Missing):
        return not_verified(7, state.why.en, state.why.zh)
    if state is None:
        return failed(7, "the consent that the request names was never granted", "请求所指授权从未授予")
    if packaged is None:
        return not_verified(7, "the consent itself is not in the package", "数据包中没有授权内容")
    time = delivery.receipt.delivered_at
    fault = worst_fault(
        _consent_fault(case, packaged, delivery.request),
        _scope_fault(state, delivery.request, opened),
        _time_fault(state, time),
        _revoked(case, state, time),
        _paused(case, time),
        _days_fault(case.records, packaged.message, opened, time),
        _uses_fault(case, state),
        _endorsement_fault(case, packaged.message),
    )
    if fault is not None:
        return fault
    return passed(
        7,
        f"a consent, used {state.used} of {state.uses}",
        f"授权已用 {state.used}/{state.uses} 次",
        consent=delivery.request.consent,
        institution=state.institution,
        platform=packaged.message.platform,
        not_after=state.not_after,
        keep_days=packaged.message.keep_days,
        revoked_at=state.revoked_at,
    )


def _consent_fault(case: Case, packaged: PackagedConsent, request: QueryRequest) -> Step | None:
    """Check that it is the consent that the request names, of this region and about this subject."""
    message, origin = packaged.message, case.evidence.origin
    if message.id != request.consent:
        return failed(7, "the request names another consent", "请求所指为其他授权")
    if message.log != origin.log_id:
        return failed(
            7,
            "the consent is of another region's log",
            "授权属于其他区域的日志",
            expected=origin.log_id,
            found=message.log,
        )
    about = case.names_subject(message.subject, packaged.subject_salt)
    if about is False:
        return failed(7, "the consent is of another subject", "授权主体不符")
    return _UNVOUCHED if about is None else None


def _scope_fault(state: ConsentState, request: QueryRequest, opened: int) -> Step | None:
    if state.institution != request.institution:
        return failed(
            7,
            "the consent is for another institution",
            "授权给了其他机构",
            expected=state.institution,
            found=request.institution,
        )
    if state.purpose != request.purpose:
        return failed(
            7, "the consent is for another purpose", "授权用途不符", expected=state.purpose, found=request.purpose
        )
    if request.sections & ~state.sections:
        return failed(
            7, "sections were asked for that the consent does not cover", "信息类别超出授权",
            expected=_sections(state.sections), found=_sections(request.sections),
        )  # fmt: skip
    if request.domains & ~state.domains & ~opened:
        return failed(
            7, "domains were asked for that the consent does not cover", "数据域超出授权",
            expected=state.domains, found=request.domains,
        )  # fmt: skip
    return None


def _time_fault(state: ConsentState, time: int) -> Step | None:
    if time < state.valid_from:
        return failed(
            7, "delivered before the consent was valid", "交付早于授权生效", expected=state.valid_from, found=time
        )
    if time > state.not_after:
        return failed(7, "delivered after the consent ended", "交付晚于授权到期", expected=state.not_after, found=time)
    return None


def _revoked(case: Case, state: ConsentState, time: int) -> Step | None:
    """A delivery of the very second is before the revocation if the ledger took it: after, it would have refused."""
    metered = case.evidence.delivery.metered
    if isinstance(metered, Missing):
        return not_verified(7, metered.why.en, metered.why.zh)
    if not state.revoked_at or time < state.revoked_at or (time == state.revoked_at and metered is not None):
        return None
    return failed(
        7, "delivered after the consent was revoked", "交付时授权已撤销", expected=state.revoked_at, found=time
    )


def _paused(case: Case, time: int) -> Step | None:
    """In the second in which a pause begins, the ledger's flag decides."""
    metered, pauses = case.evidence.delivery.metered, case.evidence.delivery.pauses
    for value in (metered, pauses):
        if isinstance(value, Missing):
            return not_verified(7, value.why.en, value.why.zh)
    if isinstance(pauses, Missing) or isinstance(metered, Missing):
        raise TypeError("unreachable")
    flagged = metered is not None and metered.item.flags & MeterFlag.PAUSED
    for one in pauses:
        begun = one.since < time or (one.since == time and (metered is None or flagged))
        if begun and (one.until is None or time < one.until):
            return failed(
                7, "delivered while the consent was paused", "交付时授权已暂停", expected=one.until, found=time
            )
    if flagged:
        return failed(7, "the ledger flags that the consent was paused", "账本注明授权当时已暂停", found=time)
    return None


def _endorsement_fault(case: Case, message: Consent) -> Step | None:
    """Check who endorsed the consent when it was granted: a platform, whose key was in nobody else's hands then."""
    grant, members = case.evidence.delivery.grant, case.evidence.members
    for value in (grant, members):
        if isinstance(value, Missing):
            return not_verified(7, value.why.en, value.why.zh)
    if isinstance(grant, Missing) or isinstance(members, Missing):
        raise TypeError("unreachable")
    if grant is None or grant.body != ConsentBody.of(message):
        return not_verified(7, "consent and log contradict each other", "授权与日志相互矛盾")
    granted_at, platform = grant.time, members.get(message.platform)
    if platform is None:
        return not_verified(7, "the platform that endorsed the consent is not known", "授权背书平台未知")
    if platform.info.role != Role.PLATFORM:
        return failed(7, "the consent is endorsed by a node that is no platform", "授权背书节点不是征信平台")
    if platform.compromised_at(granted_at):
        return not_verified(
            7, "the endorsing platform's key was compromised when the consent was granted", "授权时背书平台密钥已泄露",
            platform=message.platform, time=granted_at,
        )  # fmt: skip
    return None


def limits_days(message: Consent, time: int) -> bool:
    """Whether a record that was anchored by `time` can be about a day that the consent does not cover."""
    return message.data_from > _FIRST_DAY or message.data_to < day_number(day_of(time))


def _days_fault(records: tuple[JudgedRecord, ...], message: Consent, opened: int, time: int) -> Step | None:
    """Records that need the consent must be about a day that it covers."""
    unknown = None
    for record in records:
        if not record.domains & ~opened:
            continue
        if record.document is None:
            if limits_days(message, time):
                unknown = not_verified(
                    7, "the day that a file is about is not known", "文件所涉日期未知", leaf=record.leaf
                )
            continue
        if not message.data_from <= day_number(record.document.as_of) <= message.data_to:
            return failed(
                7,
                "a record is about a day that the consent does not cover",
                "记录日期超出授权范围",
                leaf=record.leaf,
                expected=[message.data_from, message.data_to],
                found=day_number(record.document.as_of),
            )
    return unknown


def _uses_fault(case: Case, state: ConsentState) -> Step | None:
    metered = case.evidence.delivery.metered
    if isinstance(metered, Missing):
        return not_verified(7, metered.why.en, metered.why.zh)
    overdrawn = metered.item.flags & MeterFlag.OVERDRAWN if metered is not None else state.used >= state.uses
    if overdrawn:
        return failed(7, "the consent had no use left for this delivery", "授权次数已用尽", uses=state.uses)
    return None


def _sections(mask: int) -> list[str]:
    return [section.label for section in Section if mask >> section & 1]
