// Writes of the screen: one after another, each on the newest state, refusals as sentences.

import { Refusal } from './agent.js';
import { isLater, isLive, localeOf } from './scene.js';
import { wordsOf } from './words.js';

export class Queue {
  #tail = Promise.resolve();

  constructor(store, agent) {
    this.store = store;
    this.agent = agent;
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

  /** Show why the agent said no. Raises what is no refusal: that is a fault of this page. */
  refused(error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.status === 401) {
      this.store.set({ phase: 'login', loginWhy: 'ended', state: null, dialog: null });
      return;
    }
    const locale = localeOf(this.model);
    const text = error.sentence(locale) || wordsOf(locale).agentGone;
    this.store.set({ flash: { kind: 'error', text } });
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
