// The shift: opening, X, service cash and Z, and the sentence why not.

import { momentOf, money, parseHundredths } from './format.js';
import { Field } from './fields.js';
import { sceneOf } from './scene.js';
import { html } from './vendor/preact-htm.js';

const TONE = { printed: 'good', not_printed: 'bad', unknown: 'warn' };

function Act({ act, words }) {
  return html`<p class="paper ${TONE[act.state] ?? 'wait'}" data-test="act" data-state=${act.state}>
    <b>${words.actOf[act.action]}${act.amount_minor > 0 && ` ${money(act.amount_minor)}`}</b>
    <span>${act.sentence}</span>
  </p>`;
}

// The act that waits for a person is told before the last one.
function told({ shift }) {
  const unknown = shift.waiting.find((act) => act.state === 'unknown');
  return unknown ?? shift.act;
}

function Shift({ model, scene, words, dialog }) {
  const { shift } = scene;
  if (!shift) return null;
  const act = told(scene);
  const since = momentOf(shift.opened_at, model.state.at);
  return html`<div class="shift" aria-live="polite">
    <p data-test="shift-line">
      ${shift.is_open ? `№${shift.number} ${words.since} ${since}` : words.shiftClosed}
      ${scene.cashier && ` · ${scene.cashier.name}`}
    </p>
    ${shift.warnings.map((each) => html`<p class="flag bad">${each.sentence}</p>`)}
    ${act && html`<${Act} act=${act} words=${words} />`}
    ${dialog.slip?.length > 0 && html`<pre data-test="slip">${dialog.slip.join('\n')}</pre>`}
  </div>`;
}

function choices(model, words) {
  const scene = sceneOf(model);
  const { shift } = scene;
  if (!shift) return [];
  const act = told(scene);
  const isCash = act?.state === 'unknown' && act.action.startsWith('cash');
  const all = [
    { id: 'it-printed', when: isCash, verb: ['settleAct', 'printed'], text: words.itPrinted },
    { id: 'it-did-not', when: isCash, verb: ['settleAct', 'not_printed'], text: words.itDidNot },
    { id: 'open', when: !shift.is_open, verb: ['actOnShift', 'open'] },
    { id: 'x', verb: ['actOnShift', 'x'] },
    { id: 'cash_in', when: shift.owner === 'device', verb: ['ask', 'cashIn'] },
    { id: 'cash_out', when: shift.owner === 'device', verb: ['ask', 'cashOut'] },
    { id: 'z', when: shift.is_open || act?.action === 'z', verb: ['ask', 'z'] },
  ];
  return all
    .filter(({ when }) => when ?? true)
    .map(({ id, verb, text }) => ({ id, verb, text: text ?? words.actOf[id] }));
}

const Cash = (props) =>
  html`<${Field} ...${props} name="amount" label=${props.words.cashMore} mode="decimal" isNeeded />`;
const Z = ({ words, scene }) => html`<p>${words.askZMore}</p>
  ${scene.unsettled > 0 && html`<p class="flag warn">${words.unsettled}</p>`}`;

export const SHIFT = { title: 'shift', Body: Shift, choices };
export const CASH_IN = { title: 'cashIn', Body: Cash, accept: 'acceptCash' };
export const CASH_OUT = { title: 'cashOut', Body: Cash, accept: 'acceptCash' };
export const ASK_Z = { title: 'askZ', Body: Z, accept: 'acceptZ' };

export class ShiftVerbs {
  #queue;

  constructor(queue) {
    this.#queue = queue;
  }

  /** Open, X or Z; what became of it is pushed with the next states. */
  actOnShift(act) {
    return this.#queue.answer(async () => {
      this.#show(await this.#queue.agent.write('POST', `/v1/shift/${act}`));
    });
  }

  acceptZ() {
    return this.actOnShift('z');
  }

  /** Service cash, in or out; out may need a senior's word. */
  acceptCash() {
    const { kind, values } = this.#queue.model.dialog;
    const amount = parseHundredths(values.amount ?? '');
    if (!amount) return this.#queue.problem(this.#queue.words.badAmount);
    return this.#queue.answer(async () => {
      if (kind === 'cashIn') await this.#cash('cash-in', { amount_minor: amount });
      else {
        await this.#queue.approved('cash_out', String(amount), (approval) =>
          this.#cash('cash-out', { amount_minor: amount, approval }),
        );
      }
    });
  }

  async #cash(act, body) {
    this.#show(await this.#queue.agent.write('POST', `/v1/shift/${act}`, body));
  }

  /** What a person saw on the paper of an act whose end was unknown. */
  settleAct(verdict) {
    return this.#queue.answer(async () => {
      const { job_id: id } = told(sceneOf(this.#queue.model));
      const body = { verdict, author: sceneOf(this.#queue.model).cashier?.cashier_id || 'panel' };
      await this.#queue.agent.write('POST', `/v1/shift/acts/${id}/resolve`, body);
    });
  }

  #show({ slip }) {
    this.#queue.dialog({ kind: 'shift', text: '', values: {}, problem: '', slip });
  }
}
