// Dialogs over the page, on the browser's own <dialog>: focus stays inside, Escape closes.
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { t } from '../i18n';
import type { ApiError } from '../lib/api';
import { asApiError } from '../lib/load';
import { Icon } from './icons';
import { Button, ErrorNote, TextField } from './parts';

interface DialogProps {
  title: string;
  onClose: () => void;
  wide?: boolean;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, wide, children }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    box.current?.showModal();
    return () => before?.focus?.();
  }, []);
  return (
    <dialog
      ref={box}
      class={wide ? 'wide' : undefined}
      aria-labelledby={id}
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
    >
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" class="iconbutton" aria-label={t('close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="dialogbody">{children}</div>
    </dialog>
  );
}

interface FormDialogProps extends Omit<DialogProps, 'children'> {
  submit: string;
  danger?: boolean;
  ready?: boolean;
  onSubmit: () => Promise<void>;
  children?: ComponentChildren;
}

// A form in a dialog. What the server refuses is shown above the buttons; the dialog stays.
export function FormDialog({ submit, danger, ready = true, onSubmit, children, ...dialog }: FormDialogProps) {
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await onSubmit();
    } catch (problem) {
      setError(asApiError(problem));
      setBusy(false);
    }
  };
  return (
    <Dialog {...dialog}>
      <form onSubmit={send}>
        {children}
        {error && <ErrorNote error={error} />}
        <div class="buttons end">
          <Button onClick={dialog.onClose}>{t('cancel')}</Button>
          <Button type="submit" kind={danger ? 'danger' : 'primary'} busy={busy} disabled={!ready}>
            {submit}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface ConfirmProps {
  title: string;
  text: string;
  submit: string;
  danger?: boolean;
  typed?: string; // must be typed to go on
  onConfirm: () => Promise<void>;
  onClose: () => void;
}

export function Confirm({ title, text, submit, danger, typed, onConfirm, onClose }: ConfirmProps) {
  const [word, setWord] = useState('');
  return (
    <FormDialog
      title={title}
      submit={submit}
      danger={danger}
      ready={typed === undefined || word === typed}
      onSubmit={onConfirm}
      onClose={onClose}
    >
      <p>{text}</p>
      {typed !== undefined && <TextField label={t('typeNameToConfirm', { name: typed })} value={word} onChange={setWord} autofocus />}
    </FormDialog>
  );
}
