/* Poster POS: orders of the till priced, redeemed and confirmed by the register's loyalty agent.

   Written against the published contract of the platform (github.com/joinposter/docs, en/pos): events
   `beforeOrderClose` with next(), `afterOrderClose`, `orderClientChange`, `printFiscal`,
   `failedPrintFiscal`, `returnFiscal`, `applicationIconClicked`; `orders.setOrderBonus` is its only way
   to lower what is to pay, so promotions and redeemed bonuses go there together. Sums of Poster are
   hryvnias, ours kopecks. Address and token stand in the register's extras (`loyaltyUrl`,
   `loyaltyToken`). Nothing here decides about money; whatever fails, next() is called. */

import { Client, Refused, Silent } from '../javascript/loyalty-client.js';
import { askPoints, askCode } from './popup.js';

const QUEUE = 'loyalty-queue';
const MAX_QUEUE = 500;
const ICON = { uk: 'Бонуси', en: 'Bonuses', pl: 'Bonusy' };
const LARGEST_STEP = 50; // kopecks to which cash may be rounded

const kopecks = (hryvnias) => Math.round(Number(hryvnias || 0) * 100);

/* The sale's id from the order's own: its id is its start in milliseconds, as in a UUID version 7,
   the other bits name place and register. The same order is the same sale after a restart. */
