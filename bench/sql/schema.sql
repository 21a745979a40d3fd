-- The tables of the benchmark; sql.py fills them.
CREATE TABLE branches (id INT PRIMARY KEY, balance INT NOT NULL);
CREATE TABLE tellers (id INT PRIMARY KEY, branch INT NOT NULL, balance INT NOT NULL);
CREATE TABLE accounts (id INT PRIMARY KEY, branch INT NOT NULL, balance INT NOT NULL, filler TEXT NOT NULL);
CREATE TABLE history (teller INT NOT NULL, branch INT NOT NULL, account INT NOT NULL, amount INT NOT NULL,
                      at TIMESTAMPTZ NOT NULL);
