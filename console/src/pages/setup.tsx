// The first administrator, through the link that the server prints while there is no account.
import { useState } from 'preact/hooks';
import { t } from '../i18n';
import { api, ApiError, useCsrfToken } from '../lib/api';
import { asApiError } from '../lib/load';
import { go } from '../lib/router';
import { Button, ErrorNote, TextField } from '../ui/parts';

export function SetupPage({ token: given, onDone }: { token: string; onDone: () => void }) {
  const [token, setToken] = useState(given);
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const differ = again !== '' && again !== password;
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const login = await api.post<{ csrf_token: string }>('/setup', { token, name, password });
      useCsrfToken(login.csrf_token);
      go('clusters');
      onDone();
    } catch (problem) {
      const failure = asApiError(problem);
      setError(failure.status === 403 ? new ApiError(403, { code: '', message: t('setupWrongToken') }) : failure);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={send}>
      <h1>{t('setupTitle')}</h1>
      <p>{t('setupIntro')}</p>
      {given === '' && <TextField label={t('setupToken')} hint={t('setupTokenHint')} value={token} onChange={setToken} required />}
      <TextField label={t('accountName')} value={name} onChange={setName} autocomplete="username" required autofocus />
      <TextField
        label={t('password')}
        hint={t('passwordHint')}
        type="password"
        value={password}
        onChange={setPassword}
        autocomplete="new-password"
        minLength={8}
        required
      />
      <TextField
        label={t('repeatPassword')}
        type="password"
        value={again}
        onChange={setAgain}
        autocomplete="new-password"
        error={differ ? t('passwordsDiffer') : undefined}
        required
      />
      {error && <ErrorNote error={error} />}
      <Button type="submit" kind="primary" busy={busy} disabled={differ}>
        {t('createAdministrator')}
      </Button>
    </form>
  );
}
