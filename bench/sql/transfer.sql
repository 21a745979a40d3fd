-- The tutorial's transfer: a balance is read, two are changed.
\set source random(1, 50000 * :scale)
\set target random(50000 * :scale + 1, 100000 * :scale)
BEGIN;
SELECT balance FROM accounts WHERE id = :source;
UPDATE accounts SET balance = balance - 10 WHERE id = :source;
UPDATE accounts SET balance = balance + 10 WHERE id = :target;
COMMIT;
