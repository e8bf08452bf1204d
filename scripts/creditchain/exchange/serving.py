"""Running the service: the web server in this thread; metering, webhooks, uploads and backups in one each.

The other threads are the only ones that do so for this provider and home: a lock holds off a second process. Where
several processes serve, one of them has these threads.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event, Thread

import uvicorn

from creditchain.acts.locks import locked, only_one
from creditchain.acts.metering_due import MeterRhythm, meter_due
from creditchain.acts.ordering import forget_orders, work_on_orders
from creditchain.chain.outbox import Outbox
from creditchain.errors import CreditchainError, Place, RefusedError
from creditchain.exchange import measures
from creditchain.exchange.app import make_app
from creditchain.exchange.backup_worker import BackupPlan, back_up
from creditchain.exchange.connections import bounded_protocol
from creditchain.exchange.server import Server
from creditchain.exchange.service import Service
from creditchain.exchange.telling import tell
from creditchain.exchange.upload_worker import anchor_uploads
from creditchain.exchange.workers import WorkerRole, supervise
from creditchain.faults import told
from creditchain.home.layout import Home
from creditchain.home.locks import LockHeldError

_log = logging.getLogger(__name__)

#: Seconds between two looks at what is due.
LOOK_SECONDS = 1.0
#: Longest pause after failures, seconds.
LONGEST_PAUSE = 60.0
#: Seconds that a connection may wait for its next request.
KEEP_ALIVE_SECONDS = 30
#: Seconds that calls under way have to end when the service is told to.
ENDING_SECONDS = 20
#: Seconds between two messages that another process still meters.
TAKEOVER_SECONDS = 5.0
#: Seconds between two looks at what may be forgotten.
FORGET_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the service listens. With a certificate and its key (PEM files): by TLS."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None


class AlreadyServedError(RefusedError):
    """Another process serves this exchange."""


def serve(
    service: Service,
    outbox: Outbox,
    rhythm: MeterRhythm,
    where: Listening,
    started: Callable[[str], None],
    backups: BackupPlan | None = None,
) -> None:
    """Serve until the process is told to end (SIGINT, SIGTERM), then let the calls under way end.

    `started` is told the address once calls are accepted; a signal that comes then, or later, is a good end.

    Raises:
        AlreadyServedError: another process serves this exchange from this home.
        OSError: the port is taken, or the certificate cannot be read.
    """
    with _only_one(service.desk.home, _name(service)), _listening(where) as bound:
        _serve(service, outbox, rhythm, where, bound, lambda: started(_address(where, bound)), backups, meters=True)


def serve_by_workers(
    home: Home, log_id: bytes, node: int, where: Listening, workers: int, started: Callable[[str], None]
) -> None:
    """The same by several processes, each of which runs this command again, and `serve_as`.

    Raises as `serve`; WorkersError: a worker ended before it served.
    """
    with _only_one(home, f"{log_id.hex()} {node}"), _listening(where) as bound:
        supervise(workers, bound, lambda: started(_address(where, bound)))


def serve_as(
    role: WorkerRole,
    service: Service,
    outbox: Outbox,
    rhythm: MeterRhythm,
    where: Listening,
    backups: BackupPlan | None = None,
) -> None:
    """Serve as one of several processes, on the socket of the first one, until it ends or tells this one to."""
    _serve(service, outbox, rhythm, where, role.socket, role.serving, backups, meters=role.meters)


def _only_one(home: Home, name: str) -> AbstractContextManager[None]:
    refused = AlreadyServedError(
        "another process serves this exchange", place=Place(str(home.path)), hint="One is enough."
    )
    return only_one(home.locks, "exchange", name, refused)


def _name(service: Service) -> str:
    return f"{service.desk.region.deployment.log_id.hex()} {service.desk.node}"


def _serve(
    service: Service,
    outbox: Outbox,
    rhythm: MeterRhythm,
    where: Listening,
    bound: socket.socket,
    serving: Callable[[], None],
    backups: BackupPlan | None,
    *,
    meters: bool,
) -> None:
    stop = Event()
    work: dict[str, Callable[[], None]] = {"settling": partial(_work, service, None, stop)}
    if meters:
        meter = partial(_work, service, partial(_meter, service, outbox, rhythm, stop), stop)
        alone = {
            "metering": meter,
            "webhooks": partial(_tell, service, stop),
            "uploads": partial(anchor_uploads, service, stop),
        }
        if backups is not None:
            alone["backups"] = partial(back_up, backups, stop)
        work = {name: partial(_alone, service, name, one, stop) for name, one in alone.items()}
    server = Server(_configuration(service, where), serving)
    with server.ended_by_signals():
        threads = [Thread(target=one, name=name, daemon=True) for name, one in work.items()]
        for one in threads:
            one.start()
        try:
            server.run(sockets=[bound])
        finally:
            stop.set()
            until = time.monotonic() + ENDING_SECONDS
            for one in threads:
                one.join(max(0.0, until - time.monotonic()))
            if service.desk.peers is not None:
                service.desk.peers.close()


def _tell(service: Service, stop: Event) -> None:
    service.hooks.webhooks.sweep()
    tell(service.hooks, stop)


def _listening(where: Listening) -> socket.socket:
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    return socket.create_server((where.host, where.port), family=family, backlog=512)


def _address(where: Listening, bound: socket.socket) -> str:
    host = f"[{where.host}]" if ":" in where.host else where.host
    return f"{'http' if where.certificate is None else 'https'}://{host}:{bound.getsockname()[1]}"


def _configuration(service: Service, where: Listening) -> uvicorn.Config:
    return uvicorn.Config(
        make_app(service),
        http=bounded_protocol(service.limits, KEEP_ALIVE_SECONDS),
        ssl_certfile=where.certificate,
        ssl_keyfile=where.key,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=ENDING_SECONDS,
    )


def _alone(service: Service, what: str, work: Callable[[], None], stop: Event) -> None:
    """Work once no other process does: one whose first process was killed may still do so for a while."""
    while not stop.is_set():
        try:
            with locked(service.desk.home.locks, what, _name(service), TAKEOVER_SECONDS):
                work()
        except LockHeldError:
            _log.error("another process has the %s of this exchange; it is waited for", what)
        except CreditchainError as error:
            _log.error("%s cannot begin, and is tried again: %s", what, error)
            stop.wait(LONGEST_PAUSE)
        except Exception as error:  # a thread that ends would end this for good, and show the fault's words
            _log.error("%s failed in a way that nobody foresaw, and is tried again: %s", what, told(error))
            stop.wait(LONGEST_PAUSE)


def _work(service: Service, meter: Callable[[], None] | None, stop: Event) -> None:
    """Do until told to stop what no call waits for. A failure is told and tried again, and ends none of the rest.

    `meter`: brings what is due to the ledger; None: another process does that, and all else that one does alone.
    """
    pause, forgets = LOOK_SECONDS, 0.0
    while not stop.wait(pause):
        well = True
        if meter is not None:
            well = _tried("metering", meter)
            answered = _tried(
                "answering orders", lambda: work_on_orders(service.order_book, service.desk.sights.time())
            )
            # An order's answer may not be in its row yet: nothing is forgotten before.
            if answered and time.monotonic() >= forgets:
                _forget(service)
                forgets = time.monotonic() + FORGET_SECONDS
            well = well and answered
        well = _tried("following the chain", service.desk.sights.settle) and well
        pause = LOOK_SECONDS if well else min(2 * pause, LONGEST_PAUSE)


def _tried(what: str, work: Callable[[], object]) -> bool:
    """Whether it was done; if not, the log says why, without the words of exceptions that nobody foresaw."""
    try:
        work()
    except CreditchainError as error:
        _log.error("%s failed, and is tried again: %s", what, error)
    except Exception as error:  # a thread that ends would end all of it for good
        _log.error("%s failed in a way that nobody foresaw, and is tried again: %s", what, told(error))
    else:
        return True
    (measures.FORGETTING_FAILED if what == "forgetting" else measures.METERING_FAILED).inc()
    return False


def _forget(service: Service) -> None:
    """Forget what was answered: once the same request need not be answered again, or earlier if a consent says so.

    By the newest block that was seen: what may not be kept goes also while the chain does not answer.
    """
    desk, given, time = service.desk, service.parts.given, service.desk.sights.time()
    for forget in (
        partial(desk.deliveries.drop_due, time),
        partial(given.drop_due, time),
        partial(desk.answers.forget_old, desk.deliveries, given),
        partial(forget_orders, service.order_book, time),
        partial(service.complaints.forget_old, time),
    ):
        _tried("forgetting", forget)


def _meter(service: Service, outbox: Outbox, rhythm: MeterRhythm, stop: Event) -> None:
    desk, more = service.desk, True
    while more:
        results = meter_due(desk.region, outbox, desk.deliveries, desk.node, rhythm, service.time())
        for one in results:
            measures.METERED.labels(one.finding.label).inc()
        more = bool(results) and not stop.is_set()
    waiting, oldest = desk.deliveries.waiting(desk.node)
    measures.UNMETERED.set(waiting)
    measures.UNMETERED_SECONDS.set(0 if oldest is None else max(0, service.time() - oldest))
