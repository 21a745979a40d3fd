// node-postgres: what services write who use no ORM.
"use strict";
const { Client, Pool, types } = require("pg");
const Cursor = require("pg-cursor");
const { from, to } = require("pg-copy-streams");
const { pipeline } = require("node:stream/promises");
const { Readable, Writable } = require("node:stream");
const { assert, check, connection, main, rejection } = require("./check");

types.setTypeParser(20, BigInt);
const pool = new Pool({ ...connection, max: 4, application_name: "pg.js", statement_timeout: 20000 });
const query = (text, values) => pool.query(text, values);

async function inTransaction(body) {
  const client = await pool.connect();
  try {
    for (;;) {
      try {
        await client.query("BEGIN");
        const result = await body(client);
        await client.query("COMMIT");
        return result;
      } catch (e) {
        await client.query("ROLLBACK");
        if (e.code !== "40001") throw e;
      }
    }
  } finally {
    client.release();
  }
}

check("schema in one batch", async () => {
  const results = await query(`CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE TABLE kinds (id INT PRIMARY KEY, flag BOOL, i2 INT2, i4 INT4, i8 INT8, f4 FLOAT4, f8 FLOAT8, n DECIMAL(12,3), s STRING,
      v VARCHAR(10), b BYTES, d DATE, t TIME, ts TIMESTAMP, tz TIMESTAMPTZ, iv INTERVAL, u UUID, j JSONB, ip INET, m mood,
      ss STRING[], ii INT[]);
    CREATE TABLE accounts (id INT PRIMARY KEY, owner STRING NOT NULL UNIQUE, balance DECIMAL NOT NULL CHECK (balance >= 0));
    CREATE TABLE entries (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), account INT NOT NULL REFERENCES accounts (id), amount DECIMAL)`);
  assert.deepEqual(results.map((r) => r.command), ["CREATE", "CREATE", "CREATE", "CREATE"]);
});

check("every type there and back", async () => {
  const row = {
    id: 1n, flag: true, i2: -2, i4: 2147483647, i8: 9007199254740993n, f4: 1.5, f8: 0.1, n: "12.500", s: "é\u{1F600}'\\",
    v: "ten", b: Buffer.from([0, 255, 92]), d: new Date(2024, 1, 29), t: "12:34:56.789", ts: new Date(2024, 1, 29, 1, 2, 3, 4),
    tz: new Date("2024-02-29T01:02:03.004Z"), u: "b1a5f3b0-8a9c-4a39-8a3c-1f2e3d4c5b6a", j: { a: [1, null, "x"] }, ip: "10.0.0.1",
    m: "ok", ss: ["a,b", 'c"d', null], ii: ["1", "2"],
  };
  const names = Object.keys(row), marks = names.map((_, i) => `$${i + 1}`);
  const { rowCount } = await query(`INSERT INTO kinds (${names}) VALUES (${marks})`, names.map((name) => row[name]));
  assert.equal(rowCount, 1);
  const { rows } = await query("SELECT * FROM kinds WHERE id = $1", [1]);
  assert.deepEqual({ ...rows[0] }, { ...row, iv: null });
  const { rows: [{ iv }] } = await query("UPDATE kinds SET iv = $1 RETURNING iv", ["1 year 2 mons 03:04:05"]);
  assert.deepEqual({ ...iv }, { years: 1, months: 2, hours: 3, minutes: 4, seconds: 5 });
});

check("types of results", async () => {
  const { fields } = await query("SELECT * FROM kinds LIMIT 0");
  assert.deepEqual(fields.slice(0, 20).map((f) => f.dataTypeID),
    [20, 16, 21, 23, 20, 700, 701, 1700, 25, 1043, 17, 1082, 1083, 1114, 1184, 1186, 2950, 3802, 869, fields[19].dataTypeID]);
  assert.ok(fields[19].dataTypeID > 16384);
  assert.equal(fields[9].dataTypeModifier, 14);
});

check("parameters without declared types", async () => {
  const { rows } = await query({ text: "SELECT $1::int + 1 AS a, $2 || 'x' AS b, $3::jsonb->>'k' AS c, $4 = ANY($5::text[]) AS d",
    values: [41, "y", { k: "v" }, "p", ["p", "q"]], rowMode: "array" });
  assert.deepEqual(rows, [[42n, "yx", "v", true]]);
});

check("named statements", async () => {
  const client = await pool.connect();
  for (let i = 0; i < 3; i++) {
    const { rows } = await client.query({ name: "twice", text: "SELECT $1::int * 2 AS n", values: [i] });
    assert.equal(rows[0].n, BigInt(i * 2));
  }
  client.release();
});

