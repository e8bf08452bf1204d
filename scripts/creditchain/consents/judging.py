"""Judge a request as the ledger will judge its delivery, in the ledger's order (docs/format.md, section 6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from creditchain.consents.errors import (
    BrokerError,
    BrokerSignatureError,
    ConsentDomainsError,
    ConsentExhaustedError,
    ConsentExpiredError,
    ConsentInstitutionError,
    ConsentNotYetValidError,
    ConsentPausedError,
    ConsentPurposeError,
    ConsentRevokedError,
    ConsentSectionsError,
    ConsentUnknownError,
    InstitutionError,
    NonceError,
    ProviderError,
    RequestExpiredError,
    RequestNotIssuedError,
    RequestReplayedError,
    RequestSignatureError,
    ScopeError,
)
from creditchain.documents import Domain, Section
from creditchain.log.views import ConsentState, MemberAt, Metered
from creditchain.messages import NO_DIGEST, QueryRequest
from creditchain.products import Purpose
from creditchain.times import moment
from creditchain.vocabulary import Role

_PROVIDERS = frozenset({Role.PLATFORM, Role.BUREAU})


@dataclass(frozen=True, slots=True)
class View:
    """The chain's view of a request at one block, and the time of the planned delivery."""

    time: int  #: of the delivery, unix seconds
    metered: Metered | None  #: what was metered for the request's nonce
    near: bool  #: whether the nonce is near those in use
    institution: MemberAt
    provider: MemberAt
    signed: bool  #: whether the request's signature is by the institution's operator or its host's
    consent: ConsentState | None
    open_domains: int  #: bit set of the domains that need no consent at `time`
    broker: MemberAt | None = None  #: None if the request names none
    brokered: bool = False  #: whether the request is signed by the broker's operator or its host's


def judge(request: QueryRequest, view: View) -> None:
    """Raise the error for the ledger's first finding about this request; docs/consent.md lists them.

    Stricter than the ledger: a consent that is paused or has no use left is refused, where the ledger meters with a
    flag, and so is a nonce far from those in use.
    """
    if not request.sections or not request.domains or not request.purpose:
        raise ScopeError(
            "the request asks for nothing",
            expected="at least one section, one domain and a purpose",
            found=f"sections {request.sections:#x}, domains {request.domains:#x}, purpose {request.purpose}",
        )
    _judge_times(request, view.time)
    _judge_nonce(request, view)
    _judge_members(request, view)
    if request.via:
        _judge_broker(request, view)
    if request.consent == NO_DIGEST:
        _judge_open(request, view)
    else:
        _judge_consent(request, view)


def _judge_times(request: QueryRequest, time: int) -> None:
    if time < request.issued_at:
        raise RequestNotIssuedError(
            "the request is dated later than now",
            expected=f"issued until {moment(time)}",
            found=moment(request.issued_at),
        )
    if time > request.deadline:
        raise RequestExpiredError(
            "the request's deadline has passed",
            expected=f"answered until {moment(request.deadline)}",
            found=moment(time),
            hint="The institution signs a fresh request.",
        )


def _judge_nonce(request: QueryRequest, view: View) -> None:
    if view.metered is not None:
        same = view.metered.item.request == request.id
        raise RequestReplayedError(
            "the request was answered already" if same else "the request's nonce was used by another request",
            expected="a nonce that no delivery was metered for",
            found=f"nonce {request.nonce}, metered in entry {view.metered.entry} of the log",
            hint="The institution signs a fresh request.",
        )
    if not view.near:
        raise NonceError(
            "the request's nonce is far from those in use: metering would fill the chain with cells",
            expected="the next free nonce, or one soon after",
            found=str(request.nonce),
            hint="The institution signs a fresh request; its home keeps the nonces that it gave out.",
        )


def _judge_members(request: QueryRequest, view: View) -> None:
    sides = (
        (request.institution, view.institution, frozenset({Role.INSTITUTION}), InstitutionError),
        (request.provider, view.provider, _PROVIDERS, ProviderError),
    )
    for node, member, roles, error in sides:
        if member.role not in roles or not member.acts:
            expected = " or ".join(role.label for role in sorted(roles))
            raise error(
                f"node {node} cannot do this", expected=f"an active {expected}", found=standing_of_member(member)
            )
    if not view.signed:
        raise RequestSignatureError(
            "the request is not signed by the institution that asks",
            expected=f"a signature by the operator of node {request.institution}, or of its host",
            found="another signature",
        )


