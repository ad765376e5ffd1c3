// Goods that come back, and a closed sale that is somebody else's.

import { Field } from './fields.js';
import { bonuses, momentOf, money, quantity } from './format.js';
import { Paper } from './money_panels.js';
import { isByPiece, sceneOf } from './scene.js';
import { phoneOf } from './typed.js';
import { html } from './vendor/preact-htm.js';

const MOST = 9;
const PREVIEW_DELAY_MS = 150;

function Find(props) {
  const { words, scene } = props;
  return html`<${Field} ...${props} name="receipt" label=${words.findReceiptMore} isFree />
    ${scene.isWaiting && html`<p>${words.findOfMember} ${scene.member.name}</p>`}`;
}

function choices(model) {
  const { receipts } = model.dialog;
  return receipts.slice(0, MOST).map((receipt) => ({
    id: receipt.sale_id,
    verb: ['pickReceipt', receipt],
    text: html`${momentOf(receipt.sold_at, model.state.at)} ·${' '}
      <b>${money(receipt.payable_minor)}</b> · ${receipt.lines.map((line) => line.name).join(', ')}`,
  }));
}

function BackLine({ line, milli, isChosen, words }) {
  return html`<li class=${isChosen ? 'chosen' : ''} aria-current=${isChosen ? 'true' : undefined}
    data-test="back-line">
    <span class="name">${line.name}</span>
    <span class="quiet">${words.left} ${quantity(line.left_milli)} ${line.unit}</span>
    <b>${quantity(milli)}</b>
  </li>`;
}

/** Money by its means, and what happens to the bonuses. */
function Refund({ back, words, locale }) {
  const rows = [
    ...back.tenders.map((one) => [words.tender[one.kind] ?? one.kind, money(one.amount_minor)]),
    [words.restored, back.restored_points, 'restored'],
    [words.reversed, back.reversed_points, 'reversed'],
    [words.writtenOff, back.written_off_points],
  ];
  return html`<dl class="totals">
    <div class="row to-pay"><dt>${words.refund}</dt>
      <dd data-test="refund">${money(back.refund_minor)}</dd></div>
    ${rows.map(([name, value, test]) =>
      value === 0
        ? null
        : html`<div class="row"><dt>${name}</dt>
            <dd data-test=${test}>${typeof value === 'number' ? bonuses(value, locale) : value}</dd>
          </div>`,
    )}
    ${back.withheld_minor > 0 &&
    html`<div class="row"><dt>${words.withheld}</dt><dd data-test="withheld">
      ${money(back.withheld_minor)}</dd></div>`}
  </dl>`;
}

function Back({ dialog, words, locale }) {
  const { receipt, wanted, at, preview } = dialog;
  const number = receipt.fiscal_number && `${words.fiscal} ${receipt.fiscal_number}`;
  return html`<p>${[number, receipt.member_name].filter(Boolean).join(' · ')}</p>
    <ul class="back">
      ${receipt.lines.map(
        (line, place) => html`<${BackLine} key=${line.line_id} line=${line} words=${words}
          milli=${wanted[line.line_id] ?? 0} isChosen=${place === at} />`,
      )}
    </ul>
    <p class="quiet">${words.backKeys}</p>
    ${preview && html`<${Refund} back=${preview} words=${words} locale=${locale} />`}`;
}

function backKeys(event) {
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (by) return ['moveBack', by];
  if (event.key === '+') return ['stepBack', 1];
  if (event.key === '-' || event.key === '\u2212') return ['stepBack', -1];
  return event.code === 'KeyA' ? ['takeAll'] : null;
}

function GivenBack({ dialog, model, words, locale }) {
  const { back } = dialog;
  const papers = model.state.sale?.prints.filter((job) => job.subject_id === back.return_id) ?? [];
  return html`<${Refund} back=${back} words=${words} locale=${locale} />
    ${papers.map((job) => html`<${Paper} key=${job.job_id} job=${job} words=${words} />`)}`;
}

function Reassign(props) {
  const { scene, words } = props;
  const sale = scene.closed;
  return html`<p>${sale && money(sale.payable_minor)} → <b>${scene.member?.name}</b></p>
    <${Field} ...${props} name="reason" label=${words.reason} isFree isNeeded />
    ${!scene.shift?.signs_in &&
    html`<${Field} ...${props} name="supervisor" label=${words.supervisor} isNeeded />`}`;
}

export const FIND = { title: 'giveBack', Body: Find, accept: 'findReceipt', scans: 'take' };
export const RECEIPTS = { title: 'whichReceipt', choices };
export const BACK = { title: 'giveBack', Body: Back, accept: 'acceptBack', keys: backKeys };
export const GIVEN_BACK = { title: 'returned', Body: GivenBack, isNews: true, accept: 'leaveBack' };
export const REASSIGN = { title: 'reassign', Body: Reassign, accept: 'acceptReassign' };

export class ReturnVerbs {
  #queue;
  #timer = 0;

