/* A POS's client of the register's loyalty agent: one ES module, no packages, browser or Node 18.

   const client = new Client('http://127.0.0.1:9777', token, { spool: localStorage });
   const sale = client.sale();
   let view = await sale.open(lines, { code: '0420000000013', source: 'scanner' }); // null: without
   view = await sale.redeem(null);                                                 // all possible
   const end = await sale.confirm([{ kind: 'card', amount_minor: sale.payable(total) }]);

   The rules are those of the Python client: all calls of one sale wait at most BUDGET_MS for an
   agent that does not answer; the price that was shown stands, and a confirmation without answer
   waits in the spool (`later`) until client.flush(); without a quote the sale is at shelf prices
   (`without`). A Refused error is the agent's answer: show its cashierMessage. What is neither a
   sale nor a refusal (another program has the port) counts as no answer. */

export const BUDGET_MS = 1500;
const QUICK_MS = 100;
const PAUSE_MS = 50;
const CONFIRM_SHARE_MS = 500;
const PREFIX = 'loyalty-confirm-';

export class Silent extends Error {}

export class Refused extends Error {
  constructor(problem) {
    super(problem.detail || problem.code);
    this.problem = problem;
    this.code = problem.code;
    this.status = problem.status;
    this.cashierMessage = problem.cashier_message || {};
    this.isRetryable = Boolean(problem.retryable);
  }
}

