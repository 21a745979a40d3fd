import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLIENTS, caDownload, databaseName, environment, parameters, snippet, url, type Target } from '../src/lib/connect';

const secure: Target = {
  connection: {
    host: 'db.example.org',
    port: 26257,
    database: 'defaultdb',
    cluster: 'quiet-otter-4821',
    database_prefix: 'quiet-otter-4821.',
    options: '--cluster=quiet-otter-4821',
    sni_host: null,
    ca_url: '/clusters/7/cert',
    insecure: false,
  },
  user: 'maya',
  password: 'p/ss w@rd',
  database: 'bank',
};

test('the string names the cluster and encodes what needs it', () => {
  assert.equal(
    url(secure),
    'postgresql://maya:p%2Fss%20w%40rd@db.example.org:26257/quiet-otter-4821.bank?sslmode=verify-full',
  );
  const parsed = new URL(url({ ...secure, user: 'a:b@c/d' }));
  assert.equal(decodeURIComponent(parsed.username), 'a:b@c/d');
  assert.equal(decodeURIComponent(parsed.password), 'p/ss w@rd');
});

test('a password that is not known leaves a placeholder', () => {
  assert.match(url({ ...secure, password: null }), /maya:<ENTER-SQL-USER-PASSWORD>@/);
});

test('an insecure server wants no password and no certificate', () => {
  const insecure = { ...secure, connection: { ...secure.connection, insecure: true, ca_url: null } };
  assert.equal(url(insecure), 'postgresql://maya@db.example.org:26257/quiet-otter-4821.bank?sslmode=disable');
});

test('IPv6 addresses stand in brackets', () => {
  assert.match(url({ ...secure, connection: { ...secure.connection, host: '::1' } }), /@\[::1\]:26257\//);
});

test('the system cluster has no prefix', () => {
  assert.equal(databaseName({ ...secure, connection: { ...secure.connection, database_prefix: '' } }), 'bank');
});

test('parameters name what the string contains', () => {
  const all = Object.fromEntries(parameters(secure));
  assert.deepEqual(all, {
    username: 'maya',
    host: 'db.example.org',
    database: 'quiet-otter-4821.bank',
    port: '26257',
    sslmode: 'verify-full',
  });
});

test('the certificate is fetched from where the page came from', () => {
  assert.equal(
    caDownload('/clusters/7/cert', 'https://console.example.org:8080/#/clusters', 'unix'),
    "curl --create-dirs -k -o $HOME/.postgresql/root.crt 'https://console.example.org:8080/clusters/7/cert'",
  );
});

test('every client has a program; those with a variable of the environment read it', () => {
  for (const c of CLIENTS) {
    const { code } = snippet(c.id, secure);
    assert.ok(code.length > 10, c.id);
    assert.equal(code.includes('DATABASE_URL'), c.environment, c.id);
    assert.ok(environment(c.id, secure).startsWith('export DATABASE_URL="postgresql://'), c.id);
  }
});

test('drivers with a TLS library of their own are told where the certificate is', () => {
  assert.match(environment('go', secure), /sslrootcert=\$HOME\/\.postgresql\/root\.crt/);
  assert.doesNotMatch(environment('psycopg2', secure), /sslrootcert/);
});
