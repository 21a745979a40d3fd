// One cluster: its pages under one head.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../i18n';
import { api, path } from '../lib/api';
import { useLoad } from '../lib/load';
import { link } from '../lib/router';
import type { Cluster } from '../lib/types';
import { Icon, type IconName } from '../ui/icons';
import { Button, Data, Empty, PageHead } from '../ui/parts';
import { ActivityPage } from './activity';
import { BackupsPage } from './backups';
import { StateBadge } from './clusters';
import type { ClusterPageProps } from './cluster-page';
import { ConnectDialog } from './connect';
import { DatabasesPage } from './databases';
import { JobsPage } from './jobs';
import { ClusterMetricsPage } from './metrics';
import { OverviewPage } from './overview';
import { SettingsPage } from './settings';
import { UsersPage } from './users';
import { WorkbenchPage } from './workbench';

interface Entry {
  id: string;
  icon: IconName;
  label: () => string;
  page: (props: ClusterPageProps) => JSX.Element;
}

const entries: Entry[] = [
  { id: 'overview', icon: 'overview', label: () => t('overview'), page: OverviewPage },
  { id: 'workbench', icon: 'workbench', label: () => t('workbench'), page: WorkbenchPage },
  { id: 'databases', icon: 'databases', label: () => t('databases'), page: DatabasesPage },
  { id: 'activity', icon: 'activity', label: () => t('activity'), page: ActivityPage },
  { id: 'charts', icon: 'metrics', label: () => t('charts'), page: ClusterMetricsPage },
  { id: 'users', icon: 'users', label: () => t('users'), page: UsersPage },
  { id: 'jobs', icon: 'jobs', label: () => t('jobs'), page: JobsPage },
  { id: 'backups', icon: 'backups', label: () => t('backups'), page: BackupsPage },
  { id: 'settings', icon: 'settings', label: () => t('settings'), page: SettingsPage },
];

export function ClusterPage({ name, rest, query }: { name: string; rest: string[]; query: URLSearchParams }) {
  const cluster = useLoad(() => api.get<Cluster>(path`/clusters/${name}`), [name]);
  const [connecting, setConnecting] = useState(false);
  const [id = 'overview', ...deeper] = rest;
  const entry = entries.find((e) => e.id === id);
  return (
    <Data of={cluster}>
      {(c) => (
        <>
          <nav class="crumbs">
            <a href={link('clusters')}>{t('clusters')}</a>
            <Icon name="chevron" />
            <span>{c.name}</span>
          </nav>
          <PageHead
            title={
              <>
                {c.name} <StateBadge cluster={c} />
              </>
            }
          >
            <Button kind="primary" onClick={() => setConnecting(true)}>
              {t('connect')}
            </Button>
          </PageHead>
          <nav class="subnav" aria-label={t('clusterNavigation')}>
            {entries.map((e) => (
              <a key={e.id} href={link('clusters', c.name, e.id)} aria-current={e.id === id ? 'page' : undefined}>
                <Icon name={e.icon} />
                {e.label()}
              </a>
            ))}
          </nav>
          {entry ? (
            <entry.page cluster={c} rest={deeper} query={query} reload={cluster.reload} />
          ) : (
            <Empty title={t('notFound')} hint={t('notFoundHint')} />
          )}
          {connecting && <ConnectDialog cluster={c.name} onClose={() => setConnecting(false)} />}
        </>
      )}
    </Data>
  );
}
