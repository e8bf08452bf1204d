"""`creditchain exchange`: the service that members call."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.connecting import SignerOption, journal_of, open_region, signer_of
from creditchain.cli.exchange_backups import BackupEveryOption, BackupToOption, backups_of
from creditchain.cli.peer_options import CollectWithinOption, PeerCaOption, PeersOption, peers_of
from creditchain.cli.policy_option import policy_of
from creditchain.cli.product_folders import Folders, folders_of
from creditchain.cli.report_choices import BatchesOption, BooksOption
from creditchain.cli.serving_extra import serving_module
from creditchain.cli.settings import settings
from creditchain.cli.subject_options import TagKeysOption
from creditchain.errors import UsageError

group = typer.Typer(no_args_is_help=True, help="The exchange: a service that members call. 征信链交换服务")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="exchange")


@group.command()
def serve(
    ctx: typer.Context,
    node: Annotated[int, typer.Option(help="The provider that answers here, by its node number.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: any that is free.")] = 8420,
    certificate: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="TLS certificate, a PEM file.")
    ] = None,
    certificate_key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Its private key, a PEM file.")
    ] = None,
    batches: BatchesOption = None,
    books: BooksOption = None,
    tag_keys: TagKeysOption = None,
    view_age: Annotated[int, typer.Option(min=1, help="Seconds that the newest block may be old.")] = 120,
    meter_within: Annotated[
        int, typer.Option(min=60, max=3600, help="Seconds within which a delivery is promised to be metered.")
    ] = 1800,
    meter_after: Annotated[
        int, typer.Option(min=0, max=1800, help="Seconds that a delivery waits for others to be metered with.")
    ] = 60,
    keep_answers: Annotated[
        int, typer.Option(min=60, max=86_400, help="Seconds for which the same request gets the same answer.")
    ] = 3600,
    allow_webhooks: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-webhooks-to",
            metavar="CIDR",
            help="Network of your own that webhooks may go to, such as 10.1.0.0/16; by HTTP too. Repeat for more.",
        ),
    ] = None,
    webhook_ca: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="More certificates (PEM) that receivers' may follow from."),
    ] = None,
    pages: Annotated[
        bool, typer.Option(help="Serve pages for people too: whoever opens /verify has a package verified.")
    ] = True,
    page_policy: Annotated[
        Path | None, typer.Option("--page-policy", help="What the Verify page demands: a TOML file.")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that answer; more than one needs a journal in PostgreSQL.")
    ] = 1,
    address_rate: Annotated[
        int, typer.Option(min=1, help="Calls a minute from one network address, for each worker; a proxy is one.")
    ] = 6000,
    relays_a_day: Annotated[
        int, typer.Option(min=1, help="Messages a day that are brought to the chain for one enterprise, at your cost.")
    ] = 50,
    region_facts: Annotated[
        Path | None, typer.Option(dir_okay=False, help="File of region facts to serve, from `evidence region`.")
    ] = None,
    peer: PeersOption = None,
    peer_ca: PeerCaOption = None,
    collect_within: CollectWithinOption = 1.5,
    backup_to: BackupToOption = None,
    backup_every: BackupEveryOption = 24.0,
    products: Folders = None,
    signer: SignerOption = None,
) -> None:
    """Answer signed requests with reports, and meter them. Ends with Ctrl-C or SIGTERM. 启动交换服务

    Members sign in with their keys, and send a signed request; the report comes back in the same round trip. What was
    delivered is written down before it is sent, and brought to the ledger in batches. With --peer, what other
    publishers hold comes from their exchanges; one that gives nothing in time is a gap that the report names. Needs
    the extra `exchange`.
    """
    if (certificate is None) != (certificate_key is None):
        raise UsageError("a certificate and its key go together", expected="--certificate and --certificate-key")
    if page_policy is not None and not pages:
        raise UsageError("the policy would count for nothing", expected="--page-policy without --no-pages")
    if meter_after >= meter_within:
        raise UsageError("deliveries would wait longer than promised", expected="--meter-after below --meter-within")
    serving, chosen = serving_module(), settings(ctx)
    backups = backups_of(chosen, backup_to, backup_every)
    from creditchain.exchange.workers import WorkerRole, require_server
    from creditchain.home.layout import Home

    require_server(workers=workers, has_server=chosen.database is not None)
    where, role = serving.Listening(host, port, certificate, certificate_key), WorkerRole.own()

    def started(url: str) -> None:
        chosen.output.event({"serving": url, "node": node, "process": os.getpid()})

    if workers > 1 and role is None:
        with open_region(chosen) as region:
            home, log_id = Home(chosen.home), region.deployment.log_id
        serving.serve_by_workers(home, log_id, node, where, workers, started)
        return
    from creditchain.acts.metering_due import MeterRhythm
    from creditchain.acts.reporting import Vouchers
    from creditchain.catalogue.products import catalogue, product_files
    from creditchain.exchange.opening import Others, Promises, Stock, WebhookRules, open_service
    from creditchain.exchange.service import Limits
    from creditchain.home.keystores import load_tag_key
    from creditchain.posting.addresses import parse_networks

    folders = folders_of(products)
    known = {one.ref: one for one in catalogue(folders)}
    vouchers = Vouchers([load_tag_key(key) for key in tag_keys or []])
    stock = Stock(tuple(batches or ()), tuple(books or ()), vouchers, known, product_files(folders), region_facts)
    promises, rhythm = Promises(view_age, meter_within, keep_answers), MeterRhythm(seconds=meter_after)
    rules = WebhookRules(parse_networks(allow_webhooks or []), webhook_ca)
    demanded = policy_of(page_policy) if pages else None
    others = Others(peers_of(peer), collect_within, None if peer_ca is None else str(peer_ca))
    with open_region(chosen) as region, journal_of(chosen) as journal:
        found, limits = signer_of(region, signer), Limits(address_a_minute=address_rate, relays_a_day=relays_a_day)
        service = open_service(region, found, journal, node, stock, promises, limits, rules, others, demanded)
        outbox = region.outbox(found, journal)
        if role is None:
            serving.serve(service, outbox, rhythm, where, started, backups)
        else:
            serving.serve_as(role, service, outbox, rhythm, where, backups)
