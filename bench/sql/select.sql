-- One row by its primary key.
\set account random(1, 100000 * :scale)
SELECT balance FROM accounts WHERE id = :account;
