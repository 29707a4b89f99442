"""The SQL contract: schema, migrations, views for third parties, and the queries of our own."""
