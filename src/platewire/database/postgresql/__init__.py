"""The SQL contract in PostgreSQL: schema, migrations, views, writing a batch, read-only roles.

Everything in here needs asyncpg, which is an extra: whoever imports it says so when it is missing.
"""
