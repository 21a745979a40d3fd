import { useState } from 'preact/hooks';
import { t } from '../i18n';
import { api, path } from '../lib/api';
import { useLoad } from '../lib/load';
import type { Setting } from '../lib/types';
import { useAdmin } from '../session';
import { FormDialog } from '../ui/dialog';
import { ActionButton, Badge, Button, Data, Empty, PageHead, Panel, SelectField, TextField } from '../ui/parts';
import { Table } from '../ui/table';
import { say, sayError } from '../ui/toast';
import type { ClusterPageProps } from './cluster-page';

export function SettingsPage({ cluster }: ClusterPageProps) {
  const admin = useAdmin();
  const where = path`/clusters/${cluster.name}/settings`;
  const list = useLoad(() => api.get<{ settings: Setting[] }>(where).then((r) => r.settings), [where]);
  const [edited, setEdited] = useState<Setting>();
  const set = async (name: string, value: string | null) => {
    await api.patch(where, { settings: { [name]: value } });
    say(t('settingSaved'));
    setEdited(undefined);
    list.reload();
  };
  return (
    <>
      <PageHead title={t('settings')} />
      <Panel>
        <Data of={list}>
          {(settings) => (
            <Table
              label={t('settings')}
              rows={settings}
              rowKey={(s) => s.name}
              find={(s) => `${s.name} ${s.description}`}
              empty={<Empty icon="settings" title={t('none')} />}
              columns={[
                {
                  id: 'name',
                  label: t('setting'),
                  cell: (s) => (
                    <>
                      <code>{s.name}</code>
                      <div class="note">{s.description}</div>
                    </>
                  ),
                  sort: (s) => s.name,
                },
                {
                  id: 'value',
                  label: t('value'),
                  cell: (s) => (
                    <>
                      <code>{s.value}</code> {s.value !== s.default && <Badge tone="warn">{t('changed')}</Badge>}
                    </>
                  ),
                  sort: (s) => (s.value !== s.default ? 0 : 1),
                },
                {
                  id: 'actions',
                  label: t('actions'),
                  hideLabel: true,
                  cell: (s) =>
                    admin && (
                      <div class="buttons end">
                        <Button kind="quiet" onClick={() => setEdited(s)}>
                          {t('changeSetting')}
                        </Button>
                        {s.value !== s.default && (
                          <ActionButton kind="quiet" failed={sayError} action={() => set(s.name, null)}>
                            {t('resetToDefault')}
                          </ActionButton>
                        )}
                      </div>
                    ),
                },
              ]}
            />
          )}
        </Data>
      </Panel>
      {edited && <SettingDialog setting={edited} onClose={() => setEdited(undefined)} onSave={(v) => set(edited.name, v)} />}
    </>
  );
}

interface DialogProps {
  setting: Setting;
  onClose: () => void;
  onSave: (value: string) => Promise<void>;
}

function SettingDialog({ setting, onClose, onSave }: DialogProps) {
  const [value, setValue] = useState(setting.value);
  return (
    <FormDialog title={t('changeSetting')} submit={t('save')} onClose={onClose} onSubmit={() => onSave(value)}>
      <p>
        <code>{setting.name}</code>
      </p>
      <p class="note">{setting.description}</p>
      {setting.type === 'b' ? (
        <SelectField
          label={t('value')}
          value={value}
          onChange={setValue}
          options={[
            { id: 'true', label: 'true' },
            { id: 'false', label: 'false' },
          ]}
        />
      ) : (
        <TextField label={t('value')} value={value} onChange={setValue} autofocus />
      )}
    </FormDialog>
  );
}
