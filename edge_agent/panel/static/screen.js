// The whole screen, a pure function of the model.

import { BasketPanel } from './basket_panel.js';
import { Dialog } from './dialogs.js';
import { tied } from './format.js';
import { Icon } from './icons.js';
import { MemberPanel } from './member_panel.js';
import { PayPanel, ResultPanel } from './money_panels.js';
import { agentNow, localeOf, sceneOf } from './scene.js';
import { Strip } from './strip.js';
import { html } from './vendor/preact-htm.js';
import { wordsOf } from './words.js';

const NOTICE_ICON = { info: 'info', warn: 'warn', error: 'stop' };

function Gate({ model, words }) {
  if (model.phase !== 'login') return html`<main class="gate"><p>${words.opening}</p></main>`;
  return html`<main class="gate" data-test="login">
    <div class="card">
      <h1>${words.loginTitle}</h1>
      <p>${words.loginWhy[model.loginWhy]}</p>
      <p>${words.loginHow}</p>
      <pre><code>edge-agent panel --config …</code></pre>
      <p>${words.loginThen}</p>
    </div>
  </main>`;
}

function Gone({ words }) {
  return html`<div class="gone" role="alert" data-test="gone">
    <${Icon} name="warn" />
    <div><b>${words.agentGone}</b><span>${words.agentGoneMore}</span></div>
  </div>`;
}

const NOTICE_MS = 120000;

// What the agent said last, unless the screen has moved on since.
function noticeOf(model, scene) {
  const { notice } = model.state;
  if (!notice || agentNow(model) - Date.parse(notice.at) > NOTICE_MS) return null;
  return notice.code === 'other_member' && !scene.other ? null : notice;
}

function Notice({ model, scene }) {
  const notice = model.flash ?? noticeOf(model, scene);
  return html`<div class="notice ${notice?.kind ?? ''}" aria-live="polite" data-test="notice">
    ${notice && html`<${Icon} name=${NOTICE_ICON[notice.kind]} /><span>${tied(notice.text)}</span>`}
  </div>`;
}

function Foot({ model, scene, words, run }) {
  return html`<footer class="foot">
    <${Notice} model=${model} scene=${scene} />
    ${scene.other &&
    html`<button class="accent" data-test="replace" onClick=${() => run('replaceMember')}>
      <span>${words.replace}: ${scene.other.name}</span> <kbd>F6</kbd>
    </button>`}
    ${scene.unsettled > 0 &&
    html`<span class="mark warn"><${Icon} name="warn" />${words.unsettled}</span>`}
    ${scene.open &&
    html`<button data-test="cancel" onClick=${() => run('ask', 'cancel')}>
      <span>${words.cancel}</span> <kbd>F10</kbd>
    </button>`}
    <button data-test="menu" onClick=${() => run('ask', 'menu')}>
      <span>${words.menu}</span> <kbd>F11</kbd>
    </button>
    <button data-test="locale" onClick=${() => run('switchLocale')}>
      <span>${words.language}</span> <kbd>F9</kbd>
    </button>
    <button data-test="keys" onClick=${() => run('ask', 'keys')}>
      <span>${words.keys}</span> <kbd>F1</kbd>
    </button>
  </footer>`;
}

function Desk(props) {
  const { scene } = props;
  if (scene.job) return html`<${ResultPanel} ...${props} />`;
  if (scene.closed) {
    return html`<div class="after">
      <${BasketPanel} ...${props} />
      <${ResultPanel} ...${props} />
    </div>`;
  }
  return html`<${BasketPanel} ...${props} />${scene.open && html`<${PayPanel} ...${props} />`}`;
}

/** The page for a model; `run(verb, argument)` is all that it can do. */
export function Screen({ model, run }) {
  const locale = localeOf(model);
  const words = wordsOf(locale);
  if (model.phase !== 'live' || !model.state) return html`<${Gate} model=${model} words=${words} />`;
  const scene = sceneOf(model);
  const props = { model, scene, words, locale, run };
  const isGone = model.link === 'down';
  const look = `screen ${isGone ? 'is-gone' : ''} ${scene.training ? 'training' : ''}`;
  return html`<div class=${look} data-mark=${words.trainingMark}>
    <${Strip} ...${props} />
    ${isGone && html`<${Gone} words=${words} />`}
    <main class="desk ${scene.open ? '' : 'wide'}" inert=${isGone}>
      <h1 class="unseen">${words.title}</h1>
      <${MemberPanel} ...${props} />
      <${Desk} ...${props} />
    </main>
    <${Foot} ...${props} />
    ${model.dialog && !isGone && html`<${Dialog} ...${props} />`}
  </div>`;
}
