// The tutorial's whole story in a browser, from an empty server: node story.mjs PALMETTO, in the root of the tree. Set up
// and sign in, create a cluster and a SQL user, download the CA certificate, copy the connection string; load dbinit.sql
// and run both applications with that string; see 95 rows in the workbench. Then every other page, and names that are
// markup. Pictures of all pages are left in build/console-screenshots.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { check, equal, finish, look, run, startBrowser, startServer, text, work } from './harness.mjs';

const palmetto = resolve(process.argv[2]);
const python = resolve('build/venv/bin/python');
const shared = resolve('../shared/tutorial');
const app = existsSync(shared)
  ? { init: join(shared, 'dbinit.sql'), main: join(shared, 'main.py') }
  : { init: 'examples/python-sqlalchemy/dbinit.sql', main: 'examples/python-sqlalchemy/main.py' };

const server = await startServer(palmetto);
const { browser, page } = await startBrowser();
const button = (name, within = page) => within.getByRole('button', { name, exact: true });
const dialog = (name) => page.getByRole('dialog', { name });
const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
const heading = (name) => page.getByRole('heading', { name }).first();

async function setUp() {
  await page.goto(server.link);
  await heading('Set up the console').waitFor();
  await look(page, 'setup');
  await page.getByLabel('Account name').fill('maya');
  await page.getByLabel('Password', { exact: true }).fill('correct horse');
  await page.getByLabel('Repeat the password').fill('correct horse');
  await button('Create administrator').click();
  await heading('Clusters').waitFor();
  check('the first administrator is signed in', true);
  await look(page, 'clusters-empty');
}

async function signIn() {
  await button('Sign out').click();
  await heading('Sign in to the console').waitFor();
  await look(page, 'sign-in');
  await page.getByLabel('Account name').fill('maya');
  await page.getByLabel('Password').fill('wrong horse');
  await button('Sign in').click();
  await page.getByRole('alert').getByText('The name or the password is wrong.').waitFor();
  await page.getByLabel('Password').fill('correct horse');
  await button('Sign in').click();
  await heading('Clusters').waitFor();
  check('signing in wants the right password', true);
}

async function createCluster() {
  await button('Create cluster').click();
  const form = dialog('Create cluster');
  await page.waitForFunction(() => document.querySelector('dialog input')?.value !== '');
  const name = await form.getByLabel('Cluster name').inputValue();
  check('a name is suggested', /^[a-z]+-[a-z]+-\d+$/.test(name), name);
  await form.getByText('With limits').click();
  await look(page, 'create-cluster');
  await button('Create cluster', form).click();
  const user = dialog('Create SQL user');
  await user.waitFor();
  await look(page, 'create-user');
  await user.getByLabel('SQL user name').fill('maya');
  await button('Generate & save password', user).click();
  const once = dialog('SQL user maya created');
  await once.waitFor();
  await once.getByRole('button', { name: 'Copy' }).nth(1).click();
  const password = await clipboard();
  check('a password is generated', password.length >= 16, password);
  await look(page, 'password');
  await button('Next', once).click();
  return { name, password };
}

async function connect({ name, password }) {
  const connection = dialog(`Connect to ${name}`);
  await connection.getByRole('heading', { name: 'Connection string' }).waitFor();
  await look(page, 'connect');
  const boxes = connection.locator('.copybox');
  await boxes.nth(0).getByRole('button').click();
  const command = await clipboard();
  run('sh', ['-c', command]);
  check('the command downloads the CA certificate', text(join(work, '.postgresql/root.crt')).startsWith('-----BEGIN CERTIFICATE-----'), command);
  await boxes.nth(1).getByRole('button').click();
  const url = await clipboard();
  check('the string is complete', url.includes(`/${name}.defaultdb?sslmode=verify-full`) && url.includes(password), url);
  await connection.getByLabel('Select option').selectOption('sqlalchemy');
  await look(page, 'connect-python');
  for (const option of ['parameters', 'palmetto', 'psql', 'psycopg2', 'psycopg', 'node', 'go', 'java', 'libpq', 'ruby', 'rust'])
    await connection.getByLabel('Select option').selectOption(option);
  await button('Close', connection).click();
  return url;
}