  constructor(queue) {
    this.#queue = queue;
  }

  get #dialog() {
    return this.#queue.model.dialog;
  }

  #change(patch) {
    this.#queue.change({ problem: '', ...patch });
  }

  #open(kind, more) {
    this.#queue.dialog({ kind, text: '', values: {}, problem: '', ...more });
  }

  /** A receipt's number or QR, a phone or card; nothing typed means the member on the screen. */
  findReceipt(scanned) {
    const text = (scanned ?? this.#dialog.values.receipt ?? '').trim();
    return this.#queue.answer(async () => {
      const { isWaiting } = sceneOf(this.#queue.model);
      if (!text && !isWaiting) return this.#queue.problem(this.#queue.words.findReceiptMore);
      const { receipts } = await this.#found(text, scanned ? 'scanner' : 'keyboard');
      const usable = receipts.filter((one) => one.lines.some((line) => line.left_milli > 0));
      if (usable.length === 0) return this.#queue.problem(this.#queue.words.nothingLeft);
      if (usable.length === 1) return this.pickReceipt(usable[0]);
      return this.#open('receipts', { receipts: usable });
    });
  }

  async #found(text, source) {
    const search = (body) => this.#queue.agent.write('POST', '/v1/receipts/search', body);
    if (!text) return search({ identity: { take_scan: true } });
    const phone = phoneOf(text);
    if (phone) return search({ identity: { code: phone, source } });
    try {
      return await search({ receipt: text });
    } catch (error) {
      if (error.code !== 'unknown_receipt') throw error;
      const ofMember = search({ identity: { code: text, source } });
      return ofMember.catch((other) => Promise.reject(other.code === 'unknown_member' ? error : other));
    }
  }

  pickReceipt(receipt) {
    this.#open('back', {
      receipt, wanted: {}, at: 0, preview: null, returnId: crypto.randomUUID(),
    });
  }

  moveBack(by) {
    const { at, receipt } = this.#dialog;
    this.#change({ at: Math.min(receipt.lines.length - 1, Math.max(0, at + by)) });
  }

  /** A piece more or less of the chosen line; what is weighed comes back as a whole. */
  stepBack(by) {
    const { at, receipt, wanted } = this.#dialog;
    const line = receipt.lines[at];
    const step = isByPiece(line) ? 1000 : line.left_milli;
    const milli = Math.min(line.left_milli, Math.max(0, (wanted[line.line_id] ?? 0) + by * step));
    this.#want({ ...wanted, [line.line_id]: milli });
  }

  takeAll() {
    const { lines } = this.#dialog.receipt;
    this.#want(Object.fromEntries(lines.map((line) => [line.line_id, line.left_milli])));
  }

  // What it gives back is asked of the agent once the keys rest.
  #want(wanted) {
    this.#change({ wanted, preview: null });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#queue.answer(() => this.#preview()), PREVIEW_DELAY_MS);
  }

  #lines() {
    return Object.entries(this.#dialog.wanted)
      .filter(([, milli]) => milli > 0)
      .map(([line_id, qty_milli]) => ({ line_id, qty_milli }));
  }

  async #preview() {
    if (this.#dialog?.kind !== 'back') return;
    const { wanted, receipt } = this.#dialog;
    const lines = this.#lines();
    if (!lines.length) return;
    const path = `/v1/sales/${receipt.sale_id}/returns/preview`;
    const preview = await this.#queue.agent.write('POST', path, { lines });
    if (this.#dialog?.wanted === wanted) this.#change({ preview });
  }

  /** Enter: what was shown is given back, or nothing. */
  acceptBack() {
    const { receipt, preview, returnId } = this.#dialog;
    const lines = this.#lines();
    if (!preview || !lines.length) return this.#queue.problem(this.#queue.words.chooseBack);
    const path = `/v1/sales/${receipt.sale_id}/returns`;
    return this.#queue.answer(() =>
      this.#queue.approved('return', receipt.sale_id, async (approval) => {
        const body = { return_id: returnId, lines, approval };
        const back = await this.#queue.agent.write('POST', path, body);
        this.#open('givenBack', { back });
      }),
    );
  }

  leaveBack() {
    const { sale_id: id } = this.#dialog.back;
    this.#queue.dialog(null);
    this.#queue.store.set({ dismissedId: id });
  }

  /** The closed sale on the screen goes to the member who was scanned after it. */
  acceptReassign() {
    const { values } = this.#dialog;
    return this.#queue.answer(async () => {
      const { closed } = sceneOf(this.#queue.model);
      if (!closed) return this.#queue.dialog(null);
      const path = `/v1/sales/${closed.sale_id}/reassign`;
      return this.#queue.approved('reassign', closed.sale_id, async (approval) => {
        const body = { ...values, identity: { take_scan: true }, approval };
        await this.#queue.sale('POST', path, body);
        this.#queue.dialog(null);
      });
    });
  }
}
