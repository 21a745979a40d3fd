// What runs and what ran: statements, transactions, sessions.
import { useState } from 'preact/hooks';
import { t } from '../i18n';
import { api, path } from '../lib/api';
import { ago, count, milliseconds, time } from '../lib/format';
import { useLoad } from '../lib/load';
import { parsePlan } from '../lib/plan';
import type { SqlSession, StatementStatistics, Statistics, TransactionStatistics } from '../lib/types';
import { useAdmin } from '../session';
import { Confirm, Dialog } from '../ui/dialog';
import { ActionButton, Badge, Button, CopyBox, Data, Empty, PageHead, Panel, Tabs } from '../ui/parts';
import { PlanTree } from '../ui/plan-tree';
import { Table, type Column } from '../ui/table';
import { say, sayError } from '../ui/toast';
import type { ClusterPageProps } from './cluster-page';

const REFRESH_MS = 10_000;

export function ActivityPage({ cluster }: ClusterPageProps) {
  const [tab, setTab] = useState('statements');
  return (
    <>
      <PageHead title={t('activity')} />
      <Panel>
        <Tabs
          label={t('activity')}
          current={tab}
          onChange={setTab}
          tabs={[
            { id: 'statements', label: t('statements') },
            { id: 'transactions', label: t('transactions') },
            { id: 'sessions', label: t('sessions') },
          ]}
        />
        {tab === 'statements' && <Statements cluster={cluster.name} />}
        {tab === 'transactions' && <Transactions cluster={cluster.name} />}
        {tab === 'sessions' && <Sessions cluster={cluster.name} />}
      </Panel>
    </>
  );
}

function figures<Row extends Statistics>(): Column<Row>[] {
  const number = (id: string, label: string, value: (r: Row) => number, show: (n: number) => string): Column<Row> => ({
    id,
    label,
    cell: (r) => show(value(r)),
    sort: value,
    numeric: true,
  });
  return [
    number('count', t('executions'), (r) => r.count, count),
    number('total', t('totalTime'), (r) => r.total_ms, milliseconds),
    number('mean', t('meanLatency'), (r) => r.mean_ms, milliseconds),
    number('p99', t('p99Latency'), (r) => r.p99_ms, milliseconds),
    number('max', t('maxLatency'), (r) => r.max_ms, milliseconds),
    number('rows', t('rows'), (r) => r.rows, (n) => count(Math.round(n * 10) / 10)),
    number('failures', t('failures'), (r) => r.failures, count),
  ];
}

function Since({ at, cluster, reload }: { at: string; cluster: string; reload: () => void }) {
  const admin = useAdmin();
  const [asking, setAsking] = useState(false);
  return (
    <div class="tabletools">
      <span class="note">{t('since', { time: time(at) })}</span>
      {admin && (
        <Button kind="quiet" onClick={() => setAsking(true)}>
          {t('forgetStatistics')}
        </Button>
      )}
      {asking && (
        <Confirm
          title={t('forgetStatistics')}
          text={t('forgetStatisticsHint')}
          submit={t('forgetStatistics')}
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            await api.post(path`/clusters/${cluster}/activity/reset`);
            setAsking(false);
            reload();
          }}
        />
      )}
    </div>
  );
}

function Statements({ cluster }: { cluster: string }) {
  const list = useLoad(
    () => api.get<{ since: string; statements: StatementStatistics[] }>(path`/clusters/${cluster}/statements`),
    [cluster],
    REFRESH_MS,
  );
  const [shown, setShown] = useState<StatementStatistics>();
  return (
    <Data of={list}>
      {(data) => (
        <>
          <Since at={data.since} cluster={cluster} reload={list.reload} />
          <Table
            label={t('statements')}
            rows={data.statements}
            rowKey={(s) => `${s.fingerprint_id} ${s.application_name} ${s.database} ${s.implicit_txn}`}
            find={(s) => `${s.query} ${s.application_name} ${s.database}`}
            initial={{ column: 'total', descending: true }}
            empty={<Empty icon="activity" title={t('noStatements')} hint={t('noStatementsHint')} />}
            columns={[
              {
                id: 'query',
                label: t('statement'),
                cell: (s) => (
                  <button type="button" class="linklike sql" onClick={() => setShown(s)}>
                    {s.query}
                  </button>
                ),
                sort: (s) => s.query,
              },
              ...figures<StatementStatistics>(),
            ]}
          />
          {shown && <StatementDialog statement={shown} onClose={() => setShown(undefined)} />}
        </>
      )}
    </Data>
  );
}

