// Money, points, quantities and dates as people read them. Integers in, text out; no fractions.

const NBSP = '\u00a0';
const MINUS = '\u2212';

function grouped(whole) {
  return String(whole).replace(/\B(?=(\d{3})+$)/g, NBSP);
}

function hundredths(amount) {
  const size = Math.abs(amount);
  const rest = size % 100;
  return { sign: amount < 0 ? MINUS : '', whole: (size - rest) / 100, rest };
}

/** Kopecks as "1 234,50 ₴". */
export function money(minor) {
  const { sign, whole, rest } = hundredths(minor);
  return `${sign}${grouped(whole)},${String(rest).padStart(2, '0')}${NBSP}₴`;
}

/** A name or a sentence whose figures stay with their sign: "2,5 %", "−20 ₴". */
export function tied(text) {
  return text.replace(/(\d) (?=[%₴])/g, `$1${NBSP}`);
}

/** Hundredths of a bonus as "1 234,50", or "1 234" when whole. */
export function points(amount) {
  const { sign, whole, rest } = hundredths(amount);
  return sign + grouped(whole) + (rest ? `,${String(rest).padStart(2, '0')}` : '');
}

const BONUS = {
  uk: { one: 'бонус', few: 'бонуси', many: 'бонусів', other: 'бонуса' },
  en: { one: 'bonus', other: 'bonuses' },
  pl: { one: 'bonus', few: 'bonusy', many: 'bonusów', other: 'bonusu' },
};

/** The word that goes with an amount: 1 бонус, 2 бонуси, 5 бонусів, 1,5 бонуса. */
export function bonusWord(amount, locale) {
  const { whole, rest } = hundredths(amount);
  const rule = rest ? 'other' : new Intl.PluralRules(locale).select(whole);
  return BONUS[locale][rule] ?? BONUS[locale].other;
}

/** Amount and word. */
export function bonuses(amount, locale) {
  return `${points(amount)}${NBSP}${bonusWord(amount, locale)}`;
}

/** Thousandths as "2" or "0,345". */
export function quantity(milli) {
  const rest = milli % 1000;
  const tail = rest ? `,${String(rest).padStart(3, '0').replace(/0+$/, '')}` : '';
  return grouped((milli - rest) / 1000) + tail;
}

function decimal(text, digits) {
  const clean = text.replace(/[\s\u00a0]/g, '');
  const found = new RegExp(`^(\\d{1,8})(?:[.,](\\d{1,${digits}}))?$`).exec(clean);
  if (!found) return null;
  return Number(found[1]) * 10 ** digits + Number((found[2] ?? '').padEnd(digits, '0'));
}

/** "1 234,5" to 123450 (kopecks, or hundredths of a bonus); null when it is no amount. */
export function parseHundredths(text) {
  return decimal(text, 2);
}

/** "0,345" to 345; null when it is no quantity. */
export function parseQuantity(text) {
  return decimal(text, 3);
}

function zoned(options) {
  try {
    return new Intl.DateTimeFormat('uk-UA', { ...options, timeZone: 'Europe/Kyiv' });
  } catch {
    return new Intl.DateTimeFormat('uk-UA', { ...options, timeZone: 'Europe/Kiev' });
  }
}

const TIME = zoned({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const DATE = zoned({ day: '2-digit', month: '2-digit', year: 'numeric' });

/** An instant as HH:MM of the store's wall clock; "" when there is none. */
export function timeOf(instant) {
  return instant ? TIME.format(new Date(instant)) : '';
}

/** An instant as dd.mm.yyyy. */
export function dateOf(instant) {
  return instant ? DATE.format(new Date(instant)) : '';
}

/** "14:05" today, "21.11.2026 14:05" on another day. */
export function momentOf(instant, now) {
  if (!instant) return '';
  const day = dateOf(instant);
  return day === dateOf(now) ? timeOf(instant) : `${day}${NBSP}${timeOf(instant)}`;
}

/** "2026-12-31" as "31.12.2026". */
export function dayOf(date) {
  const found = /^(\d{4})-(\d\d)-(\d\d)/.exec(date ?? '');
  return found ? `${found[3]}.${found[2]}.${found[1]}` : '';
}

const STEPS = [
  [86400, { uk: 'дн', en: 'd', pl: 'd' }],
  [3600, { uk: 'год', en: 'h', pl: 'godz.' }],
  [60, { uk: 'хв', en: 'min', pl: 'min' }],
];

/** A rough age in one unit: "3 год"; "" for less than a minute. */
export function ageOf(seconds, locale) {
  for (const [size, unit] of STEPS) {
    if (seconds >= size) return `${Math.floor(seconds / size)}${NBSP}${unit[locale]}`;
  }
  return '';
}
