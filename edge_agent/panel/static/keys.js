// Keys to verbs: a pure table. Letters go by their place, so a Ukrainian layout works too.

import { choicesOf, keysOf } from './dialogs.js';
import { isLive, sceneOf } from './scene.js';

const ANYTIME = { F1: ['ask', 'keys'], F9: ['switchLocale'] };
const PAPER = {
  not_printed: { KeyR: ['retryPrint'], KeyV: ['ask', 'void'] },
  unknown: { KeyP: ['ask', 'fiscal'], KeyN: ['resolve', 'not_printed'] },
};

// A redemption asked for while the sale is being opened waits for its turn.
function functionKey(key, { open, canPay, isWaiting, other, job }, busy) {
  if (key === 'F11') return ['ask', 'menu'];
  if (key === 'F2') return open || job ? null : ['begin'];
  if (key === 'F6') return open && (other || isWaiting) ? ['replaceMember'] : null;
  if (key === 'F4') return open || busy ? ['redeem', null] : null;
  if (key === 'F5') return open ? ['ask', 'amount'] : null;
  if (key === 'F8') return canPay ? ['payCash'] : null;
  if (key === 'F7') return canPay ? ['payCard'] : null;
  if (key === 'F3') return canPay ? ['ask', 'given'] : null;
  if (key === 'F10') return open ? ['ask', 'cancel'] : null;
  return null;
}

function escape(model, { open }) {
  if (model.text) return ['clearText'];
  const { requested_points: asked = 0, redeemed_points: taken = 0 } = open?.redeem ?? {};
  return asked || taken ? ['redeem', 0] : null;
}

// While a good is on its way these keys are meant for it, so the verb finds the line when its turn
// comes.
function lineKey(event, model, { own, line }) {
  if (model.text || !((own && line) || model.busy)) return null;
  if (event.key === '+') return ['stepQuantity', { by: 1 }];
  if (event.key === '-' || event.key === '\u2212') return ['stepQuantity', { by: -1 }];
  if (event.key === 'Delete') return ['removeLine', {}];
  return null;
}

function paperKey(event, { job, canVoid }) {
  if (event.code === 'KeyV' && !canVoid) return null;
  return event.repeat ? null : (PAPER[job.state]?.[event.code] ?? null);
}

function arrow(event, model) {
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!by) return null;
  return model.found.length ? ['moveFound', by] : ['moveLine', by];
}

// In a question digits choose, by their place; where something is typed they are typed.
function dialogKey(event, model) {
  if (event.target?.tagName === 'INPUT') return null;
  const [, digit] = /^(?:Digit|Numpad)([1-9])$/.exec(event.code) ?? [];
  const choice = digit && !event.repeat ? choicesOf(model)[digit - 1] : null;
  return choice?.verb ?? keysOf(event, model);
}

/** True for keys whose own meaning in the browser must not happen here. */
export function isOurs(event) {
  return /^F([1-9]|1[01])$/.test(event.key);
}

/** The verb of a key press: [name, argument], or null. */
export function verbOf(event, model) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  if (ANYTIME[event.key] && !model.dialog) return ANYTIME[event.key];
  if (!isLive(model)) return null;
  if (model.dialog) return dialogKey(event, model);
  const scene = sceneOf(model);
  if (isOurs(event)) return event.repeat ? null : functionKey(event.key, scene, model.busy);
  if (event.key === 'Escape') return escape(model, scene);
  if (scene.job) return paperKey(event, scene);
  return lineKey(event, model, scene) ?? arrow(event, model);
}
