// The input that is always ready, the lines, and what the rules made of them.

import { money, quantity, tied } from './format.js';
import { Icon } from './icons.js';
import { isByPiece } from './scene.js';
import { html, useEffect, useRef } from './vendor/preact-htm.js';

function Found({ model, words, run }) {
  const typed = model.text.trim();
  if (!typed || model.foundFor !== typed) return null;
  if (!model.found.length) return html`<p class="found empty">${words.nothingFound}</p>`;
  return html`<ul class="found" id="found" role="listbox" aria-label=${words.input}>
    ${model.found.map(
      (good, index) => html`<li
        role="option"
        id=${`found-${index}`}
        aria-selected=${index === model.foundAt ? 'true' : 'false'}
        onClick=${() => run('pick', index)}
      >
        <span class="name">${tied(good.name)}</span>
        <span class="sku">${good.sku}</span>
        <b>${money(good.unit_price_minor)}</b>
      </li>`,
    )}
  </ul>`;
}

function Input({ model, words, run }) {
  const isOpen = model.found.length > 0;
  const submit = (event) => {
    event.preventDefault();
    run('submit');
  };
  return html`<form class="input" onSubmit=${submit}>
    <label class="unseen" for="entry">${words.input}</label>
    <input
      id="entry"
      autocomplete="off"
      spellcheck="false"
      maxlength="512"
      role="combobox"
      aria-expanded=${isOpen ? 'true' : 'false'}
      aria-controls=${isOpen ? 'found' : undefined}
      aria-activedescendant=${isOpen ? `found-${model.foundAt}` : undefined}
      placeholder=${words.inputMore}
      value=${model.text}
      onInput=${(event) => run('type', event.target.value)}
    />
    <kbd>Enter</kbd>
    <${Found} model=${model} words=${words} run=${run} />
  </form>`;
}

function LineKeys({ line, words, run }) {
  const lineId = line.line_id;
  return html`<div class="line-keys">
    ${isByPiece(line) &&
    html`<button
        aria-label=${words.minus}
        onClick=${() => run('stepQuantity', { lineId, by: -1 })}
      >
        −
      </button>
      <button aria-label=${words.plus} onClick=${() => run('stepQuantity', { lineId, by: 1 })}>
        +
      </button>`}
    <button
      aria-label=${words.remove}
      onClick=${() => run('removeLine', { lineId })}
    >
      <${Icon} name="cross" />
    </button>
  </div>`;
}

function Line({ line, isChosen, isOwn, words, run }) {
  const row = useRef(null);
  useEffect(() => {
    if (isChosen) row.current.scrollIntoView({ block: 'nearest' });
  }, [isChosen, line.qty_milli]);
  const less = line.discount_minor + line.redeemed_minor;
  return html`<li
    ref=${row}
    class=${isChosen ? 'line chosen' : 'line'}
    aria-current=${isChosen ? 'true' : undefined}
    data-test="line"
    onClick=${() => run('select', line.line_id)}
  >
    <span class="name">${tied(line.name)}</span>
    <span class="count">
      ${quantity(line.qty_milli)} ${line.unit} ${words.pieces} ${money(line.unit_price_minor)}
    </span>
    ${line.stamps_lacking > 0 &&
    html`<span class="lacks" data-test="stamp-lacking">${words.lacksStamp}</span>`}
    <b class="sum">${money(line.paid_minor)}</b>
    <span class="less">${less > 0 ? money(-less) : ''}</span>
    ${isChosen && isOwn && html`<${LineKeys} line=${line} words=${words} run=${run} />`}
  </li>`;
}

function Rules({ sale, words }) {
  const { promotions, gifts, rewards, hints, messages } = sale;
  const given = [...gifts, ...rewards];
  if (!promotions.length && !given.length && !hints.length && !messages.length) return null;
  return html`<div class="rules">
    ${promotions.length > 0 &&
    html`<ul class="applied" aria-label=${words.promotions} data-test="promotions">
      ${promotions.map(
        (item) => html`<li>
          <${Icon} name="tag" /><span>${tied(item.name)}</span><b>${money(-item.amount_minor)}</b>
        </li>`,
      )}
    </ul>`}
    ${given.length > 0 &&
    html`<ul class="given" aria-label=${words.gifts} data-test="gifts">
      ${given.map((item) => html`<li><${Icon} name="gift" /><span>${tied(item.sentence)}</span></li>`)}
    </ul>`}
    ${hints.length + messages.length > 0 &&
    html`<ul class="hints" aria-label=${words.hints} data-test="hints">
      ${hints.map((hint) => html`<li><${Icon} name="bulb" /><span>${tied(hint)}</span></li>`)}
      ${messages.map((text) => html`<li><${Icon} name="info" /><span>${tied(text)}</span></li>`)}
    </ul>`}
  </div>`;
}

function Empty({ scene, words }) {
  return html`<div class="empty-basket">
    <h2>${scene.open ? words.empty : words.idle}</h2>
    <p>${scene.open ? words.emptyMore : words.idleMore}</p>
  </div>`;
}

export function BasketPanel({ model, scene, words, run }) {
  const { open } = scene;
  return html`<section class="basket">
    <${Input} model=${model} words=${words} run=${run} />
    <div class="card lines">
      ${open && !scene.own && html`<p class="pos-note">${words.posSale}</p>`}
      ${open?.lines.length
        ? html`<ol data-test="lines">
            ${open.lines.map(
              (line) => html`<${Line}
                key=${line.line_id}
                line=${line}
                isChosen=${line === scene.line}
                isOwn=${Boolean(scene.own)}
                words=${words}
                run=${run}
              />`,
            )}
          </ol>`
        : html`<${Empty} scene=${scene} words=${words} />`}
      ${open && html`<${Rules} sale=${open} words=${words} />`}
    </div>
  </section>`;
}
