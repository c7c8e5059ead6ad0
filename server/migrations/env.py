"""Alembic's door: one owner connection, our own schema, and eyes for nothing else."""

from alembic import context
from sqlalchemy import NullPool, create_engine, text

SCHEMA = "xiangye"

engine = create_engine(context.config.attributes["url"], poolclass=NullPool)
with engine.connect() as connection:
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    connection.execute(text(f"SET search_path TO {SCHEMA}, public"))
    connection.commit()
    context.configure(connection=connection, version_table_schema=SCHEMA, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
