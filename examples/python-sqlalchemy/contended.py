"""Sixteen threads move money between four accounts through the ORM. No money may appear or vanish, however often the
server asks the threads to retry.
"""

import os
import random
import sys
import threading
import uuid

from sqlalchemy import create_engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import sessionmaker
from sqlalchemy_cockroachdb import run_transaction

from models import Base, ContendedAccount

THREADS = 16
TRANSFERS = 15  # per thread
ACCOUNTS = 4
OPENING_BALANCE = 1000


class Counter:
    """Transfers done, and attempts made for them, by all threads."""

    def __init__(self):
        self.lock = threading.Lock()
        self.transfers = self.attempts = 0
        self.failures = []

    def add(self, attempts):
        with self.lock:
            self.transfers += 1
            self.attempts += attempts


def transfer_once(session_maker, source_id, target_id):
    """Returns the number of attempts it took."""
    attempts = 0

    def transfer(session):
        nonlocal attempts
        attempts += 1
        source = session.get_one(ContendedAccount, source_id)
        target = session.get_one(ContendedAccount, target_id)
        amount = random.randint(0, source.balance // 2)
        source.balance -= amount
        target.balance += amount

    run_transaction(session_maker, transfer, max_retries=1000, max_backoff=1)
    return attempts


def worker(session_maker, ids, counter):
    try:
        for _ in range(TRANSFERS):
            counter.add(transfer_once(session_maker, *random.sample(ids, 2)))
    except DBAPIError as error:
        counter.failures.append(error)


def main():
    url = os.environ.get("DATABASE_URL") or sys.exit("set DATABASE_URL to the connection URL of the server")
    engine = create_engine(url.replace("postgresql://", "cockroachdb://", 1), pool_size=THREADS)
    session_maker = sessionmaker(bind=engine)
    ids = [uuid.uuid4() for _ in range(ACCOUNTS)]
    table = ContendedAccount.__table__
    Base.metadata.drop_all(engine, tables=[table])
    Base.metadata.create_all(engine, tables=[table])
    opening = [ContendedAccount(id=i, balance=OPENING_BALANCE) for i in ids]
    with session_maker.begin() as session:
        session.add_all(opening)

    counter = Counter()
    threads = [threading.Thread(target=worker, args=(session_maker, ids, counter)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with session_maker() as session:
        total = int(session.scalar(select(func.sum(ContendedAccount.balance))))
    Base.metadata.drop_all(engine, tables=[table])
    print(f"transfers: {counter.transfers}, retries: {counter.attempts - counter.transfers}, total: {total}")
    for failure in counter.failures:
        print(f"failed: {failure}", file=sys.stderr)
    if counter.failures or total != ACCOUNTS * OPENING_BALANCE or counter.transfers != THREADS * TRANSFERS:
        sys.exit(f"expected {THREADS * TRANSFERS} transfers and a total of {ACCOUNTS * OPENING_BALANCE}")


if __name__ == "__main__":
    main()
