// How many keys and how long a sale takes on this screen: counts for the agent, never what is typed.

const SILENT = new Set(['Shift', 'Control', 'Alt', 'Meta', 'CapsLock', 'AltGraph']);
const NO_ACTS = new Set(['dialogText', 'type', 'moveFound', 'moveLine', 'closeDialog']);
const CLOSED = new Set(['committed', 'posted']);

export class Pace {
  #keys = 0;
  #verbs = {};
  #since = 0;
  #openId = '';
  #isOver = false; // the last sale's end is on the screen: Enter and Esc belong to it

  #begin() {
    this.#since ||= performance.now();
  }

  /** A key was pressed; one that is held down counts once. */
  key(event) {
    if (event.repeat || SILENT.has(event.key)) return;
    if (this.#isOver && (event.key === 'Enter' || event.key === 'Escape')) return;
    this.#isOver = false;
    this.#begin();
    this.#keys += 1;
  }

  /** Something was done: by its name, without what it was done with. */
  verb(name) {
    if (!NO_ACTS.has(name)) this.#verbs[name] = (this.#verbs[name] ?? 0) + 1;
  }

  /** A pushed state; answers with the counts of a sale that it shows as paid, else null. */
  state({ sale, waiting }) {
    if (waiting || sale?.state === 'open') {
      this.#isOver = false;
      this.#begin();
    }
    if (sale?.state === 'open') {
      this.#openId = sale.origin === 'panel' ? sale.sale_id : '';
      return null;
    }
    const isMine = sale && sale.sale_id === this.#openId;
    if (!isMine) return null;
    const told = CLOSED.has(sale.state) ? this.#counts(sale.sale_id) : null;
    this.#keys = 0;
    this.#verbs = {};
    this.#since = 0;
    this.#openId = '';
    this.#isOver = !waiting;
    return told;
  }

  #counts(saleId) {
    const ms = Math.round(performance.now() - this.#since);
    return { sale_id: saleId, keys: this.#keys, ms, verbs: this.#verbs };
  }
}
