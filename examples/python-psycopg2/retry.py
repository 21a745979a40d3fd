"""Runs a function in a transaction, again and again while the server asks for a retry."""

import random
import time

import psycopg2


def run_transaction(conn, work, max_retries=20):
    """Calls work(cursor) in a transaction and commits. Returns (result, retries).

    A serialization failure (SQLSTATE 40001) has undone the whole transaction: it is tried again after a pause whose
    upper bound doubles each time. Other errors are raised to the caller.
    """
    for retries in range(max_retries + 1):
        try:
            with conn:  # commits, or rolls back when an exception passes
                with conn.cursor() as cursor:
                    return work(cursor), retries
        except psycopg2.errors.SerializationFailure:
            if retries == max_retries:
                raise
            longest = min(2.0, 0.01 * 2**retries)
            time.sleep(random.uniform(longest / 2, longest))
