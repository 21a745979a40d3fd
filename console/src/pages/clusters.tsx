// The list of clusters, and the way from a new one to a connection string.
import { useState } from 'preact/hooks';
import { t } from '../i18n';
import { api, path } from '../lib/api';
import { ago, bytes, count, time } from '../lib/format';
import { useLoad } from '../lib/load';
import { link } from '../lib/router';
import type { Cluster } from '../lib/types';
import { useAdmin } from '../session';
import { ActionButton, Badge, Button, Data, Empty, PageHead, Panel } from '../ui/parts';
import { say, sayError } from '../ui/toast';
import { ConnectDialog } from './connect';
import { CreateClusterDialog } from './create-cluster';
import { CreateUserDialog } from './create-user';

type Step =
  | { at: 'create' }
  | { at: 'user'; cluster: string }
  | { at: 'connect'; cluster: string; user?: string; password?: string };

export function ClustersPage() {
  const admin = useAdmin();
  const list = useLoad(() => api.get<{ clusters: Cluster[] }>('/clusters').then((r) => r.clusters), []);
  const [step, setStep] = useState<Step>();
  const done = () => {
    setStep(undefined);
    list.reload();
  };
  return (
    <>
      <PageHead title={t('clusters')} intro={t('clustersIntro')}>
        {admin && (
          <Button kind="primary" icon="plus" onClick={() => setStep({ at: 'create' })}>
            {t('createCluster')}
          </Button>
        )}
      </PageHead>
      <Data of={list}>
        {(clusters) => <ClusterList clusters={clusters} onConnect={(cluster) => setStep({ at: 'connect', cluster })} onChanged={list.reload} />}
      </Data>
      {step?.at === 'create' && (
        <CreateClusterDialog
          onClose={done}
          onCreated={(cluster) => {
            say(t('clusterCreated', { name: cluster }));
            list.reload();
            setStep({ at: 'user', cluster });
          }}
        />
      )}
      {step?.at === 'user' && (
        <CreateUserDialog
          cluster={step.cluster}
          onClose={done}
          onNext={(user, password) => setStep({ at: 'connect', cluster: step.cluster, user, password })}
        />
      )}
      {step?.at === 'connect' && <ConnectDialog cluster={step.cluster} user={step.user} password={step.password} onClose={done} />}
    </>
  );
}

interface ListProps {
  clusters: Cluster[];
  onConnect: (cluster: string) => void;
  onChanged: () => void;
}

function ClusterList({ clusters, onConnect, onChanged }: ListProps) {
  const alive = clusters.filter((c) => c.state !== 'dropped');
  const dropped = clusters.filter((c) => c.state === 'dropped');
  return (
    <>
      {alive.every((c) => c.system) && <Empty icon="clusters" title={t('noClusters')} hint={t('noClustersHint')} />}
      <ul class="cards">
        {alive.map((c) => (
          <li key={c.id} class="card cluster">
            <div class="cardhead">
              <h2>
                <a href={link('clusters', c.name)}>{c.name}</a>
              </h2>
              <StateBadge cluster={c} />
            </div>
            <p class="note">{c.system ? t('systemClusterHint') : `${t('created')} ${ago(c.created_at)}`}</p>
            <dl class="figures">
              <Figure label={t('storage')} value={bytes(c.usage.storage_bytes)} limit={c.limits.storage_bytes} show={bytes} />
              <Figure label={t('connections')} value={count(c.usage.connections)} limit={c.limits.connections} show={count} />
              <Figure
                label={t('requestUnits')}
                value={count(Math.round(c.usage.request_units))}
                limit={c.limits.request_units_per_month}
                show={count}
              />
            </dl>
            <div class="buttons">
              <Button kind="secondary" onClick={() => onConnect(c.name)}>
                {t('connect')}
              </Button>
              <a class="button quiet" href={link('clusters', c.name)}>
                {t('open')}
              </a>
            </div>
          </li>
        ))}
      </ul>
      {dropped.length > 0 && <Dropped clusters={dropped} onChanged={onChanged} />}
    </>
  );
}

interface FigureProps {
  label: string;
  value: string;
  limit: number | null | undefined;
  show: (n: number) => string;
}

function Figure({ label, value, limit, show }: FigureProps) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{limit === null || limit === undefined ? value : t('limitOf', { used: value, limit: show(limit) })}</dd>
    </div>
  );
}

export function StateBadge({ cluster }: { cluster: Cluster }) {
  if (cluster.system) return <Badge tone="plain">{t('systemCluster')}</Badge>;
  const states = {
    ready: <Badge tone="good">{t('stateReady')}</Badge>,
    suspended: <Badge tone="warn">{t('stateSuspended')}</Badge>,
    cloning: <Badge tone="plain">{t('stateCloning')}</Badge>,
    dropped: <Badge tone="bad">{t('stateDropped')}</Badge>,
  };
  return states[cluster.state];
}

function Dropped({ clusters, onChanged }: { clusters: Cluster[]; onChanged: () => void }) {
  const admin = useAdmin();
  return (
    <Panel title={t('deletedClusters')}>
      <ul class="lines">
        {clusters.map((c) => (
          <li key={c.id}>
            <strong>{c.name}</strong>
            <span class="note">{c.purge_at ? t('purgedAt', { time: time(c.purge_at) }) : ''}</span>
            {admin && (
              <ActionButton
                kind="quiet"
                failed={sayError}
                action={async () => {
                  await api.post(path`/clusters/${c.id}/undelete`);
                  say(t('clusterRestored', { name: c.name }));
                  onChanged();
                }}
              >
                {t('undelete')}
              </ActionButton>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
