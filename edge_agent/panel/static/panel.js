// Entry: the link becomes a token, the token follows states, keys become verbs.

import { Agent, followStates, openSession } from './agent.js';
import { scansOf } from './dialogs.js';
import { GoodsDialogVerbs, newsOf } from './goods_dialogs.js';
import { GoodsVerbs } from './goods_verbs.js';
import { isOurs, verbOf } from './keys.js';
import { Pace } from './pace.js';
import { PeopleVerbs } from './people.js';
import { Queue } from './queue.js';
import { SaleVerbs } from './sale_verbs.js';
import { firstModel, isLive, localeOf, saleOf } from './scene.js';
import { ReturnVerbs } from './returns.js';
import { Screen } from './screen.js';
import { ShiftVerbs } from './shift_panel.js';
import { html, render } from './vendor/preact-htm.js';
import { wordsOf } from './words.js';

const AGES_MS = 30000;

const root = document.getElementById('root');
let model = firstModel();
let groups = [];
let isDrawing = false;
let isAsking = false; // a question stood at the last drawing
const pace = new Pace();
let tell = () => {}; // what a sale cost in keys and time, to the agent
let pushed = null; // the state before answers were laid over it

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
  // A dialog that goes hands its focus back to an input that Chromium then lets nobody type into.
  if (isAsking && !model.dialog) document.activeElement.blur();
  isAsking = Boolean(model.dialog);
  if (isLive(model) && !model.dialog && document.activeElement === document.body) focusInput();
}

function focusInput() {
  document.getElementById('entry')?.focus({ preventScroll: true });
}

/** Do a verb; afterwards the input is ready again. `fromMenu` does another once the menu is gone. */
function run(name, argument) {
  if (name === 'fromMenu') {
    run('closeDialog');
    run(...argument);
    return;
  }
  pace.verb(name);
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
  pace.key(event);
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
  const agent = new Agent(token);
  tell = (counts) => agent.write('POST', '/v1/panel/pace', counts).catch(() => {});
  const queue = new Queue(store, agent, scansOf);
  const kinds = [
    GoodsVerbs, SaleVerbs, PeopleVerbs, ShiftVerbs, ReturnVerbs, GoodsDialogVerbs,
  ];
  groups = kinds.map((Verbs) => new Verbs(queue));
  setInterval(() => queue.hold(), AGES_MS);
  await followStates(token, {
    up: () => store.set({ phase: 'live', link: 'up', flash: null }),
    down: () => store.set({ link: 'down', dialog: null }),
    ended: () => store.set({ phase: 'login', loginWhy: 'ended', state: null, dialog: null }),
    state: take,
  });
}

function take(state, isFirst) {
  const last = pushed;
  pushed = state;
  const sale = isFirst ? state.sale : saleOf(state, model.state?.sale);
  const before = model.state;
  const patch = { state: { ...state, sale }, receivedAt: performance.now() };
  const idOf = (one) => one?.shift?.cashier?.cashier_id;
  const isOther = idOf(before) !== idOf(state);
  // Each cashier has a language; a choice is ours until the agent has heard of it.
  if (isOther || state.locale === model.locale) patch.locale = null;
  store.set(patch);
  const counts = pace.state(state);
  if (counts) tell(counts);
  const news = isFirst ? null : newsOf(last, state, model.dialog);
  if (news) run(...news);
  if (isOther && model.dialog?.kind === 'signIn') run('closeDialog');
  const isScan = state.scan && state.scan.number !== before?.scan?.number;
  const kind = isScan && model.dialog?.kind;
  if (kind === 'giveBack') run('findReceipt', state.scan.text);
  if (kind === 'card') run('dialogValue', { name: 'card', value: state.scan.text });
  if (kind === 'approval') run('acceptApproval', true);
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
