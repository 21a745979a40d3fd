// Small pieces that every page is made of.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { t } from '../i18n';
import type { ApiError } from '../lib/api';
import type { Loaded } from '../lib/load';
import { Icon, type IconName } from './icons';

type Kind = 'primary' | 'secondary' | 'danger' | 'quiet';

interface ButtonProps extends Omit<JSX.ButtonHTMLAttributes<HTMLButtonElement>, 'icon'> {
  kind?: Kind;
  icon?: IconName;
  busy?: boolean;
}

export function Button({ kind = 'secondary', icon, busy, children, disabled, type = 'button', ...rest }: ButtonProps) {
  return (
    <button {...rest} type={type} class={`button ${kind}`} disabled={disabled || busy} aria-busy={busy || undefined}>
      {busy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

// A button that does something on the server: busy meanwhile; a failure goes to `failed`.
export function ActionButton({ action, failed, ...rest }: ButtonProps & { action: () => Promise<void>; failed: (e: unknown) => void }) {
  const [busy, setBusy] = useState(false);
  const mounted = useRef(true);
  useEffect(() => () => void (mounted.current = false), []);
  const click = async () => {
    setBusy(true);
    try {
      await action();
    } catch (e) {
      failed(e);
    } finally {
      if (mounted.current) setBusy(false);
    }
  };
  return <Button {...rest} busy={busy} onClick={click} />;
}

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  error?: string;
  children: (id: string, describedBy: string | undefined) => ComponentChildren;
}

export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const note = hint !== undefined || error !== undefined ? `${id}-note` : undefined;
  return (
    <div class={error ? 'field invalid' : 'field'}>
      <label for={id}>{label}</label>
      {children(id, note)}
      {note && (
        <div class="note" id={note}>
          {error ?? hint}
        </div>
      )}
    </div>
  );
}

interface TextFieldProps extends Omit<JSX.InputHTMLAttributes<HTMLInputElement>, 'value' | 'onChange'> {
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint?: ComponentChildren;
  error?: string;
}

export function TextField({ label, value, onChange, hint, error, ...rest }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(id, note) => (
        <input
          autocomplete="off"
          spellcheck={false}
          {...rest}
          id={id}
          value={value}
          aria-describedby={note}
          aria-invalid={error ? true : undefined}
          onInput={(e) => onChange(e.currentTarget.value)}
        />
      )}
    </Field>
  );
}

interface SelectFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: { id: string; label: string }[];
  hint?: ComponentChildren;
}

export function SelectField({ label, value, onChange, options, hint }: SelectFieldProps) {
  return (
    <Field label={label} hint={hint}>
      {(id, note) => (
        <select id={id} value={value} aria-describedby={note} onChange={(e) => onChange(e.currentTarget.value)}>
          {options.map((o) => (
            <option key={o.id} value={o.id}>
              {o.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function CheckField({ label, checked, onChange }: { label: string; checked: boolean; onChange: (v: boolean) => void }) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked} onChange={(e) => onChange(e.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

export function CopyButton({ text, label }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <Button kind="secondary" icon={copied ? 'check' : 'copy'} onClick={copy}>
      <span aria-live="polite">{copied ? t('copied') : (label ?? t('copy'))}</span>
    </Button>
  );
}

// The clipboard's interface exists on secure origins only; an insecure server's page selects and copies.
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'offscreen';
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

// Text to take elsewhere, with a button that copies it.
export function CopyBox({ text, label, wrap = true }: { text: string; label: string; wrap?: boolean }) {
  return (
    <div class="copybox">
      <pre class={wrap ? 'wrap' : undefined} tabIndex={0} role="region" aria-label={label}>
        {text}
      </pre>
      <CopyButton text={text} />
    </div>
  );
}

export function ErrorNote({ error, onRetry }: { error: ApiError; onRetry?: () => void }) {
  const message = error.message === 'unreachable' ? t('unreachable') : error.message;
  const { code, detail, hint } = error.record;
  return (
    <div class="message error" role="alert">
      <Icon name="alert" />
      <div>
        <strong>{message}</strong>
        {code && <span class="code"> {code}</span>}
        {detail && <p>{detail}</p>}
        {hint && <p>{hint}</p>}
        {onRetry && (
          <Button kind="quiet" icon="refresh" onClick={onRetry}>
            {t('retry')}
          </Button>
        )}
      </div>
    </div>
  );
}

export function Empty({ title, hint, icon, children }: { title: string; hint?: string; icon?: IconName; children?: ComponentChildren }) {
  return (
    <div class="empty">
      {icon && <Icon name={icon} />}
      <strong>{title}</strong>
      {hint && <p>{hint}</p>}
      {children}
    </div>
  );
}

export function Skeleton({ lines = 4 }: { lines?: number }) {
  return (
    <div class="skeleton" role="status" aria-label={t('loading')}>
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} />
      ))}
    </div>
  );
}

// What was loaded, or that it is loading, or why not.
export function Data<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ComponentChildren }) {
  if (of.data === undefined) return of.error ? <ErrorNote error={of.error} onRetry={of.reload} /> : <Skeleton />;
  return (
    <>
      {of.error && <ErrorNote error={of.error} onRetry={of.reload} />}
      {children(of.data)}
    </>
  );
}

export function PageHead({ title, intro, children }: { title: ComponentChildren; intro?: ComponentChildren; children?: ComponentChildren }) {
  return (
    <header class="pagehead">
      <div>
        <h1>{title}</h1>
        {intro && <p>{intro}</p>}
      </div>
      {children && <div class="buttons">{children}</div>}
    </header>
  );
}

export function Panel({ title, children, actions }: { title?: string; children: ComponentChildren; actions?: ComponentChildren }) {
  return (
    <section class="panel">
      {(title || actions) && (
        <header>
          {title && <h2>{title}</h2>}
          {actions && <div class="buttons">{actions}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

export function Badge({ tone, children }: { tone: 'good' | 'warn' | 'bad' | 'plain'; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

export function Meter({ label, used, limit, show }: { label: string; used: number; limit: number | null | undefined; show: (n: number) => string }) {
  const bounded = limit !== null && limit !== undefined;
  const share = bounded && limit > 0 ? Math.min(used / limit, 1) : 0;
  const tone = share > 0.9 ? 'bad' : share > 0.7 ? 'warn' : 'good';
  return (
    <div class="meter">
      <div class="meterlabel">{label}</div>
      <div class="meterfigure">{show(used)}</div>
      {bounded ? (
        <>
          <progress class={tone} value={share} max={1} aria-label={label} />
          <div class="note">{t('limitOf', { used: show(used), limit: show(limit) })}</div>
        </>
      ) : (
        <div class="note">{t('unlimited')}</div>
      )}
    </div>
  );
}

// Tabs within a page.
export function Tabs({ tabs, current, onChange, label }: { tabs: { id: string; label: string }[]; current: string; onChange: (id: string) => void; label: string }) {
  const list = useRef<HTMLDivElement>(null);
  const move = (e: KeyboardEvent) => {
    const at = tabs.findIndex((x) => x.id === current);
    const step = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    e.preventDefault();
    const to = (at + step + tabs.length) % tabs.length;
    onChange(tabs[to].id);
    (list.current?.children[to] as HTMLElement | undefined)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={move}>
      {tabs.map((x) => (
        <button
          key={x.id}
          type="button"
          role="tab"
          aria-selected={x.id === current}
          tabIndex={x.id === current ? 0 : -1}
          onClick={() => onChange(x.id)}
        >
          {x.label}
        </button>
      ))}
    </div>
  );
}
