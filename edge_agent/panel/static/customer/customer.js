// The buyer's display: one pushed state, drawn large. Its token reads this display and nothing else.

import { followStates, openSession } from '../agent.js';
import { CustomerScreen } from './customer_screen.js';
import { html, render } from '../vendor/preact-htm.js';

const FEED = { path: '/v1/customer/events', isOld: () => false };
const root = document.getElementById('root');
let model = { phase: 'opening', link: 'connecting', state: null };

function set(patch) {
  model = { ...model, ...patch };
  document.documentElement.lang = model.state?.locale ?? 'uk';
  render(html`<${CustomerScreen} model=${model} />`, root);
}

async function open(code) {
  let token;
  try {
    token = await openSession(code);
  } catch {
    set({ phase: 'login' });
    return;
  }
  const on = {
    up: () => set({ phase: 'live', link: 'up' }),
    down: () => set({ link: 'down' }),
    ended: () => set({ phase: 'login', state: null }),
    state: (state) => set({ state }),
  };
  await followStates(token, on, FEED);
}

const code = location.hash.slice(1);
history.replaceState(null, '', location.pathname);
window.addEventListener('hashchange', () => location.hash.length > 1 && location.reload());
set(code ? {} : { phase: 'login' });
if (code) open(code);
