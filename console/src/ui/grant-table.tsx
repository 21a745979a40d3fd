// Who may do what, as a table.
import { t } from '../i18n';
import type { Grant } from '../lib/types';
import { Table } from './table';

export function GrantTable({ grants }: { grants: Grant[] }) {
  const object = (g: Grant) => [g.database, g.schema, g.object].filter((x) => x !== null && x !== '').join('.');
  return (
    <Table
      label={t('grants')}
      rows={grants}
      rowKey={(g) => `${object(g)} ${g.object_type} ${g.grantee} ${g.privilege}`}
      find={(g) => `${object(g)} ${g.grantee} ${g.privilege}`}
      empty={<p class="note padded">{t('noGrants')}</p>}
      columns={[
        { id: 'grantee', label: t('grantee'), cell: (g) => g.grantee, sort: (g) => g.grantee },
        { id: 'privilege', label: t('privilege'), cell: (g) => g.privilege, sort: (g) => g.privilege },
        { id: 'kind', label: t('kind'), cell: (g) => g.object_type, sort: (g) => g.object_type },
        { id: 'object', label: t('object'), cell: (g) => <code>{object(g)}</code>, sort: object },
        { id: 'grantable', label: t('grantable'), cell: (g) => (g.grantable ? t('yes') : t('no')), sort: (g) => (g.grantable ? 0 : 1) },
      ]}
    />
  );
}
