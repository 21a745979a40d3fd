import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n';
import { api, ApiError, useCsrfToken } from '../lib/api';
import { asApiError } from '../lib/load';
import type { Setup } from '../lib/types';
import { Button, ErrorNote, TextField } from '../ui/parts';

export function SignInPage({ onDone }: { onDone: () => void }) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const [needed, setNeeded] = useState(false);
  useEffect(() => {
    api.get<Setup>('/setup').then(
      (s) => setNeeded(s.needed),
      () => {},
    );
  }, []);
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const login = await api.post<{ csrf_token: string }>('/login', { username: name, password });
      useCsrfToken(login.csrf_token);
      onDone();
    } catch (problem) {
      setError(explained(asApiError(problem)));
      setBusy(false);
    }
  };
  return (
    <form onSubmit={send}>
      <h1>{t('signInTitle')}</h1>
      {needed && <div class="message info">{t('setupNeeded')}</div>}
      <TextField label={t('accountName')} value={name} onChange={setName} autocomplete="username" required autofocus />
      <TextField label={t('password')} type="password" value={password} onChange={setPassword} autocomplete="current-password" required />
      {error && <ErrorNote error={error} />}
      <Button type="submit" kind="primary" busy={busy}>
        {t('signIn')}
      </Button>
    </form>
  );
}

function explained(e: ApiError): ApiError {
  if (e.status === 401) return new ApiError(401, { code: '', message: t('wrongCredentials') });
  if (e.status === 429) return new ApiError(429, { code: '', message: t('tooManyFailures') });
  return e;
}
