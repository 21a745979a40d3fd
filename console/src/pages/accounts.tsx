// Who may use the console, and the tokens and password of whoever is signed in.
import { useState } from 'preact/hooks';
import { t } from '../i18n';
import { api, path } from '../lib/api';
import { time } from '../lib/format';
import { useLoad } from '../lib/load';
import type { Account, NewPassword, Token } from '../lib/types';
import { useMe } from '../session';
import { Confirm, Dialog, FormDialog } from '../ui/dialog';
import { ActionButton, Badge, Button, CheckField, CopyBox, Data, PageHead, Panel, TextField } from '../ui/parts';
import { Table } from '../ui/table';
import { say, sayError } from '../ui/toast';
import { PasswordOnce } from './create-user';

export function AccountsPage() {
  const me = useMe();
  const [changing, setChanging] = useState(false);
  return (
    <>
      <PageHead title={t('accounts')} intro={t('accountsIntro')}>
        <Button onClick={() => setChanging(true)}>{t('changePassword')}</Button>
      </PageHead>
      {me.user.admin && <Accounts />}
      <Tokens />
      {changing && <PasswordDialog name={me.user.name} onClose={() => setChanging(false)} />}
    </>
  );
}

type Open = { what: 'create' } | { what: 'made'; made: NewPassword } | { what: 'delete'; name: string };

function Accounts() {
  const me = useMe();
  const list = useLoad(() => api.get<{ accounts: Account[] }>('/accounts').then((r) => r.accounts), []);
  const [open, setOpen] = useState<Open>();
  const done = () => {
    setOpen(undefined);
    list.reload();
  };
  return (
    <Panel
      title={t('accounts')}
      actions={
        <Button kind="primary" icon="plus" onClick={() => setOpen({ what: 'create' })}>
          {t('createAccount')}
        </Button>
      }
    >
      <Data of={list}>
        {(accounts) => (
          <Table
            label={t('accounts')}
            rows={accounts}
            rowKey={(a) => a.name}
            empty={<p class="note padded">{t('none')}</p>}
            columns={[
              { id: 'name', label: t('name'), cell: (a) => <strong>{a.name}</strong>, sort: (a) => a.name },
              {
                id: 'role',
                label: t('role'),
                cell: (a) => (a.admin ? <Badge tone="warn">{t('accountAdmin')}</Badge> : <Badge tone="plain">{t('accountViewer')}</Badge>),
              },
              { id: 'clusters', label: t('clusters'), cell: (a) => (a.admin ? null : a.clusters)?.join(', ') ?? t('allClusters') },
              { id: 'created', label: t('created'), cell: (a) => time(a.created_at), sort: (a) => a.created_at },
              { id: 'sessions', label: t('sessions'), cell: (a) => a.sessions, sort: (a) => a.sessions, numeric: true },
              { id: 'tokens', label: t('tokens'), cell: (a) => a.tokens, sort: (a) => a.tokens, numeric: true },
              {
                id: 'actions',
                label: t('actions'),
                hideLabel: true,
                cell: (a) =>
                  a.name !== me.user.name && (
                    <Button kind="quiet" onClick={() => setOpen({ what: 'delete', name: a.name })}>
                      {t('deleteAccount')}
                    </Button>
                  ),
              },
            ]}
          />
        )}
      </Data>
      {open?.what === 'create' && <CreateDialog onClose={done} onMade={(made) => setOpen({ what: 'made', made })} />}
      {open?.what === 'made' && <PasswordOnce title={t('accountCreated', { name: open.made.name })} made={open.made} onClose={done} />}
      {open?.what === 'delete' && (
        <Confirm
          title={t('deleteAccount')}
          text={t('deleteAccountHint', { name: open.name })}
          submit={t('deleteAccount')}
          danger
          onClose={done}
          onConfirm={async () => {
            await api.delete(path`/accounts/${open.name}`);
            done();
          }}
        />
      )}
    </Panel>
  );
}

function CreateDialog({ onClose, onMade }: { onClose: () => void; onMade: (made: NewPassword) => void }) {
  const [name, setName] = useState('');
  const [admin, setAdmin] = useState(false);
  return (
    <FormDialog
      title={t('createAccount')}
      submit={t('generatePassword')}
      ready={name !== ''}
      onClose={onClose}
      onSubmit={async () => onMade(await api.post<NewPassword>('/accounts', { name, admin }))}
    >
      <TextField label={t('accountName')} value={name} onChange={setName} required autofocus />
      <CheckField label={t('accountAdmin')} checked={admin} onChange={setAdmin} />
    </FormDialog>
  );
}

function PasswordDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const [old, setOld] = useState('');
  const [password, setPassword] = useState('');
  return (
    <FormDialog
      title={t('changePassword')}
      submit={t('save')}
      onClose={onClose}
      onSubmit={async () => {
        await api.post(path`/accounts/${name}/password`, { old_password: old, password });
        say(t('passwordChanged'));
        onClose();
      }}
    >
      <TextField label={t('oldPassword')} type="password" value={old} onChange={setOld} autocomplete="current-password" required autofocus />
      <TextField
        label={t('newPassword')}
        hint={t('passwordHint')}
        type="password"
        value={password}
        onChange={setPassword}
        autocomplete="new-password"
        minLength={8}
        required
      />
    </FormDialog>
  );
}

function Tokens() {
  const list = useLoad(() => api.get<{ tokens: Token[] }>('/tokens').then((r) => r.tokens), []);
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState('');
  const [made, setMade] = useState<string>();
  return (
    <Panel
      title={t('tokens')}
      actions={
        <Button icon="plus" onClick={() => setNaming(true)}>
          {t('createToken')}
        </Button>
      }
    >
      <p class="note">{t('tokensIntro')}</p>
      <Data of={list}>
        {(tokens) => (
          <Table
            label={t('tokens')}
            rows={tokens}
            rowKey={(x) => x.id}
            empty={<p class="note padded">{t('noTokens')}</p>}
            columns={[
              { id: 'name', label: t('tokenName'), cell: (x) => <strong>{x.name}</strong>, sort: (x) => x.name },
              { id: 'created', label: t('created'), cell: (x) => time(x.created_at), sort: (x) => x.created_at },
              { id: 'expires', label: t('expires'), cell: (x) => (x.expires_at ? time(x.expires_at) : t('never')) },
              {
                id: 'actions',
                label: t('actions'),
                hideLabel: true,
                cell: (x) => (
                  <ActionButton
                    kind="quiet"
                    failed={sayError}
                    action={async () => {
                      await api.delete(path`/tokens/${x.id}`);
                      list.reload();
                    }}
                  >
                    {t('revoke')}
                  </ActionButton>
                ),
              },
            ]}
          />
        )}
      </Data>
      {naming && (
        <FormDialog
          title={t('createToken')}
          submit={t('createToken')}
          ready={name !== ''}
          onClose={() => setNaming(false)}
          onSubmit={async () => {
            const { token } = await api.post<{ token: string }>('/tokens', { name, expires_in: '90d' });
            setNaming(false);
            setName('');
            setMade(token);
            list.reload();
          }}
        >
          <TextField label={t('tokenName')} value={name} onChange={setName} required autofocus />
        </FormDialog>
      )}
      {made !== undefined && (
        <Dialog title={t('createToken')} onClose={() => setMade(undefined)}>
          <CopyBox label={t('tokens')} text={made} />
          <div class="message info">{t('tokenOnce')}</div>
        </Dialog>
      )}
    </Panel>
  );
}
