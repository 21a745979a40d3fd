// What the programs of this folder share: checks, and where the database is.
"use strict";
const assert = require("node:assert/strict");
const fs = require("node:fs");

const url = new URL(process.env.DATABASE_URL);
const connection = {
  host: url.hostname,
  port: Number(url.port),
  user: url.username,
  password: decodeURIComponent(url.password),
  database: url.pathname.slice(1),
  ssl: { ca: fs.readFileSync(url.searchParams.get("sslrootcert"), "utf8") },
};
const checks = [];

// check(NAME, async function): in order of calls, each whatever became of those before.
const check = (name, body) => checks.push([name, body]);

async function main(close) {
  let failed = 0;
  for (const [name, body] of checks) {
    try {
      await body();
    } catch (e) {
      failed++;
      console.log(`FAIL ${name}: ${e.code ?? e.parent?.code ?? ""} ${e.sql ?? e.query ?? ""} ${e.message} ${e.stack.split("\n    at ").slice(1, 4)}`);
    }
  }
  await close();
  console.log(`${checks.length - failed} passed, ${failed} failed, 0 skipped`);
  process.exitCode = failed ? 1 : 0;
}

// The error that a promise is rejected with; fails when it is not.
async function rejection(promise) {
  try {
    await promise;
  } catch (e) {
    return e;
  }
  return assert.fail("no error");
}

module.exports = { assert, check, connection, main, rejection };
