// A field of a question that has several.

import { html } from './vendor/preact-htm.js';

/**
 * `name` is its key in `dialog.values`; Enter stops at one that is needed and still empty. A secret
 * is hidden by style: a browser's keeper of passwords has no business at a till.
 */
export function Field({ dialog, run, name, label, mode = 'text', isSecret, isNeeded, isFree }) {
  const input = (event) => run('dialogValue', { name, value: event.target.value });
  return html`<label class="entry">
    <span>${label}</span>
    <input
      name=${name}
      class=${isSecret ? 'secret' : ''}
      autocomplete="off"
      spellcheck="false"
      inputmode=${mode}
      maxlength=${isFree ? 120 : 32}
      data-needed=${isNeeded ? '' : undefined}
      value=${dialog.values[name] ?? ''}
      onInput=${input}
    />
  </label>`;
}
