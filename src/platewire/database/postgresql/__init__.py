"""The SQL contract in PostgreSQL: schema, migrations, views, batch writes, read-only roles.

These modules need asyncpg, which is an extra; importers report it if it is missing.
"""
