// The input and the lines: add, find, count, choose.

import { isByPiece, sceneOf } from './scene.js';
import { isName, phoneOf, splitTimes } from './typed.js';

const SEARCH_DELAY_MS = 120;
const MAX_GOOD_CODE = 64;
const MAX_QUERY = 60;
const MEMBER_QR = /^L[CP]\d:/i;
const NOTHING = { found: [], foundAt: 0, foundFor: '' };

const clamp = (value, last) => Math.min(last, Math.max(0, value));

export class GoodsVerbs {
  #queue;
  #timer = 0;

  constructor(queue) {
    this.#queue = queue;
  }

  get #model() {
    return this.#queue.model;
  }

  get #scene() {
    return sceneOf(this.#model);
  }

  begin() {
    return this.#queue.step(() => this.#queue.sale('POST', '/v1/panel/sale'));
  }

  /** Enter in the input: a good, a member, or the next step. */
  submit() {
    const { text, found, foundAt, foundFor } = this.#model;
    const typed = text.trim();
    if (!typed) return this.next();
    clearTimeout(this.#timer);
    this.#queue.store.set({ text: '', ...NOTHING });
    const picked = foundFor === typed ? found[foundAt] : undefined;
    const milli = splitTimes(typed).milli;
    return this.#queue.step(() => (picked ? this.#add(picked.sku, milli) : this.#typed(typed)));
  }

  /** Enter without text: start for who waits, or leave the result. */
  next() {
    const { open, closed, job, isWaiting } = this.#scene;
    if (job || open) return undefined;
    if (isWaiting) return this.begin();
    if (closed) this.#queue.store.set({ dismissedId: closed.sale_id, flash: null });
    return undefined;
  }

  async #typed(text) {
    const { open, own, line } = this.#scene;
    const { milli, code } = splitTimes(text);
    if (milli && !code) {
      if (own && line) await this.#set(line, milli);
      return;
    }
    const phone = phoneOf(code);
    const isMember = phone || MEMBER_QR.test(code) || code.length > MAX_GOOD_CODE;
    if (isMember || (open && !own)) await this.#scan(phone ?? code);
    else if (isName(code)) await this.#byName(text, code, milli);
    else await this.#byCode(code, milli);
  }

  #scan(code) {
    return this.#queue.agent.write('POST', '/v1/scan', { code, source: 'keyboard' });
  }

  #add(code, milli) {
    const body = milli ? { code, qty_milli: milli } : { code };
    return this.#queue.sale('POST', '/v1/panel/goods', body);
  }

  async #byCode(code, milli) {
    try {
      await this.#add(code, milli);
    } catch (error) {
      if (error.code !== 'unknown_good') throw error;
      await this.#scan(code);
    }
  }

  async #byName(text, name, milli) {
    const found = await this.#find(name);
    const exact = found.find((good) => good.sku.toLowerCase() === name.toLowerCase());
    const only = exact ?? (found.length === 1 ? found[0] : undefined);
    if (only) await this.#add(only.sku, milli);
    else if (found.length) this.#queue.store.set({ text, found, foundAt: 0, foundFor: text });
    else await this.#byCode(name, milli);
  }

  async #find(text) {
    const query = text.slice(0, MAX_QUERY);
    if (query.length < 2) return [];
    return this.#queue.agent.read(`/v1/goods?q=${encodeURIComponent(query)}`);
  }

  /** Every change of the input; names are searched as they are typed. */
  type(text) {
    clearTimeout(this.#timer);
    this.#queue.store.set({ text, flash: null });
    const { code } = splitTimes(text.trim());
    const isSearch = isName(code) && code.length > 1 && !(this.#scene.open && !this.#scene.own);
    if (!isSearch) this.#queue.store.set(NOTHING);
    else this.#timer = setTimeout(() => this.#search(text.trim(), code), SEARCH_DELAY_MS);
  }

  async #search(typed, code) {
    try {
      const found = await this.#find(code);
      if (this.#model.text.trim() !== typed) return;
      this.#queue.store.set({ found, foundAt: 0, foundFor: typed });
    } catch (error) {
      this.#queue.refused(error);
    }
  }

  pick(index) {
    this.#queue.store.set({ foundAt: index });
    return this.submit();
  }

  clearText() {
    this.type('');
  }

  moveFound(by) {
    const { found, foundAt } = this.#model;
    this.#queue.store.set({ foundAt: clamp(foundAt + by, found.length - 1) });
  }

  moveLine(by) {
    const { open, line } = this.#scene;
    if (!line) return;
    const at = open.lines.findIndex((item) => item.line_id === line.line_id);
    this.select(open.lines[clamp(at + by, open.lines.length - 1)].line_id);
  }

  select(lineId) {
    this.#queue.store.set({ selectedId: lineId, choices: this.#model.choices + 1 });
  }

  /** One piece more or less of a line, or of the chosen one when its turn comes. */
  stepQuantity({ lineId, by }) {
    return this.#ofLine(lineId, (line) =>
      isByPiece(line) ? this.#set(line, Math.max(0, line.qty_milli + by * 1000)) : undefined,
    );
  }

  removeLine({ lineId }) {
    return this.#ofLine(lineId, (line) => this.#set(line, 0));
  }

  #ofLine(lineId, work) {
    return this.#queue.step(async () => {
      const { own, line } = this.#scene;
      const found = lineId ? own?.lines.find((item) => item.line_id === lineId) : own && line;
      if (found) await work(found);
    });
  }

  #set(line, milli) {
    const path = `/v1/panel/lines/${encodeURIComponent(line.line_id)}`;
    return this.#queue.sale('PATCH', path, { qty_milli: milli });
  }
}
