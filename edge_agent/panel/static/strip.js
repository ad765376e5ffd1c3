// The state strip: what works, since when, and how old the rules are.

import { ageOf, momentOf } from './format.js';
import { Icon } from './icons.js';
import { agentNow } from './scene.js';
import { html } from './vendor/preact-htm.js';

const DEVICE = {
  ok: ['good', 'check'],
  low: ['warn', 'warn'],
  out: ['bad', 'cross'],
  offline: ['bad', 'cross'],
  error: ['bad', 'warn'],
  none: ['none', 'dash'],
};

function Mark({ tone, icon, children, title }) {
  return html`<span class="mark ${tone}" title=${title}><${Icon} name=${icon} />${children}</span>`;
}

function Device({ name, state, words }) {
  const [tone, icon] = DEVICE[state] ?? DEVICE.error;
  const said = words.device[state] ?? words.device.error;
  return html`<${Mark} tone=${tone} icon=${icon} title=${`${name}: ${said}`}>
    ${state === 'ok' || state === 'none'
      ? html`<span>${name}<span class="unseen">: ${said}</span></span>`
      : html`<span>${name}: ${said}</span>`}
  <//>`;
}

function Storage({ state, words }) {
  if (!state || state === 'ok') return null;
  const tone = state === 'full' || state === 'damaged' ? 'bad' : 'warn';
  return html`<${Mark} tone=${tone} icon="warn">
    <span data-test="storage">${words.storage[state]}</span>
  <//>`;
}

function Rules({ model, words, locale }) {
  const { ruleset_sequence: sequence, ruleset_at: at } = model.state.strip;
  if (!sequence) return html`<${Mark} tone="warn" icon="warn">${words.noRules}<//>`;
  const age = at ? ageOf((agentNow(model) - Date.parse(at)) / 1000, locale) : '';
  const text = `${words.rules} №${sequence}${age ? ` · ${age}` : ''}`;
  return html`<span class="mark">${text}</span>`;
}

// Who works, and what of the shift will stop sales soon: its sentence stands in the title.
function Shift({ shift, words }) {
  if (!shift) return null;
  const [pressing] = shift.warnings;
  return html`
    ${pressing &&
    html`<${Mark} tone="bad" icon="warn" title=${pressing.sentence}>
      <b data-test="shift-warning">${words.shiftWarning[pressing.code] ?? pressing.sentence}</b>
    <//>`}
    ${shift.cashier &&
    html`<${Mark} tone="" icon="person"><span data-test="cashier">${shift.cashier.name}</span><//>`}
    ${shift.signs_in &&
    !shift.cashier &&
    html`<${Mark} tone="warn" icon="person"><span data-test="cashier">${words.nobodyIn}</span><//>`}
  `;
}

export function Strip({ model, words, locale }) {
  const { strip, shift, training } = model.state;
  const since = momentOf(strip.since, model.state.at);
  return html`<header class="strip">
    ${training &&
    html`<${Mark} tone="bad" icon="warn"><b data-test="training">${words.trainingMark}</b><//>`}
    <${Mark} tone=${strip.online ? 'good' : 'warn'} icon=${strip.online ? 'check' : 'warn'}>
      <b data-test="link">${strip.online ? words.online : words.offline}</b>
      ${since && html`<span>${words.since} ${since}</span>`}
    <//>
    <span class="mark">${words.queue}: <b data-test="queue">${strip.outbox}</b></span>
    <${Device} name=${words.printer} state=${strip.printer} words=${words} />
    <${Device} name=${words.scanner} state=${strip.scanner} words=${words} />
    <${Rules} model=${model} words=${words} locale=${locale} />
    ${strip.clock === 'unsure' && html`<${Mark} tone="warn" icon="clock">${words.clockUnsure}<//>`}
    ${strip.clock_off_s !== 0 && html`<${Mark} tone="warn" icon="clock">
      <b data-test="clock-off">${words.clockOff(Math.round(strip.clock_off_s / 60))}</b>
    <//>`}
    <${Storage} state=${strip.storage} words=${words} />
    <${Shift} shift=${shift} words=${words} />
    <span class="mark place">
      <span class="store">${strip.store_name}</span> <b>${strip.register_id}</b>
    </span>
  </header>`;
}
