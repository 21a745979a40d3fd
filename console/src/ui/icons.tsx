// Line icons, 20 × 20, drawn in the colour of the text.
const paths = {
  clusters: 'M3 5.5C3 4.1 6.1 3 10 3s7 1.1 7 2.5S13.9 8 10 8 3 6.9 3 5.5Zm0 0v9C3 15.9 6.1 17 10 17s7-1.1 7-2.5v-9M3 10c0 1.4 3.1 2.5 7 2.5s7-1.1 7-2.5',
  metrics: 'M3 17V3M3 17h14M6 13l3.5-4 3 2.5L17 6',
  accounts: 'M10 10a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM3.5 17c.6-3.4 3.3-5 6.5-5s5.9 1.6 6.5 5',
  overview: 'M3 3h6v6H3zM11 3h6v6h-6zM3 11h6v6H3zM11 11h6v6h-6z',
  activity: 'M2 10h4l2.5-6 4 12 2.5-6h3',
  databases: 'M4 3h12v14H4zM4 7.5h12M4 12h12M8 7.5V17',
  users: 'M7.5 9.5a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6ZM2 16.5c.5-3 2.7-4.5 5.5-4.5s5 1.5 5.5 4.5M13.5 4.300a2.7 2.7 0 0 1 0 5M15 12.200c1.6.6 2.7 2 3 4.300',
  jobs: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM10 6v4l3 2',
  backups: 'M3 4h14v4H3zM4.5 8v8.5h11V8M8 11h4',
  settings: 'M3 6h8M15 6h2M3 14h2M9 14h8M13 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM7 16a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
  workbench: 'M3 4h14v12H3zM6 8l2.5 2L6 12M10.5 12H14',
  copy: 'M7 7h9v10H7zM4 13V3h9',
  check: 'M4 10.5l4 4 8-9',
  close: 'M5 5l10 10M15 5 5 15',
  menu: 'M3 5h14M3 10h14M3 15h14',
  plus: 'M10 4v12M4 10h12',
  alert: 'M10 3 2 17h16L10 3ZM10 8v4M10 14.5v.1',
  chevron: 'M7 4l6 6-6 6',
  download: 'M10 3v10M6 9.5l4 4 4-4M4 17h12',
  refresh: 'M16 10a6 6 0 1 1-1.8-4.300M16 3v4h-4',
  play: 'M6 4l9 6-9 6z',
};

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}

export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" />
      <path d="M16 27V14M16 15C15 9 10 6 5 8c5 0 8 3 11 7M16 15c1-6 6-9 11-7-5 0-8 3-11 7M16 14c-3-3-3-7 0-10 3 3 3 7 0 10" />
    </svg>
  );
}
