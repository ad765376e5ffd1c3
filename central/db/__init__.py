"""PostgreSQL of the centre: the embedded server, connections, migrations, bulk statements."""
