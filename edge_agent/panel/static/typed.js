// What a typed text means before anyone is asked: quantities, phones, shares.

import { parseHundredths, parseQuantity } from './format.js';

const TIMES = /^(\d{1,5}(?:[.,]\d{1,3})?)\s*[*xх×]\s*(.*)$/i;
const PHONE = /^(?:\+\d{6,15}|0\d{8,10}|80\d{8,9}|(?:00)?380\d{9})$/;
const SHARE = /^(\d{1,3})\s*%$/;

/** "3*482…" to quantity (thousandths) and code; a bare code has no quantity. */
export function splitTimes(text) {
  const found = TIMES.exec(text);
  const milli = found ? parseQuantity(found[1]) : null;
  return milli ? { milli, code: found[2].trim() } : { milli: null, code: text };
}

/** What is meant as a phone number, without its blanks, dashes and brackets; the agent says what is
 * wrong with it. Null when the text is no such thing. */
export function phoneOf(text) {
  const digits = text.replace(/[\s().\u2010-\u2015-]/g, '');
  return PHONE.test(digits) ? digits : null;
}

/** True for a name rather than a number. */
export function isName(text) {
  return /\p{L}/u.test(text);
}

/** Points (hundredths) of "12,50", or of "50%" of the most possible; null when it is neither. */
export function pointsOf(text, most) {
  const share = SHARE.exec(text.trim());
  if (share) return Number(share[1]) > 100 ? null : shareOf(most, Number(share[1]));
  return parseHundredths(text);
}

/** A percentage of points, rounded down. */
export function shareOf(most, percent) {
  return Math.floor((most * percent) / 100);
}
