"""Brings the tables up to date at start. Alembic is imported only when there is something to do."""

from pathlib import Path

from sqlalchemy import Engine, inspect, text

HEAD = "0008"
"""The newest revision in migrations/versions; a test holds them together."""

SCRIPTS = Path(__file__).with_name("migrations")


def migrate(engine: Engine) -> bool:
    """Upgrade the database to HEAD; says whether anything was done."""
    with engine.begin() as connection:
        if inspect(connection).has_table("alembic_version"):
            versions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
            if list(versions) == [HEAD]:
                return False
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return True
