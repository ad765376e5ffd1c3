// The sale as a whole: its member, bonuses, money and paper, and the questions asked on the way.

import { parseHundredths } from './format.js';
import { lacksStamp } from './goods_dialogs.js';
import { localeOf, sceneOf } from './scene.js';
import { pointsOf, shareOf } from './typed.js';
import { nextLocale, wordsOf } from './words.js';

const MAX_FISCAL_NUMBER = 40;

export class SaleVerbs {
  #queue;

  constructor(queue) {
    this.#queue = queue;
  }

  get #scene() {
    return sceneOf(this.#queue.model);
  }

  get #words() {
    return wordsOf(localeOf(this.#queue.model));
  }

  #ofOpen(verb, body) {
    return this.#queue.step(async () => {
      const { open } = this.#scene;
      if (open) await this.#queue.sale('POST', `/v1/sales/${open.sale_id}/${verb}`, body);
    });
  }

  replaceMember() {
    return this.#queue.step(async () => {
      const { open } = this.#scene;
      if (!open) return;
      await this.#queue.sale('POST', `/v1/panel/sales/${open.sale_id}/replace-member`);
    });
  }

  // --- bonuses and money ----------------------------------------------------------------------

  /** Points in hundredths, null for the most possible, 0 to take a redemption back. */
  redeem(amount) {
    return this.#ofOpen('redeem', { points: amount });
  }

  redeemShare(percent) {
    const most = this.#scene.open?.redeem.redeemable_points ?? 0;
    return this.redeem(percent === 100 ? null : shareOf(most, percent));
  }

  payCash() {
    return this.#pay((sale) => ({ kind: 'cash', amount_minor: sale.payable_cash_minor }));
  }

  payCard() {
    return this.#pay((sale) => ({ kind: 'card', amount_minor: sale.payable_minor }));
  }

  // What was on the screen at the key press is paid, or nothing: a good may be on its way.
  #pay(tenderOf) {
    const seen = this.#scene.own;
    if (lacksStamp(seen)) return this.ask('stamp');
    return this.#queue.step(async () => {
      const { own } = this.#scene;
      if (!own || own.sale_id !== seen?.sale_id) return;
      if (own.quote_id !== seen.quote_id) {
        this.#queue.store.set({ flash: { kind: 'warn', text: this.#words.totalChanged } });
        return;
      }
      const tender = tenderOf(own);
      await this.#queue.sale('POST', `/v1/sales/${own.sale_id}/confirm`, {
        quote_id: own.quote_id,
        basket_hash: own.basket_hash,
        tenders: tender.amount_minor > 0 ? [tender] : [],
      });
    });
  }

  // --- paper ----------------------------------------------------------------------------------

  #ofJob(verb, body) {
    return this.#queue.step(async () => {
      const { job } = this.#scene;
      if (job) await this.#queue.agent.write('POST', `/v1/print-jobs/${job.job_id}/${verb}`, body);
    });
  }

  retryPrint() {
    return this.#ofJob('retry', {});
  }

  resolve(verdict, fiscalNumber = '') {
    return this.#ofJob('resolve', { verdict, fiscal_number: fiscalNumber, author: 'panel' });
  }

  #voidSale() {
    return this.#queue.step(async () => {
      const { closed, canVoid } = this.#scene;
      if (!canVoid) return;
      const path = `/v1/sales/${closed.sale_id}/void`;
      await this.#queue.approved('void', closed.sale_id, (approval) =>
        this.#queue.sale('POST', path, { reason: 'not printed', approval }),
      );
    });
  }

  // --- questions ------------------------------------------------------------------------------

  /** Open a dialog of a kind in `dialogs.js`. */
  ask(kind) {
    this.#queue.dialog({ kind, text: '', values: {}, problem: '' });
  }

  closeDialog() {
    this.#queue.dialog(null);
  }

  /** Which of the meanings of the last scan was meant. */
  chooseScan(place) {
    return this.#queue.answer(() =>
      this.#queue.agent.write('POST', '/v1/panel/choice', { place }),
    );
  }

  dialogText(text) {
    this.#queue.store.set({ dialog: { ...this.#queue.model.dialog, text, problem: '' } });
  }

  /** A field of a dialog with several. */
  dialogValue({ name, value }) {
    const values = { ...this.#queue.model.dialog.values, [name]: value };
    this.#queue.change({ values, problem: '' });
  }

  /** Enter in a dialog. */
  accept() {
    const { kind, text } = this.#queue.model.dialog;
    if (kind === 'amount') return this.#acceptAmount(text);
    if (kind === 'given') return this.#acceptGiven(text);
    this.closeDialog();
    if (kind === 'cancel') return this.#ofOpen('cancel', {});
    if (kind === 'void') return this.#voidSale();
    if (kind === 'fiscal') return this.resolve('printed', text.trim().slice(0, MAX_FISCAL_NUMBER));
    return undefined;
  }

  #acceptAmount(text) {
    const amount = pointsOf(text, this.#scene.open?.redeem.redeemable_points ?? 0);
    if (amount === null) return this.#queue.problem(this.#words.badAmount);
    this.closeDialog();
    return this.redeem(amount);
  }

  #acceptGiven(text) {
    const given = parseHundredths(text);
    const { own } = this.#scene;
    if (given === null) return this.#queue.problem(this.#words.badAmount);
    if (own && given < own.payable_cash_minor) return this.#queue.problem(this.#words.tooLittle);
    this.closeDialog();
    return this.#pay(() => ({ kind: 'cash', amount_minor: given }));
  }

  // --- the screens -----------------------------------------------------------------------------

  switchLocale() {
    const locale = nextLocale(localeOf(this.#queue.model));
    this.#queue.store.set({ locale });
    const tell = () => this.#queue.agent.write('PUT', '/v1/panel/locale', { locale });
    return this.#queue.step(tell);
  }

  /** A pairing code for the buyer's tablet; the agent shows it as a notice. */
  pairTablet() {
    return this.#queue.step(() => this.#queue.agent.write('POST', '/v1/tablet/code', {}));
  }

  /** The buyer's display: a second window, opened by its own one-time link. */
  openDisplay() {
    return this.#queue.step(async () => {
      const { path } = await this.#queue.agent.write('POST', '/v1/customer/links', {});
      window.open(path, '_blank', 'noopener,width=1024,height=600');
    });
  }
}
