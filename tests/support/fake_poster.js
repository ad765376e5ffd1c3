/* The `Poster` object of the till as its published contract says (github.com/joinposter/docs, en/pos):
   handlers of a `before` event run in turn and hold the till until next(), at most five seconds unless
   a popup is shown; sums are hryvnias; setOrderBonus names the app; cash is rounded to ten kopecks. */

const handlers = {};
const seen = { bonuses: [], comments: [], notices: [], popups: 0 };
let isShown = false;

window.Poster = {
  settings: { lang: 'ua', spotId: 3, spotTabletId: 7, applicationId: '110', spotTabletExtras: {} },
  environment: { desktop: true, android: false, iOS: false },
  on: (name, handler) => (handlers[name] ||= []).push(handler),
  makeRequest(url, options, callback) {
    if (!options.localRequest) throw new Error('it would go through the cloud');
    window.nativeRequest(url, options).then(callback);
  },
  products: { get: async (ids) => ids.map((id) => window.shop.products[id]) },
  clients: { get: async (id) => window.shop.clients[id] || false },
  orders: {
    setOrderBonus(id, sum) {
      seen.bonuses.push(sum);
      Object.assign(window.shop.orders[id], { payedBonus: sum, loyaltyAppId: 110 });
    },
    setOrderComment: (id, text) => seen.comments.push(text),
  },
  interface: {
    showApplicationIconAt: (places) => Object.assign(seen, { places }),
    showNotification: async (notice) => seen.notices.push(notice),
    popup: () => {
      seen.popups += 1;
      isShown = true;
    },
    closePopup: () => {
      isShown = false;
      for (const handler of handlers.afterPopupClosed || []) handler();
    },
  },
};

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/* The till's side: what happens at its buttons. */
window.till = {
  seen,
  async fire(name, data) {
    const results = [];
    for (const handler of handlers[name] || []) results.push(await handler(data));
    return results;
  },
  newOrder(id, items, more = {}) {
    const products = {};
    let total = 0;
    items.forEach((item, at) => {
      const product = window.shop.products[item.id];
      products[at] = { price: product.price, nodiscount: product.nodiscount, ...item };
      total += products[at].count * products[at].price;
    });
    const order = {
      id, products, total: Math.round(total * 100) / 100, clientId: 0, payType: '0', payedSum: 0,
      payedCard: 0, payedCash: 0, payedThirdParty: 0, payedBonus: 0, loyaltyAppId: 0, roundSum: 0,
      ...more,
    };
    window.shop.orders[id] = order;
    return order;
  },
  async attach(id, clientId) {
    window.shop.orders[id].clientId = clientId;
    await this.fire('orderClientChange', { clientId, orderId: id });
  },
  /* The Pay button: true when the app let the till go on by itself. */
  async pressPay(id) {
    const order = window.shop.orders[id];
    for (const handler of handlers.beforeOrderClose) {
      let isNext = false;
      const gone = new Promise((done) => handler({ order }, () => ((isNext = true), done())));
      const late = sleep(5000).then(async () => {
        while (isShown && !isNext) await sleep(50);
      });
      await Promise.race([gone, late]);
      if (!isNext) return false;
    }
    return true;
  },
  async close(id, means, payType = 'mix') {
    const order = window.shop.orders[id];
    const due = Math.round((order.total - order.payedBonus) * 100) / 100;
    const rounded = means === 'payedCash' ? Math.round(due * 10) / 10 : due;
    Object.assign(order, {
      [means]: rounded, payType, status: 2, roundSum: Math.round((rounded - due) * 100) / 100,
    });
    const [end] = await this.fire('afterOrderClose', { order });
    return { end, paid: rounded };
  },
};
