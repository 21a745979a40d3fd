// Usage against limits, and what can be done with a cluster as a whole.
import { useState } from 'preact/hooks';
import { t } from '../i18n';
import { api, path } from '../lib/api';
import { bytes, count, time } from '../lib/format';
import { fieldsOf, limitsOf } from '../lib/limits';
import { go } from '../lib/router';
import type { Cluster } from '../lib/types';
import { useAdmin } from '../session';
import { Confirm, FormDialog } from '../ui/dialog';
import { ActionButton, Button, Meter, Panel, TextField } from '../ui/parts';
import { say, sayError } from '../ui/toast';
import type { ClusterPageProps } from './cluster-page';
import { LimitInputs } from './create-cluster';

type Open = 'limits' | 'rename' | 'clone' | 'suspend' | 'reset' | 'delete';

export function OverviewPage({ cluster, reload }: ClusterPageProps) {
  const admin = useAdmin();
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  const where = path`/clusters/${cluster.name}`;
  const manage = admin && !cluster.system;
  return (
    <>
      <Panel
        title={t('overviewUsage')}
        actions={
          manage && (
            <Button kind="quiet" onClick={() => setOpen('limits')}>
              {t('limits')}
            </Button>
          )
        }
      >
        <div class="meters">
          <Meter label={t('storage')} used={cluster.usage.storage_bytes} limit={cluster.limits.storage_bytes} show={bytes} />
          <Meter label={t('connections')} used={cluster.usage.connections} limit={cluster.limits.connections} show={count} />
          <Meter
            label={t('requestUnitsMonth')}
            used={Math.round(cluster.usage.request_units)}
            limit={cluster.limits.request_units_per_month}
            show={count}
          />
        </div>
        <p class="note">
          {t('created')} {time(cluster.created_at)}
        </p>
      </Panel>
      {manage && <Manage cluster={cluster} reload={reload} onOpen={setOpen} />}
      {open === 'limits' && <LimitsDialog cluster={cluster} onClose={close} onDone={reload} />}
      {open === 'rename' && (
        <NameDialog
          title={t('rename')}
          label={t('newName')}
          hint={t('renameHint')}
          onClose={close}
          onSubmit={async (name) => {
            await api.patch(where, { name });
            close();
            go('clusters', name, 'overview');
          }}
        />
      )}
      {open === 'clone' && (
        <NameDialog
          title={t('clone')}
          label={t('cloneName')}
          hint={t('cloneHint')}
          onClose={close}
          onSubmit={async (name) => {
            await api.post(`${where}/clone`, { name });
            say(t('clusterCreated', { name }));
            close();
            go('clusters', name, 'overview');
          }}
        />
      )}
      {open === 'suspend' && (
        <Confirm
          title={t('suspend')}
          text={t('suspendHint')}
          submit={t('suspend')}
          onClose={close}
          onConfirm={async () => {
            await api.post(`${where}/suspend`);
            close();
            reload();
          }}
        />
      )}
      {open === 'reset' && (
        <Confirm
          title={t('reset')}
          text={t('resetHint', { time: time(cluster.snapshot_at) })}
          submit={t('reset')}
          danger
          onClose={close}
          onConfirm={async () => {
            await api.post(`${where}/reset`);
            say(t('resetDone'));
            close();
            reload();
          }}
        />
      )}
      {open === 'delete' && (
        <Confirm
          title={t('deleteCluster')}
          text={t('deleteClusterHint')}
          submit={t('deleteCluster')}
          typed={cluster.name}
          danger
          onClose={close}
          onConfirm={async () => {
            await api.delete(where);
            say(t('clusterDeleted', { name: cluster.name }));
            go('clusters');
          }}
        />
      )}
    </>
  );
}

function Manage({ cluster, reload, onOpen }: { cluster: Cluster; reload: () => void; onOpen: (o: Open) => void }) {
  const where = path`/clusters/${cluster.name}`;
  return (
    <Panel title={t('overviewManage')}>
      <ul class="lines">
        <Line title={t('rename')} hint={t('renameHint')}>
          <Button onClick={() => onOpen('rename')}>{t('rename')}</Button>
        </Line>
        <Line title={t('clone')} hint={t('cloneHint')}>
          <Button onClick={() => onOpen('clone')}>{t('clone')}</Button>
        </Line>
        <Line
          title={cluster.snapshot_at ? t('snapshotAt', { time: time(cluster.snapshot_at) }) : t('noSnapshot')}
          hint={t('snapshotHint')}
        >
          <ActionButton
            failed={sayError}
            action={async () => {
              await api.post(`${where}/snapshot`);
              say(t('snapshotTaken'));
              reload();
            }}
          >
            {t('snapshot')}
          </ActionButton>
          {cluster.snapshot_at && <Button onClick={() => onOpen('reset')}>{t('reset')}</Button>}
        </Line>
        <Line title={cluster.state === 'suspended' ? t('resume') : t('suspend')} hint={t('suspendHint')}>
          {cluster.state === 'suspended' ? (
            <ActionButton
              failed={sayError}
              action={async () => {
                await api.post(`${where}/resume`);
                reload();
              }}
            >
              {t('resume')}
            </ActionButton>
          ) : (
            <Button onClick={() => onOpen('suspend')}>{t('suspend')}</Button>
          )}
        </Line>
        <Line title={t('deleteCluster')} hint={t('deleteClusterHint')}>
          <Button kind="danger" onClick={() => onOpen('delete')}>
            {t('deleteCluster')}
          </Button>
        </Line>
      </ul>
    </Panel>
  );
}

function Line({ title, hint, children }: { title: string; hint: string; children: preact.ComponentChildren }) {
  return (
    <li>
      <div>
        <strong>{title}</strong>
        <p class="note">{hint}</p>
      </div>
      <div class="buttons">{children}</div>
    </li>
  );
}

interface NameDialogProps {
  title: string;
  label: string;
  hint: string;
  onClose: () => void;
  onSubmit: (name: string) => Promise<void>;
}

function NameDialog({ title, label, hint, onClose, onSubmit }: NameDialogProps) {
  const [name, setName] = useState('');
  return (
    <FormDialog title={title} submit={title} ready={name !== ''} onClose={onClose} onSubmit={() => onSubmit(name)}>
      <p>{hint}</p>
      <TextField label={label} hint={t('clusterNameHint')} value={name} onChange={setName} required autofocus />
    </FormDialog>
  );
}

function LimitsDialog({ cluster, onClose, onDone }: { cluster: Cluster; onClose: () => void; onDone: () => void }) {
  const [fields, setFields] = useState(fieldsOf(cluster.limits));
  return (
    <FormDialog
      title={t('limits')}
      submit={t('save')}
      onClose={onClose}
      onSubmit={async () => {
        await api.patch(path`/clusters/${cluster.name}`, { limits: limitsOf(fields) });
        onClose();
        onDone();
      }}
    >
      <LimitInputs fields={fields} onChange={setFields} />
      <p class="note">{t('limitsHint')}</p>
    </FormDialog>
  );
}
