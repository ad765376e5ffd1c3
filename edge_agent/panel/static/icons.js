// Small line icons; always beside a word, never alone.

import { html } from './vendor/preact-htm.js';

const PATHS = {
  check: 'M3 8.5l3.2 3.2L13 5',
  warn: 'M8 2.2l6.3 11.3H1.7zM8 6.5v3.2M8 11.6v.2',
  cross: 'M4 4l8 8M12 4l-8 8',
  dash: 'M3.5 8h9',
  clock: 'M8 1.8a6.2 6.2 0 100 12.4A6.2 6.2 0 008 1.8zM8 4.5V8l2.4 1.6',
  gift: 'M2.5 6.5h11v2.4h-11zM3.5 8.9v4.6h9V8.9M8 6.5v7M8 6.4C6.4 2.5 3.4 4 4.6 6.2M8 6.4c1.6-3.9 4.6-2.4 3.4-.2',
  stop: 'M5 1.8h6L14.2 5v6L11 14.2H5L1.8 11V5zM4.6 8h6.8',
  bulb: 'M6 13.8h4M6.2 11.8c0-1.8-2.4-2.6-2.4-5.4a4.2 4.2 0 018.4 0c0 2.8-2.4 3.6-2.4 5.4z',
  tag: 'M2 2.2h5.6l6.2 6.2-5.4 5.4L2.2 7.6zM5 5v.1',
  person: 'M8 8a3 3 0 100-6 3 3 0 000 6zM2.4 14.2c.5-6 10.7-6 11.2 0',
  info: 'M8 1.8a6.2 6.2 0 100 12.4A6.2 6.2 0 008 1.8zM8 7.2v4M8 4.7v.2',
};

export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
    <path d=${PATHS[name]} />
  </svg>`;
}
