/* What the cashier is asked in Poster's popup: a card or phone, and how many bonuses to redeem. */

const WORDS = {
  uk: {
    code: 'Картка або телефон', ok: 'Знайти', none: 'Без списання', most: 'можна списати',
    title: 'Бонуси',
  },
  en: {
    code: 'Card or phone', ok: 'Find', none: 'Do not redeem', most: 'may be redeemed',
    title: 'Bonuses',
  },
  pl: {
    code: 'Karta lub telefon', ok: 'Znajdź', none: 'Bez wykorzystania', most: 'można wykorzystać',
    title: 'Bonusy',
  },
};
const SHARES = [25, 50, 100];

const bonus = (points) => (points / 100).toFixed(2).replace('.', ',');

function element(name, properties, children = []) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

let ended = null;

/* One popup at a time; closing it is `otherwise`. */
function shown(title, content, otherwise) {
  if (ended) ended();
  else Poster.on('afterPopupClosed', () => ended());
  return new Promise((done) => {
    const end = (value) => {
      if (!document.body.contains(box)) return;
      box.remove();
      Poster.interface.closePopup();
      done(value);
    };
    ended = () => end(otherwise);
    const box = element('form', { className: 'loyalty' }, content(end));
    box.addEventListener('submit', (event) => event.preventDefault());
    document.body.append(box);
    Poster.interface.popup({ width: 480, height: 300, title });
    box.querySelector('input, button')?.focus();
  });
}

/** The code that was typed or scanned; "" when none was. */
export function askCode(locale) {
  const words = WORDS[locale];
  return shown(words.title, (end) => {
    const input = element('input', { placeholder: words.code, ariaLabel: words.code, maxLength: 512 });
    const ok = element('button', { textContent: words.ok, onclick: () => end(input.value.trim()) });
    if (Poster.environment?.android || Poster.environment?.iOS) {
      Poster.interface.scanBarcode().then(({ barcode }) => barcode && end(barcode));
    }
    return [input, ok];
  }, '');
}

/** Points to redeem, hundredths of a bonus; 0 for none. */
export function askPoints(view, locale) {
  const words = WORDS[locale];
  const most = view.redeem.redeemable_points;
  return shown(words.title, (end) => {
    const head = element('p', {
      textContent: `${view.member.name}: ${bonus(view.member.balance_points)}, ${words.most} ${bonus(most)}`,
    });
    const shares = SHARES.map((share) => {
      const points = Math.floor((most * share) / 100);
      return element('button', {
        type: 'button', textContent: `${share} % (${bonus(points)})`, onclick: () => end(points),
      });
    });
    const none = element('button', { type: 'button', textContent: words.none, onclick: () => end(0) });
    return [head, ...shares, none];
  }, 0);
}