def _judge_broker(request: QueryRequest, view: View) -> None:
    broker = MemberAt(0, False, None, None) if view.broker is None else view.broker
    if broker.role != Role.PLATFORM or not broker.acts:
        raise BrokerError(
            f"node {request.via} cannot broker this", expected="an active platform", found=standing_of_member(broker)
        )
    if not view.brokered:
        raise BrokerSignatureError(
            "the request is not signed by its broker",
            expected=f"a signature by the operator of node {request.via}, or of its host",
            found="another signature, or none",
            hint="The broker signs it (`creditchain query broker`).",
        )


def _judge_open(request: QueryRequest, view: View) -> None:
    closed = request.domains & ~view.open_domains
    if closed:
        raise ConsentUnknownError(
            "the request names no consent, and some domains need one",
            expected=f"domains among {domain_names(view.open_domains) or 'none'}",
            found=domain_names(closed),
        )


def _judge_consent(request: QueryRequest, view: View) -> None:
    state = view.consent
    if state is None:
        raise ConsentUnknownError(
            "the chain has no such consent",
            expected="a consent that was granted",
            found="0x" + request.consent.hex(),
            hint="Was it relayed (`creditchain consent relay`)?",
        )
    if state.institution != request.institution:
        raise ConsentInstitutionError(
            "the consent was given to another institution",
            expected=f"node {state.institution}",
            found=f"node {request.institution}",
        )
    if state.purpose != request.purpose:
        raise ConsentPurposeError(
            "the consent is for another purpose",
            expected=purpose_name(state.purpose),
            found=purpose_name(request.purpose),
        )
    if request.sections & ~state.sections:
        raise ConsentSectionsError(
            "a section is outside the consent",
            expected=f"sections among {section_names(state.sections)}",
            found=section_names(request.sections),
        )
    if request.domains & ~state.domains & ~view.open_domains:
        raise ConsentDomainsError(
            "a domain is outside the consent",
            expected=f"domains among {domain_names(state.domains | view.open_domains)}",
            found=domain_names(request.domains),
        )
    _judge_standing(state, view.time)


def _judge_standing(state: ConsentState, time: int) -> None:
    if time < state.valid_from:
        raise ConsentNotYetValidError(
            "the consent is not valid yet", expected=f"from {moment(state.valid_from)}", found=moment(time)
        )
    if time > state.not_after:
        raise ConsentExpiredError(
            "the consent has expired", expected=f"until {moment(state.not_after)}", found=moment(time)
        )
    if state.revoked_at and time >= state.revoked_at:
        raise ConsentRevokedError(
            "the consent was revoked",
            expected="a consent that is not revoked",
            found=f"revoked at {moment(state.revoked_at)}",
        )
    if state.paused:
        raise ConsentPausedError(
            "the consent is paused",
            expected="a consent that is not paused",
            found=f"paused at {moment(state.paused_at)}",
            hint="Wait until the enterprise resumes it (`creditchain consent resume`).",
        )
    if state.used >= state.uses:
        raise ConsentExhaustedError(
            "the consent has no use left", expected=f"fewer than {state.uses} deliveries", found=str(state.used)
        )


def standing_of_member(member: MemberAt) -> str:
    """What a node is, for an error: its role, and whether it may act."""
    if member.role == 0:
        return "no such node"
    return Role(member.role).label + ("" if member.acts else ", not active, or its key compromised")


def section_names(mask: int) -> str:
    """Names of the sections in a bit set."""
    return _names(mask, {int(section): section.label for section in Section})


def domain_names(mask: int) -> str:
    """Names of the domains in a bit set."""
    return _names(mask, {int(domain): domain.label for domain in Domain})


def _names(mask: int, known: dict[int, str]) -> str:
    bits: Iterable[int] = (bit for bit in range(mask.bit_length()) if mask >> bit & 1)
    return ", ".join(known.get(bit, f"bit {bit}") for bit in bits)


def purpose_name(code: int) -> str:
    """Name of a purpose code."""
    return Purpose(code).label if code in set(Purpose) else f"purpose {code}"
