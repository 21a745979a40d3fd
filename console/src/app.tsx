// The frame of every page: who is signed in, the navigation, what the route shows.
import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { LANGUAGES, language, setLanguage, t, type Language } from './i18n';
import { api, ApiError, useCsrfToken, whenSignedOut, whoAmI } from './lib/api';
import { asApiError } from './lib/load';
import { go, link, useRoute, type Route } from './lib/router';
import { setTheme, theme, type Theme } from './lib/theme';
import type { Me } from './lib/types';
import { AccountsPage } from './pages/accounts';
import { ClusterPage } from './pages/cluster';
import { ClustersPage } from './pages/clusters';
import { MetricsPage } from './pages/metrics';
import { SetupPage } from './pages/setup';
import { SignInPage } from './pages/signin';
import { SessionContext } from './session';
import { Icon, Logo, type IconName } from './ui/icons';
import { Empty, ErrorNote, Skeleton } from './ui/parts';
import { sayError, Toasts } from './ui/toast';

type Who = { state: 'asking' } | { state: 'nobody' } | { state: 'somebody'; me: Me } | { state: 'failed'; error: ApiError };

export function App() {
  const route = useRoute();
  const [who, setWho] = useState<Who>({ state: 'asking' });
  const [, redraw] = useState(0);
  const ask = useCallback(() => {
    whoAmI().then(
      (me) => setWho(me ? { state: 'somebody', me } : { state: 'nobody' }),
      (e: unknown) => setWho({ state: 'failed', error: asApiError(e) }),
    );
  }, []);
  useEffect(() => {
    whenSignedOut(() => setWho({ state: 'nobody' }));
    ask();
  }, [ask]);
  const choices = <Choices onChange={() => redraw((n) => n + 1)} />;

  if (who.state === 'asking') return <Outside choices={choices}>{<Skeleton />}</Outside>;
  if (who.state === 'failed')
    return (
      <Outside choices={choices}>
        <ErrorNote error={who.error} onRetry={ask} />
      </Outside>
    );
  if (who.state === 'nobody') {
    const setup = route.parts[0] === 'setup';
    return (
      <Outside choices={choices}>
        {setup ? <SetupPage token={route.query.get('token') ?? ''} onDone={ask} /> : <SignInPage onDone={ask} />}
      </Outside>
    );
  }
  const signOut = async () => {
    try {
      await api.post('/logout');
    } catch (e) {
      sayError(e);
    }
    useCsrfToken(null);
    setWho({ state: 'nobody' });
    go();
  };
  return (
    <SessionContext.Provider value={who.me}>
      <Frame route={route} me={who.me} choices={choices} onSignOut={signOut} />
    </SessionContext.Provider>
  );
}

// Pages before signing in.
function Outside({ children, choices }: { children: ComponentChildren; choices: ComponentChildren }) {
  return (
    <div class="outside">
      <main>
        <div class="brand large">
          <Logo />
          <span>{t('productName')}</span>
        </div>
        <div class="card">{children}</div>
        <div class="choices">{choices}</div>
      </main>
      <Toasts />
    </div>
  );
}

// Language and theme.
function Choices({ onChange }: { onChange: () => void }) {
  return (
    <>
      <select
        aria-label={t('language')}
        value={language()}
        onChange={(e) => {
          setLanguage(e.currentTarget.value as Language);
          onChange();
        }}
      >
        {LANGUAGES.map((l) => (
          <option key={l.id} value={l.id}>
            {l.label}
          </option>
        ))}
      </select>
      <select
        aria-label={t('theme')}
        value={theme()}
        onChange={(e) => {
          setTheme(e.currentTarget.value as Theme);
          onChange();
        }}
      >
        <option value="system">{t('themeSystem')}</option>
        <option value="light">{t('themeLight')}</option>
        <option value="dark">{t('themeDark')}</option>
      </select>
    </>
  );
}

interface FrameProps {
  route: Route;
  me: Me;
  choices: ComponentChildren;
  onSignOut: () => void;
}

function Frame({ route, me, choices, onSignOut }: FrameProps) {
  const [menu, setMenu] = useState(false);
  useEffect(() => setMenu(false), [route]);
  const page = route.parts[0] ?? 'clusters';
  const entries: [string, IconName, string][] = [
    ['clusters', 'clusters', t('clusters')],
    ['metrics', 'metrics', t('metrics')],
    ['accounts', 'accounts', t('accounts')],
  ];
  return (
    <div class="frame">
      <a class="skip" href="#content" onClick={skipToContent}>
        {t('skipToContent')}
      </a>
      <header class="topbar">
        <button type="button" class="iconbutton onlynarrow" aria-label={t('mainNavigation')} aria-expanded={menu} onClick={() => setMenu(!menu)}>
          <Icon name={menu ? 'close' : 'menu'} />
        </button>
        <a class="brand" href={link('clusters')}>
          <Logo />
          <span>{t('productName')}</span>
        </a>
      </header>
      <aside class={menu ? 'sidebar open' : 'sidebar'}>
        <nav aria-label={t('mainNavigation')}>
          {entries.map(([id, icon, label]) => (
            <a key={id} href={link(id)} aria-current={page === id ? 'page' : undefined}>
              <Icon name={icon} />
              {label}
            </a>
          ))}
        </nav>
        <div class="sidefoot">
          <div class="choices">{choices}</div>
          <div class="note">{t('signedInAs', { name: me.user.name })}</div>
          <button type="button" class="button quiet" onClick={onSignOut}>
            {t('signOut')}
          </button>
          <div class="note">
            {t('productName')} {me.version}
          </div>
        </div>
      </aside>
      <main id="content" tabIndex={-1}>
        {me.insecure && (
          <div class="message warn">
            <Icon name="alert" />
            <div>{t('insecureServer')}</div>
          </div>
        )}
        <Page route={route} />
      </main>
      <Toasts />
    </div>
  );
}

// The fragment belongs to the router.
function skipToContent(e: Event): void {
  e.preventDefault();
  document.getElementById('content')?.focus();
}

function Page({ route }: { route: Route }) {
  const [page = 'clusters', name, ...rest] = route.parts;
  if (page === 'clusters' && name === undefined) return <ClustersPage />;
  if (page === 'clusters' && name !== undefined) return <ClusterPage key={name} name={name} rest={rest} query={route.query} />;
  if (page === 'metrics') return <MetricsPage />;
  if (page === 'accounts' || page === 'setup') return <AccountsPage />;
  return (
    <Empty title={t('notFound')} hint={t('notFoundHint')}>
      <a class="button secondary" href={link('clusters')}>
        {t('toClusters')}
      </a>
    </Empty>
  );
}