check("transactions, and what they undo", async () => {
  await query("INSERT INTO accounts VALUES (1, 'ada', 100), (2, 'bob', 50)");
  await inTransaction(async (client) => {
    await client.query("UPDATE accounts SET balance = balance - $1 WHERE id = $2", [30, 1]);
    await client.query("UPDATE accounts SET balance = balance + $1 WHERE id = $2", [30, 2]);
    await client.query("SAVEPOINT more");
    const e = await rejection(client.query("UPDATE accounts SET balance = -1 WHERE id = 1"));
    assert.equal(e.code, "23514");
    await client.query("ROLLBACK TO SAVEPOINT more");
  });
  const { rows } = await query("SELECT balance FROM accounts ORDER BY id");
  assert.deepEqual(rows.map((r) => r.balance), ["70", "80"]);
});

check("write skew is refused, and retried", async () => {
  let runs = 0, meet;
  const both = new Promise((done) => { meet = done; });
  const drain = (mine) => inTransaction(async (client) => {
    const run = ++runs;
    const { rows: [{ total }] } = await client.query("SELECT sum(balance) AS total FROM accounts");
    if (run === 2) meet();
    if (run <= 2) await both;
    if (Number(total) >= 150) await client.query("UPDATE accounts SET balance = balance - 50 WHERE id = $1", [mine]);
  });
  await Promise.all([drain(1), drain(2)]);
  const { rows } = await query("SELECT sum(balance)::int AS total FROM accounts");
  assert.equal(rows[0].total, 100n);
});

check("errors say what is wrong", async () => {
  const duplicate = await rejection(query("INSERT INTO accounts VALUES (9, 'ada', 1)"));
  assert.deepEqual([duplicate.code, duplicate.constraint, duplicate.table, duplicate.detail],
    ["23505", "accounts_owner_key", "accounts", "Key (owner)=('ada') already exists."]);
  const foreign = await rejection(query("INSERT INTO entries (account, amount) VALUES (77, 1)"));
  assert.deepEqual([foreign.code, foreign.constraint, foreign.table], ["23503", "entries_account_fkey", "entries"]);
  const missing = await rejection(query("INSERT INTO accounts (id, balance) VALUES (10, 1)"));
  assert.deepEqual([missing.code, missing.column], ["23502", "owner"]);
  assert.equal((await rejection(query("SELECT * FROM nowhere"))).code, "42P01");
  assert.equal((await rejection(query("SELEC 1"))).code, "42601");
  assert.equal((await rejection(query("SELECT 1/$1::int", [0]))).code, "22012");
  assert.equal((await rejection(query("SELECT $1::int", ["x"]))).code, "22P02");
});

check("cursors", async () => {
  const client = await pool.connect();
  const cursor = client.query(new Cursor("SELECT g FROM generate_series(1, $1::int) AS g(g)", [1000]));
  let rows = 0, part;
  while ((part = await cursor.read(300)).length > 0) rows += part.length;
  await cursor.close();
  client.release();
  assert.equal(rows, 1000);
});

check("COPY both ways", async () => {
  const client = await pool.connect();
  await client.query("CREATE TABLE lines (n INT PRIMARY KEY, s STRING)");
  const input = Readable.from(Array.from({ length: 500 }, (_, i) => `${i}\tline ${i}\n`));
  await pipeline(input, client.query(from("COPY lines FROM STDIN")));
  const parts = [];
  const output = new Writable({ write: (part, _, done) => { parts.push(part); done(); } });
  await pipeline(client.query(to("COPY (SELECT * FROM lines ORDER BY n LIMIT 2) TO STDOUT (FORMAT csv)")), output);
  assert.equal(Buffer.concat(parts).toString(), "0,line 0\n1,line 1\n");
  const e = await rejection(pipeline(Readable.from(["x\ty\n"]), client.query(from("COPY lines FROM STDIN"))));
  assert.equal(e.code, "22P02");
  assert.equal((await client.query("SELECT count(*)::int AS n FROM lines")).rows[0].n, 500n);
  client.release();
});

check("cancel, and the connection lives", async () => {
  const client = await pool.connect();
  const sleeping = rejection(client.query("SELECT pg_sleep(60)"));
  new Client(connection).cancel(client, client._getActiveQuery());
  assert.equal((await sleeping).code, "57014");
  assert.equal((await client.query("SELECT 1 AS one")).rows[0].one, 1n);
  client.release();
});

check("settings of the connection", async () => {
  const { rows } = await query("SELECT current_setting('application_name') AS name, current_setting('statement_timeout') AS timeout");
  assert.deepEqual({ ...rows[0] }, { name: "pg.js", timeout: "20000" });
});

main(() => pool.end());
