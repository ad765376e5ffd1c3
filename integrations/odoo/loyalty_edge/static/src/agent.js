// The client of the register's agent with what a till needs beside: once the agent has been silent
// nobody waits for it again for REST_MS, and what has to be told waits in the browser.

import { Client, Refused, Silent } from "./loyalty-client";

export { Refused, Silent };

const CALL_MS = 900;
const REST_MS = 5000;
const QUEUE = "loyalty_edge.unsent";
const MAX_UNSENT = 500;

const keep = (items) => localStorage.setItem(QUEUE, JSON.stringify(items.slice(-MAX_UNSENT)));

export class Agent extends Client {
    constructor(url, token) {
        super(url, token);
        this.restUntil = 0;
    }

    /** One call; the answer's body. Throws Silent or Refused. */
    async call(method, path, body, key) {
        if (Date.now() < this.restUntil) {
            throw new Silent("resting");
        }
        try {
            const answer = await super.call(method, path, body, key, CALL_MS);
            this.restUntil = 0;
            return answer;
        } catch (error) {
            if (error instanceof Silent) {
                this.restUntil = Date.now() + REST_MS;
            }
            throw error;
        }
    }

    /** Tell what has happened, now or as soon as the agent is back; null when it has to wait.
     *  It is kept before it is told: the page may go in between. */
    async tell(path, body, key) {
        const others = () => this.unsent().filter((item) => item.key !== key);
        keep([...others(), { path, body, key }]);
        let answer;
        try {
            answer = await this.call("POST", path, body, key);
        } catch (error) {
            if (!(error instanceof Refused) || error.isRetryable) {
                return null;
            }
            keep(others());
            throw error;
        }
        keep(others());
        this.flush();
        return answer;
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
                if (!(error instanceof Refused) || error.isRetryable) {
                    return;
                }
                console.warn("Loyalty Edge refused", item.path, error.code);
            }
            keep(this.unsent().filter((other) => other.key !== item.key));
        }
    }
}
