// Questions on the way: one modal at a time, Enter accepts, Esc closes.

import { bonuses, money, parseHundredths } from './format.js';
import { html, useLayoutEffect, useRef } from './vendor/preact-htm.js';

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

const BODIES = {
  keys: ({ words }) => html`<dl class="help">
    ${words.help.map(
      ([keys, meaning]) => html`<div><dt><kbd>${keys}</kbd></dt><dd>${meaning}</dd></div>`,
    )}
  </dl>`,
  amount: (props) => {
    const most = props.scene.open?.redeem.redeemable_points ?? 0;
    const label = `${props.words.askAmountMore} ${bonuses(most, props.locale)}`;
    return html`<${Entry} ...${props} label=${label} mode="decimal" />`;
  },
  given: (props) => {
    const sale = props.scene.open;
    if (!sale) return null;
    const label = `${props.words.toPay}: ${money(sale.payable_cash_minor)}`;
    return html`<${Entry} ...${props} label=${label} mode="decimal" />
      <${Change} ...${props} sale=${sale} />`;
  },
  cancel: ({ words, scene }) =>
    html`<p>${scene.own ? words.askCancelMore : words.askCancelPos}</p>`,
  void: ({ words }) => html`<p>${words.askVoidMore}</p>`,
  fiscal: (props) => html`<${Entry} ...${props} label=${props.words.askFiscalMore} mode="text" />`,
};

const TITLES = {
  keys: 'keys', amount: 'askAmount', given: 'askGiven', cancel: 'askCancel', void: 'askVoid',
  fiscal: 'askFiscal',
};

export function Dialog(props) {
  const { model, words, run } = props;
  const { dialog } = model;
  const box = useRef(null);
  // Before the next key: what is typed after F5 belongs to the question.
  useLayoutEffect(() => {
    const element = box.current;
    if (!element.open) element.showModal();
    (element.querySelector('#dialog-entry') ?? element.querySelector('.accept')).focus();
    return () => element.close();
  }, [dialog.kind]);
  const isNews = dialog.kind === 'keys';
  const accept = (event) => {
    event.preventDefault();
    run('accept');
  };
  const cancel = (event) => {
    event.preventDefault();
    run('closeDialog');
  };
  return html`<dialog ref=${box} onCancel=${cancel} aria-labelledby="dialog-title">
    <form onSubmit=${accept} class=${dialog.kind}>
      <h2 id="dialog-title">${words[TITLES[dialog.kind]]}</h2>
      ${BODIES[dialog.kind]({ ...props, dialog })}
      <p class="problem" role="alert">${dialog.problem}</p>
      <div class="answers">
        ${!isNews &&
        html`<button type="button" data-test="no" onClick=${() => run('closeDialog')}>
          <span>${words.no}</span> <kbd>Esc</kbd>
        </button>`}
        <button class="primary accept" data-test="yes">
          <span>${isNews ? words.close : words.yes}</span> <kbd>Enter</kbd>
        </button>
      </div>
    </form>
  </dialog>`;
}
