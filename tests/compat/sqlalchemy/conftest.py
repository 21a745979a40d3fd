"""SQLAlchemy's pytest plugin, with the dialect sqlalchemy-cockroachdb."""

import pytest
from sqlalchemy.dialects import registry

registry.register("cockroachdb", "sqlalchemy_cockroachdb.psycopg2", "CockroachDBDialect_psycopg2")
for driver in ("psycopg2", "psycopg", "asyncpg"):
    registry.register(f"cockroachdb.{driver}", f"sqlalchemy_cockroachdb.{driver}", f"CockroachDBDialect_{driver}")
pytest.register_assert_rewrite("sqlalchemy.testing.assertions")

from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: E402,F401,F403
