// Short notices of what was done, or why not, at the edge of the page.
import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n';
import { asApiError } from '../lib/load';
import { Icon } from './icons';

interface Notice {
  id: number;
  text: string;
  bad: boolean;
}

let notices: Notice[] = [];
let next = 1;
let changed: () => void = () => {};

function add(text: string, bad: boolean): void {
  const id = next++;
  notices = [...notices, { id, text, bad }];
  changed();
  setTimeout(() => remove(id), bad ? 10000 : 5000);
}

function remove(id: number): void {
  notices = notices.filter((n) => n.id !== id);
  changed();
}

export function say(text: string): void {
  add(text, false);
}

export function sayError(e: unknown): void {
  const error = asApiError(e);
  const text = error.message === 'unreachable' ? t('unreachable') : error.message;
  add([text, error.record.detail, error.record.hint].filter(Boolean).join(' '), true);
}

export function Toasts() {
  const [, redraw] = useState(0);
  useEffect(() => {
    changed = () => redraw((n) => n + 1);
    return () => void (changed = () => {});
  }, []);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {notices.map((n) => (
        <div key={n.id} class={n.bad ? 'toast bad' : 'toast'}>
          <Icon name={n.bad ? 'alert' : 'check'} />
          <span>{n.text}</span>
          <button type="button" class="iconbutton" aria-label={t('close')} onClick={() => remove(n.id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
