-- The transfer of TPC-B: one account, one teller, one branch, one line of history.
\set account random(1, 100000 * :scale)
\set branch random(1, :scale)
\set teller random(1, 10 * :scale)
\set amount random(-5000, 5000)
BEGIN;
UPDATE accounts SET balance = balance + :amount WHERE id = :account;
SELECT balance FROM accounts WHERE id = :account;
UPDATE tellers SET balance = balance + :amount WHERE id = :teller;
UPDATE branches SET balance = balance + :amount WHERE id = :branch;
INSERT INTO history (teller, branch, account, amount, at) VALUES (:teller, :branch, :account, :amount, now());
COMMIT;