const uuid = () => {
  if (globalThis.crypto?.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
};
/* The answer, when it is a sale: whoever has the port may be no agent. */
const saleOf = (view) => {
  const { quote_id: quote, basket_hash: hash, payable_minor: due } = view ?? {};
  if (typeof quote === 'string' && typeof hash === 'string' && Number.isSafeInteger(due)) return view;
  throw new Silent('this is no answer of the agent');
};
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/* A Chromium page from a public address needs the user's grant, or a policy, for loopback. */
export const explainDenied = async () => {
  try {
    const { state } = await navigator.permissions.query({ name: 'loopback-network' });
    return state === 'denied' ? 'edge-agent browser-policy install' : '';
  } catch {
    return '';
  }
};

export class Client {
  /* `spool` keeps confirmations that wait: localStorage, or anything with the same methods. */
  constructor(url, token, { spool = null, budgetMs = BUDGET_MS } = {}) {
    Object.assign(this, { url: url.replace(/\/$/, ''), token, spool, budgetMs });
  }

  sale(id = uuid()) {
    return new Sale(this, id);
  }

  async call(method, path, body, key, timeoutMs = this.budgetMs) {
    const headers = { Authorization: `Bearer ${this.token}` };
    if (method !== 'GET') headers['Content-Type'] = 'application/json';
    if (key) headers['Idempotency-Key'] = key;
    const stop = new AbortController();
    let bell;
    const late = new Promise((_, no) => {
      bell = setTimeout(() => {
        no(new Silent('no answer in time'));
        stop.abort();
      }, timeoutMs);
    });
    const asked = (async () => {
      try {
        const answer = await fetch(this.url + path, {
          method,
          headers,
          body: body === undefined ? undefined : JSON.stringify(body),
          signal: stop.signal,
        });
        return [answer.status, await answer.json()];
      } catch (error) {
        throw new Silent(String(error));
      }
    })();
    asked.catch(() => {});
    try {
      const [status, json] = await Promise.race([asked, late]);
      if (status >= 500 && !json?.retryable) throw new Silent('the agent failed');
      if (status >= 400) throw typeof json?.code === 'string' ? new Refused(json) : new Silent('no agent');
      return json;
    } finally {
      clearTimeout(bell);
    }
  }

  keep(id, body) {
    try {
      this.spool.setItem(PREFIX + id, JSON.stringify(body));
      return true;
    } catch {
      return false;
    }
  }

  waiting() {
    const found = [];
    for (let at = 0; at < (this.spool?.length ?? 0); at += 1) {
      const name = this.spool.key(at);
      if (name.startsWith(PREFIX)) found.push(name.slice(PREFIX.length));
    }
    return found.sort();
  }

  /* Sends what waits, outside of a sale; stops when the agent is silent. */
  async flush(timeoutMs = 5000) {
    const sent = [];
    const refused = [];
    for (const id of this.waiting()) {
      const text = this.spool.getItem(PREFIX + id);
      try {
        await this.sendPatiently(id, JSON.parse(text), timeoutMs);
        sent.push(id);
      } catch (error) {
        const isUnreadable = error instanceof SyntaxError;
        if (!isUnreadable && (!(error instanceof Refused) || error.isRetryable)) break;
        this.spool.setItem(`loyalty-refused-${id}`, text);
        refused.push(id);
      }
      this.spool.removeItem(PREFIX + id);
    }
    return { sent, refused };
  }

  /* A call that was given up may still be at work over there: ask until it is done. */
  async sendPatiently(id, body, timeoutMs) {
    for (const ends = performance.now() + timeoutMs; ; await sleep(PAUSE_MS)) {
      try {
        return await this.send(id, body, timeoutMs);
      } catch (error) {
        if (!error.isRetryable || performance.now() > ends) throw error;
      }
    }
  }

  /* A redemption whose answer was lost is taken back first, if the sum allows. */
  async send(id, body, timeoutMs) {
    const path = `/v1/sales/${id}`;
    try {
      saleOf(await this.call('POST', `${path}/confirm`, body, `confirm-${id}`, timeoutMs));
    } catch (error) {
      if (error.code !== 'quote_changed') throw error;
      const view = saleOf(await this.call('POST', `${path}/redeem`, { points: 0 }, '', timeoutMs));
      const same = ['basket_hash', 'payable_minor'].every((name) => view[name] === body[name]);
      if (!same) throw error;
      const again = { ...body, quote_id: view.quote_id };
      saleOf(await this.call('POST', `${path}/confirm`, again, `reconfirm-${id}`, timeoutMs));
    }
  }
}

export class Sale {
  constructor(client, id) {
    Object.assign(this, { client, id, view: null, isAlone: false, waitedMs: 0 });
  }

  open(lines = [], { code = '', source = 'pos', symbology = '', ...more } = {}) {
    const identity = code ? { code, source, symbology } : undefined;
    return this.verb('POST', 'open', { ...more, basket: { lines }, identity });
  }

  basket(lines) {
    return this.verb('PUT', 'basket', { lines });
  }

  member(code, source = 'pos', ifOther = 'ask') {
    return this.verb('PUT', 'member', { code, source, if_other: ifOther });
  }

  redeem(points) {
    return this.verb('POST', 'redeem', { points });
  }

  cancel() {
    return this.verb('POST', 'cancel', {});
  }

  payable(shelfMinor) {
    return this.view ? this.view.payable_minor : shelfMinor;
  }

  async confirm(tenders) {
    if (!this.view) return 'without';
    const { quote_id, basket_hash, payable_minor } = this.view;
    const body = { quote_id, basket_hash, tenders, payable_minor };
    while (this.left() > 0) {
      if (await this.tried('POST', 'confirm', body, `confirm-${this.id}`, this.left())) return 'confirmed';
    }
    return this.client.keep(this.id, body) ? 'later' : 'without';
  }

  async verb(method, name, body) {
    const key = uuid();
    for (let turn = 0; turn < 2 && !this.isAlone; turn += 1) {
      const left = this.left() - CONFIRM_SHARE_MS;
      if (left <= 0) break;
      if (await this.tried(method, name, body, key, left)) return this.view;
    }
    this.isAlone = true;
    if (name === 'basket') this.view = null; // no quote fits these goods
    return null;
  }

  left() {
    return this.client.budgetMs - this.waitedMs;
  }

  /* One attempt; false when there was no answer, after a short pause. */
  async tried(method, name, body, key, timeoutMs) {
    const began = performance.now();
    const took = () => Math.min(performance.now() - began, timeoutMs);
    try {
      const path = `/v1/sales/${this.id}/${name}`;
      this.view = saleOf(await this.client.call(method, path, body, key, timeoutMs));
      this.waitedMs += Math.max(0, took() - QUICK_MS);
      return true;
    } catch (error) {
      if (error instanceof Refused && !error.isRetryable) {
        this.waitedMs += Math.max(0, took() - QUICK_MS);
        throw error;
      }
      this.waitedMs += took();
    }
    const nap = Math.max(0, Math.min(PAUSE_MS, this.left()));
    this.waitedMs += nap;
    await sleep(nap);
    return false;
  }
}
