// Questions about goods: excise stamps, gift cards, why an offer does not act; and training.

import { Field } from './fields.js';
import { money, tied } from './format.js';
import { sceneOf } from './scene.js';
import { html } from './vendor/preact-htm.js';

const lackingOf = (sale) =>
  sale?.state === 'open' && sale.origin === 'panel'
    ? sale.lines.filter((line) => line.stamps_lacking > 0)
    : [];

const countOf = (sale) => lackingOf(sale).reduce((sum, line) => sum + line.stamps_lacking, 0);

/** True while a line of the screen's own sale lacks an excise stamp. */
export const lacksStamp = (sale) => countOf(sale) > 0;

/** The verb that a pushed state asks for beside being drawn, or null. `last` was pushed before. */
export function newsOf(last, state, dialog) {
  const now = countOf(state.sale);
  const isTwice = state.choices.length > 0;
  if (dialog?.kind === 'stamp') return now ? null : ['closeDialog'];
  if (dialog?.kind === 'twice') return isTwice ? null : ['closeDialog'];
  if (dialog) return null;
  if (now > countOf(last?.sale)) return ['ask', 'stamp'];
  const { notice } = state;
  const isNews = notice?.code === 'ambiguous' && notice.at !== last?.notice?.at;
  if (isTwice && isNews) return ['ask', 'twice'];
  const card = state.gift_card;
  return card && card.number !== last?.gift_card?.number ? ['ask', 'gift'] : null;
}

function Stamp(props) {
  const { words, scene, locale } = props;
  const [line] = lackingOf(scene.own);
  if (!line) return null;
  return html`<p><b data-test="stamp-line">${line.name}</b></p>
    <p>${words.askStampMore} ${new Intl.NumberFormat(locale).format(line.stamps_lacking)}</p>
    <${Field} ...${props} name="stamp" label=${words.stamp} isNeeded isFree />`;
}

function Gift({ model, words }) {
  const card = model.state.gift_card;
  if (!card) return null;
  const rows = [
    [words.giftOn, card.left_minor, 'gift-left'],
    [words.giftPays, card.pays_minor, 'gift-pays'],
    [words.giftRest, card.rest_minor, 'gift-rest'],
  ];
  return html`<p>${words.giftCard} ${card.masked}</p>
    <dl class="totals">
      ${rows.map(
        ([name, minor, test]) => html`<div class="row">
          <dt>${name}</dt><dd data-test=${test}>${money(minor)}</dd>
        </div>`,
      )}
    </dl>`;
}

function giftChoices(model, words) {
  const card = model.state.gift_card;
  if (!card) return [];
  const pay = (id, text, tender) => ({ id, text, verb: ['payGift', { card, tender }] });
  if (!card.rest_minor) return [pay('gift', words.giftWhole, null)];
  const { rest_cash_minor: cash, rest_minor: rest } = card;
  return [
    pay('cash', `${words.giftCash} ${money(cash)}`, { kind: 'cash', amount_minor: cash }),
    pay('card', `${words.giftByCard} ${money(rest)}`, { kind: 'card', amount_minor: rest }),
  ];
}

function Offers({ dialog, words }) {
  if (!dialog.offers.length) return html`<p>${words.noIdleOffers}</p>`;
  return html`<dl class="idle-offers" tabindex="0">
    ${dialog.offers.map(
      (offer) => html`<div data-test="idle-offer"><dt>${tied(offer.name)}</dt><dd>${tied(offer.why)}</dd></div>`,
    )}
  </dl>`;
}

// A code that fits a member and a good: only a person knows which was meant.
const meanings = (model, words) =>
  model.state.choices.map(({ kind, label }, place) => ({
    id: kind, text: `${words.choice[kind]}: ${label}`, verb: ['chooseScan', place],
  }));

const Training = ({ words }) => html`<p>${words.askTrainingMore}</p>`;

export const STAMP = { title: 'askStamp', Body: Stamp, accept: 'acceptStamp', scans: 'act' };
export const GIFT = { title: 'askGift', Body: Gift, choices: giftChoices };
export const TWICE = { title: 'askTwice', choices: meanings, scans: 'act' };
export const OFFERS = { title: 'idleOffers', Body: Offers, isNews: true };
export const TRAINING = { title: 'askTraining', Body: Training, accept: 'acceptTraining' };

export class GoodsDialogVerbs {
  #queue;

  constructor(queue) {
    this.#queue = queue;
  }

  get #scene() {
    return sceneOf(this.#queue.model);
  }

  /** A stamp that was typed, or read by a scanner that types. */
  acceptStamp() {
    const { values } = this.#queue.model.dialog;
    const [line] = lackingOf(this.#scene.own);
    const stamp = (values.stamp ?? '').trim();
    if (!line || !stamp) return undefined;
    return this.#queue.answer(async () => {
      const body = { stamp, line_id: line.line_id };
      await this.#queue.sale('POST', '/v1/panel/stamps', body);
      const { dialog, state } = this.#queue.model;
      if (dialog?.kind !== 'stamp') return;
      if (lacksStamp(state.sale)) this.#queue.store.set({ dialog: { ...dialog, values: {} } });
      else this.#queue.dialog(null);
    });
  }

  /** Pay with a gift card, and what is left in one other way. */
  payGift({ card, tender }) {
    return this.#queue.answer(async () => {
      const { own } = this.#scene;
      if (!own) return;
      const { reference, pays_minor: amount, left_minor: balance } = card;
      const gift = { kind: 'gift_card', amount_minor: amount, reference, balance_minor: balance };
      await this.#queue.sale('POST', `/v1/sales/${own.sale_id}/confirm`, {
        quote_id: own.quote_id,
        basket_hash: own.basket_hash,
        tenders: tender?.amount_minor ? [gift, tender] : [gift],
      });
      this.#queue.dialog(null);
    });
  }

  /** Why each idle offer does not act on the open sale. */
  showOffers() {
    return this.#queue.step(async () => {
      const { open } = this.#scene;
      if (!open) return;
      const offers = await this.#queue.agent.read(`/v1/sales/${open.sale_id}/offers`);
      this.#queue.dialog({ kind: 'offers', text: '', values: {}, problem: '', offers });
    });
  }

  acceptTraining() {
    return this.#queue.answer(() =>
      this.#queue.approved('training', '', async (approval) => {
        await this.#queue.agent.write('POST', '/v1/training/enter', { approval });
        this.#queue.dialog(null);
      }),
    );
  }

  leaveTraining() {
    return this.#queue.step(() => this.#queue.agent.write('POST', '/v1/training/leave'));
  }
}
