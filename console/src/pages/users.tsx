// SQL users and roles, and who may do what.
import { useState } from 'preact/hooks';
import { t } from '../i18n';
import { api, path } from '../lib/api';
import { time } from '../lib/format';
import { useLoad } from '../lib/load';
import type { Grant, NewPassword, SqlUser } from '../lib/types';
import { useAdmin } from '../session';
import { Confirm } from '../ui/dialog';
import { GrantTable } from '../ui/grant-table';
import { Badge, Button, Data, Empty, PageHead, Panel } from '../ui/parts';
import { Table } from '../ui/table';
import type { ClusterPageProps } from './cluster-page';
import { ConnectDialog } from './connect';
import { CreateUserDialog, PasswordOnce } from './create-user';

type Open =
  | { what: 'create' }
  | { what: 'connect'; user: string; password: string }
  | { what: 'reset'; user: string }
  | { what: 'password'; made: NewPassword }
  | { what: 'drop'; user: string };

// These belong to the server itself.
const BUILT_IN = new Set(['root', 'admin', 'node', 'public']);

// What every cluster has by itself says nothing about this one.
const BUILT_IN_SCHEMAS = new Set(['crdb_internal', 'information_schema', 'pg_catalog', 'pg_extension']);

function isOwn(g: Grant): boolean {
  return g.database !== 'system' && !BUILT_IN_SCHEMAS.has(g.schema ?? '');
}

export function UsersPage({ cluster }: ClusterPageProps) {
  const admin = useAdmin();
  const where = path`/clusters/${cluster.name}/users`;
  const users = useLoad(() => api.get<{ users: SqlUser[] }>(where).then((r) => r.users), [where]);
  const grants = useLoad(() => api.get<{ grants: Grant[] }>(path`/clusters/${cluster.name}/grants`).then((r) => r.grants), [where]);
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  const done = () => {
    close();
    users.reload();
    grants.reload();
  };
  return (
    <>
      <PageHead title={t('users')} intro={t('usersIntro')}>
        {admin && (
          <Button kind="primary" icon="plus" onClick={() => setOpen({ what: 'create' })}>
            {t('createSqlUser')}
          </Button>
        )}
      </PageHead>
      <Panel>
        <Data of={users}>{(list) => <UserTable users={list} admin={admin} onOpen={setOpen} />}</Data>
      </Panel>
      <Panel title={t('grants')}>
        <Data of={grants}>{(list) => <GrantTable grants={list.filter(isOwn)} />}</Data>
      </Panel>
      {open?.what === 'create' && (
        <CreateUserDialog cluster={cluster.name} onClose={done} onNext={(user, password) => setOpen({ what: 'connect', user, password })} />
      )}
      {open?.what === 'connect' && <ConnectDialog cluster={cluster.name} user={open.user} password={open.password} onClose={done} />}
      {open?.what === 'reset' && (
        <Confirm
          title={t('resetPassword')}
          text={t('resetPasswordHint')}
          submit={t('generatePassword')}
          onClose={close}
          onConfirm={async () => {
            const made = await api.post<NewPassword>(`${where}/${encodeURIComponent(open.user)}/password`);
            setOpen({ what: 'password', made });
          }}
        />
      )}
      {open?.what === 'password' && <PasswordOnce title={t('resetPassword')} made={open.made} onClose={done} />}
      {open?.what === 'drop' && (
        <Confirm
          title={t('dropUser')}
          text={t('dropUserHint', { name: open.user })}
          submit={t('dropUser')}
          danger
          onClose={close}
          onConfirm={async () => {
            await api.delete(`${where}/${encodeURIComponent(open.user)}`);
            done();
          }}
        />
      )}
    </>
  );
}

function UserTable({ users, admin, onOpen }: { users: SqlUser[]; admin: boolean; onOpen: (o: Open) => void }) {
  return (
    <Table
      label={t('users')}
      rows={users}
      rowKey={(u) => u.name}
      find={(u) => u.name}
      empty={<Empty icon="users" title={t('noUsers')} />}
      columns={[
        { id: 'name', label: t('name'), cell: (u) => <strong>{u.name}</strong>, sort: (u) => u.name },
        {
          id: 'kind',
          label: t('kind'),
          cell: (u) => (
            <>
              <Badge tone="plain">{u.login ? t('user') : t('role')}</Badge> {u.admin && <Badge tone="warn">{t('accountAdmin')}</Badge>}
            </>
          ),
          sort: (u) => (u.login ? 0 : 1),
        },
        { id: 'roles', label: t('roles'), cell: (u) => u.roles.join(', ') || '–' },
        { id: 'options', label: t('options'), cell: (u) => u.options.join(', ') || '–' },
        { id: 'until', label: t('validUntil'), cell: (u) => time(u.valid_until), sort: (u) => u.valid_until ?? '' },
        {
          id: 'actions',
          label: t('actions'),
          hideLabel: true,
          cell: (u) =>
            admin &&
            !BUILT_IN.has(u.name) && (
              <div class="buttons end">
                {u.login && (
                  <Button kind="quiet" onClick={() => onOpen({ what: 'reset', user: u.name })}>
                    {t('resetPassword')}
                  </Button>
                )}
                <Button kind="quiet" onClick={() => onOpen({ what: 'drop', user: u.name })}>
                  {t('dropUser')}
                </Button>
              </div>
            ),
        },
      ]}
    />
  );
}
