// The steps of a sale with the agent. Every one of them may fail; none of them stops the sale.

import { PosStore } from "@point_of_sale/app/services/pos_store";
import { ask } from "@point_of_sale/app/utils/make_awaitable_dialog";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
import { Agent, Refused, Silent } from "./agent";
import { apply, basketOf, clear, fingerprintOf, goods, notes, tendersOf } from "./order";
import { isRefund } from "./refund";

patch(PosStore.prototype, {
    async setup() {
        await super.setup(...arguments);
        if (this.config.loyalty_edge && this.config.loyalty_edge_url) {
            const { loyalty_edge_url: url, loyalty_edge_token: token } = this.config;
            this.loyaltyAgent = new Agent(url, token || "");
            this.loyaltyAgent.flush();
        }
    },

    /** Whether the agent has a part in this order. */
    hasLoyalty(order) {
        return Boolean(this.loyaltyAgent && order && !order.finalized && !isRefund(order));
    },

    /** Say who buys: a scanned or typed code. */
    async identifyMember(code, source) {
        const order = this.getOrder();
        if (!this.hasLoyalty(order)) {
            return;
        }
        try {
            let view = await this.openLoyalty(order);
            const path = `/v1/sales/${order.uuid}/member`;
            const who = { code, source };
            try {
                view = await this.loyaltyAgent.call("PUT", path, { ...who, if_other: "ask" });
            } catch (error) {
                if (error.code !== "other_member") {
                    throw error;
                }
                const other = {
                    title: _t("Another member"),
                    body: _t("This sale has a member already. Take the other one?"),
                };
                if (await ask(this.dialog, other)) {
                    view = await this.loyaltyAgent.call("PUT", path, who);
                }
            }
            notes(order).view = view;
            this.keepNotes();
            if (view.member) {
                const points = (view.member.balance_points / 100).toFixed(2);
                this.notification.add(`${view.member.name}: ${points}`, { type: "success" });
            }
        } catch (error) {
            this.tellLoyalty(error);
        }
    },

    /** Open the sale at the agent, or bring its basket up to date. */
    async openLoyalty(order) {
        const state = notes(order);
        const basket = basketOf(order);
        const path = `/v1/sales/${order.uuid}`;
        state.view = state.isOpen
            ? await this.loyaltyAgent.call("PUT", `${path}/basket`, basket)
            : await this.loyaltyAgent.call("POST", `${path}/open`, { basket });
        state.isOpen = true;
        this.keepNotes();
        return state.view;
    },

    /** Ask for bonuses: hundredths of a bonus, or null for the most that is possible. */
    async redeemMember(points) {
        const order = this.getOrder();
        const state = notes(order);
        try {
            await this.openLoyalty(order);
            state.view = await this.loyaltyAgent.call("POST", `/v1/sales/${order.uuid}/redeem`, {
                points,
            });
            await this.applyLoyalty(order, state.view);
            if (state.view.redeem.sentence) {
                this.notification.add(state.view.redeem.sentence, { type: "info" });
            }
        } catch (error) {
            this.tellLoyalty(error);
        }
    },

    /** Price the order; without the agent it stays as it was rung. */
    async quoteLoyalty(order) {
        if (isRefund(order)) {
            await this.quoteRefund(order);
            return;
        }
        if (!this.hasLoyalty(order) || !goods(order).length) {
            return;
        }
        try {
            await this.applyLoyalty(order, await this.openLoyalty(order));
        } catch (error) {
            // The price that was shown stands, while it is the price of these goods.
            if (!(error instanceof Silent) || notes(order).fingerprint !== fingerprintOf(order)) {
                clear(order);
                notes(order).fingerprint = "";
                this.keepNotes();
            }
            this.tellLoyalty(error);
        }
    },

    async applyLoyalty(order, view) {
        clear(order);
        await apply(this, order, view);
        notes(order).fingerprint = fingerprintOf(order);
        this.keepNotes();
    },

    /** Odoo keeps an order over a reload when its fields change; our notes are none of them. */
    keepNotes() {
        this.data.debouncedSynchronizeLocalDataInIndexedDB();
    },

    /** Commit the sale at the agent. */
    async confirmLoyalty(order) {
        const state = notes(order);
        if (!this.loyaltyAgent || !state.fingerprint || state.isTold) {
            return;
        }
        state.isTold = true;
        if (isRefund(order)) {
            await this.tellRefund(order).catch((error) => this.tellLoyalty(error));
            return;
        }
        const { quote_id, basket_hash } = state.view;
        const body = { quote_id, basket_hash, tenders: tendersOf(order) };
        const key = `odoo-confirm-${order.uuid}`;
        try {
            state.result = await this.loyaltyAgent.tell(
                `/v1/sales/${order.uuid}/confirm`,
                body,
                key
            );
        } catch (error) {
            this.tellLoyalty(error);
        }
    },

    tellLoyalty(error) {
        if (error instanceof Refused) {
            const [lang] = (this.user?.lang || "uk_UA").split("_");
            const sentence = error.cashierMessage[lang] || error.cashierMessage.uk || error.message;
            this.notification.add(sentence, { type: "warning" });
            return;
        }
        this.notification.add(_t("Loyalty does not answer: the sale goes on without it."), {
            type: "warning",
        });
    },

    /** An order that was put aside is priced as of now when it is taken up again. */
    setOrder(order) {
        super.setOrder(...arguments);
        if (this.hasLoyalty(order) && notes(order).isOpen) {
            this.quoteLoyalty(order);
        }
    },

    async pay() {
        const order = this.getOrder();
        if (order?.canPay()) {
            await this.quoteLoyalty(order);
        }
        return super.pay(...arguments);
    },
});
