import { t } from '../i18n';
import { api, path } from '../lib/api';
import { time } from '../lib/format';
import { useLoad } from '../lib/load';
import type { Job } from '../lib/types';
import { useAdmin } from '../session';
import { ActionButton, Badge, Data, Empty, PageHead, Panel } from '../ui/parts';
import { Table } from '../ui/table';
import { sayError } from '../ui/toast';
import type { ClusterPageProps } from './cluster-page';

// What may be asked of a job in each state that can change.
const ACTIONS: Record<string, ('pause' | 'resume' | 'cancel')[]> = {
  pending: ['cancel'],
  running: ['pause', 'cancel'],
  paused: ['resume', 'cancel'],
};

function tone(status: string): 'good' | 'warn' | 'bad' | 'plain' {
  if (status === 'succeeded') return 'good';
  if (status === 'failed' || status === 'canceled') return 'bad';
  return status.startsWith('pause') || status.startsWith('revert') || status.startsWith('cancel') ? 'warn' : 'plain';
}

export function JobsPage({ cluster }: ClusterPageProps) {
  const admin = useAdmin();
  const where = path`/clusters/${cluster.name}/jobs`;
  const list = useLoad(() => api.get<{ jobs: Job[] }>(where).then((r) => r.jobs), [where], 5000);
  const labels = { pause: t('pause'), resume: t('resume'), cancel: t('cancel') };
  const actions = (j: Job) => (
    <div class="buttons end">
      {(ACTIONS[j.status] ?? []).map((action) => (
        <ActionButton
          key={action}
          kind="quiet"
          failed={sayError}
          action={async () => {
            await api.post(`${where}/${encodeURIComponent(j.id)}/${action}`);
            list.reload();
          }}
        >
          {labels[action]}
        </ActionButton>
      ))}
    </div>
  );
  return (
    <>
      <PageHead title={t('jobs')} />
      <Panel>
        <Data of={list}>
          {(jobs) => (
            <Table
              label={t('jobs')}
              rows={jobs}
              rowKey={(j) => j.id}
              find={(j) => `${j.type} ${j.description} ${j.status}`}
              empty={<Empty icon="jobs" title={t('noJobs')} hint={t('noJobsHint')} />}
              columns={[
                {
                  id: 'description',
                  label: t('description'),
                  cell: (j) => (
                    <>
                      <div class="sql lines3">{j.description}</div>
                      {j.error && <div class="note bad">{j.error}</div>}
                    </>
                  ),
                },
                { id: 'type', label: t('type'), cell: (j) => j.type, sort: (j) => j.type },
                { id: 'status', label: t('status'), cell: (j) => <Badge tone={tone(j.status)}>{j.status}</Badge>, sort: (j) => j.status },
                {
                  id: 'progress',
                  label: t('progress'),
                  cell: (j) => j.fraction_completed !== null && <progress value={j.fraction_completed} max={1} aria-label={t('progress')} />,
                },
                { id: 'user', label: t('user'), cell: (j) => j.user, sort: (j) => j.user },
                { id: 'created', label: t('created'), cell: (j) => time(j.created_at), sort: (j) => j.created_at ?? '' },
                { id: 'finished', label: t('finished'), cell: (j) => time(j.finished_at), sort: (j) => j.finished_at ?? '' },
                { id: 'actions', label: t('actions'), hideLabel: true, cell: (j) => admin && actions(j) },
              ]}
            />
          )}
        </Data>
      </Panel>
    </>
  );
}
