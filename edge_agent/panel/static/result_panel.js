// After the sale: what was paid, what came of the bonuses, and the truth about paper.

import { bonuses, money } from './format.js';
import { Icon } from './icons.js';
import { html } from './vendor/preact-htm.js';

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
