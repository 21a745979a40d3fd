// Metrics over time: of the server, or of one cluster.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { language, t } from '../i18n';
import { api, path } from '../lib/api';
import { bytes, count } from '../lib/format';
import { useLoad } from '../lib/load';
import { rates, span } from '../lib/series';
import type { Series } from '../lib/types';
import { Data, Empty, PageHead, Panel, SelectField } from '../ui/parts';
import type { ClusterPageProps } from './cluster-page';

const REFRESH_MS = 10_000;

export function MetricsPage() {
  return (
    <Metrics
      head={(range) => (
        <PageHead title={t('metrics')} intro={t('metricsIntro')}>
          {range}
        </PageHead>
      )}
    />
  );
}

export function ClusterMetricsPage({ cluster }: ClusterPageProps) {
  return (
    <Metrics
      cluster={cluster.name}
      head={(range) => (
        <div class="buttons">
          {range}
          <p class="note">{t('clusterMetricsIntro')}</p>
        </div>
      )}
    />
  );
}

function Metrics({ head, cluster = '' }: { head: (range: JSX.Element) => JSX.Element; cluster?: string }) {
  const [hours, setHours] = useState('1');
  const list = useLoad(
    () => {
      const to = Math.floor(Date.now() / 1000);
      const query = path`/metrics/series?from=${String(to - Number(hours) * 3600)}&to=${String(to)}&cluster=${cluster}`;
      return api.get<{ series: Series[] }>(query).then((r) => ({ to, series: r.series }));
    },
    [hours, cluster],
    REFRESH_MS,
  );
  return (
    <>
      {head(
        <SelectField
          label={t('range')}
          value={hours}
          onChange={setHours}
          options={[
            { id: '1', label: t('lastHour') },
            { id: '6', label: t('last6Hours') },
            { id: '24', label: t('lastDay') },
            { id: '168', label: t('lastWeek') },
          ]}
        />,
      )}
      <Data of={list}>
        {({ to, series }) =>
          series.length === 0 ? (
            <Empty icon="metrics" title={t('noSamples')} />
          ) : (
            <div class="charts">
              {series.map((s) => (
                <Panel key={s.name}>
                  <Chart series={s} from={to - Number(hours) * 3600} to={to} />
                </Panel>
              ))}
            </div>
          )
        }
      </Data>
    </>
  );
}

function Chart({ series, from, to }: { series: Series; from: number; to: number }) {
  const box = useRef<HTMLDivElement>(null);
  const points = series.kind === 'counter' ? rates(series.points) : series.points;
  const isBytes = /bytes|rss|capacity/.test(series.name);
  const show = (v: number) => (isBytes ? bytes(v) : count(Math.round(v * 100) / 100));
  const last = points.length > 0 ? points[points.length - 1][1] : null;
  useEffect(() => {
    if (!box.current || points.length === 0) return undefined;
    const css = getComputedStyle(document.documentElement);
    const color = (name: string) => css.getPropertyValue(name).trim();
    const axis = { stroke: color('--text-soft'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false } };
    const plot = new uPlot(
      {
        width: box.current.clientWidth,
        height: 160,
        legend: { show: false },
        cursor: { y: false },
        scales: { x: { range: [from, to] }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
        axes: [
          { ...axis, space: 90, values: (_, ticks) => ticks.map((x) => tick(x, to - from)) },
          { ...axis, size: 70, values: (_, ticks) => ticks.map(show) },
        ],
        series: [{}, { stroke: color('--accent'), width: 1.5, fill: color('--accent-faint'), points: { show: points.length === 1 } }],
      },
      [points.map((p) => p[0]), points.map((p) => p[1])],
      box.current,
    );
    const resize = new ResizeObserver(() => box.current && plot.setSize({ width: box.current.clientWidth, height: 160 }));
    resize.observe(box.current);
    return () => {
      resize.disconnect();
      plot.destroy();
    };
  }, [series, from, to]);
  return (
    <figure class="chart">
      <figcaption>
        <strong>{series.name}</strong>
        <span class="note">
          {last === null ? '' : show(last)} {series.kind === 'counter' ? t('perSecond') : ''}
        </span>
        <span class="note">{series.help}</span>
      </figcaption>
      {points.length === 0 ? (
        <p class="note padded">{t('noSamples')}</p>
      ) : (
        <div ref={box} role="img" aria-label={`${series.name}: ${span(points, show)}`} />
      )}
    </figure>
  );
}

function tick(seconds: number, width: number): string {
  const style: Intl.DateTimeFormatOptions = width > 2 * 86400 ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit' };
  return new Intl.DateTimeFormat(language(), style).format(new Date(seconds * 1000));
}
