// What the "Connect" dialog shows: connection strings and a few lines of code for each language. Pure.
import type { Connection } from './types';

export interface Target {
  connection: Connection;
  user: string;
  password: string | null; // null: not known here, a placeholder stands for it
  database: string;
}

export type Platform = 'unix' | 'windows';

// Where libpq looks for the CA certificate by itself.
export const CA_PATH: Record<Platform, string> = {
  unix: '$HOME/.postgresql/root.crt',
  windows: '$env:appdata\\postgresql\\root.crt',
};

const PASSWORD_PLACEHOLDER = '<ENTER-SQL-USER-PASSWORD>';

// The database as clients name it: with the cluster in front. That works wherever the host's plain name resolves; the
// form name.host, which the server understands too, needs a name of its own in DNS.
export function databaseName(t: Target): string {
  return `${t.connection.database_prefix ?? ''}${t.database}`;
}

function sslMode(t: Target): string {
  return t.connection.insecure ? 'disable' : 'verify-full';
}

export interface UrlOptions {
  scheme?: string;
  showPassword?: boolean;
  rootCertificate?: string;
}

export function url(t: Target, options: UrlOptions = {}): string {
  const scheme = options.scheme ?? 'postgresql';
  const password = t.password !== null ? encodeURIComponent(t.password) : PASSWORD_PLACEHOLDER;
  const credentials = t.connection.insecure ? encodeURIComponent(t.user) : `${encodeURIComponent(t.user)}:${password}`;
  const parameters = [`sslmode=${sslMode(t)}`];
  if (options.rootCertificate !== undefined) parameters.push(`sslrootcert=${options.rootCertificate}`);
  const host = t.connection.host.includes(':') ? `[${t.connection.host}]` : t.connection.host;
  return `${scheme}://${credentials}@${host}:${t.connection.port}/${encodeURIComponent(databaseName(t))}?${parameters.join('&')}`;
}

// The address of the CA certificate, complete: what the download command fetches. The certificate of the server is
// what is being fetched, so the command cannot check it yet.
export function caDownload(caUrl: string, origin: string, platform: Platform): string {
  const address = new URL(caUrl, origin).href;
  return platform === 'unix'
    ? `curl --create-dirs -k -o ${CA_PATH.unix} '${address}'`
    : `mkdir -p $env:appdata\\postgresql\\; curl.exe -k -o ${CA_PATH.windows} '${address}'`;
}

export interface Snippet {
  install?: string;
  code: string;
}

const python = (lines: string[]): string => lines.join('\n');

