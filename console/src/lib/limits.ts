// Limits of a cluster as a form has them. Pure.
import type { Limits } from './types';

// What the fields of limits hold; empty is no limit.
export interface LimitFields {
  storage: string;
  connections: string;
  units: string;
  burst: string;
}
export const NO_LIMITS: LimitFields = { storage: '', connections: '', units: '', burst: '' };

const GIB = 1024 ** 3;

export function fieldsOf(l: Limits): LimitFields {
  const text = (n: number | null | undefined) => (n === null || n === undefined ? '' : String(n));
  return {
    storage: l.storage_bytes ? text(Math.round((l.storage_bytes / GIB) * 1000) / 1000) : '',
    connections: text(l.connections),
    units: text(l.request_units_per_month),
    burst: text(l.burst),
  };
}

export function limitsOf(f: LimitFields): Limits {
  const number = (s: string) => (s.trim() === '' ? null : Number(s));
  const gib = number(f.storage);
  return {
    storage_bytes: gib === null ? null : Math.round(gib * GIB),
    connections: number(f.connections),
    request_units_per_month: number(f.units),
    burst: number(f.burst),
  };
}
