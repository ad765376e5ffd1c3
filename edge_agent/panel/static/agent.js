// The agent as the page sees it: one token in memory, repeatable writes, one stream of states.

const WRITE_TIMEOUT_MS = 5000;
const SILENCE_MS = 20000;
const BACKOFF_MS = [250, 500, 1000, 2000, 4000];
const REPEATS = 2;

/** A refusal with the agent's problem body, or one that never reached the agent (status 0). */
export class Refusal extends Error {
  constructor(status, problem) {
    super(problem?.code ?? 'agent_gone');
    this.status = status;
    this.code = problem?.code ?? 'agent_gone';
    this.problem = problem;
  }

  /** The cashier's sentence, "" when there is none. */
  sentence(locale) {
    return this.problem?.cashier_message?.[locale] ?? '';
  }
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function answerOf(response) {
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Refusal(response.status, body);
  return body;
}

/** Exchange a link's code for a token. Raises Refusal. */
export async function openSession(code) {
  let response;
  try {
    response = await fetch('/v1/panel/sessions', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ code }),
      signal: AbortSignal.timeout(WRITE_TIMEOUT_MS),
    });
  } catch {
    throw new Refusal(0, null);
  }
  return (await answerOf(response)).token;
}

/** Calls with a token. A lost reply is asked for again under the same key. */
export class Agent {
  constructor(token) {
    this.token = token;
  }

  async read(path) {
    return this.#call('GET', path, undefined, {});
  }

  async write(method, path, body) {
    const headers = {
      'Content-Type': 'application/json',
      'Idempotency-Key': crypto.randomUUID(),
    };
    for (let turn = 0; ; turn += 1) {
      try {
        return await this.#call(method, path, body ?? {}, headers);
      } catch (refusal) {
        const isWorth = refusal.status === 0 || refusal.problem?.retryable === true;
        if (!isWorth || turn >= REPEATS) throw refusal;
        await pause(BACKOFF_MS[turn]);
      }
    }
  }

  async #call(method, path, body, headers) {
    let response;
    try {
      response = await fetch(path, {
        method,
        headers: { ...headers, Authorization: `Bearer ${this.token}` },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(WRITE_TIMEOUT_MS),
      });
    } catch {
      throw new Refusal(0, null);
    }
    return answerOf(response);
  }
}

/** Split a growing text into server-sent events; returns the unfinished rest. */
export function takeEvents(text, onEvent) {
  const blocks = text.replace(/\r\n?/g, '\n').split('\n\n');
  const rest = blocks.pop();
  for (const block of blocks) {
    const event = { id: '', kind: 'message', data: '' };
    for (const line of block.split('\n')) {
      if (line.startsWith('id: ')) event.id = line.slice(4);
      else if (line.startsWith('event: ')) event.kind = line.slice(7);
      else if (line.startsWith('data: ')) event.data += line.slice(6);
    }
    if (event.data) onEvent(event);
  }
  return rest;
}

async function readStream(path, token, lastId, onUp, onEvent) {
  const cut = new AbortController();
  let timer = setTimeout(() => cut.abort(), WRITE_TIMEOUT_MS);
  try {
    const headers = { Authorization: `Bearer ${token}` };
    if (lastId) headers['Last-Event-ID'] = lastId;
    const response = await fetch(path, { headers, signal: cut.signal });
    if (!response.ok) throw new Refusal(response.status, null);
    onUp();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      clearTimeout(timer);
      timer = setTimeout(() => cut.abort(), SILENCE_MS);
      const { value, done } = await reader.read();
      if (done) return;
      text = takeEvents(text + value, onEvent);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** The cashier's states; a resumed stream repeats what was missed. */
const CASHIER = { path: '/v1/events', isOld: (state, last) => state.revision <= last };

/**
 * Follow the agent's states for as long as the token holds.
 *
 * The first state of each connection stands as it is (`on.state(state, true)`); later ones count
 * only when they are news to the `feed`. `on.down`
 * comes at the first failed read.
 */
export async function followStates(token, on, feed = CASHIER) {
  let lastId = '';
  for (let failures = 0; ; failures += 1) {
    let revision = -1;
    const onEvent = ({ id, kind, data }) => {
      if (id) lastId = id;
      if (kind !== 'state') return;
      const state = JSON.parse(data);
      if (feed.isOld(state, revision)) return;
      on.state(state, revision < 0);
      revision = state.revision;
    };
    const onUp = () => {
      failures = 0;
      on.up();
    };
    try {
      await readStream(feed.path, token, lastId, onUp, onEvent);
    } catch (error) {
      if (error.status === 401) {
        on.ended();
        return;
      }
    }
    on.down();
    const wait = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)];
    await pause(wait * (0.5 + Math.random()));
  }
}
