// Entry: the link becomes a token, the token follows states, keys become verbs.

import { Agent, followStates, openSession } from './agent.js';
import { GoodsVerbs } from './goods_verbs.js';
import { isOurs, verbOf } from './keys.js';
import { Queue } from './queue.js';
import { SaleVerbs } from './sale_verbs.js';
import { firstModel, isLive, localeOf, saleOf } from './scene.js';
import { Screen } from './screen.js';
import { html, render } from './vendor/preact-htm.js';
import { wordsOf } from './words.js';

const AGES_MS = 30000;

const root = document.getElementById('root');
let model = firstModel();
let groups = [];
let isDrawing = false;

const store = {
  get: () => model,
  set(patch) {
    model = { ...model, ...patch };
    if (!isDrawing) {
      isDrawing = true;
      queueMicrotask(draw);
    }
  },
};

function draw() {
  isDrawing = false;
  const locale = localeOf(model);
  document.documentElement.lang = locale;
  document.title = wordsOf(locale).title;
  render(html`<${Screen} model=${model} run=${run} />`, root);
  if (isLive(model) && !model.dialog && document.activeElement === document.body) focusInput();
}

function focusInput() {
  document.getElementById('entry')?.focus({ preventScroll: true });
}

/** Do a verb; afterwards the input is ready again. */
function run(name, argument) {
  const group = groups.find((item) => typeof item[name] === 'function');
  group?.[name](argument);
  if (!model.dialog) focusInput();
}

function isTyping(event) {
  const isCharacter = event.key.length === 1 || event.key === 'Backspace';
  return isCharacter && !event.ctrlKey && !event.metaKey && !event.altKey;
}

document.addEventListener('keydown', (event) => {
  if (event.isComposing) return;
  const verb = verbOf(event, model);
  if (verb) {
    event.preventDefault();
    run(...verb);
  } else if (isOurs(event)) {
    event.preventDefault();
  } else if (!model.dialog && document.activeElement === document.body) {
    if (event.key === 'Enter' && isLive(model)) run('submit');
    else if (isTyping(event)) focusInput();
  }
});

async function open(code) {
  store.set({ phase: 'opening' });
  let token;
  try {
    token = await openSession(code);
  } catch (refusal) {
    store.set({ phase: 'login', loginWhy: refusal.status === 0 ? 'gone' : 'used' });
    return;
  }
  const queue = new Queue(store, new Agent(token));
  groups = [new GoodsVerbs(queue), new SaleVerbs(queue)];
  await followStates(token, {
    up: () => store.set({ phase: 'live', link: 'up', flash: null }),
    down: () => store.set({ link: 'down', dialog: null }),
    ended: () => store.set({ phase: 'login', loginWhy: 'ended', state: null, dialog: null }),
    state: take,
  });
}

function take(state, isFirst) {
  const sale = isFirst ? state.sale : saleOf(state, model.state?.sale);
  store.set({ state: { ...state, sale }, receivedAt: performance.now() });
}

function start() {
  const code = location.hash.slice(1);
  history.replaceState(null, '', location.pathname);
  if (code) open(code);
  else store.set({ phase: 'login', loginWhy: 'none' });
}

window.addEventListener('hashchange', () => {
  if (location.hash.length > 1) location.reload();
});
setInterval(() => store.set({}), AGES_MS);
draw();
start();
