// The screen's own words. Sentences about what happened come from the agent, in its locale.

import { TABLE } from './words_table.js';

/** The locales, in the order in which one key goes round them, and in which a word has them. */
const LOCALES = ['uk', 'en', 'pl'];

// What holds words is gone through; a bare text is the same in all.
function inPlace(word, place) {
  if (typeof word !== 'object') return word;
  if (Array.isArray(word)) {
    const isWord = word.length === LOCALES.length && typeof word[0] !== 'object';
    return isWord ? word[place] : word.map((one) => inPlace(one, place));
  }
  return Object.fromEntries(Object.entries(word).map(([key, one]) => [key, inPlace(one, place)]));
}

const WORDS = LOCALES.map((_, place) => inPlace(TABLE, place));

/** The locale after this one. */
export function nextLocale(locale) {
  return LOCALES[(LOCALES.indexOf(locale) + 1) % LOCALES.length];
}

/** The words of a locale; an unknown one reads Ukrainian. */
export function wordsOf(locale) {
  return WORDS[LOCALES.indexOf(locale)] ?? WORDS[0];
}
