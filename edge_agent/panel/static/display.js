// The buyer's display: a second window, opened by its own one-time link.

export class DisplayVerbs {
  #queue;

  constructor(queue) {
    this.#queue = queue;
  }

  openDisplay() {
    return this.#queue.step(async () => {
      const { path } = await this.#queue.agent.write('POST', '/v1/customer/links', {});
      window.open(path, '_blank', 'noopener,width=1024,height=600');
    });
  }
}
