// Tables that sort by a click on a column's head, find by text, and scroll inside themselves on a narrow screen.
import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { t } from '../i18n';
import { count } from '../lib/format';

export interface Column<Row> {
  id: string;
  label: string;
  cell: (row: Row) => ComponentChildren;
  sort?: (row: Row) => string | number; // absent: not sortable
  numeric?: boolean;
  hideLabel?: boolean;
}

interface TableProps<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row) => string;
  find?: (row: Row) => string; // text that the search field looks in; absent: no field
  empty: ComponentChildren;
  initial?: { column: string; descending: boolean };
}

type Order = { column: string; descending: boolean } | undefined;

function sorted<Row>(rows: Row[], columns: Column<Row>[], order: Order): Row[] {
  const sort = columns.find((c) => c.id === order?.column)?.sort;
  if (order === undefined || sort === undefined) return rows;
  const sign = order.descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const x = sort(a);
    const y = sort(b);
    return sign * (typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y)));
  });
}

export function Table<Row>({ label, columns, rows, rowKey, find, empty, initial }: TableProps<Row>) {
  const [order, setOrder] = useState<Order>(initial);
  const [text, setText] = useState('');
  const shown = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    const kept = find && wanted ? rows.filter((r) => find(r).toLowerCase().includes(wanted)) : rows;
    return sorted(kept, columns, order);
  }, [rows, columns, order, text]);
  if (rows.length === 0) return <>{empty}</>;
  const turn = (c: Column<Row>) =>
    setOrder((o) => ({ column: c.id, descending: o?.column === c.id ? !o.descending : (c.numeric ?? false) }));
  return (
    <div class="tablebox">
      {find && rows.length > 5 && (
        <div class="tabletools">
          <input type="search" placeholder={t('search')} aria-label={t('search')} value={text} onInput={(e) => setText(e.currentTarget.value)} />
          <span class="note" aria-live="polite">
            {shown.length === 1 ? t('rowShown') : t('rowsShown', { n: count(shown.length) })}
          </span>
        </div>
      )}
      <div class="scroller" tabIndex={0} role="region" aria-label={label}>
        <table>
          <thead>
            <tr>
              {columns.map((c) => (
                <Head key={c.id} column={c} order={order} onTurn={() => turn(c)} />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={rowKey(row)}>
                {columns.map((c) => (
                  <td key={c.id} class={c.numeric ? 'numeric' : undefined}>
                    {c.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {shown.length === 0 && <p class="note padded">{t('nothingMatches', { text })}</p>}
      </div>
    </div>
  );
}

function Head<Row>({ column, order, onTurn }: { column: Column<Row>; order: Order; onTurn: () => void }) {
  const mine = order?.column === column.id ? order : undefined;
  const state = mine === undefined ? undefined : mine.descending ? 'descending' : 'ascending';
  const css = column.numeric ? 'numeric' : undefined;
  if (column.hideLabel)
    return (
      <th scope="col" class={css}>
        <span class="offscreen">{column.label}</span>
      </th>
    );
  return (
    <th scope="col" class={css} aria-sort={state}>
      {column.sort ? (
        <button type="button" onClick={onTurn}>
          {column.label}
          <span aria-hidden="true">{state === undefined ? '' : mine?.descending ? ' ↓' : ' ↑'}</span>
        </button>
      ) : (
        column.label
      )}
    </th>
  );
}