function runApplications(url) {
  const env = { DATABASE_URL: url };
  const sql = (...args) => run(palmetto, ['sql', '--url', url, ...args]);
  equal('dbinit.sql loads', run(palmetto, ['sql', '--url', url], { input: text(app.init) }).trim(), 'CREATE TABLE');
  const crud = run(python, [app.main], { env });
  equal('the SQLAlchemy application deletes five accounts', crud.split('\n').filter((l) => l.startsWith('Deleted account')).length, 5);
  equal('95 accounts are left', sql('--format=tsv', '-e', 'SELECT count(*) FROM accounts').trim().split('\n')[1], '95');
  sql('-e', 'ALTER TABLE accounts RENAME TO customers');
  const transfer = run(python, ['examples/python-psycopg2/example.py'], { env });
  check('the psycopg2 application transfers', /900\)[\s\S]*350\)/.test(transfer), transfer);
}

async function workbench(name) {
  await page.getByRole('link', { name, exact: true }).click();
  await heading('Usage').waitFor();
  await look(page, 'overview');
  await page.getByRole('link', { name: 'SQL workbench' }).click();
  const editor = page.getByLabel('SQL statements');
  await editor.fill('SELECT count(*) FROM customers;');
  await button('Run').click();
  await page.locator('table.grid td').first().waitFor();
  equal('the workbench counts 95 rows', await page.locator('table.grid td').first().textContent(), '95');
  await editor.fill("SELECT id, balance, NULL AS nothing, '{\"a\": [1, 2]}'::JSONB AS j FROM customers ORDER BY balance LIMIT 5; SELECT 1 / 0;");
  await editor.press('Control+Enter');
  await page.getByRole('alert').getByText('division by zero').waitFor();
  check('an error is shown behind the results before it', (await page.locator('table.grid tbody tr').count()) === 5);
  await look(page, 'workbench');
  await editor.fill('SELECT c.balance, count(*) FROM customers c JOIN customers d ON d.balance = c.balance WHERE c.balance > 10 GROUP BY c.balance ORDER BY 2');
  await button('Explain').click();
  await page.locator('.plannode').first().waitFor();
  check('EXPLAIN is a tree', (await page.locator('.plannode').count()) > 3);
  await look(page, 'explain');
  check('history keeps what was run', (await page.locator('.history li').count()) === 2);
}

async function otherPages(name) {
  const open = async (label, wait) => {
    await page.getByRole('link', { name: label, exact: true }).click();
    await wait();
    await page.waitForFunction(() => document.querySelector('.skeleton') === null);
  };
  await open('Databases', () => page.getByRole('link', { name: 'defaultdb' }).waitFor());
  await look(page, 'databases');
  await page.getByRole('link', { name: 'defaultdb' }).click();
  await page.getByRole('link', { name: 'customers' }).waitFor();
  await look(page, 'tables');
  await page.getByRole('link', { name: 'customers' }).click();
  await page.getByRole('cell', { name: 'balance' }).first().waitFor();
  await page.getByRole('tab', { name: 'Create statement' }).click();
  check('the create statement is shown', (await page.locator('.copybox pre').textContent()).includes('CREATE TABLE'));
  await look(page, 'table');
  await open('SQL activity', () => page.getByRole('tab', { name: 'Statements' }).waitFor());
  await page.locator('button.sql').first().waitFor();
  await look(page, 'statements');
  await page.locator('button.sql', { hasText: 'customers' }).first().click();
  await dialog('Statement').waitFor();
  await look(page, 'statement');
  await button('Close', dialog('Statement')).click();
  await page.getByRole('tab', { name: 'Transactions' }).click();
  await page.waitForFunction(() => document.querySelector('.skeleton') === null);
  await look(page, 'transactions');
  await page.getByRole('tab', { name: 'Sessions' }).click();
  await page.waitForFunction(() => document.querySelector('.skeleton') === null);
  await look(page, 'sessions');
  await open('Charts', () => page.getByRole('figure').nth(4).waitFor());
  check('a cluster has charts of its own', (await page.getByRole('figure').first().textContent()).includes('cluster_conns'));
  await look(page, 'charts');
  await open('Users', () => page.getByRole('cell', { name: 'maya' }).first().waitFor());
  await look(page, 'users');
  await open('Jobs', () => heading('Jobs').waitFor());
  await look(page, 'jobs');
  await open('Backups', () => heading('Backups').waitFor());
  await look(page, 'backups');
  await open('Settings', () => page.getByRole('table').waitFor());
  await look(page, 'settings');
  await open('Metrics', () => heading('Metrics').waitFor());
  await look(page, 'metrics');
  await open('Console accounts', () => page.getByRole('cell', { name: 'maya' }).waitFor());
  await look(page, 'accounts');
  await open('Clusters', () => page.getByRole('link', { name, exact: true }).waitFor());
  await look(page, 'clusters');
}

