// "Create SQL user": the name, then the password that is shown once.
import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n';
import { api, path } from '../lib/api';
import type { NewPassword } from '../lib/types';
import { Dialog, FormDialog } from '../ui/dialog';
import { Button, CheckField, CopyBox, TextField } from '../ui/parts';

interface Props {
  cluster: string;
  onClose: () => void;
  onNext: (user: string, password: string) => void;
}

export function CreateUserDialog({ cluster, onClose, onNext }: Props) {
  const [name, setName] = useState('');
  const [admin, setAdmin] = useState(true);
  const [made, setMade] = useState<NewPassword>();
  useEffect(() => {
    api.get<{ name: string }>(path`/clusters/${cluster}/users/suggest-name`).then(
      (r) => setName((present) => present || r.name),
      () => {},
    );
  }, [cluster]);
  if (made !== undefined)
    return (
      <PasswordOnce
        title={t('userCreated', { name: made.name })}
        made={made}
        onClose={onClose}
        onNext={() => onNext(made.name, made.password)}
      />
    );
  const create = async () => setMade(await api.post<NewPassword>(path`/clusters/${cluster}/users`, { name, admin }));
  return (
    <FormDialog title={t('createSqlUser')} submit={t('generatePassword')} onSubmit={create} onClose={onClose} ready={name !== ''}>
      <p>{t('createSqlUserIntro')}</p>
      <TextField label={t('sqlUserName')} value={name} onChange={setName} required autofocus />
      <CheckField label={t('administrator')} checked={admin} onChange={setAdmin} />
    </FormDialog>
  );
}

interface OnceProps {
  title: string;
  made: NewPassword;
  onClose: () => void;
  onNext?: () => void; // absent: there is nothing behind this
}

export function PasswordOnce({ title, made, onClose, onNext }: OnceProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="field">
        <span class="fieldlabel">{t('name')}</span>
        <CopyBox label={t('name')} text={made.name} />
      </div>
      <div class="field">
        <span class="fieldlabel">{t('password')}</span>
        <CopyBox label={t('password')} text={made.password} />
      </div>
      <div class="message info">{t('passwordOnce')}</div>
      <div class="buttons end">
        <Button kind="primary" onClick={onNext ?? onClose}>
          {onNext ? t('next') : t('passwordCopied')}
        </Button>
      </div>
    </Dialog>
  );
}
