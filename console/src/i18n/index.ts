// Texts in the chosen language: t('created'), t('rowsShown', {n: 3}).
import { en, type Messages } from './en';
import { id } from './id';

export type Language = 'en' | 'id';
export const LANGUAGES: { id: Language; label: string }[] = [
  { id: 'en', label: 'English' },
  { id: 'id', label: 'Bahasa Indonesia' },
];

const KEY = 'palmetto-language';
const messages: Record<Language, Messages> = { en, id };

function preferred(): Language {
  const kept = globalThis.localStorage?.getItem(KEY);
  if (kept === 'en' || kept === 'id') return kept;
  return (globalThis.navigator?.languages ?? []).some((l) => /^(id|in|ms)\b/.test(l)) ? 'id' : 'en';
}

let current = preferred();

export function language(): Language {
  return current;
}

// The page is drawn again by its root, which calls this.
export function setLanguage(l: Language): void {
  current = l;
  localStorage.setItem(KEY, l);
  document.documentElement.lang = l;
}

export function t(key: keyof Messages, values: Record<string, string | number> = {}): string {
  return messages[current][key].replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all));
}
