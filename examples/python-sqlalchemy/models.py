"""The accounts table as a class."""

import uuid

from sqlalchemy import BigInteger, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """What all mapped classes share."""


class Account(Base):
    """A row of accounts."""

    __tablename__ = "accounts"

    id: Mapped[uuid.UUID] = mapped_column(Uuid(as_uuid=True), primary_key=True)
    balance: Mapped[int] = mapped_column(BigInteger)


class ContendedAccount(Base):
    """A row of the table that contended.py makes and drops."""

    __tablename__ = "contended_accounts"

    id: Mapped[uuid.UUID] = mapped_column(Uuid(as_uuid=True), primary_key=True)
    balance: Mapped[int] = mapped_column(BigInteger)
