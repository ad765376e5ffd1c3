// The agent on this till over HTTP. It never holds up a sale: a call takes CALL_MS at most, and
// once the agent has been silent nobody waits for it again for REST_MS.

const CALL_MS = 900;
const REST_MS = 5000;
const QUEUE = "loyalty_edge.unsent";
const MAX_UNSENT = 500;

const keep = (items) => localStorage.setItem(QUEUE, JSON.stringify(items.slice(-MAX_UNSENT)));

export class Silent extends Error {}

export class Refused extends Error {
    constructor(problem, status) {
        super(problem?.detail || problem?.code || `status ${status}`);
        this.code = problem?.code || "";
        this.retryable = Boolean(problem?.retryable) || status >= 500;
        this.sentences = problem?.cashier_message || {};
    }
}

export class Agent {
    constructor(url, token) {
        this.url = url.replace(/\/+$/, "");
        this.token = token;
        this.restUntil = 0;
    }

    /** One call; the answer's body. Throws Silent or Refused. */
    async call(method, path, body, key) {
        if (Date.now() < this.restUntil) {
            throw new Silent("resting");
        }
        const headers = {
            Authorization: `Bearer ${this.token}`,
            "Content-Type": "application/json",
        };
        if (method !== "GET") {
            headers["Idempotency-Key"] = key || crypto.randomUUID();
        }
        let response, answer;
        try {
            response = await fetch(this.url + path, {
                method,
                headers,
                body: body === undefined ? undefined : JSON.stringify(body),
                signal: AbortSignal.timeout(CALL_MS),
            });
            answer = await response.json();
        } catch (error) {
            this.restUntil = Date.now() + REST_MS;
            throw new Silent(String(error));
        }
        if (!response.ok) {
            throw new Refused(answer, response.status);
        }
        this.restUntil = 0;
        return answer;
    }

    /** Tell what has happened, now or as soon as the agent is back; null when it has to wait. */
    async tell(path, body, key) {
        try {
            const answer = await this.call("POST", path, body, key);
            this.flush();
            return answer;
        } catch (error) {
            if (error instanceof Refused && !error.retryable) {
                throw error;
            }
            keep([...this.unsent(), { path, body, key }]);
            return null;
        }
    }

    /** What waits to be told, oldest first. */
    unsent() {
        return JSON.parse(localStorage.getItem(QUEUE) || "[]");
    }

    /** Tell what waits; what the agent refuses for good is dropped, for its answer stays so. */
    async flush() {
        for (const item of this.unsent()) {
            try {
                await this.call("POST", item.path, item.body, item.key);
            } catch (error) {
                if (error instanceof Silent || error.retryable) {
                    return;
                }
                console.warn("Loyalty Edge refused", item.path, error.code);
            }
            keep(this.unsent().filter((other) => other.key !== item.key));
        }
    }
}
