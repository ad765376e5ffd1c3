// Money: totals, bonuses and payment of the open sale; what came of a closed one, and the truth
// about its paper.

import { bonuses, money, points } from './format.js';
import { Icon } from './icons.js';
import { html } from './vendor/preact-htm.js';

function Row({ name, children, test }) {
  return html`<div class="row"><dt>${name}</dt><dd data-test=${test}>${children}</dd></div>`;
}

function Totals({ sale, words, locale }) {
  return html`<dl class="totals">
    <${Row} name=${words.gross} test="gross">${money(sale.gross_minor)}<//>
    <${Row} name=${words.discount} test="discount">${money(-sale.discount_minor)}<//>
    <${Row} name=${words.redeemed} test="redeemed">${money(-sale.redeemed_minor)}<//>
    <div class="row to-pay">
      <dt>${words.toPay}</dt>
      <dd data-test="payable">${money(sale.payable_minor)}</dd>
    </div>
    <${Row} name=${words.cashPayable} test="cash">${money(sale.payable_cash_minor)}<//>
    ${sale.member &&
    html`<${Row} name=${words.willEarn} test="earn">${bonuses(sale.accrual_points, locale)}<//>`}
  </dl>`;
}

function Button({ label, hint, name, argument, run, isOff, kind, test }) {
  return html`<button
    class=${kind ?? ''}
    disabled=${isOff}
    data-test=${test}
    onClick=${() => run(name, argument)}
  >
    <span>${label}</span>${hint && html` <kbd>${hint}</kbd>`}
  </button>`;
}

function Redeem({ sale, words, locale, run }) {
  const { redeem, member } = sale;
  const isTaken = redeem.redeemed_points > 0;
  const isLess = redeem.requested_points > redeem.redeemed_points;
  const isOff = !member || member.is_blocked;
  const said = redeem.reason && redeem.sentence;
  return html`<section class="card redeem" aria-label=${words.bonuses} data-test="redeem">
    <p class="redeem-head">
      <b>${words.bonuses}</b>
      <span data-test="redeem-now">
        ${isTaken || isLess
          ? `${words.redeemedNow} ${points(redeem.redeemed_points)}`
          : `${words.upTo} ${bonuses(redeem.redeemable_points, locale)}`}
        ${isLess && ` ${words.of} ${points(redeem.requested_points)}`}
      </span>
    </p>
    <div class="pair">
      <${Button} label=${words.redeemMax} hint="F4" name="redeem" argument=${null} run=${run}
        isOff=${isOff} kind="accent" test="redeem-max" />
      <${Button} label=${words.redeemAmount} hint="F5" name="ask" argument="amount" run=${run}
        isOff=${isOff} test="redeem-amount" />
    </div>
    <div class="quick">
      ${[25, 50, 100].map(
        (share) => html`<${Button} label=${`${share}\u202f%`} name="redeemShare" argument=${share}
          run=${run} isOff=${isOff} test=${`share-${share}`} />`,
      )}
      <${Button} label=${words.takeBack} hint="Esc" name="redeem" argument=${0} run=${run}
        isOff=${!isTaken && !redeem.requested_points} test="take-back" />
    </div>
    ${said && html`<p class="reason" data-test="reason"><${Icon} name="warn" />${said}</p>`}
  </section>`;
}

function Pay({ scene, words, run }) {
  if (!scene.own) return html`<p class="card pos-note">${words.payInPos}</p>`;
  const isOff = !scene.canPay;
  return html`<div class="pay">
    <${Button} label=${words.payCash} hint="F8" name="payCash" run=${run} isOff=${isOff}
      kind="primary" test="pay-cash" />
    <div class="pair">
      <${Button} label=${words.payCard} hint="F7" name="payCard" run=${run} isOff=${isOff}
        kind="strong" test="pay-card" />
      <${Button} label=${words.payGiven} hint="F3" name="ask" argument="given" run=${run}
        isOff=${isOff} kind="strong" test="pay-given" />
    </div>
  </div>`;
}

export function PayPanel({ scene, words, locale, run }) {
  const { open } = scene;
  return html`<aside class="side">
    <section class="card">
      <${Totals} sale=${open} words=${words} locale=${locale} />
    </section>
    <${Redeem} sale=${open} words=${words} locale=${locale} run=${run} />
    <${Pay} scene=${scene} words=${words} run=${run} />
  </aside>`;
}

const TONE = {
  queued: ['wait', 'clock'],
  printing: ['wait', 'clock'],
  printed: ['good', 'check'],
  not_printed: ['bad', 'cross'],
  unknown: ['warn', 'warn'],
};

export function Paper({ job, words }) {
  const [tone, icon] = TONE[job.state] ?? TONE.unknown;
  return html`<div class="paper ${tone}" data-test="paper" data-state=${job.state}>
    <${Icon} name=${icon} />
    <div>
      <b>${words.paper[job.kind] ?? words.paper.sale}: ${words.printState[job.state]}</b>
      ${job.sentence && job.state !== 'printed' && html`<p>${job.sentence}</p>`}
      ${job.fiscal_number && html`<p>${words.fiscal} ${job.fiscal_number}</p>`}
    </div>
  </div>`;
}

function Settle({ scene, words, run }) {
  const { job, canVoid } = scene;
  if (!job) return null;
  if (job.state === 'unknown') {
    return html`<div class="settle">
      <button class="primary" data-test="printed" onClick=${() => run('ask', 'fiscal')}>
        <span>${words.itPrinted}</span> <kbd>P</kbd>
      </button>
      <button class="strong" data-test="not-printed" onClick=${() => run('resolve', 'not_printed')}>
        <span>${words.itDidNot}</span> <kbd>N</kbd>
      </button>
    </div>`;
  }
  return html`<div class="settle">
    <button class="primary" data-test="retry" onClick=${() => run('retryPrint')}>
      <span>${words.retry}</span> <kbd>R</kbd>
    </button>
    ${canVoid &&
    html`<button class="danger" data-test="void" onClick=${() => run('ask', 'void')}>
      <span>${words.void}</span> <kbd>V</kbd>
    </button>`}
  </div>`;
}

function Figure({ name, value, kind, test }) {
  return html`<div class="figure ${kind ?? ''}">
    <dt>${name}</dt>
    <dd data-test=${test}>${value}</dd>
  </div>`;
}

function Figures({ sale, words, locale }) {
  const { result, member } = sale;
  const isPosted = sale.state === 'posted' || sale.state === 'returned';
  const paid = result.payable_minor + result.change_minor;
  return html`<dl class="figures-big">
    <${Figure} name=${words.paid} value=${money(paid)} test="paid" />
    <${Figure} name=${words.change} value=${money(result.change_minor)} kind="change"
      test="change" />
    ${member &&
    html`<${Figure} name=${words.spent} value=${bonuses(result.redeemed_points, locale)}
        test="spent" />
      <${Figure} name=${isPosted ? words.earned : words.earnsLater} kind="earned"
        value=${bonuses(result.accrual_points, locale)} test="earned" />`}
  </dl>`;
}

function titleOf({ closed, job }) {
  if (!closed) return 'unsettled';
  if (closed.state === 'voided' || closed.state === 'returned') return closed.state;
  return job ? 'noPaper' : 'done';
}

export function ResultPanel({ scene, words, locale, run }) {
  const { closed, job } = scene;
  const papers = closed?.prints.length ? closed.prints : job ? [job] : [];
  return html`<section class="card result" aria-label=${words.done} data-test="result">
    <div class="result-head">
      <h2>${words[titleOf(scene)]}</h2>
      ${closed?.member && html`<p>${closed.member.name}</p>`}
    </div>
    ${closed?.result && html`<${Figures} sale=${closed} words=${words} locale=${locale} />`}
    <div class="papers" aria-live="polite">
      ${papers.map((item) => html`<${Paper} key=${item.job_id} job=${item} words=${words} />`)}
      ${!papers.length && html`<p class="quiet">
        ${scene.training ? words.trainingPrints : words.posPrints}
      </p>`}
    </div>
    <${Settle} scene=${scene} words=${words} run=${run} />
    ${!job &&
    html`<button class="next" data-test="next" onClick=${() => run('next')}>
      <span>${words.next}</span> <kbd>Enter</kbd>
    </button>`}
  </section>`;
}
