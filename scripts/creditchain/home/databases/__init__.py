"""Databases of a home: one engine for SQLite and PostgreSQL, on which rooms keep their tables.

`Database` reads and writes; `Schema` and `bring_up_to_date` create tables and change them, each schema by its own line
of migrations. The journal is one schema; another room declares its own and uses the same engine.
"""
