// SQL in the browser: statements, their results as tables, plans as trees, what was run before.
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../i18n';
import { api, path } from '../lib/api';
import { ago, count, milliseconds } from '../lib/format';
import { asApiError, useLoad } from '../lib/load';
import { parsePlan } from '../lib/plan';
import { splitStatements } from '../lib/split';
import type { Cell, Database, ErrorRecord, SqlResult, SqlUser, StatementResult } from '../lib/types';
import { useAdmin } from '../session';
import { Button, Empty, ErrorNote, PageHead, Panel, SelectField } from '../ui/parts';
import { ApiError } from '../lib/api';
import { PlanTree } from '../ui/plan-tree';
import type { ClusterPageProps } from './cluster-page';

const ROWS_SHOWN = 1000;
const RESULT_BYTES = 4 << 20;
const HISTORY_KEPT = 50;

interface Past {
  sql: string;
  at: string;
  ok: boolean;
}

function historyKey(cluster: string): string {
  return `palmetto-history-${cluster}`;
}

function loadHistory(cluster: string): Past[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(historyKey(cluster)) ?? '[]');
    return Array.isArray(kept) ? (kept as Past[]) : [];
  } catch {
    return [];
  }
}

// Another statement than the last goes on top; the oldest fall out.
function remember(cluster: string, past: Past[], entry: Past): Past[] {
  const next = [entry, ...past.filter((p) => p.sql !== entry.sql)].slice(0, HISTORY_KEPT);
  localStorage.setItem(historyKey(cluster), JSON.stringify(next));
  return next;
}

type Outcome = { sql: string[]; result?: SqlResult; error?: ApiError; plan: boolean };

export function WorkbenchPage({ cluster }: ClusterPageProps) {
  const admin = useAdmin();
  const draftKey = `palmetto-draft-${cluster.name}`;
  const [text, setText] = useState(() => sessionStorage.getItem(draftKey) ?? '');
  const [database, setDatabase] = useState('defaultdb');
  const [user, setUser] = useState('root');
  const [outcome, setOutcome] = useState<Outcome>();
  const [busy, setBusy] = useState(false);
  const [past, setPast] = useState(() => loadHistory(cluster.name));
  const editor = useRef<HTMLTextAreaElement>(null);
  const databases = useLoad(() => api.get<{ databases: Database[] }>(path`/clusters/${cluster.name}/databases`), [cluster.name]);
  const users = useLoad(() => api.get<{ users: SqlUser[] }>(path`/clusters/${cluster.name}/users`), [cluster.name]);
  useEffect(() => sessionStorage.setItem(draftKey, text), [text]);

  const run = async (plan: boolean) => {
    const e = editor.current!;
    const chosen = e.selectionStart < e.selectionEnd ? text.slice(e.selectionStart, e.selectionEnd) : text;
    const sql = splitStatements(chosen);
    if (sql.length === 0 || busy) return;
    setBusy(true);
    try {
      const result = await api.post<SqlResult>(path`/clusters/${cluster.name}/sql`, {
        database,
        user,
        application_name: '$ console workbench',
        timeout: '60s',
        max_result_size: RESULT_BYTES,
        separate_txns: true,
        cells: true,
        statements: sql.map((s) => ({ sql: plan ? `EXPLAIN ${s}` : s })),
      });
      setOutcome({ sql, result, plan });
      if (!plan) setPast((p) => remember(cluster.name, p, { sql: chosen.trim(), at: new Date().toISOString(), ok: !result.error }));
      if (!plan) databases.reload();
    } catch (problem) {
      setOutcome({ sql, error: asApiError(problem), plan });
    } finally {
      setBusy(false);
    }
  };
  const keys = (e: KeyboardEvent) => {
    if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) {
      e.preventDefault();
      void run(false);
    }
  };
  const names = (list: string[] | undefined, present: string) =>
    [...new Set([present, ...(list ?? [])])].sort().map((id) => ({ id, label: id }));
  return (
    <>
      <PageHead title={t('workbench')} intro={admin ? t('runHint') : t('adminOnly')} />
      <Panel>
        <div class="grid3">
          <SelectField
            label={t('database')}
            value={database}
            onChange={setDatabase}
            options={names(databases.data?.databases.map((d) => d.name), database)}
          />
          <SelectField
            label={t('runAs')}
            value={user}
            onChange={setUser}
            options={names(users.data?.users.filter((u) => u.login).map((u) => u.name), user)}
          />
        </div>
        <textarea
          ref={editor}
          class="editor"
          aria-label={t('statementsLabel')}
          placeholder="SELECT version();"
          spellcheck={false}
          autocapitalize="off"
          rows={8}
          value={text}
          onInput={(e) => setText(e.currentTarget.value)}
          onKeyDown={keys}
        />
        <div class="buttons">
          <Button kind="primary" icon="play" busy={busy} disabled={!admin} onClick={() => run(false)}>
            {t('run')}
          </Button>
          <Button disabled={busy || !admin} onClick={() => run(true)} title={t('explainHint')}>
            {t('explain')}
          </Button>
        </div>
      </Panel>
      <div class="grid-results">
        <Panel title={t('result')}>
          <div aria-live="polite">{outcome ? <Results outcome={outcome} /> : <Empty title={t('noResult')} hint={t('noResultHint')} />}</div>
        </Panel>
        <History
          past={past}
          onChoose={(sql) => {
            setText(sql);
            editor.current?.focus();
          }}
          onClear={() => {
            localStorage.removeItem(historyKey(cluster.name));
            setPast([]);
          }}
        />
      </div>
    </>
  );
}

