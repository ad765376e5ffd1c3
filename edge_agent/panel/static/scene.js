// What the last pushed state means for this screen: which sale, which member, which paper.

const CLOSED = new Set(['committed', 'posted', 'voided', 'returned']);
const UNSETTLED = new Set(['not_printed', 'unknown']);

const hasJob = (sale, job) => sale.prints.some((item) => item.job_id === job.job_id);

// A voided sale asks nothing more of its paper.
function isUnsettled(job, sale) {
  return UNSETTLED.has(job.state) && !(sale?.state === 'voided' && hasJob(sale, job));
}

/** The model before anything is known. */
export function firstModel() {
  return {
    phase: 'opening', // opening | login | live
    loginWhy: 'none',
    link: 'connecting', // connecting | up | down
    state: null,
    receivedAt: 0,
    locale: null,
    text: '',
    found: [],
    foundAt: 0,
    foundFor: '',
    selectedId: '',
    choices: 0, // how often the cashier chose a line
    dismissedId: '',
    dialog: null,
    flash: null,
    busy: 0,
  };
}

const STAGE = { open: 0, cancelled: 1, committed: 1, posted: 2, returned: 3, voided: 3 };

/** Whether `view` stands later than `other` of the same sale: answers and states cross on the way. */
export function isLater(view, other) {
  const by = view.revision - other.revision;
  return by !== 0 ? by > 0 : STAGE[view.state] > STAGE[other.state];
}

/**
 * The sale to show when a state is pushed: its own, unless an answer has already shown what comes
 * after it. Closing a sale never puts an older one on the desk while another is open.
 */
export function saleOf(state, shown) {
  const { sale } = state;
  if (!shown || !sale) return sale;
  if (sale.sale_id === shown.sale_id) return isLater(shown, sale) ? shown : sale;
  return shown.state === 'open' && sale.state !== 'open' ? shown : sale;
}

/** The locale of the labels: the cashier's choice, else the register's. */
export function localeOf(model) {
  return model.locale ?? model.state?.locale ?? 'uk';
}

/**
 * The scene of a model: `open` sale, `closed` sale to show as a result, `member` on the left and
 * whether they wait, `job` of paper that a person must settle, `line` that keys act on.
 */
export function sceneOf(model) {
  const { sale, waiting, attention, shift } = model.state;
  const open = sale?.state === 'open' ? sale : null;
  const own = open?.origin === 'panel' ? open : null;
  const unsettled = attention.filter((item) => isUnsettled(item, sale));
  const job = open ? null : (unsettled[0] ?? null);
  const isDismissed = sale && model.dismissedId === sale.sale_id && !job;
  const closed = sale && CLOSED.has(sale.state) && !isDismissed ? sale : null;
  const isWaiting = Boolean(waiting) && !open?.member;
  const lines = open?.lines ?? [];
  const line = lines.find((item) => item.line_id === model.selectedId) ?? lines.at(-1) ?? null;
  return {
    open,
    own,
    canPay: Boolean(own?.lines.length),
    closed,
    job,
    canVoid: closed?.state === 'committed' && job?.state === 'not_printed' && hasJob(closed, job),
    member: (isWaiting ? waiting : null) ?? open?.member ?? closed?.member ?? null,
    isWaiting,
    other: open?.member && waiting ? waiting : null,
    line,
    unsettled: open ? unsettled.length : 0,
    shift,
    cashier: shift?.cashier ?? null,
    training: Boolean(model.state.training),
    tablet: Boolean(model.state.tablet),
  };
}

/** True when the screen may act: connected and live. */
export function isLive(model) {
  return model.phase === 'live' && model.link === 'up' && model.state !== null;
}

/** A line sold by the piece, whose quantity steps by one. */
export function isByPiece(line) {
  return line.unit === 'шт' || line.unit === 'pcs';
}

/** A tenth of the agent's truth is enough: its time now, from the last state and our own clock. */
export function agentNow(model) {
  return Date.parse(model.state.at) + (performance.now() - model.receivedAt);
}
