"""A bank with two accounts, on psycopg2.

Creates the table and two accounts, moves 100 from one to the other in a transaction that is retried when the server
asks for it, prints the balances before and after, and removes the rows so that it can be run again.
"""

import os
import sys
import time
import uuid

import psycopg2
import psycopg2.extras

from retry import run_transaction


class InsufficientFunds(Exception):
    """The source account does not hold the amount."""


def create_accounts(cursor, first, second):
    cursor.execute("CREATE TABLE IF NOT EXISTS accounts (id UUID PRIMARY KEY, balance INT)")
    cursor.execute("UPSERT INTO accounts (id, balance) VALUES (%s, 1000), (%s, 250)", (first, second))


def transfer(cursor, source, target, amount):
    cursor.execute("SELECT balance FROM accounts WHERE id = %s", (source,))
    (balance,) = cursor.fetchone()
    if balance < amount:
        raise InsufficientFunds(f"account {source} holds {balance}, not {amount}")
    cursor.execute("UPDATE accounts SET balance = balance - %s WHERE id = %s", (amount, source))
    cursor.execute("UPDATE accounts SET balance = balance + %s WHERE id = %s", (amount, target))


def print_balances(conn):
    def read(cursor):
        cursor.execute("SELECT id, balance FROM accounts ORDER BY balance DESC")
        return cursor.fetchall()

    rows, _ = run_transaction(conn, read)
    print(f"Balances at {time.asctime()}:")
    for account, balance in rows:
        print(f"({account}, {balance})")


def main():
    url = os.environ.get("DATABASE_URL")
    if not url:
        sys.exit("set DATABASE_URL to the connection URL of the server")
    psycopg2.extras.register_uuid()
    conn = psycopg2.connect(url, application_name="example psycopg2")
    first, second = uuid.uuid4(), uuid.uuid4()

    run_transaction(conn, lambda cursor: create_accounts(cursor, first, second))
    print_balances(conn)
    _, retries = run_transaction(conn, lambda cursor: transfer(cursor, first, second, 100))
    if retries:
        print(f"The transfer took {retries} retries.")
    print_balances(conn)
    run_transaction(conn, lambda cursor: cursor.execute("DELETE FROM accounts"))
    conn.close()


if __name__ == "__main__":
    main()
