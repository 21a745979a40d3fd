import assert from 'node:assert/strict';
import { test } from 'node:test';
import { en } from '../src/i18n/en';
import { id } from '../src/i18n/id';
import { path } from '../src/lib/api';
import { parsePlan } from '../src/lib/plan';
import { link, parseRoute } from '../src/lib/router';
import { rates, span } from '../src/lib/series';
import { splitStatements } from '../src/lib/split';
import { fieldsOf, limitsOf } from '../src/lib/limits';

test('statements are cut at semicolons that are theirs', () => {
  assert.deepEqual(splitStatements('SELECT 1; SELECT 2;'), ['SELECT 1', 'SELECT 2']);
  assert.deepEqual(splitStatements("SELECT ';' ; SELECT \";\"\"\""), ["SELECT ';'", 'SELECT ";"""']);
  assert.deepEqual(splitStatements("SELECT 'it''s;' ; SELECT E'a\\';b'; SELECT 3"), ["SELECT 'it''s;'", "SELECT E'a\\';b'", 'SELECT 3']);
  assert.deepEqual(splitStatements('SELECT $$a;b$$; SELECT $x$;$$;$x$'), ['SELECT $$a;b$$', 'SELECT $x$;$$;$x$']);
  assert.deepEqual(splitStatements('SELECT 1 -- a;b\n; /* ; /* ; */ ; */ SELECT 2'), ['SELECT 1 -- a;b', '/* ; /* ; */ ; */ SELECT 2']);
  assert.deepEqual(splitStatements(' ; -- nothing\n ; '), []);
  assert.deepEqual(splitStatements("SELECT 'open; end"), ["SELECT 'open; end"]);
  assert.deepEqual(splitStatements('SELECT $1; SELECT $2'), ['SELECT $1', 'SELECT $2']);
});

test('a plan is read as a tree', () => {
  const plan = parsePlan([
    'distribution: local',
    '',
    '• hash join',
    '│ equality: (a) = (b)',
    '│',
    '├── • filter',
    '│   │ filter: x > 1',
    '│   │',
    '│   └── • scan',
    '│         table: t@t_pkey',
    '│         spans: FULL SCAN',
    '│',
    '└── • scan',
    '      table: u@u_pkey',
    '      spans: [/1 - /1]',
  ]);
  assert.deepEqual(plan.properties, [['distribution', 'local']]);
  assert.equal(plan.root?.name, 'hash join');
  assert.deepEqual(plan.root?.attributes, [['equality', '(a) = (b)']]);
  assert.deepEqual(plan.root?.children.map((c) => c.name), ['filter', 'scan']);
  assert.deepEqual(plan.root?.children[0].children[0].attributes, [
    ['table', 't@t_pkey'],
    ['spans', 'FULL SCAN'],
  ]);
  assert.deepEqual(plan.root?.children[1].attributes[1], ['spans', '[/1 - /1]']);
  assert.equal(parsePlan([]).root, null);
});

test('routes survive names with anything in them', () => {
  const name = 'a/b c?d#e%';
  assert.deepEqual(parseRoute(link('clusters', name, 'databases')).parts, ['clusters', name, 'databases']);
  assert.equal(parseRoute('#/setup?token=x%2Fy').query.get('token'), 'x/y');
  assert.deepEqual(parseRoute('').parts, []);
  assert.deepEqual(parseRoute('#/clusters/%zz').parts, ['clusters', '%zz']);
  assert.equal(path`/clusters/${'a/b'}/users/${'ü'}`, '/clusters/a%2Fb/users/%C3%BC');
});

test('counters become rates', () => {
  assert.deepEqual(rates([[0, 0], [10, 50], [20, 50], [30, 20]]), [[10, 5], [20, 0], [30, 2]]);
  assert.deepEqual(rates([[0, 7]]), []);
  assert.equal(span([[0, 3], [1, 12]], String), '3–12');
});

test('limits go to the server and back', () => {
  const limits = { storage_bytes: 5 * 1024 ** 3, connections: 10, request_units_per_month: null, burst: 0 };
  assert.deepEqual(limitsOf(fieldsOf(limits)), limits);
  assert.deepEqual(limitsOf({ storage: '', connections: '', units: '', burst: '' }), {
    storage_bytes: null,
    connections: null,
    request_units_per_month: null,
    burst: null,
  });
});

test('both languages have every text with the same values', () => {
  const values = (s: string) => (s.match(/\{\w+\}/g) ?? []).sort().join();
  assert.deepEqual(Object.keys(id).sort(), Object.keys(en).sort());
  for (const key of Object.keys(en) as (keyof typeof en)[]) {
    assert.notEqual(id[key].trim(), '', key);
    assert.equal(values(id[key]), values(en[key]), key);
  }
});
