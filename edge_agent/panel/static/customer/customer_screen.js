// What the buyer sees, a pure function of the display's state.

import { bonuses, money, quantity, tied } from '../format.js';
import { html } from '../vendor/preact-htm.js';
import { buyerWords } from './words_buyer.js';

function Message({ words, link }) {
  return html`<main class="plain">
    <h1>${link ? words.link : words.wait}</h1>
    ${link && html`<p>${words.linkHow}</p>`}
  </main>`;
}

function Member({ state, words }) {
  return html`<section class="member" data-test="member">
    <h1><span>${words.hello}</span> <b data-test="name">${state.name}</b></h1>
    <p>${words.balance}: <b data-test="balance">${bonuses(state.balance_points, state.locale)}</b></p>
  </section>`;
}

function Idle({ state, words }) {
  return html`<main class="plain" data-test="idle">
    <p class="store">${state.store_name}</p>
    ${state.name
      ? html`<${Member} state=${state} words=${words} />`
      : html`<h1>${words.welcome}</h1><p>${words.how}</p>`}
  </main>`;
}

function Lines({ state, words }) {
  const earlier = state.lines_count - state.lines.length;
  return html`<section class="items" aria-label=${words.items}>
    ${earlier > 0 && html`<p class="earlier">${words.earlier(earlier)}</p>`}
    <ol data-test="lines">
      ${state.lines.map(
        (line) => html`<li>
          <span class="what">${tied(line.name)}</span>
          <span class="many">${quantity(line.qty_milli)} ${line.unit}</span>
          <b>${money(line.sum_minor)}</b>
        </li>`,
      )}
    </ol>
  </section>`;
}

function Row({ name, value, kind, test }) {
  return html`<div class=${kind ?? ''}><dt>${name}</dt><dd data-test=${test}>${value}</dd></div>`;
}

function Totals({ state, words }) {
  return html`<dl class="sums">
    ${state.discount_minor > 0 &&
    html`<${Row} name=${words.gross} value=${money(state.gross_minor)} test="gross" />
      <${Row} name=${words.discount} value=${money(-state.discount_minor)} kind="less"
        test="discount" />`}
    ${state.redeemed_minor > 0 &&
    html`<${Row} name=${words.redeemed} value=${money(-state.redeemed_minor)} kind="less"
      test="redeemed" />`}
    <${Row} name=${words.toPay} value=${money(state.payable_minor)} kind="pay" test="payable" />
    ${state.name &&
    html`<${Row} name=${words.willEarn} value=${bonuses(state.earned_points, state.locale)}
      kind="earn" test="earn" />`}
  </dl>`;
}

function Join({ join, words }) {
  const size = join.qr_size;
  return html`<section class="join" data-test="join">
    <div>
      <h2>${words.join}</h2>
      <p>${words.joinScan}</p>
    </div>
    <svg viewBox=${`0 0 ${size} ${size}`} role="img" aria-label=${`QR: ${words.join}`}>
      <path d=${join.qr_path} />
    </svg>
  </section>`;
}

function Sale({ state, words }) {
  return html`<main class="sale" data-test="sale">
    <${Lines} state=${state} words=${words} />
    <aside>
      ${state.name && html`<${Member} state=${state} words=${words} />`}
      ${!state.name && html`<h1 class="unseen">${words.items}</h1>`}
      <${Totals} state=${state} words=${words} />
      ${state.join && html`<${Join} join=${state.join} words=${words} />`}
    </aside>
  </main>`;
}

function Done({ state, words }) {
  return html`<main class="plain done" data-test="done">
    <h1>${words.thanks}</h1>
    ${state.change_minor > 0 &&
    html`<p>${words.change}: <b data-test="change">${money(state.change_minor)}</b></p>`}
    ${state.name &&
    html`<p class="earn">
        ${words.earned}: <b data-test="earned">${bonuses(state.earned_points, state.locale)}</b>
      </p>
      <p>${state.name} · ${words.balance}:${' '}
        <b data-test="balance">${bonuses(state.balance_points, state.locale)}</b></p>`}
  </main>`;
}

const PHASES = { idle: Idle, hello: Idle, sale: Sale, done: Done };

/** The display for a model. While the agent is away it shows no figure that may be old. */
export function CustomerScreen({ model }) {
  const { state } = model;
  const words = buyerWords(state?.locale);
  document.title = words.title;
  if (model.phase === 'login') return html`<${Message} words=${words} link=${true} />`;
  if (!state || model.link === 'down') return html`<${Message} words=${words} />`;
  const Phase = PHASES[state.phase] ?? Idle;
  return html`${state.training && html`<p class="training" data-test="training">НАВЧАННЯ</p>`}
    <${Phase} state=${state} words=${words} />`;
}
