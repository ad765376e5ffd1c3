// The buyer's tablet: paired by a code, it asks whether a sale waits for a member and sends one form.
// Nothing that is typed outlives the sale, the sending, or a minute without a touch.

import { said, word } from '/tablet_words.js';

const POLL_MS = 2000;
const FORGET_MS = 60000;
const FIELDS = ['phone', 'name', 'birthday'];
const part = (id) => document.getElementById(id);

let token = '';
let locale = ''; // the buyer's choice, until the sale ends
let state = null;
let isAway = false;
let code = ''; // of the last refusal
let forgetting = 0;

function phase() {
  if (!token) return 'Pair';
  if (isAway || !state) return 'Away';
  return { form: 'Form', member: 'Member' }[state.phase] ?? 'Closed';
}

function draw() {
  const spoken = locale || state?.locale || 'uk';
  const now = phase();
  document.documentElement.lang = spoken;
  part('title').textContent = document.title = word(`title${now}`, spoken);
  part('lead').textContent = word(`lead${now}`, spoken);
  part('store').textContent = state?.store_name ?? '';
  part('consent').textContent = state?.consent || word('consent', spoken);
  part('said').textContent = code ? said(code, spoken) : '';
  part('pair').hidden = now !== 'Pair';
  part('join').hidden = now !== 'Form';
  for (const each of document.querySelectorAll('[data-word]')) {
    each.textContent = word(each.dataset.word, spoken);
  }
  for (const each of document.querySelectorAll('[data-lang]')) {
    each.setAttribute('aria-pressed', String(each.dataset.lang === spoken));
  }
}

function forget() {
  clearTimeout(forgetting);
  part('join').reset();
  code = locale = '';
}

function show(next) {
  if (next?.visit !== state?.visit || next?.phase !== state?.phase) forget();
  state = next;
  draw();
}

async function call(method, path, body) {
  const headers = { 'content-type': 'application/json' };
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const told = await answer.json();
  if (answer.status === 401) token = '';
  if (!answer.ok) throw Object.assign(new Error(told.code), { code: told.code });
  return told;
}

async function look() {
  try {
    const next = await call('GET', '/state');
    isAway = false;
    show(next);
  } catch (error) {
    isAway = !error.code;
    show(null);
  }
}

async function follow() {
  while (token) {
    await look();
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

/** Sends a form once, however often it is touched. */
function onSend(form, send) {
  const button = form.querySelector('button');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    code = '';
    try {
      await send();
    } catch (error) {
      code = error.code ?? 'other';
    }
    button.disabled = false;
    draw();
  });
}

onSend(part('pair'), async () => {
  const typed = part('code').value.replace(/\s/g, '');
  part('pair').reset();
  token = (await call('POST', '/pair', { code: typed })).token;
  follow();
});

onSend(part('join'), async () => {
  const typed = Object.fromEntries(FIELDS.map((name) => [name, part(name).value]));
  await call('POST', '/join', { ...typed, visit: state.visit, agreed: part('agreed').checked });
  forget();
  await look();
});

part('join').addEventListener('input', () => {
  clearTimeout(forgetting);
  forgetting = setTimeout(() => {
    forget();
    draw();
  }, FORGET_MS);
});
part('languages').addEventListener('click', ({ target }) => {
  locale = target.dataset.lang ?? locale;
  draw();
});
window.addEventListener('pagehide', forget);
draw();
