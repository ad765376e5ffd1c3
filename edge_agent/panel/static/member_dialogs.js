// A new member in three fields, and another card for one.

import { Field } from './fields.js';
import { sceneOf } from './scene.js';
import { html } from './vendor/preact-htm.js';

function Join(props) {
  const { words } = props;
  return html`<${Field} ...${props} name="phone" label=${words.joinPhone} mode="tel" isNeeded />
    <${Field} ...${props} name="name" label=${words.joinName} isNeeded isFree />
    <${Field} ...${props} name="birthday" label=${words.joinBirthday} />
    <p class="quiet">${words.joinMore}</p>`;
}

function Card(props) {
  const { words, scene } = props;
  return html`<p><b>${scene.member?.name}</b></p>
    <${Field} ...${props} name="card" label=${words.cardNew} isNeeded isFree />
    <${Field} ...${props} name="reason" label=${words.reason} isNeeded isFree />
    <p class="quiet">${words.cardMore}</p>`;
}

export const JOIN = { title: 'join', Body: Join, accept: 'acceptJoin' };
// The next card that is scanned is the new one.
export const CARD = { title: 'cardChange', Body: Card, accept: 'acceptCard', scans: 'take' };

export class MemberVerbs {
  #queue;

  constructor(queue) {
    this.#queue = queue;
  }

  /** Enter in the last field is the buyer's consent, as the question says. */
  acceptJoin() {
    const { phone, name, birthday = '' } = this.#queue.model.dialog.values;
    return this.#queue.answer(async () => {
      const body = { phone, name, birthday, agreed: true };
      await this.#queue.agent.write('POST', '/v1/members', body);
      this.#queue.dialog(null);
    });
  }

  acceptCard() {
    const { card, reason } = this.#queue.model.dialog.values;
    const { member } = sceneOf(this.#queue.model);
    if (!member) return undefined;
    const path = `/v1/members/${member.member_id}/card`;
    return this.#queue.answer(() =>
      this.#queue.approved('card', String(member.member_id), async (approval) => {
        await this.#queue.agent.write('POST', path, { code: card, reason, approval });
        this.#queue.dialog(null);
      }),
    );
  }
}