// Statements that every snippet shares: connect by DATABASE_URL and ask for the time.
const snippets: Record<string, (t: Target) => Snippet> = {
  palmetto: (t) => ({ code: `palmetto sql --url '${url(t)}'` }),
  psql: (t) => ({ code: `psql '${url(t)}'` }),
  psycopg2: () => ({
    install: 'pip install psycopg2-binary',
    code: python([
      'import os',
      'import psycopg2',
      '',
      'conn = psycopg2.connect(os.environ["DATABASE_URL"])',
      'with conn.cursor() as cur:',
      '    cur.execute("SELECT now()")',
      '    print(cur.fetchall())',
      'conn.commit()',
    ]),
  }),
  psycopg: () => ({
    install: "pip install 'psycopg[binary]'",
    code: python([
      'import os',
      'import psycopg',
      '',
      'with psycopg.connect(os.environ["DATABASE_URL"]) as conn:',
      '    print(conn.execute("SELECT now()").fetchone())',
    ]),
  }),
  sqlalchemy: () => ({
    install: 'pip install sqlalchemy sqlalchemy-cockroachdb psycopg2-binary',
    code: python([
      'import os',
      'from sqlalchemy import create_engine, text',
      '',
      'url = os.environ["DATABASE_URL"].replace("postgresql://", "cockroachdb://", 1)',
      'engine = create_engine(url)',
      'with engine.connect() as conn:',
      '    print(conn.execute(text("SELECT now()")).fetchall())',
    ]),
  }),
  node: () => ({
    install: 'npm install pg',
    code: [
      "import pg from 'pg';",
      '',
      'const client = new pg.Client({ connectionString: process.env.DATABASE_URL });',
      'await client.connect();',
      "console.log((await client.query('SELECT now()')).rows);",
      'await client.end();',
    ].join('\n'),
  }),
  go: () => ({
    install: 'go get github.com/jackc/pgx/v5',
    code: [
      'package main',
      '',
      'import (',
      '\t"context"',
      '\t"fmt"',
      '\t"log"',
      '\t"os"',
      '\t"time"',
      '',
      '\t"github.com/jackc/pgx/v5"',
      ')',
      '',
      'func main() {',
      '\tctx := context.Background()',
      '\tconn, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))',
      '\tif err != nil {',
      '\t\tlog.Fatal(err)',
      '\t}',
      '\tdefer conn.Close(ctx)',
      '\tvar now time.Time',
      '\tif err := conn.QueryRow(ctx, "SELECT now()").Scan(&now); err != nil {',
      '\t\tlog.Fatal(err)',
      '\t}',
      '\tfmt.Println(now)',
      '}',
    ].join('\n'),
  }),
  java: (t) => ({
    install: 'org.postgresql:postgresql',
    code: [
      'import java.sql.*;',
      'import java.util.Properties;',
      '',
      'public class App {',
      '    public static void main(String[] args) throws SQLException {',
      '        Properties p = new Properties();',
      `        p.setProperty("user", ${JSON.stringify(t.user)});`,
      '        p.setProperty("password", System.getenv("DATABASE_PASSWORD"));',
      `        p.setProperty("sslmode", "${sslMode(t)}");`,
      `        String url = "jdbc:postgresql://${t.connection.host}:${t.connection.port}/${encodeURIComponent(databaseName(t))}";`,
      '        try (Connection c = DriverManager.getConnection(url, p);',
      '             ResultSet r = c.createStatement().executeQuery("SELECT now()")) {',
      '            r.next();',
      '            System.out.println(r.getString(1));',
      '        }',
      '    }',
      '}',
    ].join('\n'),
  }),
  libpq: () => ({
    install: 'apt install libpq-dev    # cc app.c -I/usr/include/postgresql -lpq',
    code: [
      '#include <libpq-fe.h>',
      '#include <stdio.h>',
      '#include <stdlib.h>',
      '',
      'int main(void)',
      '{',
      '    PGconn *conn = PQconnectdb(getenv("DATABASE_URL"));',
      '    PGresult *res = PQexec(conn, "SELECT now()");',
      '    if (PQresultStatus(res) != PGRES_TUPLES_OK) {',
      '        fputs(PQerrorMessage(conn), stderr);',
      '        return 1;',
      '    }',
      '    puts(PQgetvalue(res, 0, 0));',
      '    PQclear(res);',
      '    PQfinish(conn);',
      '}',
    ].join('\n'),
  }),
  ruby: () => ({
    install: 'gem install pg',
    code: ["require 'pg'", '', "conn = PG.connect(ENV['DATABASE_URL'])", "puts conn.exec('SELECT now()').getvalue(0, 0)"].join(
      '\n',
    ),
  }),
  rust: () => ({
    install: 'cargo add sqlx --features runtime-tokio,tls-native-tls,postgres,chrono && cargo add tokio --features full',
    code: [
      'use sqlx::{types::chrono::{DateTime, Utc}, Connection, PgConnection};',
      '',
      '#[tokio::main]',
      'async fn main() -> Result<(), sqlx::Error> {',
      '    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL");',
      '    let mut conn = PgConnection::connect(&url).await?;',
      '    let now: DateTime<Utc> = sqlx::query_scalar("SELECT now()").fetch_one(&mut conn).await?;',
      '    println!("{now}");',
      '    Ok(())',
      '}',
    ].join('\n'),
  }),
};

// In the order of the dialog's list. Labels are names and need no translation.
export const CLIENTS: { id: string; label: string; environment: boolean }[] = [
  { id: 'palmetto', label: 'Palmetto SQL shell', environment: false },
  { id: 'psql', label: 'psql', environment: false },
  { id: 'psycopg2', label: 'Python · psycopg2', environment: true },
  { id: 'psycopg', label: 'Python · psycopg', environment: true },
  { id: 'sqlalchemy', label: 'Python · SQLAlchemy', environment: true },
  { id: 'node', label: 'Node.js · pg', environment: true },
  { id: 'go', label: 'Go · pgx', environment: true },
  { id: 'java', label: 'Java · JDBC', environment: false },
  { id: 'libpq', label: 'C · libpq', environment: true },
  { id: 'ruby', label: 'Ruby · pg', environment: true },
  { id: 'rust', label: 'Rust · sqlx', environment: true },
];

export function snippet(client: string, t: Target): Snippet {
  return snippets[client](t);
}

// Drivers on libpq find the CA certificate where the command has put it; the others are told where it is.
const OWN_TLS = new Set(['node', 'rust', 'go']);

export function environment(client: string, t: Target): string {
  const rootCertificate = OWN_TLS.has(client) && !t.connection.insecure ? CA_PATH.unix : undefined;
  return `export DATABASE_URL="${url(t, { rootCertificate })}"`;
}

export function parameters(t: Target): [string, string][] {
  return [
    ['username', t.user],
    ['host', t.connection.host],
    ['database', databaseName(t)],
    ['port', String(t.connection.port)],
    ['sslmode', sslMode(t)],
  ];
}
