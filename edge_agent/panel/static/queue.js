// Writes of the screen: one after another, each on the newest state, refusals as sentences.

import { Refusal } from './agent.js';
import { isLive, localeOf } from './scene.js';
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

  /** Write, and show the sale that is the answer without waiting for the pushed state. */
  async sale(method, path, body) {
    const view = await this.agent.write(method, path, body);
    const before = this.model.state.sale;
    const isSame = before?.sale_id === view.sale_id;
    if (isSame && before.revision > view.revision) return;
    const known = new Map((isSame ? before.lines : []).map((line) => [line.line_id, line]));
    const changed = view.lines.filter(
      (line) => known.get(line.line_id)?.qty_milli !== line.qty_milli,
    );
    const state = { ...this.model.state, sale: view };
    this.store.set(changed.length ? { state, selectedId: changed.at(-1).line_id } : { state });
  }
}
