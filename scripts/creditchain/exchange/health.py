"""Routes for whoever runs the service: is the process alive, can it answer, and its metrics."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.concurrency import run_in_threadpool

from creditchain.errors import CreditchainError
from creditchain.exchange.problems import problem
from creditchain.exchange.service import Service, service_of
from creditchain.exchange.workers import shares_counts

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/readyz")
async def ready(request: Request) -> Response:
    """Chain and database answer, and the chain's newest block is young enough to judge a consent by."""
    service = service_of(request)
    try:
        await run_in_threadpool(_try, service)
    except CreditchainError as error:
        return problem(error)
    return Response('{"status":"ready"}', media_type="application/json")


def _try(service: Service) -> None:
    service.desk.sights.newest(service.desk.view_age)
    service.desk.deliveries.waiting(service.desk.node)


@router.get("/metrics")
async def metrics() -> Response:
    """Metrics in the text format of Prometheus. Nothing in them identifies an enterprise."""
    return Response(generate_latest(_registry()), media_type=CONTENT_TYPE_LATEST)


def _registry() -> CollectorRegistry:
    """What this process counted; where several serve, what all of them did."""
    if not shares_counts():
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
