"""A bank on SQLAlchemy: opens a hundred accounts, moves half of one balance to another account, closes five.

Every step runs in sqlalchemy_cockroachdb.run_transaction, which repeats it when the server asks for a retry.
"""

import os
import random
import sys
import uuid

from sqlalchemy import create_engine, select
from sqlalchemy.orm import sessionmaker
from sqlalchemy_cockroachdb import run_transaction

from models import Account

NEW_ACCOUNTS = 100
CLOSED_ACCOUNTS = 5


def open_accounts(session, ids):
    print("Creating new accounts...")
    for account_id in ids:
        account = Account(id=account_id, balance=random.randrange(1_000_000))
        session.add(account)
        print(f"Created new account with id {account.id} and balance {account.balance}.")


def move_half(session, source_id, target_id):
    source = session.execute(select(Account).where(Account.id == source_id)).scalar_one()
    target = session.execute(select(Account).where(Account.id == target_id)).scalar_one()
    print("Random account balances:")
    print(f"Account {source_id}: {source.balance}\nAccount {target_id}: {target.balance}")

    amount = source.balance // 2
    print(f"Transferring {amount} from account {source_id} to account {target_id}...")
    source.balance -= amount
    target.balance += amount
    print("Transfer complete.\nNew balances:")
    print(f"Account {source_id}: {source.balance}\nAccount {target_id}: {target.balance}")


def close_accounts(session, ids):
    print("Deleting existing accounts...")
    for account in session.scalars(select(Account).where(Account.id.in_(ids))).all():
        session.delete(account)
        print(f"Deleted account {account.id}.")


def main():
    url = os.environ.get("DATABASE_URL")
    if not url:
        sys.exit("set DATABASE_URL to the connection URL of the server")
    engine = create_engine(url.replace("postgresql://", "cockroachdb://", 1))
    session_maker = sessionmaker(bind=engine)
    ids = [uuid.uuid4() for _ in range(NEW_ACCOUNTS)]

    run_transaction(session_maker, lambda session: open_accounts(session, ids))
    source_id, target_id = random.sample(ids, 2)
    run_transaction(session_maker, lambda session: move_half(session, source_id, target_id))
    closed = random.sample(ids, CLOSED_ACCOUNTS)
    run_transaction(session_maker, lambda session: close_accounts(session, closed))


if __name__ == "__main__":
    main()
