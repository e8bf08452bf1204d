"""What the service counts. Labels are routes, statuses, codes and states alone."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

CALLS = Counter("creditchain_exchange_calls_total", "Calls answered", ["route", "method", "status"])
SECONDS = Histogram(
    "creditchain_exchange_call_seconds", "Seconds from a call to its answer", ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)  # fmt: skip
PROBLEMS = Counter("creditchain_exchange_problems_total", "Calls refused, by code", ["code"])
DELIVERED = Counter(
    "creditchain_exchange_delivered_total", "Reports delivered, those of orders too, repetitions not counted"
)
PARTS = Counter("creditchain_exchange_parts_total", "Parts given to other exchanges, repetitions not counted")
OWN_REPORTS = Counter("creditchain_exchange_own_reports_total", "Reports that enterprises got about themselves")
METERED = Counter("creditchain_exchange_metered_total", "Deliveries brought to the ledger", ["finding"])
CUT = Counter("creditchain_exchange_connections_cut_total", "Connections cut: what did not come in time", ["waited"])
# Of several processes, one meters: what it saw last counts.
UNMETERED = Gauge(
    "creditchain_exchange_unmetered", "Deliveries that the ledger does not have yet", multiprocess_mode="mostrecent"
)
UNMETERED_SECONDS = Gauge(
    "creditchain_exchange_unmetered_seconds", "How long the oldest of these has waited", multiprocess_mode="mostrecent"
)
BACKED_UP_AT = Gauge(
    "creditchain_exchange_backed_up_at", "When the last backup was made, unix seconds", multiprocess_mode="mostrecent"
)
BACKUP_FAILED = Counter("creditchain_exchange_backup_failed_total", "Backups that failed")
UPLOADS = Counter("creditchain_exchange_uploads_total", "Operators' uploads that ended, by how", ["state"])
UPLOADS_WAITING = Gauge(
    "creditchain_exchange_uploads_waiting", "Uploads that have to wait, for the chain or room on the disk",
    multiprocess_mode="mostrecent",
)  # fmt: skip
FORGETTING_FAILED = Counter(
    "creditchain_exchange_forgetting_failed_total", "Attempts to forget what may not be kept that failed"
)
METERING_FAILED = Counter("creditchain_exchange_metering_failed_total", "Attempts to meter that failed")
WEBHOOKS_SENT = Counter("creditchain_exchange_webhooks_total", "Attempts to send webhooks", ["outcome"])
WEBHOOKS_WAITING = Gauge(
    "creditchain_exchange_webhooks_waiting", "Webhooks that are to be sent", multiprocess_mode="mostrecent"
)
WEBHOOKS_DEAD = Gauge(
    "creditchain_exchange_webhooks_dead", "Webhooks that were given up, and not replayed",
    multiprocess_mode="mostrecent",
)  # fmt: skip
WATCHES_LOST = Gauge(
    "creditchain_exchange_watches_lost", "Watched consents that cannot be opened: their keys are lost",
    multiprocess_mode="mostrecent",
)  # fmt: skip