export function saleIdOf(order, { spotId = 0, spotTabletId = 0 } = {}) {
  const time = Number(order.id).toString(16).padStart(12, '0').slice(-12);
  const spot = (Number(spotId) & 0xfff).toString(16).padStart(3, '0');
  const tablet = Number(spotTabletId).toString(16).padStart(12, '0').slice(-12);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${spot}-8000-${tablet}`;
}

/* Goods as basket lines, one for each product and modification, and what stays outside of the quote:
   goods marked `nodiscount`, and fees. A discount of Poster's own is a manual discount. */
export function basketOf(order, products) {
  const known = new Map(products.map((product) => [Number(product.id), product]));
  const lines = new Map();
  let outside = 0;
  let sum = 0;
  for (const item of Object.values(order.products || {})) {
    const product = known.get(Number(item.id)) || {};
    const count = Number(item.count);
    if (!(count > 0)) continue;
    const price = item.promotionPrice || item.price;
    const minor = Math.round(count * Number(price) * 100);
    sum += minor;
    if (Number(item.nodiscount ?? product.nodiscount)) {
      outside += minor;
      continue;
    }
    const isWeighed = Number(product.weightFlag) === 1;
    const id = `${item.id}:${item.modification || ''}`.slice(0, 64);
    const line = lines.get(id) || {
      line_id: id,
      sku: String(item.id),
      name: String(product.product_name || product.name || item.id).slice(0, 120),
      barcode: String(product.barcode || '').slice(0, 40),
      unit: isWeighed ? 'кг' : 'шт',
      unit_price_minor: Math.round(Number(price) * (isWeighed ? 100_000 : 100)),
      qty_milli: 0,
      sum_minor: 0,
    };
    line.qty_milli += Math.round(count * (isWeighed ? 1 : 1000));
    line.sum_minor += minor;
    lines.set(id, line);
  }
  const found = [...lines.values()];
  const rest = kopecks(order.total) - sum;
  if (rest > 0) outside += rest;
  if (rest < 0 && found.length) found.push(discountLine(rest));
  return { lines: found, outside };
}

const discountLine = (minor) => ({
  line_id: 'poster-discount',
  sku: 'poster-discount',
  name: 'Poster',
  qty_milli: 1000,
  unit_price_minor: minor,
  sum_minor: minor,
  price_kind: 'manual_discount',
});

/* What was paid for the quoted goods: what stays outside of the quote is taken from the card first.
   Cash is what the till took; where it also paid for other things, what is due in cash. */
export function tendersOf(order, { payable_minor: payable, payable_cash_minor: inCash }, outside) {
  const card = kopecks(order.payedCard) + kopecks(order.payedThirdParty);
  const cash = kopecks(order.payedCash);
  const byCard = Math.min(Math.max(0, card - outside), payable);
  const tenders = byCard ? [{ kind: 'card', amount_minor: byCard }] : [];
  const due = payable - byCard;
  if (due > 0) {
    const part = byCard ? Math.ceil(due / LARGEST_STEP) * LARGEST_STEP : inCash;
    const given = outside ? part : cash;
    if (given > 0) tenders.push({ kind: 'cash', amount_minor: given });
  }
  return tenders;
}

/* Goods of a return as lines of the sale. */
export function returnedLines(products, lines) {
  const wanted = new Map();
  for (const one of products) {
    let milli = Math.round(Number(one.count) * 1000);
    for (const line of lines) {
      const [id, modification] = line.line_id.split(':');
      const isIt = id === String(one.product_id);
      const fits = !Number(one.modification_id) || modification === String(one.modification_id);
      if (!isIt || !fits || milli <= 0) continue;
      const asked = line.unit === 'кг' ? Math.round(milli / 1000) : milli;
      const taken = Math.min(asked, line.qty_milli - (wanted.get(line.line_id) || 0));
      if (taken > 0) wanted.set(line.line_id, (wanted.get(line.line_id) || 0) + taken);
      milli -= line.unit === 'кг' ? taken * 1000 : taken;
    }
  }
  return [...wanted].map(([line_id, qty_milli]) => ({ line_id, qty_milli }));
}

/* The client over the till's own way into the local network: no page of a browser asks. */
class PosterClient extends Client {
  call(method, path, body, key, timeoutMs = this.budgetMs) {
    const headers = [`Authorization: Bearer ${this.token}`, 'Content-Type: application/json'];
    if (key) headers.push(`Idempotency-Key: ${key}`);
    return new Promise((done, fail) => {
      const bell = setTimeout(() => fail(new Silent('no answer in time')), timeoutMs);
      const options = { headers, method: method.toLowerCase(), timeout: timeoutMs, localRequest: true };
      if (body !== undefined) options.data = body;
      Poster.makeRequest(this.url + path, options, (answer) => {
        clearTimeout(bell);
        const code = Number(answer?.code || 0);
        let json = answer?.result;
        try {
          if (typeof json === 'string') json = JSON.parse(json);
        } catch {
          json = null;
        }
        if (code < 200 || (code >= 500 && !json?.retryable)) fail(new Silent(`code ${code}`));
        else if (code >= 400) fail(typeof json?.code === 'string' ? new Refused(json) : new Silent('no agent'));
        else if (!json) fail(new Silent('no JSON'));
        else done(json);
      });
    });
  }
}

/** The app of one register. `storage` is localStorage, or anything with the same methods. */
export class LoyaltyApp {
  constructor(storage = localStorage) {
    const extras = Poster.settings.spotTabletExtras || {};
    this.storage = storage;
    this.client = new PosterClient(extras.loyaltyUrl || 'http://127.0.0.1:9777', extras.loyaltyToken || '', {
      spool: storage,
    });
    this.orders = new Map();
    const lang = Poster.settings.lang;
    this.locale = lang === 'ua' ? 'uk' : ICON[lang] ? lang : 'uk';
  }

  start() {
    Poster.interface.showApplicationIconAt({ order: ICON[this.locale] });
    Poster.on('applicationIconClicked', (data) => data.order && this.identify(data.order));
    Poster.on('orderClientChange', (data) => this.clientChanged(data));
    Poster.on('beforeOrderClose', (data, next) => this.beforeClose(data.order).finally(() => next()));
    Poster.on('afterOrderClose', (data) => this.afterClose(data.order));
    Poster.on('printFiscal', (data) => this.printed(data.order, 'printed', ''));
    Poster.on('failedPrintFiscal', (data) =>
      this.printed(data.order, 'not_printed', `${data.errorCode} ${data.errorText}`.slice(0, 80)),
    );
    Poster.on('returnFiscal', (data) => this.returned(data));
    this.flush();
  }

  entry(order) {
    const id = String(order.id ?? order);
    if (!this.orders.has(id)) {
      const sale = this.client.sale(saleIdOf({ id }, Poster.settings));
      this.orders.set(id, { sale, code: '', lines: [], outside: 0, isOpen: false });
    }
    return this.orders.get(id);
  }

  async clientChanged({ clientId, orderId }) {
    const entry = this.entry(orderId);
    const client = Number(clientId) ? await Poster.clients.get(Number(clientId)) : null;
    const card = String(client?.cardNumber || '').trim();
    entry.code = /^\d{6,}$/.test(card) ? card : String(client?.phone || '').trim();
  }

  async identify(order) {
    const code = await askCode(this.locale);
    if (code) this.entry(order).code = code;
  }

  /* Everything between the Pay button and the payment screen. */
  async beforeClose(order) {
    const entry = this.entry(order);
    try {
      const view = await this.quote(entry, order);
      if (!view) return;
      const { redeemable_points: most = 0 } = view.redeem || {};
      if (view.member && most > 0) {
        const points = await askPoints(view, this.locale);
        if (points) await entry.sale.redeem(points);
      }
    } catch (error) {
      this.tell(error);
    } finally {
      const { view } = entry.sale;
      const sold = entry.lines.reduce((sum, line) => sum + line.sum_minor, 0);
      Poster.orders.setOrderBonus(Number(order.id), view ? (sold - view.payable_minor) / 100 : 0);
      if (view) Poster.orders.setOrderComment(Number(order.id), commentOf(view, this.locale));
    }
  }

  async quote(entry, order) {
    const ids = [...new Set(Object.values(order.products || {}).map((item) => Number(item.id)))];
    const products = await Poster.products.get(ids);
    Object.assign(entry, basketOf(order, [products].flat()));
    const { sale } = entry;
    if (!entry.lines.length) return null;
    if (!entry.isOpen) {
      const view = await sale.open(entry.lines, { code: entry.code });
      entry.isOpen = Boolean(view);
      return view;
    }
    // Back from the payment screen: goods, the buyer, or both may be others now.
    let view = await sale.basket(entry.lines);
    if (view && view.redeem?.redeemed_points) view = await sale.redeem(0);
    if (view && entry.code) view = await sale.member(entry.code, 'pos', 'replace');
    return view;
  }

  async afterClose(order) {
    const entry = this.orders.get(String(order.id));
    if (!entry) return 'without';
    const { sale } = entry;
    try {
      if (!sale.view) return 'without';
      if (order.payType === 'close') {
        await sale.cancel();
        return 'cancelled';
      }
      return await sale.confirm(tendersOf(order, sale.view, entry.outside));
    } catch (error) {
      this.tell(error);
      return 'refused';
    } finally {
      this.flush();
    }
  }

  printed(order, verdict, reason) {
    const id = saleIdOf(order, Poster.settings);
    return this.later(`/v1/sales/${id}/print-result`, { verdict, reason }, `paper-${id}-${verdict}`);
  }

  returned({ order, products }) {
    const id = saleIdOf(order, Poster.settings);
    const known = this.orders.get(String(order.id))?.lines;
    const lines = returnedLines(products, known || basketOf(order, []).lines);
    if (!lines.length) return null;
    const return_id = this.client.sale().id;
    return this.later(`/v1/sales/${id}/returns`, { return_id, lines }, return_id);
  }

  /* Sent now, or when the agent is back; in order, and each once by its key. */
  later(path, body, key) {
    const queue = this.queue();
    queue.push({ path, body, key });
    this.storage.setItem(QUEUE, JSON.stringify(queue.slice(-MAX_QUEUE)));
    return this.flush();
  }

  queue() {
    try {
      return JSON.parse(this.storage.getItem(QUEUE) || '[]');
    } catch {
      return [];
    }
  }

  flush() {
    this.flushing = (this.flushing || Promise.resolve()).then(() => this.sendQueue()).catch(() => {});
    return this.flushing;
  }

  async sendQueue() {
    await this.client.flush();
    for (let next = this.queue()[0]; next; [next] = this.queue()) {
      try {
        await this.client.call('POST', next.path, next.body, next.key, 5000);
      } catch (error) {
        if (!(error instanceof Refused) || error.isRetryable) return;
        this.tell(error);
      }
      this.storage.setItem(QUEUE, JSON.stringify(this.queue().slice(1)));
    }
  }

  tell(error) {
    const message = error.cashierMessage?.[this.locale];
    if (message) Poster.interface.showNotification({ title: ICON[this.locale], message });
  }
}

const bonus = (points) => (points / 100).toFixed(2).replace('.', ',');

function commentOf(view, locale) {
  if (!view.member) return '';
  const words = { uk: ['списано', 'баланс'], en: ['redeemed', 'balance'], pl: ['wykorzystano', 'saldo'] }[locale];
  const redeemed = view.redeem?.redeemed_points || 0;
  return `${view.member.name}: ${words[0]} ${bonus(redeemed)}, ${words[1]} ${bonus(view.member.balance_points - redeemed)}`;
}

if (typeof Poster !== 'undefined') {
  globalThis.loyaltyApp = new LoyaltyApp();
  globalThis.loyaltyApp.start();
}
