// Writes of the screen: one after another, each on the newest state, refusals as sentences.

import { Refusal } from './agent.js';
import { isLater, isLive, localeOf } from './scene.js';
import { wordsOf } from './words.js';

export class Queue {
  #tail = Promise.resolve();
  #telling = Promise.resolve(); // one after the other: closed never comes before opened

  /** `scansOf(kind)` says what a question does with scans: `act`, `take`, `badge`, or they wait. */
  constructor(store, agent, scansOf) {
    this.store = store;
    this.agent = agent;
    this.scansOf = scansOf;
  }

  get model() {
    return this.store.get();
  }

  /** Queue a step; it runs when those before it have ended and the agent is there. */
  step(work) {
    this.store.set({ busy: this.model.busy + 1, flash: null });
    this.#tail = this.#tail.then(async () => {
      try {
        if (isLive(this.model)) await work();
      } catch (error) {
        this.refused(error);
      } finally {
        this.store.set({ busy: this.model.busy - 1 });
      }
    });
    return this.#tail;
  }

  /** A step of the question that stands: a refusal is shown in it, and a senior is asked for. */
  answer(work) {
    return this.step(async () => {
      try {
        await work();
      } catch (error) {
        const isOurs = error instanceof Refusal && error.status !== 401 && this.model.dialog;
        if (!isOurs) throw error;
        this.problem(this.sentence(error));
      }
    });
  }

  /** Send what may need a senior's word: without it first, with it once the dialog has one. */
  async approved(act, subject, send) {
    try {
      await send('');
    } catch (error) {
      if (error.code !== 'approval_needed') throw error;
      this.dialog({ kind: 'approval', text: '', values: {}, problem: '', act, subject, send });
    }
  }

  /** Show a question, or none. */
  dialog(dialog) {
    const before = this.#mode();
    this.store.set({ dialog });
    if (before !== this.#mode()) this.#tell();
  }

  /** Say again that a question stands: the agent lets scans go by itself when it hears nothing. */
  hold() {
    if (this.#mode() !== 'act') this.#tell();
  }

  #mode() {
    const { dialog } = this.model;
    return dialog ? (this.scansOf(dialog.kind) ?? 'wait') : 'act';
  }

  #tell() {
    const mode = this.#mode();
    const body = {
      is_open: mode !== 'act', takes_scan: mode === 'take', takes_badge: mode === 'badge',
    };
    const tell = () => this.agent.write('POST', '/v1/panel/dialog', body);
    this.#telling = this.#telling.then(tell).catch(() => {});
  }

  /** The words of the screen's language. */
  get words() {
    return wordsOf(localeOf(this.model));
  }

  /** Change the question that stands. */
  change(patch) {
    if (this.model.dialog) this.store.set({ dialog: { ...this.model.dialog, ...patch } });
  }

  /** Say in the question that stands what is wrong. */
  problem(problem) {
    this.change({ problem });
  }

  /** The cashier's sentence of a refusal. */
  sentence(error) {
    const locale = localeOf(this.model);
    return error.sentence(locale) || this.words.agentGone;
  }

  /** Show why the agent said no. Raises what is no refusal: that is a fault of this page. */
  refused(error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.status === 401) {
      this.store.set({ phase: 'login', loginWhy: 'ended', state: null, dialog: null });
      return;
    }
    this.store.set({ flash: { kind: 'error', text: this.sentence(error) } });
  }

  /**
   * Write, and show the sale that is the answer without waiting for the pushed state. The line that
   * the write changed becomes the chosen one, unless the cashier has chosen another meanwhile.
   */
  async sale(method, path, body) {
    const { choices } = this.model;
    const before = this.model.state.sale;
    const view = await this.agent.write(method, path, body);
    const patch = {};
    const changed = changedLine(before, view);
    if (changed && this.model.choices === choices) patch.selectedId = changed.line_id;
    const shown = this.model.state.sale;
    if (shown?.sale_id !== view.sale_id || isLater(view, shown)) {
      patch.state = { ...this.model.state, sale: view };
    }
    this.store.set(patch);
  }
}

function changedLine(before, view) {
  const old = before?.sale_id === view.sale_id ? before.lines : [];
  const known = new Map(old.map((line) => [line.line_id, line.qty_milli]));
  return view.lines.findLast((line) => known.get(line.line_id) !== line.qty_milli);
}
