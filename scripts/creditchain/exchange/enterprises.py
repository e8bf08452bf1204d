"""Routes for an enterprise: who may see what until when, who asked for what, and its own report."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from creditchain.acts.enterprise_view import Asker, SeenQuery, consents_seen, queries_seen
from creditchain.acts.own_reporting import own_report
from creditchain.consents.judging import purpose_name
from creditchain.consents.standing import ConsentStanding, standing
from creditchain.exchange import measures
from creditchain.exchange.bodies import JSON, read_json_body
from creditchain.exchange.enterprise_callers import asker_of
from creditchain.exchange.problems import HttpError
from creditchain.exchange.service import Service, service_of
from creditchain.exchange.shapes import (
    ADDRESS,
    BLOCK,
    COUNT,
    DIGEST,
    NAMES,
    NODE,
    TIME,
    answers,
    digest_in,
    domains_in,
    file_of,
    or_null,
    parameter,
    record,
    rows,
    sections_in,
    takes,
)
from creditchain.log.views import ConsentState
from creditchain.messages import NO_KEY, Consent
from creditchain.packages.enterprise_calls import OWN_REPORT_FORMAT, parse_own_report
from creditchain.packages.parts import hexed
from creditchain.store.deliveries import DeliveryState
from creditchain.store.own_reports import OwnReport
from creditchain.vocabulary import MeterFlag

router = APIRouter(tags=["enterprise"])

CONSENT = record(
    {
        "id": DIGEST,
        "institution": NODE | {"description": "Who may ask."},
        "platform": NODE | {"description": "Who endorsed it."},
        "key": or_null(ADDRESS) | {"description": "null: given on paper."},
        "purpose": {"type": "string"},
        "sections": NAMES,
        "domains": NAMES,
        "data_from": COUNT | {"description": "First day that records may be about, YYYYMMDD."},
        "data_to": COUNT | {"description": "Last such day, YYYYMMDD."},
        "valid_from": TIME,
        "not_after": TIME,
        "uses": COUNT,
        "used": COUNT,
        "keep_days": COUNT | {"description": "Days after a delivery for which it may be kept."},
        "state": {"enum": [one.value for one in ConsentStanding]},
        "paused_at": or_null(TIME),
        "revoked_at": or_null(TIME),
    }
)
_QUERY = record(
    {
        "request": DIGEST,
        "consent": DIGEST,
        "institution": NODE | {"description": "Who asked."},
        "provider": NODE | {"description": "Who answered."},
        "via": or_null(NODE) | {"description": "Who brokered it."},
        "staff": or_null(DIGEST) | {"description": "Salted digest of who asked; null: not delivered here."},
        "delivered_at": TIME,
        "purpose": {"type": "string"},
        "product": or_null({"type": "string"}) | {"description": "null: not known here."},
        "product_digest": DIGEST,
        "sections": NAMES | {"description": "What was shown."},
        "domains": NAMES | {"description": "Where it came from."},
        "report": DIGEST | {"description": "Commitment to the report that was shown."},
        "state": {"enum": [one.value for one in DeliveryState]},
        "entry": or_null(COUNT) | {"description": "Of the region's log."},
        "metered_at": or_null(TIME),
        "flags": NAMES,
    }
)
_OWN = record({"consent": DIGEST, "product": or_null({"type": "string"}), "report": DIGEST, "made_at": TIME})
_CONSENTS = record({"block": BLOCK, "consents": rows(CONSENT)})
_QUERIES = record({"block": BLOCK, "queries": rows(_QUERY), "own_reports": rows(_OWN)})
_ORDER = file_of(
    OWN_REPORT_FORMAT,
    {
        "consent": DIGEST | {"description": "A consent of this enterprise that is not revoked."},
        "product": {"type": "string", "description": "name/version"},
        "subject": record({"scheme": {"type": "string"}, "number": {"type": "string"}}),
        "subject_salt": DIGEST | {"description": "Of the consent, from its file."},
    },
)
_ONE = {
    "parameters": [
        parameter("consent", DIGEST, "Only this consent. A platform has to name one on paper that it endorsed.")
    ]
}
_PACKAGE = {"type": "object", "description": "A report package (docs/format.md, section 7), without a delivery."}


@router.get(
    "/v1/enterprise/consents", responses=answers(200, _CONSENTS, 401, 403, 422, 429, 500, 503), openapi_extra=_ONE
)
async def consents(request: Request) -> dict[str, Any]:
    """Who may see what of the enterprise, and until when. 谁可以看什么、到何时"""
    service = service_of(request)
    asker = await asker_of(request, service)
    named = named_consent(request, asker)
    block, found = await run_in_threadpool(consents_seen, service.desk.region, asker, named)
    told = [consent_shown(one.consent, one.state, block.time) for one in found]
    return {"block": {"number": block.number, "time": block.time}, "consents": told}


@router.get(
    "/v1/enterprise/queries", responses=answers(200, _QUERIES, 401, 403, 422, 429, 500, 503), openapi_extra=_ONE
)
async def queries(request: Request) -> dict[str, Any]:
    """Who asked, when, for what, and what was shown; the newest first. 查询记录

    Deliveries of the whole region, from its log; those of this exchange also before they are metered. And the reports
    that the enterprise got here about itself.
    """
    service = service_of(request)
    asker = await asker_of(request, service)
    named = named_consent(request, asker)

    def looked() -> dict[str, Any]:
        desk = service.desk
        block, seen = consents_seen(desk.region, asker, named)
        found = queries_seen(desk.region, desk.deliveries, seen, block)
        own = service.enterprises.own_reports.of([one.consent.id for one in seen])
        return {
            "block": {"number": block.number, "time": block.time},
            "queries": [_query(service, one) for one in found],
            "own_reports": [_own(service, one) for one in own],
        }

    return await run_in_threadpool(looked)


@router.post(
    "/v1/enterprise/reports",
    response_class=Response,
    responses=answers(200, _PACKAGE, 400, 401, 403, 408, 413, 415, 422, 429, 500, 503),
    openapi_extra=takes(_ORDER),
)
async def report(request: Request) -> Response:
    """The enterprise's own report. No consent is used, and nothing is metered. 企业自查报告"""
    service = service_of(request)
    asker = await asker_of(request, service)
    order = parse_own_report(await read_json_body(request, service.limits))
    package = await run_in_threadpool(own_report, service.desk, service.enterprises.own_reports, asker, order)
    measures.OWN_REPORTS.inc()
    return Response(package, media_type=JSON)


