"""Alembic's environment: migrations run on the connection, and in the transaction, of `databases/upgrading.py`."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.attributes["version_table"],
    # SQLite and PostgreSQL take changes of the schema in transactions; all revisions are in the caller's, or none is.
    transactional_ddl=True,
    transaction_per_migration=False,
    render_as_batch=True,
)
context.run_migrations()
