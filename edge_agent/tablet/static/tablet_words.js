// What the buyer reads on the tablet: [uk, en, pl].

const LOCALES = ['uk', 'en', 'pl'];
const WORDS = {
  titlePair: ['Під’єднайте планшет', 'Connect the tablet', 'Podłącz tablet'],
  leadPair: [
    'Код — на екрані касира: F11, «Код для планшета покупця»',
    'The code is on the cashier’s screen: F11, “Code for the buyer’s tablet”',
    'Kod jest na ekranie kasjera: F11, „Kod dla tabletu klienta”',
  ],
  titleClosed: ['Вітаємо!', 'Welcome!', 'Witamy!'],
  leadClosed: [
    'Анкета з’явиться, коли касир почне ваш чек',
    'The form appears when the cashier begins your sale',
    'Formularz pojawi się, gdy kasjer zacznie paragon',
  ],
  titleForm: ['Станьте учасником', 'Become a member', 'Dołącz do programu'],
  leadForm: [
    'Бонуси за цю покупку вже будуть вашими',
    'The bonuses of this purchase will be yours',
    'Bonusy za te zakupy będą już twoje',
  ],
  titleMember: ['Дякуємо!', 'Thank you!', 'Dziękujemy!'],
  leadMember: [
    'Учасник програми вже в чеку',
    'A member of the programme is on the sale',
    'Uczestnik programu jest na paragonie',
  ],
  titleAway: ['Зачекайте, будь ласка', 'One moment, please', 'Proszę czekać'],
  leadAway: [
    'Немає зв’язку з касою. Анкету можна заповнити в касира',
    'No link to the till. The cashier can take you in',
    'Brak połączenia z kasą. Kasjer może cię zapisać',
  ],
  code: ['Код', 'Code', 'Kod'],
  pair: ['Під’єднати', 'Connect', 'Podłącz'],
  phone: ['Мобільний телефон', 'Mobile phone', 'Telefon komórkowy'],
  name: ['Ім’я та прізвище', 'Name', 'Imię i nazwisko'],
  birthday: [
    'День народження, якщо бажаєте (23.08.1990)',
    'Birthday, if you like (23.08.1990)',
    'Data urodzenia, jeśli chcesz (23.08.1990)',
  ],
  send: ['Приєднатися', 'Join', 'Dołącz'],
  consent: [
    'Погоджуюся, що магазин зберігає ці дані для бонусної програми. Згоду можна відкликати',
    'I agree that the shop keeps these data for its loyalty programme. I may withdraw this',
    'Zgadzam się, by sklep przechowywał te dane dla programu. Zgodę można wycofać',
  ],
};
const SAID = {
  tablet_code_wrong: [
    'Код не той або застарів: попросіть новий',
    'The code is wrong or too old: ask for a new one',
    'Kod jest błędny lub stary: poproś o nowy',
  ],
  bad_phone: [
    'Це не номер мобільного: перевірте цифри',
    'This is no mobile number: check the digits',
    'To nie jest numer komórkowy: sprawdź cyfry',
  ],
  phone_landline: [
    'Це міський номер: потрібен мобільний',
    'A landline: a mobile is needed',
    'To numer stacjonarny: potrzebna komórka',
  ],
  bad_name: ['Введіть своє ім’я', 'Type your name', 'Wpisz swoje imię'],
  bad_birthday: [
    'День народження — як 23.08.1990, або не вводьте',
    'Birthday as 23.08.1990, or leave it out',
    'Data urodzenia jak 23.08.1990 lub zostaw puste',
  ],
  consent_needed: [
    'Позначте згоду: без неї учасником не стають',
    'Tick the consent: without it nobody can join',
    'Zaznacz zgodę: bez niej nie można dołączyć',
  ],
  join_offline: [
    'Зараз немає зв’язку: приєднайтеся, будь ласка, наступного разу',
    'There is no link now: please join next time',
    'Teraz nie ma połączenia: dołącz następnym razem',
  ],
  tablet_sale_gone: [
    'Цей чек уже закрито',
    'This sale is closed',
    'Ten paragon jest już zamknięty',
  ],
  tablet_too_many: [
    'Забагато спроб: зверніться до касира',
    'Too many tries: ask the cashier',
    'Za dużo prób: poproś kasjera',
  ],
  other: [
    'Не вдалося: зверніться до касира',
    'This did not work: ask the cashier',
    'Nie udało się: poproś kasjera',
  ],
};

const placeOf = (locale) => Math.max(0, LOCALES.indexOf(locale));

/** A word of the page; an unknown locale reads Ukrainian. */
export function word(name, locale) {
  return WORDS[name][placeOf(locale)];
}

/** The sentence for a refusal's code. */
export function said(code, locale) {
  return (SAID[code] ?? SAID.other)[placeOf(locale)];
}
