// Numbers, sizes and times for people, in the language of the page.
import { language } from '../i18n';

export function count(n: number): string {
  return new Intl.NumberFormat(language()).format(n);
}

export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let i = 0;
  let v = n;
  for (; v >= 1024 && i < units.length - 1; i++) v /= 1024;
  const digits = i === 0 || v >= 100 ? 0 : 1;
  return `${new Intl.NumberFormat(language(), { maximumFractionDigits: digits }).format(v)} ${units[i]}`;
}

export function milliseconds(ms: number): string {
  const f = (v: number, digits: number) =>
    new Intl.NumberFormat(language(), { maximumFractionDigits: digits }).format(v);
  if (ms >= 1000) return `${f(ms / 1000, 2)} s`;
  return ms >= 1 || ms === 0 ? `${f(ms, 1)} ms` : `${f(ms * 1000, 0)} µs`;
}

export function time(iso: string | null | undefined): string {
  if (!iso) return '–';
  return new Intl.DateTimeFormat(language(), { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso));
}

// "3 minutes ago"
export function ago(iso: string | null | undefined, now = Date.now()): string {
  if (!iso) return '–';
  const seconds = (new Date(iso).getTime() - now) / 1000;
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60],
    ['second', 1],
  ];
  const f = new Intl.RelativeTimeFormat(language(), { numeric: 'auto' });
  const [unit, size] = steps.find(([, s]) => Math.abs(seconds) >= s) ?? ['second', 1];
  return f.format(Math.round(seconds / size), unit);
}