function Results({ outcome }: { outcome: Outcome }) {
  if (outcome.error) return <ErrorNote error={outcome.error} />;
  const { txn_results: results } = outcome.result!.execution;
  return (
    <>
      {results.map((r, i) => (
        <OneResult key={i} sql={outcome.sql[r.statement - 1] ?? ''} result={r} plan={outcome.plan} />
      ))}
      {outcome.result!.error && <SqlError error={outcome.result!.error} statement={results.length + 1} of={outcome.sql.length} />}
    </>
  );
}

function SqlError({ error, statement, of }: { error: ErrorRecord; statement: number; of: number }) {
  return (
    <>
      {of > 1 && <p class="note">{t('errorAt', { n: statement })}</p>}
      <ErrorNote error={new ApiError(200, error)} />
    </>
  );
}

function OneResult({ sql, result, plan }: { sql: string; result: StatementResult; plan: boolean }) {
  const took = milliseconds(new Date(result.end).getTime() - new Date(result.start).getTime());
  const cells = result.cells ?? [];
  return (
    <section class="result">
      <header>
        <code class="sql">{sql}</code>
        <span class="note">
          {result.tag} · {result.columns ? (cells.length === 1 ? t('rowShown') : t('rowsShown', { n: count(cells.length) })) : t('rowsAffected', { n: count(result.rows_affected) })} · {took}
        </span>
      </header>
      {(result.notices ?? []).map((n, i) => (
        <div key={i} class="message info">
          {n.message}
        </div>
      ))}
      {result.columns && plan && <PlanTree plan={parsePlan(cells.map((r) => String(r[0] ?? '')))} />}
      {result.columns && !plan && <Grid result={result} cells={cells} />}
    </section>
  );
}

function Grid({ result, cells }: { result: StatementResult; cells: Cell[][] }) {
  const numeric = result.columns!.map((c) => /^(INT|FLOAT|DECIMAL|OID)/.test(c.type));
  return (
    <>
      <div class="scroller" tabIndex={0} role="region" aria-label={t('result')}>
        <table class="grid">
          <thead>
            <tr>
              {result.columns!.map((c, i) => (
                <th key={i} scope="col" class={numeric[i] ? 'numeric' : undefined}>
                  {c.name}
                  <span class="note"> {c.type}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {cells.slice(0, ROWS_SHOWN).map((row, r) => (
              <tr key={r}>
                {row.map((v, i) => (
                  <td key={i} class={numeric[i] ? 'numeric' : undefined}>
                    <Value value={v} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {cells.length === 0 && <p class="note padded">{t('noRows')}</p>}
      </div>
      {cells.length > ROWS_SHOWN && <p class="note">{t('truncatedCells', { n: count(ROWS_SHOWN) })}</p>}
    </>
  );
}

function Value({ value }: { value: Cell }) {
  if (value === null) return <span class="null">NULL</span>;
  return <>{typeof value === 'object' ? JSON.stringify(value) : String(value)}</>;
}

function History({ past, onChoose, onClear }: { past: Past[]; onChoose: (sql: string) => void; onClear: () => void }) {
  return (
    <Panel
      title={t('history')}
      actions={
        past.length > 0 && (
          <Button kind="quiet" onClick={onClear}>
            {t('clearHistory')}
          </Button>
        )
      }
    >
      {past.length === 0 && <p class="note">{t('noHistory')}</p>}
      <ul class="history">
        {past.map((p) => (
          <li key={p.at + p.sql}>
            <button type="button" class="linklike sql" onClick={() => onChoose(p.sql)}>
              {p.sql}
            </button>
            <span class={p.ok ? 'note' : 'note bad'}>{ago(p.at)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
