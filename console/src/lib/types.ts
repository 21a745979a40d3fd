// The shapes that the HTTP API answers with; console/openapi.yaml is their description.

export interface ErrorRecord {
  code: string;
  message: string;
  detail?: string;
  hint?: string;
  position?: number;
}
export interface User {
  name: string;
  admin: boolean;
}
export interface Me {
  user: User;
  csrf_token: string | null;
  version: string;
  insecure: boolean;
}
export interface Setup {
  needed: boolean;
  version: string;
  insecure: boolean;
}
export interface Account extends User {
  created_at: string;
  clusters: string[] | null; // null: all
  sessions: number;
  tokens: number;
}
export interface Token {
  id: string;
  name: string;
  created_at: string;
  expires_at: string | null;
}
export interface NewPassword {
  name: string;
  password: string;
}

export interface Limits {
  storage_bytes?: number | null;
  connections?: number | null;
  request_units_per_month?: number | null;
  burst?: number | null;
}
export interface Cluster {
  id: string;
  name: string;
  state: 'ready' | 'suspended' | 'cloning' | 'dropped';
  system?: boolean;
  created_at: string | null;
  dropped_at: string | null;
  purge_at: string | null;
  snapshot_at: string | null;
  limits: Limits;
  usage: { storage_bytes: number; connections: number; request_units: number };
}
export interface Connection {
  host: string;
  port: number;
  database: string;
  cluster: string;
  database_prefix?: string;
  options?: string | null;
  sni_host: string | null;
  ca_url: string | null;
  insecure: boolean;
}

export interface SqlUser {
  name: string;
  roles: string[];
  login: boolean;
  admin: boolean;
  valid_until: string | null;
  options: string[];
}
export interface Grant {
  database: string;
  schema: string | null;
  object: string | null;
  object_type: string;
  grantee: string;
  privilege: string;
  grantable: boolean;
}

export type Cell = string | number | boolean | null | object;
export interface StatementResult {
  statement: number;
  tag: string;
  start: string;
  end: string;
  rows_affected: number;
  columns?: { name: string; type: string; oid: number }[];
  cells?: Cell[][];
  notices?: ErrorRecord[];
}
export interface SqlResult {
  num_statements: number;
  execution: { retries: number; txn_results: StatementResult[] };
  error?: ErrorRecord;
}

export interface SqlSession {
  id: string;
  user: string;
  application_name: string;
  client_address: string;
  started_at: string | null;
  database: string;
  status?: 'ACTIVE' | 'IDLE';
  in_transaction: boolean;
  last_query?: string | null;
  queries: { id: string; sql: string; started_at: string | null }[];
}
export interface Statistics {
  fingerprint_id: string;
  application_name: string;
  count: number;
  failures: number;
  total_ms: number;
  mean_ms: number;
  max_ms: number;
  p50_ms: number;
  p99_ms: number;
  rows: number;
  last_at: string | null;
}
export interface StatementStatistics extends Statistics {
  query: string;
  database: string;
  kind: string;
  implicit_txn: boolean;
  full_scan: boolean;
  last_plan: string | null;
  last_error: string | null;
}
export interface TransactionStatistics extends Statistics {
  statements: string[];
  retries: number;
}

export interface Database {
  name: string;
  owner: string;
  tables: number;
  size_bytes: number;
}
export interface Table {
  schema: string;
  name: string;
  kind: string;
  owner: string;
  rows: number | null;
  size_bytes: number;
  indexes: number;
  columns: number;
}
export interface TableDetail {
  schema: string;
  name: string;
  kind: string;
  owner: string;
  rows: number | null;
  size_bytes: number;
  comment: string | null;
  columns: {
    name: string;
    type: string;
    nullable: boolean;
    default: string | null;
    generated?: string | null;
    comment: string | null;
  }[];
  indexes: { name: string; definition: string; primary: boolean; unique: boolean }[];
  constraints: { name: string; definition: string }[];
  grants: Grant[];
  create_statement: string;
}

export interface Job {
  id: string;
  type: string;
  description: string;
  user: string;
  status: string;
  fraction_completed: number | null;
  created_at: string | null;
  finished_at: string | null;
  error: string | null;
}
export interface Setting {
  name: string;
  value: string;
  type: string;
  default: string;
  description: string;
}
export interface Series {
  name: string;
  kind: 'counter' | 'gauge';
  help: string;
  points: [number, number][];
}
