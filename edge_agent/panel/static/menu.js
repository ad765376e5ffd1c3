// The menu (F11): what is done less often than a sale. One table; digits choose.

import { sceneOf } from './scene.js';

// A closed sale is on the screen, and somebody was scanned since.
const canReassign = ({ closed, isWaiting }) => closed?.state === 'posted' && isWaiting;

/**
 * Entries in order: `label` is a key of the words' `menuOf`, `when` of the scene says whether it can
 * be done now, `verb` is [name, argument]. A verb that opens no dialog stands in `fromMenu`, which
 * closes the menu first. The tenth and later have no digit: arrows and Enter reach them.
 */
const ENTRIES = [
  { id: 'offers', label: 'offers', when: ({ open }) => open?.lines.length, verb: ['fromMenu', ['showOffers']] },
  { id: 'join', label: 'join', when: ({ member, training }) => !member && !training, verb: ['ask', 'join'] },
  { id: 'card', label: 'card', when: ({ member, training }) => member && !training, verb: ['ask', 'card'] },
  { id: 'return', label: 'giveBack', when: ({ open }) => !open, verb: ['ask', 'giveBack'] },
  { id: 'reassign', label: 'reassign', when: canReassign, verb: ['ask', 'reassign'] },
  { id: 'sign-in', label: 'signIn', when: ({ shift }) => shift?.signs_in, verb: ['ask', 'signIn'] },
  { id: 'sign-out', label: 'signOut', when: ({ cashier }) => cashier, verb: ['fromMenu', ['signOut']] },
  { id: 'shift', label: 'shift', when: ({ shift }) => shift, verb: ['ask', 'shift'] },
  {
    id: 'training', label: 'training', when: ({ open, training }) => !open && !training,
    verb: ['ask', 'training'],
  },
  {
    id: 'training-end', label: 'trainingEnd', when: ({ training }) => training,
    verb: ['fromMenu', ['leaveTraining']],
  },
  { id: 'display', label: 'display', verb: ['fromMenu', ['openDisplay']] },
  { id: 'tablet', label: 'tablet', when: ({ tablet }) => tablet, verb: ['fromMenu', ['pairTablet']] },
  { id: 'language', label: 'language', verb: ['fromMenu', ['switchLocale']] },
  { id: 'keys', label: 'keys', verb: ['ask', 'keys'] },
];

/** What may be chosen now: [{ id, text, verb }]. */
function choices(model, words) {
  const scene = sceneOf(model);
  const possible = ENTRIES.filter(({ when }) => !when || when(scene));
  return possible.map(({ id, label, verb }) => ({ id, text: words.menuOf[label], verb }));
}

export const MENU = { title: 'menu', choices };
