// Databases, their tables, one table.
import { useState } from 'preact/hooks';
import { t } from '../i18n';
import { api, path } from '../lib/api';
import { bytes, count } from '../lib/format';
import { useLoad } from '../lib/load';
import { link } from '../lib/router';
import type { Database, Table as TableFacts, TableDetail } from '../lib/types';
import { Icon } from '../ui/icons';
import { GrantTable } from '../ui/grant-table';
import { Badge, CopyBox, Data, Empty, PageHead, Panel, Tabs } from '../ui/parts';
import { Table } from '../ui/table';
import type { ClusterPageProps } from './cluster-page';

export function DatabasesPage({ cluster, rest }: ClusterPageProps) {
  const [database, table] = rest;
  if (database === undefined) return <AllDatabases cluster={cluster.name} />;
  if (table === undefined) return <Tables cluster={cluster.name} database={database} />;
  return <OneTable cluster={cluster.name} database={database} table={table} />;
}

function Crumbs({ cluster, database, table }: { cluster: string; database: string; table?: string }) {
  return (
    <nav class="crumbs">
      <a href={link('clusters', cluster, 'databases')}>{t('databases')}</a>
      <Icon name="chevron" />
      {table === undefined ? <span>{database}</span> : <a href={link('clusters', cluster, 'databases', database)}>{database}</a>}
      {table !== undefined && (
        <>
          <Icon name="chevron" />
          <span>{table}</span>
        </>
      )}
    </nav>
  );
}

function AllDatabases({ cluster }: { cluster: string }) {
  const list = useLoad(() => api.get<{ databases: Database[] }>(path`/clusters/${cluster}/databases`).then((r) => r.databases), [cluster]);
  return (
    <>
      <PageHead title={t('databases')} />
      <Panel>
        <Data of={list}>
          {(databases) => (
            <Table
              label={t('databases')}
              rows={databases}
              rowKey={(d) => d.name}
              find={(d) => d.name}
              empty={<Empty title={t('none')} />}
              columns={[
                {
                  id: 'name',
                  label: t('name'),
                  cell: (d) => <a href={link('clusters', cluster, 'databases', d.name)}>{d.name}</a>,
                  sort: (d) => d.name,
                },
                { id: 'owner', label: t('owner'), cell: (d) => d.owner, sort: (d) => d.owner },
                { id: 'tables', label: t('tables'), cell: (d) => count(d.tables), sort: (d) => d.tables, numeric: true },
                { id: 'size', label: t('size'), cell: (d) => bytes(d.size_bytes), sort: (d) => d.size_bytes, numeric: true },
              ]}
            />
          )}
        </Data>
      </Panel>
    </>
  );
}

function Tables({ cluster, database }: { cluster: string; database: string }) {
  const list = useLoad(
    () => api.get<{ tables: TableFacts[] }>(path`/clusters/${cluster}/databases/${database}/tables`).then((r) => r.tables),
    [cluster, database],
  );
  return (
    <>
      <Crumbs cluster={cluster} database={database} />
      <PageHead title={database} />
      <Panel>
        <Data of={list}>
          {(tables) => (
            <Table
              label={t('tables')}
              rows={tables}
              rowKey={(x) => `${x.schema}.${x.name}`}
              find={(x) => `${x.schema}.${x.name}`}
              empty={
                <Empty icon="databases" title={t('noTables')} hint={t('noTablesHint')}>
                  <a class="button secondary" href={link('clusters', cluster, 'workbench')}>
                    {t('openWorkbench')}
                  </a>
                </Empty>
              }
              columns={[
                {
                  id: 'name',
                  label: t('name'),
                  cell: (x) => <a href={link('clusters', cluster, 'databases', database, `${x.schema}.${x.name}`)}>{x.name}</a>,
                  sort: (x) => x.name,
                },
                { id: 'schema', label: t('schema'), cell: (x) => x.schema, sort: (x) => x.schema },
                { id: 'kind', label: t('kind'), cell: (x) => x.kind, sort: (x) => x.kind },
                {
                  id: 'rows',
                  label: t('rows'),
                  cell: (x) => (x.rows === null ? '–' : count(x.rows)),
                  sort: (x) => x.rows ?? -1,
                  numeric: true,
                },
                { id: 'size', label: t('size'), cell: (x) => bytes(x.size_bytes), sort: (x) => x.size_bytes, numeric: true },
                { id: 'columns', label: t('columns'), cell: (x) => count(x.columns), sort: (x) => x.columns, numeric: true },
                { id: 'indexes', label: t('indexes'), cell: (x) => count(x.indexes), sort: (x) => x.indexes, numeric: true },
                { id: 'owner', label: t('owner'), cell: (x) => x.owner, sort: (x) => x.owner },
              ]}
            />
          )}
        </Data>
      </Panel>
    </>
  );
}

