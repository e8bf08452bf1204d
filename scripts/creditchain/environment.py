"""Every environment variable that is read or set, with its meaning. docs/operations.md shows this table."""

from __future__ import annotations

from collections.abc import Mapping

VARIABLES: Mapping[str, str] = {
    "CREDITCHAIN_HOME": "home folder (`--home`)",
    "CREDITCHAIN_DATABASE": "PostgreSQL database of the journal (`--database`)",
    "CREDITCHAIN_NETWORK": "network by name (`--network`)",
    "CREDITCHAIN_NETWORKS": "TOML file with networks of your own (`--networks`)",
    "CREDITCHAIN_DEPLOYMENTS": "folder of deployment files (`--deployments`)",
    "CREDITCHAIN_SIGNER": "who signs transactions and messages (`--signer`)",
    "CREDITCHAIN_TAG_KEY": "tag key of an epoch (`--tag-key`): keystore:PATH or env:VARIABLE",
    "CREDITCHAIN_DELIVERY_KEY": "secret key that opens deliveries (`--delivery-key`): keystore:PATH or env:VARIABLE",
    "CREDITCHAIN_PASSWORD": "password of keystores and backups",
    "CREDITCHAIN_PASSWORD_FILE": "file whose first line is that password",
    "CREDITCHAIN_MNEMONIC": "recovery words of an enterprise's key; if not set, a command asks for them",
    "CREDITCHAIN_MNEMONIC_PASSPHRASE": "passphrase of these words",
    "CREDITCHAIN_REGION_FILE": "file of regions, which lists accepted numbers whose check digits are wrong",
    "CREDITCHAIN_PRODUCTS": "folders of product files (`--products`)",
    "CREDITCHAIN_POLICY": "policy file of `verify` (`--policy`)",
    "CREDITCHAIN_LOG_FORMAT": "how `--verbose` writes (`--log-format`): `text`, or `json` for one JSON object a line",
    "CREDITCHAIN_KERNEL": "`plain` disables compiled hashing",
    "CREDITCHAIN_WORKER_FILES": "set by `exchange serve` for its workers: the open files that each is given",
    "CREDITCHAIN_DEMO_TAG_KEY": "set by `creditchain demo` for its own commands",
    "CREDITCHAIN_DEMO_WORDS": "likewise: recovery words of the demonstration's enterprise",
    "CREDITCHAIN_DEVELOPMENT_TAG_KEY": "set by the Brownie scripts for their own commands",
    "CREDITCHAIN_UPLOAD": "upload for `scripts/anchor_batch.py`; if not set, a sample",
    "CREDITCHAIN_PRODUCT": "product of that upload",
    "CREDITCHAIN_PACKAGE": "package for `scripts/verify_report.py`; if not set, one from the sample",
    "CREDITCHAIN_BENCH_FOLDER": "folder in which `make bench` works",
    "CREDITCHAIN_BENCH_LARGE": "if set, `make bench` also measures 10 M records (20 GB of disk) and 34 M cells (12 GB)",
    "CREDITCHAIN_TEST_PORT": "port of a running chain for the contract tests; if not set, Brownie starts one",
}
