"""The SQL contract that third parties read: schema, migrations, views, queries."""