function OneTable({ cluster, database, table }: { cluster: string; database: string; table: string }) {
  const detail = useLoad(
    () => api.get<TableDetail>(path`/clusters/${cluster}/databases/${database}/tables/${table}`),
    [cluster, database, table],
  );
  const [tab, setTab] = useState('columns');
  return (
    <>
      <Crumbs cluster={cluster} database={database} table={table} />
      <Data of={detail}>
        {(d) => (
          <>
            <PageHead title={d.name} intro={d.comment} />
            <dl class="figures wide">
              <Fact label={t('kind')} value={d.kind} />
              <Fact label={t('rows')} value={d.rows === null ? '–' : count(d.rows)} />
              <Fact label={t('size')} value={bytes(d.size_bytes)} />
              <Fact label={t('owner')} value={d.owner} />
            </dl>
            <Panel>
              <Tabs
                label={t('table')}
                current={tab}
                onChange={setTab}
                tabs={[
                  { id: 'columns', label: t('columns') },
                  { id: 'indexes', label: t('indexes') },
                  { id: 'constraints', label: t('constraints') },
                  { id: 'grants', label: t('grants') },
                  { id: 'create', label: t('createStatement') },
                ]}
              />
              {tab === 'columns' && <Columns detail={d} />}
              {tab === 'indexes' && <Indexes detail={d} />}
              {tab === 'constraints' && <Constraints detail={d} />}
              {tab === 'grants' && <GrantTable grants={d.grants} />}
              {tab === 'create' && <CopyBox label={t('createStatement')} text={d.create_statement} wrap={false} />}
            </Panel>
          </>
        )}
      </Data>
    </>
  );
}

function Fact({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Columns({ detail }: { detail: TableDetail }) {
  return (
    <Table
      label={t('columns')}
      rows={detail.columns}
      rowKey={(c) => c.name}
      empty={<p class="note padded">{t('none')}</p>}
      columns={[
        { id: 'name', label: t('column'), cell: (c) => <strong>{c.name}</strong>, sort: (c) => c.name },
        { id: 'type', label: t('type'), cell: (c) => <code>{c.type}</code>, sort: (c) => c.type },
        { id: 'nullable', label: t('nullable'), cell: (c) => (c.nullable ? t('yes') : t('no')) },
        { id: 'default', label: t('default'), cell: (c) => <code>{c.generated ?? c.default ?? ''}</code> },
        { id: 'comment', label: t('description'), cell: (c) => c.comment ?? '' },
      ]}
    />
  );
}

function Indexes({ detail }: { detail: TableDetail }) {
  return (
    <Table
      label={t('indexes')}
      rows={detail.indexes}
      rowKey={(i) => i.name}
      empty={<p class="note padded">{t('none')}</p>}
      columns={[
        { id: 'name', label: t('name'), cell: (i) => <strong>{i.name}</strong>, sort: (i) => i.name },
        {
          id: 'kind',
          label: t('kind'),
          cell: (i) => (
            <>
              {i.primary && <Badge tone="good">{t('primary')}</Badge>} {i.unique && !i.primary && <Badge tone="plain">{t('unique')}</Badge>}
            </>
          ),
        },
        { id: 'definition', label: t('definition'), cell: (i) => <code>{i.definition}</code> },
      ]}
    />
  );
}

function Constraints({ detail }: { detail: TableDetail }) {
  return (
    <Table
      label={t('constraints')}
      rows={detail.constraints}
      rowKey={(c) => c.name}
      empty={<p class="note padded">{t('none')}</p>}
      columns={[
        { id: 'name', label: t('name'), cell: (c) => <strong>{c.name}</strong>, sort: (c) => c.name },
        { id: 'definition', label: t('definition'), cell: (c) => <code>{c.definition}</code> },
      ]}
    />
  );
}
