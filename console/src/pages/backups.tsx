import { useState } from 'preact/hooks';
import { t } from '../i18n';
import { api, path } from '../lib/api';
import { useLoad } from '../lib/load';
import { useAdmin } from '../session';
import { ActionButton, Data, Empty, PageHead, Panel, TextField } from '../ui/parts';
import { Table } from '../ui/table';
import { say, sayError } from '../ui/toast';
import type { ClusterPageProps } from './cluster-page';

export function BackupsPage({ cluster }: ClusterPageProps) {
  const admin = useAdmin();
  const [place, setPlace] = useState(`nodelocal://1/${cluster.name}`);
  const where = path`/clusters/${cluster.name}/backups`;
  const list = useLoad(
    () => api.get<{ backups: { path: string }[] }>(`${where}?in=${encodeURIComponent(place)}`).then((r) => r.backups),
    [where, place],
  );
  return (
    <>
      <PageHead title={t('backups')}>
        {admin && (
          <ActionButton
            kind="primary"
            failed={sayError}
            action={async () => {
              await api.post(where, { into: place });
              say(t('backupStarted'));
              list.reload();
            }}
          >
            {t('takeBackup')}
          </ActionButton>
        )}
      </PageHead>
      <Panel>
        <TextField label={t('backupPlace')} value={place} onChange={setPlace} />
        <Data of={list}>
          {(backups) => (
            <Table
              label={t('backups')}
              rows={backups}
              rowKey={(b) => b.path}
              empty={<Empty icon="backups" title={t('noBackups', { place })} hint={t('noBackupsHint')} />}
              columns={[{ id: 'path', label: t('backupPath'), cell: (b) => <code>{b.path}</code>, sort: (b) => b.path }]}
            />
          )}
        </Data>
      </Panel>
    </>
  );
}
