// "Connect": everything an application needs to reach the cluster, to be copied.
import { useState } from 'preact/hooks';
import { t } from '../i18n';
import { api, path } from '../lib/api';
import { caDownload, CLIENTS, environment, parameters, snippet, url, type Platform, type Target } from '../lib/connect';
import { useLoad } from '../lib/load';
import type { Connection, Database, SqlUser } from '../lib/types';
import { Dialog } from '../ui/dialog';
import { CopyBox, Data, SelectField, Tabs } from '../ui/parts';
import { Icon } from '../ui/icons';

interface Props {
  cluster: string;
  user?: string; // just created
  password?: string; // its password, shown for the last time
  onClose: () => void;
}

interface Facts {
  connection: Connection;
  users: SqlUser[];
  databases: string[];
}

async function loadFacts(cluster: string): Promise<Facts> {
  const [connection, users, databases] = await Promise.all([
    api.get<Connection>(path`/clusters/${cluster}/connection`),
    api.get<{ users: SqlUser[] }>(path`/clusters/${cluster}/users`),
    api.get<{ databases: Database[] }>(path`/clusters/${cluster}/databases`),
  ]);
  return {
    connection,
    users: users.users.filter((u) => u.login && u.name !== 'root' && u.name !== 'node'),
    databases: databases.databases.map((d) => d.name).filter((d) => d !== 'system'),
  };
}

export function ConnectDialog({ cluster, user, password, onClose }: Props) {
  const facts = useLoad(() => loadFacts(cluster), [cluster]);
  return (
    <Dialog title={t('connectTo', { name: cluster })} onClose={onClose} wide>
      <Data of={facts}>{(f) => <ConnectForm facts={f} user={user} password={password} />}</Data>
    </Dialog>
  );
}

function ConnectForm({ facts, user: given, password }: { facts: Facts; user?: string; password?: string }) {
  const { connection } = facts;
  const names = facts.users.map((u) => u.name);
  const [user, setUser] = useState(given ?? names[0] ?? 'root');
  const [database, setDatabase] = useState(connection.database);
  const [option, setOption] = useState('string');
  const target: Target = { connection, user, database, password: user === given && password ? password : null };
  const list = (all: string[], extra: string) =>
    (all.includes(extra) ? all : [extra, ...all]).map((id) => ({ id, label: id }));
  return (
    <>
      <div class="grid3">
        <SelectField label={t('sqlUser')} value={user} onChange={setUser} options={list(names, user)} />
        <SelectField label={t('database')} value={database} onChange={setDatabase} options={list(facts.databases, database)} />
        <SelectField
          label={t('selectOption')}
          value={option}
          onChange={setOption}
          options={[
            { id: 'string', label: t('optionString') },
            { id: 'parameters', label: t('optionParameters') },
            ...CLIENTS.map((c) => ({ id: c.id, label: c.label })),
          ]}
        />
      </div>
      {names.length === 0 && !given && <div class="message warn">{t('noUsersToConnect')}</div>}
      {connection.insecure ? <div class="message warn">{t('insecureConnect')}</div> : <Certificate caUrl={connection.ca_url} />}
      {option === 'string' && <ConnectionString target={target} />}
      {option === 'parameters' && <Parameters target={target} />}
      {option !== 'string' && option !== 'parameters' && <ForClient client={option} target={target} />}
    </>
  );
}

function Certificate({ caUrl }: { caUrl: string | null }) {
  const [platform, setPlatform] = useState<Platform>(navigator.userAgent.includes('Windows') ? 'windows' : 'unix');
  if (caUrl === null) return null;
  return (
    <section class="step">
      <h3>1. {t('downloadCa')}</h3>
      <Tabs
        label={t('downloadCa')}
        current={platform}
        onChange={(p) => setPlatform(p as Platform)}
        tabs={[
          { id: 'unix', label: t('osUnix') },
          { id: 'windows', label: t('osWindows') },
        ]}
      />
      <CopyBox label={t('downloadCa')} text={caDownload(caUrl, location.href, platform)} />
      <p class="note">
        {t('orDownload')}{' '}
        <a href="/ca.crt" download="root.crt">
          <Icon name="download" /> root.crt
        </a>
      </p>
      <p class="note">{t('downloadCaHint')}</p>
    </section>
  );
}

function PasswordNote({ target }: { target: Target }) {
  if (target.password !== null || target.connection.insecure) return null;
  return (
    <p class="note">
      {t('enterPassword', { user: target.user })} {t('noPasswordKnown')}
    </p>
  );
}

function ConnectionString({ target }: { target: Target }) {
  return (
    <section class="step">
      <h3>{target.connection.insecure ? '' : '2. '}{t('connectionString')}</h3>
      <CopyBox label={t('connectionString')} text={url(target)} />
      <PasswordNote target={target} />
    </section>
  );
}

function Parameters({ target }: { target: Target }) {
  return (
    <section class="step">
      <h3>{target.connection.insecure ? '' : '2. '}{t('optionParameters')}</h3>
      <dl class="parameters">
        {parameters(target).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <code>{value}</code>
            </dd>
          </div>
        ))}
      </dl>
      <PasswordNote target={target} />
    </section>
  );
}

function ForClient({ client, target }: { client: string; target: Target }) {
  const { install, code } = snippet(client, target);
  const needsEnvironment = CLIENTS.find((c) => c.id === client)?.environment ?? false;
  return (
    <section class="step">
      {install && (
        <>
          <h3>{t('install')}</h3>
          <CopyBox label={t('install')} text={install} />
        </>
      )}
      {needsEnvironment && (
        <>
          <h3>{t('setEnvironment')}</h3>
          <CopyBox label={t('setEnvironment')} text={environment(client, target)} />
          <PasswordNote target={target} />
        </>
      )}
      <h3>{needsEnvironment ? t('program') : t('connectionString')}</h3>
      <CopyBox label={t('program')} text={code} wrap={!needsEnvironment && client !== 'java'} />
      {!needsEnvironment && <PasswordNote target={target} />}
    </section>
  );
}
