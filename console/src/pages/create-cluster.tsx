import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n';
import { api } from '../lib/api';
import { limitsOf, NO_LIMITS, type LimitFields } from '../lib/limits';
import type { Cluster } from '../lib/types';
import { FormDialog } from '../ui/dialog';
import { Button, TextField } from '../ui/parts';
import { sayError } from '../ui/toast';

export function LimitInputs({ fields, onChange }: { fields: LimitFields; onChange: (f: LimitFields) => void }) {
  const input = (label: string, key: keyof LimitFields, hint?: string, step = '1') => (
    <TextField
      label={label}
      hint={hint}
      type="number"
      min="0"
      step={step}
      inputmode="decimal"
      placeholder={t('unlimited')}
      value={fields[key]}
      onChange={(v) => onChange({ ...fields, [key]: v })}
    />
  );
  return (
    <div class="grid2">
      {input(t('storageGiB'), 'storage', undefined, 'any')}
      {input(t('maxConnections'), 'connections')}
      {input(t('unitsPerMonth'), 'units', t('requestUnitsHint'))}
      {input(t('burst'), 'burst')}
    </div>
  );
}

export function CreateClusterDialog({ onClose, onCreated }: { onClose: () => void; onCreated: (name: string) => void }) {
  const [name, setName] = useState('');
  const [limited, setLimited] = useState(false);
  const [fields, setFields] = useState<LimitFields>({ storage: '10', connections: '100', units: '50000000', burst: '' });
  const [creating, setCreating] = useState(false);
  const suggest = () =>
    api.get<{ name: string }>('/clusters/suggest-name').then((r) => setName(r.name), sayError);
  useEffect(() => void suggest(), []);
  const create = async () => {
    setCreating(true);
    try {
      const cluster = await api.post<Cluster>('/clusters', { name, limits: limitsOf(limited ? fields : NO_LIMITS) });
      onCreated(cluster.name);
    } finally {
      setCreating(false);
    }
  };
  return (
    <FormDialog title={t('createCluster')} submit={t('createCluster')} onSubmit={create} onClose={onClose} ready={name !== ''}>
      <TextField
        label={t('clusterName')}
        hint={t('clusterNameHint')}
        value={name}
        onChange={setName}
        pattern="[a-z0-9]([a-z0-9\-]{0,98}[a-z0-9])?"
        required
        autofocus
      />
      <Button kind="quiet" icon="refresh" onClick={suggest}>
        {t('suggestAnother')}
      </Button>
      <fieldset class="plans">
        <legend>{t('plan')}</legend>
        <PlanChoice label={t('planFree')} hint={t('planFreeHint')} chosen={!limited} onChoose={() => setLimited(false)} />
        <PlanChoice label={t('planLimited')} hint={t('planLimitedHint')} chosen={limited} onChoose={() => setLimited(true)} />
      </fieldset>
      {limited && (
        <>
          <LimitInputs fields={fields} onChange={setFields} />
          <p class="note">{t('limitsHint')}</p>
        </>
      )}
      {creating && (
        <div class="progressline" role="status">
          <progress aria-label={t('creatingCluster')} />
          <span>{t('creatingCluster')}</span>
        </div>
      )}
    </FormDialog>
  );
}

interface PlanChoiceProps {
  label: string;
  hint: string;
  chosen: boolean;
  onChoose: () => void;
}

function PlanChoice({ label, hint, chosen, onChoose }: PlanChoiceProps) {
  return (
    <label class={chosen ? 'plan chosen' : 'plan'}>
      <input type="radio" name="plan" checked={chosen} onChange={onChoose} />
      <span>
        <strong>{label}</strong>
        <span class="note">{hint}</span>
      </span>
    </label>
  );
}
