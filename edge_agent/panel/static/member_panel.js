// Who is buying: shown the same way before the sale and during it.

import { bonusWord, bonuses, dateOf, dayOf, money, momentOf, points, tied } from './format.js';
import { Icon } from './icons.js';
import { html } from './vendor/preact-htm.js';

const MAX_OFFERS = 3;
const MAX_PURCHASES = 3;

function nearestBurn(lots) {
  return lots
    .filter((lot) => lot.expires_on && lot.points > 0)
    .sort((a, b) => a.expires_on.localeCompare(b.expires_on))[0];
}

function Figures({ member, words, locale }) {
  const burn = nearestBurn(member.lots);
  return html`<dl class="figures">
    <div>
      <dt>${words.spendable}</dt>
      <dd data-test="spendable">${points(member.spendable_points)}</dd>
    </div>
    ${member.pending_points > 0 &&
    html`<div><dt>${words.pending}</dt><dd>${points(member.pending_points)}</dd></div>`}
    ${burn &&
    html`<div>
      <dt>${words.burn} ${dayOf(burn.expires_on)}</dt>
      <dd>${bonuses(burn.points, locale)}</dd>
    </div>`}
  </dl>`;
}

function Flags({ member, words }) {
  return html`
    ${member.is_blocked &&
    html`<p class="flag bad" data-test="blocked"><${Icon} name="stop" />${words.blocked}</p>`}
    ${member.is_birthday &&
    html`<p class="flag gift" data-test="birthday"><${Icon} name="gift" />${words.birthday}</p>`}
    ${member.missing.length > 0 &&
    html`<p class="quiet" data-test="missing">
      ${words.missing} ${member.missing.map((name) => words.profile[name]).join(', ')}
    </p>`}
  `;
}

function Offers({ offers, words }) {
  if (!offers.length) return null;
  return html`<section class="offers">
    <h3>${words.offers}</h3>
    <ul>
      ${offers.slice(0, MAX_OFFERS).map((offer) => html`<li>${tied(offer)}</li>`)}
    </ul>
  </section>`;
}

function Purchases({ purchases, words }) {
  return html`<section class="purchases">
    <h3>${words.purchases}</h3>
    ${purchases.length === 0 && html`<p class="quiet">${words.noPurchases}</p>`}
    <ul>
      ${purchases.slice(0, MAX_PURCHASES).map(
        (past) => html`<li>
          <span>${dateOf(past.at)}</span><b>${money(past.total_minor)}</b>
          <span class="items">${past.items.join(', ')}</span>
        </li>`,
      )}
    </ul>
  </section>`;
}

function Nobody({ scene, words }) {
  return html`<section class="card member nobody" aria-label=${words.member}>
    <${Icon} name="person" />
    <h2>${scene.open ? words.anonymous : words.nobody}</h2>
    <p>${words.nobodyMore}</p>
  </section>`;
}

export function MemberPanel({ model, scene, words, locale, run }) {
  const { member } = scene;
  if (!member) return html`<${Nobody} scene=${scene} words=${words} />`;
  const isOld = !model.state.strip.online;
  const asOf = momentOf(member.as_of, model.state.at);
  const tone = scene.isWaiting ? 'waiting' : '';
  return html`<section class="card member ${tone}" aria-label=${words.member} data-test="member">
    <p class="eyebrow">${words.member}${member.tier && ` · ${member.tier}`}</p>
    <h2 data-test="name">${member.name}</h2>
    <${Flags} member=${member} words=${words} />
    <p class="balance">
      <strong data-test="balance">${points(member.balance_points)}</strong>
      ${' '}<span>${bonusWord(member.balance_points, locale)}</span>
    </p>
    ${isOld &&
    html`<p class="as-of" data-test="as-of">
      <${Icon} name="clock" />${asOf ? `${words.asOf} ${asOf}` : words.asOfNever}
    </p>`}
    ${scene.isWaiting &&
    !scene.open &&
    html`<button class="primary" data-test="start" onClick=${() => run('begin')}>
      ${words.startSale} <kbd>Enter</kbd>
    </button>`}
    <${Figures} member=${member} words=${words} locale=${locale} />
    <${Offers} offers=${member.offers} words=${words} />
    <${Purchases} purchases=${member.purchases} words=${words} />
  </section>`;
}