// Names that are markup must stay text wherever they are shown.
async function hostileNames(url, name) {
  const hostile = '<img src=x onerror=alert(1)>';
  const quoted = `"${hostile}"`;
  run(palmetto, ['sql', '--url', url, '-e', `CREATE DATABASE ${quoted}; CREATE TABLE ${quoted}.${quoted} (${quoted} INT PRIMARY KEY); SELECT 1 AS ${quoted}`]);
  for (const where of ['activity', 'databases', `databases/${encodeURIComponent(hostile)}`, `databases/${encodeURIComponent(hostile)}/${encodeURIComponent(`public.${hostile}`)}`]) {
    await page.goto(`${server.link.split('#')[0]}#/clusters/${name}/${where}`);
    await page.getByText(hostile).first().waitFor();
    check(`markup in names is text on ${where.split('/').length > 1 ? 'a database page' : where}`, (await page.locator('main img').count()) === 0);
  }
  await page.goto(`${server.link.split('#')[0]}#/clusters/${name}/workbench`);
  await page.getByLabel('SQL statements').fill(`SELECT '${hostile}' AS ${quoted}`);
  await button('Run').click();
  await page.locator('table.grid td', { hasText: hostile }).waitFor();
  check('markup in results is text', (await page.locator('main img').count()) === 0);
}

async function manage(name) {
  await page.goto(`${server.link.split('#')[0]}#/clusters/${name}`);
  await button('Suspend').click();
  await button('Suspend', dialog('Suspend')).click();
  await page.getByText('Suspended').waitFor();
  await button('Resume').click();
  await button('Suspend').waitFor();
  check('a cluster is suspended and resumed', true);
  await button('Delete cluster').click();
  const confirm = dialog('Delete cluster');
  check('deleting wants the name', await button('Delete cluster', confirm).isDisabled());
  await confirm.getByLabel(`Type ${name} to confirm`).fill(name);
  await button('Delete cluster', confirm).click();
  await heading('Deleted clusters').waitFor();
  await look(page, 'deleted');
  await button('Restore').click();
  await page.getByRole('link', { name, exact: true }).waitFor();
  check('a deleted cluster comes back', true);
}

async function indonesian() {
  await page.getByLabel('Language').selectOption('id');
  await heading('Klaster').waitFor();
  check('the console speaks Indonesian', (await page.locator('html').getAttribute('lang')) === 'id');
  await look(page, 'clusters-indonesian');
}

async function keyboard() {
  await page.goto(`${server.link.split('#')[0]}#/clusters`);
  await page.reload();
  await page.getByLabel('Bahasa').waitFor();
  await heading('Klaster').waitFor();
  await page.keyboard.press('Tab');
  const first = await page.evaluate(() => document.activeElement?.textContent);
  equal('the first stop of the Tab key skips to the content', first?.trim(), 'Langsung ke isi');
}

try {
  await setUp();
  await signIn();
  const cluster = await createCluster();
  const url = await connect(cluster);
  runApplications(url);
  await workbench(cluster.name);
  await otherPages(cluster.name);
  await hostileNames(url, cluster.name);
  await manage(cluster.name);
  await indonesian();
  await keyboard();
} catch (e) {
  await page.screenshot({ path: 'build/console-screenshots/failure.png', fullPage: true });
  check(`the story goes on: ${e.stack ?? e}`, false);
}
await browser.close();
await server.stop();
finish();
