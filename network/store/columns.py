"""What tables are made of: kinds of columns, and the names that constraints get."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, LargeBinary, MetaData, Table, Text

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata: Final = MetaData(naming_convention=NAMING)

# SQLite makes a key its row's own number, without an index beside it, only where the key's type is called INTEGER.
Count: Final = BigInteger().with_variant(Integer(), "sqlite")
# Text is compared byte by byte, as SQLite and this program do, whatever language the database was made for.
Words: Final = Text().with_variant(Text(collation="C"), "postgresql")


def table(name: str, *parts: Any, clustered: bool = True) -> Table:
    """A table of small rows, in SQLite stored in the order of the primary key; or not `clustered`, where rows are large
    or the key is the row's number."""
    return Table(name, metadata, *parts, sqlite_strict=True, sqlite_with_rowid=not clustered)


def key(name: str, kind: Any = Words) -> Column[Any]:
    return Column(name, kind, primary_key=True, autoincrement=False)


def words(name: str) -> Column[str]:
    return Column(name, Words, nullable=False)


def blob(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


def count(name: str) -> Column[int]:
    return Column(name, Count, nullable=False)


def number(name: str) -> Column[int]:
    """A small number: an enum's value, hundredths of a percent."""
    return Column(name, Integer, nullable=False)


def check(name: str, condition: str) -> CheckConstraint:
    return CheckConstraint(condition, name=name)
