// The screen's own words. Sentences about what happened come from the agent, in its locale.

import { EN } from './words_en.js';
import { PL } from './words_pl.js';
import { UK } from './words_uk.js';

const WORDS = { uk: UK, en: EN, pl: PL };

/** The locales, in the order in which one key goes round them. */
export const LOCALES = Object.keys(WORDS);

/** The locale after this one. */
export function nextLocale(locale) {
  return LOCALES[(LOCALES.indexOf(locale) + 1) % LOCALES.length];
}

/** The words of a locale; an unknown one reads Ukrainian. */
export function wordsOf(locale) {
  return WORDS[locale] ?? UK;
}
