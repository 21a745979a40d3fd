import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './style.css';
import { App } from './app';
import { language } from './i18n';
import { applyTheme } from './lib/theme';

applyTheme();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', applyTheme);
document.documentElement.lang = language();
render(<App />, document.getElementById('app')!);
