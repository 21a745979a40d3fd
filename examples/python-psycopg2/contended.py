"""Sixteen threads move money between four accounts. No money may appear or vanish, however often the server asks the
threads to retry.
"""

import os
import random
import sys
import threading
import uuid

import psycopg2
import psycopg2.extras

from retry import run_transaction

THREADS = 16
TRANSFERS = 25  # per thread
ACCOUNTS = 4
OPENING_BALANCE = 1000

URL = os.environ.get("DATABASE_URL") or sys.exit("set DATABASE_URL to the connection URL of the server")


def create_accounts(cursor, accounts):
    cursor.execute("CREATE TABLE IF NOT EXISTS contended_accounts (id UUID PRIMARY KEY, balance INT)")
    cursor.execute("DELETE FROM contended_accounts")
    for account in accounts:
        cursor.execute("INSERT INTO contended_accounts VALUES (%s, %s)", (account, OPENING_BALANCE))


def read_balance(cursor, account):
    cursor.execute("SELECT balance FROM contended_accounts WHERE id = %s", (account,))
    return cursor.fetchone()[0]


def transfer(cursor, source, target):
    """Reads both balances, then writes what it computed from them: the pattern that loses updates where
    transactions are not serializable."""
    from_balance, to_balance = read_balance(cursor, source), read_balance(cursor, target)
    amount = random.randint(0, from_balance // 2)
    statement = "UPDATE contended_accounts SET balance = %s WHERE id = %s"
    cursor.execute(statement, (from_balance - amount, source))
    cursor.execute(statement, (to_balance + amount, target))


def worker(accounts, retries, failures):
    try:
        conn = psycopg2.connect(URL, application_name="contended psycopg2")
        for _ in range(TRANSFERS):
            source, target = random.sample(accounts, 2)
            _, n = run_transaction(conn, lambda cursor: transfer(cursor, source, target), max_retries=100)
            retries.append(n)
        conn.close()
    except psycopg2.Error as error:
        failures.append(error)


def main():
    psycopg2.extras.register_uuid()
    conn = psycopg2.connect(URL)
    accounts = [uuid.uuid4() for _ in range(ACCOUNTS)]
    run_transaction(conn, lambda cursor: create_accounts(cursor, accounts))

    retries, failures = [], []
    threads = [threading.Thread(target=worker, args=(accounts, retries, failures)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    total, _ = run_transaction(conn, lambda cursor: sum(read_balance(cursor, account) for account in accounts))
    run_transaction(conn, lambda cursor: cursor.execute("DROP TABLE contended_accounts"))
    conn.close()
    print(f"transfers: {len(retries)}, retries: {sum(retries)}, total: {total}")
    for failure in failures:
        print(f"failed: {failure}", file=sys.stderr)
    if failures or total != ACCOUNTS * OPENING_BALANCE or len(retries) != THREADS * TRANSFERS:
        sys.exit(f"expected {THREADS * TRANSFERS} transfers and a total of {ACCOUNTS * OPENING_BALANCE}")


if __name__ == "__main__":
    main()