def consent_shown(consent: Consent, state: ConsentState, time: int) -> dict[str, Any]:
    """A consent as answers show it, at a time (unix seconds)."""
    return {
        "id": hexed(consent.id),
        "institution": consent.institution,
        "platform": consent.platform,
        "key": None if consent.key == NO_KEY else consent.key.lower(),
        "purpose": purpose_name(consent.purpose),
        "sections": sections_in(consent.sections),
        "domains": domains_in(consent.domains),
        "data_from": consent.data_from,
        "data_to": consent.data_to,
        "valid_from": state.valid_from,
        "not_after": state.not_after,
        "uses": state.uses,
        "used": state.used,
        "keep_days": consent.keep_days,
        "state": standing(state, time).value,
        "paused_at": state.paused_at if state.paused else None,
        "revoked_at": state.revoked_at or None,
    }


def named_consent(request: Request, asker: Asker) -> bytes | None:
    """The consent that a call names; None for all of an enterprise. Raises HttpError (422)."""
    named = digest_in(request.query_params.get("consent"), "consent")
    if named is None and asker.platform:
        raise HttpError(
            422,
            "consent-unnamed",
            "a platform asks for one enterprise",
            expected="?consent=0x…, one on paper that it endorsed",
        )
    return named


def _query(service: Service, one: SeenQuery) -> dict[str, Any]:
    return {
        "request": hexed(one.request),
        "consent": hexed(one.consent),
        "institution": one.institution,
        "provider": one.provider,
        "via": one.via or None,
        "staff": None if one.staff is None else hexed(one.staff),
        "delivered_at": one.delivered_at,
        "purpose": purpose_name(one.purpose),
        "product": service.product_name(one.product),
        "product_digest": hexed(one.product),
        "sections": sections_in(one.sections),
        "domains": domains_in(one.domains),
        "report": hexed(one.report),
        "state": one.state.value,
        "entry": one.entry,
        "metered_at": one.metered_at,
        "flags": [flag.name for flag in MeterFlag if one.flags & flag],
    }


def _own(service: Service, one: OwnReport) -> dict[str, Any]:
    return {
        "consent": hexed(one.consent),
        "product": service.product_name(one.product),
        "report": hexed(one.report),
        "made_at": one.made_at,
    }