function StatementDialog({ statement: s, onClose }: { statement: StatementStatistics; onClose: () => void }) {
  return (
    <Dialog title={t('statement')} onClose={onClose} wide>
      <CopyBox label={t('statement')} text={s.query} />
      <dl class="figures wide">
        {[
          [t('executions'), count(s.count)],
          [t('failures'), `${count(s.failures)}${s.last_error ? ` (${s.last_error})` : ''}`],
          [t('meanLatency'), milliseconds(s.mean_ms)],
          [t('p99Latency'), milliseconds(s.p99_ms)],
          [t('maxLatency'), milliseconds(s.max_ms)],
          [t('database'), s.database],
          [t('application'), s.application_name || '–'],
          [t('lastRun'), ago(s.last_at)],
        ].map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {s.full_scan && <Badge tone="warn">{t('fullScan')}</Badge>}
      {s.last_plan && (
        <>
          <h3>{t('lastPlan')}</h3>
          <PlanTree plan={parsePlan(s.last_plan.split('\n'))} />
        </>
      )}
    </Dialog>
  );
}

function Transactions({ cluster }: { cluster: string }) {
  const list = useLoad(
    () => api.get<{ since: string; transactions: TransactionStatistics[] }>(path`/clusters/${cluster}/transactions`),
    [cluster],
    REFRESH_MS,
  );
  return (
    <Data of={list}>
      {(data) => (
        <>
          <Since at={data.since} cluster={cluster} reload={list.reload} />
          <Table
            label={t('transactions')}
            rows={data.transactions}
            rowKey={(x) => `${x.fingerprint_id} ${x.application_name}`}
            find={(x) => `${x.statements.join(' ')} ${x.application_name}`}
            initial={{ column: 'total', descending: true }}
            empty={<Empty icon="activity" title={t('noStatements')} hint={t('noStatementsHint')} />}
            columns={[
              {
                id: 'statements',
                label: t('statements'),
                cell: (x) => <div class="sql lines3">{x.statements.join('\n')}</div>,
              },
              ...figures<TransactionStatistics>(),
              { id: 'retries', label: t('retries'), cell: (x) => count(x.retries), sort: (x) => x.retries, numeric: true },
            ]}
          />
        </>
      )}
    </Data>
  );
}

function Sessions({ cluster }: { cluster: string }) {
  const admin = useAdmin();
  const list = useLoad(() => api.get<{ sessions: SqlSession[] }>(path`/clusters/${cluster}/sessions`).then((r) => r.sessions), [cluster], REFRESH_MS);
  const state = (s: SqlSession) => {
    if (s.queries.length > 0) return <Badge tone="good">{t('running')}</Badge>;
    return s.in_transaction ? <Badge tone="warn">{t('idleInTransaction')}</Badge> : <Badge tone="plain">{t('idle')}</Badge>;
  };
  const cancel = (where: string, told: string) => async () => {
    await api.post(where);
    say(told);
    list.reload();
  };
  const actions = (s: SqlSession) => (
    <div class="buttons end">
      {s.queries.map((q) => (
        <ActionButton key={q.id} kind="quiet" failed={sayError} action={cancel(path`/clusters/${cluster}/queries/${q.id}/cancel`, t('queryCanceled'))}>
          {t('cancelQuery')}
        </ActionButton>
      ))}
      <ActionButton kind="quiet" failed={sayError} action={cancel(path`/clusters/${cluster}/sessions/${s.id}/cancel`, t('sessionCanceled'))}>
        {t('cancelSession')}
      </ActionButton>
    </div>
  );
  return (
    <Data of={list}>
      {(sessions) => (
        <Table
          label={t('sessions')}
          rows={sessions}
          rowKey={(s) => s.id}
          find={(s) => `${s.user} ${s.application_name} ${s.client_address} ${s.database} ${s.queries[0]?.sql ?? s.last_query ?? ''}`}
          empty={<Empty icon="users" title={t('noSessions')} />}
          columns={[
            { id: 'user', label: t('user'), cell: (s) => s.user, sort: (s) => s.user },
            { id: 'state', label: t('state'), cell: state, sort: (s) => (s.queries.length > 0 ? 0 : s.in_transaction ? 1 : 2) },
            { id: 'query', label: t('lastQuery'), cell: (s) => <div class="sql lines3">{s.queries[0]?.sql ?? s.last_query ?? ''}</div> },
            { id: 'database', label: t('database'), cell: (s) => s.database, sort: (s) => s.database },
            { id: 'application', label: t('application'), cell: (s) => s.application_name || '–', sort: (s) => s.application_name },
            { id: 'client', label: t('client'), cell: (s) => s.client_address, sort: (s) => s.client_address },
            { id: 'started', label: t('started'), cell: (s) => ago(s.started_at), sort: (s) => s.started_at ?? '' },
            { id: 'actions', label: t('actions'), hideLabel: true, cell: (s) => admin && actions(s) },
          ]}
        />
      )}
    </Data>
  );
}
