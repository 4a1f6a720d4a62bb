"""What Alembic runs a migration in: the connection that opening the database hands over."""

from alembic import context

from flow_pipeline.explorer.store.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite takes changes of tables back like any other; Alembic does not count on it.
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
