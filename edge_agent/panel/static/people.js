// Questions about people: who works here, whose word allows what a cashier may not do alone, a new
// member in three fields, and another card for one.

import { Field } from './fields.js';
import { sceneOf } from './scene.js';
import { html } from './vendor/preact-htm.js';

function Person(props) {
  return html`<div class="pair-of-fields">
    <${Field} ...${props} name="who" label=${props.words.staffNumber} isNeeded />
    <${Field} ...${props} name="pin" label="PIN" mode="numeric" isSecret isNeeded />
  </div>`;
}

function SignIn(props) {
  return html`<p>${props.words.signInMore}</p><${Person} ...${props} />`;
}

function Approval(props) {
  const { words, dialog } = props;
  return html`<p>${words.approvalOf[dialog.act]} ${words.approvalMore}</p>
    <${Person} ...${props} />`;
}

/** Id and PIN as they were typed. */
function personOf({ values }) {
  return { cashier_id: (values.who ?? '').trim(), pin: (values.pin ?? '').trim() };
}

// A scanned badge signs in on its own; the state that is pushed then closes the question.
export const SIGN_IN = { title: 'signIn', Body: SignIn, accept: 'acceptSignIn', scans: 'act' };
// A badge that is scanned now is the senior's word, and nobody is signed in by it.
export const APPROVAL = {
  title: 'approval', Body: Approval, accept: 'acceptApproval', scans: 'badge',
};

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

export class PeopleVerbs {
  #queue;

  constructor(queue) {
    this.#queue = queue;
  }

  // A PIN that was refused is typed anew.
  async #said(path, body) {
    try {
      return await this.#queue.agent.write('POST', path, body);
    } catch (error) {
      this.#queue.change({ values: { who: body.cashier_id } });
      throw error;
    }
  }

  acceptSignIn() {
    const person = personOf(this.#queue.model.dialog);
    return this.#queue.answer(async () => {
      await this.#said('/v1/shift/sign-in', person);
      this.#queue.dialog(null);
    });
  }

  signOut() {
    return this.#queue.step(() => this.#queue.agent.write('POST', '/v1/shift/sign-out'));
  }

  /** A senior's word, typed or by the badge just scanned: with it, what waits for it is sent. */
  acceptApproval(isScanned) {
    const { dialog } = this.#queue.model;
    const { act, subject, send } = dialog;
    const who = isScanned ? { take_scan: true } : personOf(dialog);
    return this.#queue.answer(async () => {
      const word = await this.#said('/v1/approvals', { ...who, act, subject });
      this.#queue.dialog(null);
      await send(word.approval_id);
    });
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
