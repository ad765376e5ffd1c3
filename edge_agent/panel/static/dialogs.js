// Questions on the way: one modal at a time, Enter accepts, Esc closes.

import { bonuses, money, parseHundredths } from './format.js';
import { GIFT, OFFERS, STAMP, TRAINING, TWICE } from './goods_dialogs.js';
import { MENU } from './menu.js';
import { APPROVAL, CARD, JOIN, SIGN_IN } from './people.js';
import { BACK, FIND, GIVEN_BACK, REASSIGN, RECEIPTS } from './returns.js';
import { localeOf } from './scene.js';
import { ASK_Z, CASH_IN, CASH_OUT, SHIFT } from './shift_panel.js';
import { html, useLayoutEffect, useRef } from './vendor/preact-htm.js';
import { wordsOf } from './words.js';

function Entry({ dialog, run, label, mode }) {
  return html`<label class="entry">
    <span>${label}</span>
    <input
      id="dialog-entry"
      autocomplete="off"
      inputmode=${mode}
      maxlength="40"
      value=${dialog.text}
      onInput=${(event) => run('dialogText', event.target.value)}
    />
  </label>`;
}

function Change({ dialog, sale, words }) {
  const given = parseHundredths(dialog.text);
  const rest = given === null ? null : given - sale.payable_cash_minor;
  const name = rest !== null && rest < 0 ? words.short : words.change;
  return html`<p class="change-line" aria-live="polite">
    <span>${name}</span><b data-test="change-preview">${money(Math.abs(rest ?? 0))}</b>
  </p>`;
}

const Keys = ({ words }) => html`<dl class="help">
  ${words.help.map(
    ([keys, meaning]) => html`<div><dt><kbd>${keys}</kbd></dt><dd>${meaning}</dd></div>`,
  )}
</dl>`;

function Amount(props) {
  const most = props.scene.open?.redeem.redeemable_points ?? 0;
  const label = `${props.words.askAmountMore} ${bonuses(most, props.locale)}`;
  return html`<${Entry} ...${props} label=${label} mode="decimal" />`;
}

function Given(props) {
  const sale = props.scene.open;
  if (!sale) return null;
  const label = `${props.words.toPay}: ${money(sale.payable_cash_minor)}`;
  return html`<${Entry} ...${props} label=${label} mode="decimal" />
    <${Change} ...${props} sale=${sale} />`;
}

const Cancel = ({ words, scene }) =>
  html`<p>${scene.own ? words.askCancelMore : words.askCancelPos}</p>`;
const Void = ({ words }) => html`<p>${words.askVoidMore}</p>`;
const Fiscal = (props) =>
  html`<${Entry} ...${props} label=${props.words.askFiscalMore} mode="text" />`;

/**
 * Every question by its kind: `title` is a key of the words, `Body` what stands in it, `accept` the
 * verb of Enter (by default `accept`), `isNews` when there is nothing to say no to. With
 * `choices(model, words)` digits and buttons choose among [{ id, text, verb }] and Enter only
 * presses the button in focus; `keys(event, model)` are its other keys.
 */
const DIALOGS = {
  keys: { title: 'keys', Body: Keys, isNews: true },
  amount: { title: 'askAmount', Body: Amount },
  given: { title: 'askGiven', Body: Given },
  cancel: { title: 'askCancel', Body: Cancel },
  void: { title: 'askVoid', Body: Void },
  fiscal: { title: 'askFiscal', Body: Fiscal },
  menu: MENU,
  signIn: SIGN_IN,
  approval: APPROVAL,
  shift: SHIFT,
  cashIn: CASH_IN,
  cashOut: CASH_OUT,
  z: ASK_Z,
  giveBack: FIND,
  receipts: RECEIPTS,
  back: BACK,
  givenBack: GIVEN_BACK,
  reassign: REASSIGN,
  stamp: STAMP,
  twice: TWICE,
  gift: GIFT,
  offers: OFFERS,
  training: TRAINING,
  join: JOIN,
  card: CARD,
};

/**
 * What a question does with scans: `act` as if it did not stand, `take` them, take them for a
 * senior's `badge`, or they wait.
 */
export function scansOf(kind) {
  return DIALOGS[kind].scans;
}

const wordsIn = (model) => wordsOf(localeOf(model));

/** What digits choose in the question that stands. */
export function choicesOf(model) {
  return DIALOGS[model.dialog.kind].choices?.(model, wordsIn(model)) ?? [];
}

/** The verb of another key in the question that stands, or null. */
export function keysOf(event, model) {
  return DIALOGS[model.dialog.kind].keys?.(event, model) ?? null;
}

function Choices({ model, run }) {
  return html`<div class="choices">
    ${choicesOf(model).map(
      ({ id, text, verb }, place) => html`<button
        type="button"
        key=${id}
        data-test=${`choose-${id}`}
        onClick=${() => run(...verb)}
      >
        ${place < 9 && html`<kbd>${place + 1}</kbd>`} <span>${text}</span>
      </button>`,
    )}
  </div>`;
}

// Arrows go from button to button; Enter in a field goes to the next one that is still empty.
function moveFocus(event) {
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const all = [...event.currentTarget.querySelectorAll('.choices button')];
  if (!by || !all.length) return;
  event.preventDefault();
  const at = all.indexOf(document.activeElement);
  all[at < 0 ? 0 : (at + by + all.length) % all.length].focus();
}

function nextEmpty(form) {
  return [...form.querySelectorAll('input[data-needed]')].find((input) => !input.value.trim());
}

function Answers({ shape, words, run }) {
  const canAccept = shape.isNews || !shape.choices;
  return html`<div class="answers">
    ${!shape.isNews &&
    html`<button type="button" data-test="no" onClick=${() => run('closeDialog')}>
      <span>${canAccept ? words.no : words.close}</span> <kbd>Esc</kbd>
    </button>`}
    ${canAccept &&
    html`<button class="primary accept" data-test="yes">
      <span>${shape.isNews ? words.close : words.yes}</span> <kbd>Enter</kbd>
    </button>`}
  </div>`;
}

export function Dialog(props) {
  const { model, words, run } = props;
  const { dialog } = model;
  const shape = DIALOGS[dialog.kind];
  const box = useRef(null);
  // Before the next key: what is typed after F5 belongs to the question.
  useLayoutEffect(() => {
    const element = box.current;
    if (!element.open) element.showModal();
    const first = element.querySelector('input, .choices button, .accept');
    (first ?? element.querySelector('button')).focus();
    return () => element.close();
  }, [dialog.kind]);
  const accept = (event) => {
    event.preventDefault();
    const empty = nextEmpty(event.currentTarget);
    if (empty) empty.focus();
    else run(shape.accept ?? 'accept');
  };
  const cancel = (event) => {
    event.preventDefault();
    run('closeDialog');
  };
  return html`<dialog ref=${box} onCancel=${cancel} aria-labelledby="dialog-title">
    <form onSubmit=${accept} onKeyDown=${moveFocus} class=${`ask-${dialog.kind}`} key=${dialog.kind}>
      <h2 id="dialog-title">${words[shape.title]}</h2>
      ${shape.Body && html`<${shape.Body} ...${props} dialog=${dialog} />`}
      ${shape.choices && html`<${Choices} model=${model} run=${run} />`}
      <p class="problem" role="alert">${dialog.problem}</p>
      <${Answers} shape=${shape} words=${words} run=${run} />
    </form>
  </dialog>`;
}
