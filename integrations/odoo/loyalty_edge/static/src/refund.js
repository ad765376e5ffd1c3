// A refund of Odoo's: the agent says what of promotions and bonuses goes back with the goods.

import { TicketScreen } from "@point_of_sale/app/screens/ticket_screen/ticket_screen";
import { PosStore } from "@point_of_sale/app/services/pos_store";
import { patch } from "@web/core/utils/patch";
import { Silent } from "./agent";
import { addShare, apply, clear, fingerprintOf, goods, notes } from "./order";

export const isRefund = (order) => order.lines.some((line) => line.refunded_orderline_id);

/** Which sale's goods come back and how many of each; null where they are not of one sale. */
function broughtBack(order) {
    const lines = goods(order).filter((line) => line.qty < 0);
    const sales = new Set(lines.map((line) => line.refunded_orderline_id?.order_id?.uuid));
    const [sale] = sales;
    if (!sale || sales.size > 1) {
        return null;
    }
    return {
        sale,
        lines: lines.map((line) => ({
            line_id: line.refunded_orderline_id.uuid,
            qty_milli: Math.round(-line.qty * 1000),
        })),
    };
}

patch(PosStore.prototype, {
    /** Put on the refund what of our lines goes back; a silent agent leaves Odoo's own choice. */
    async quoteRefund(order) {
        const back = broughtBack(order);
        const state = notes(order);
        state.refund = null;
        if (!this.loyaltyAgent || !back || order.finalized) {
            return;
        }
        try {
            const path = `/v1/sales/${back.sale}/returns/preview`;
            const view = await this.loyaltyAgent.call("POST", path, { lines: back.lines });
            const given = new Map(view.lines.map((line) => [line.line_id, line]));
            const lines = goods(order).map((line) => ({
                ...given.get(line.refunded_orderline_id.uuid),
                line_id: line.uuid,
            }));
            clear(order);
            await apply(this, order, { lines, promotions: [], member: null }, -1);
            if (view.withheld_minor) {
                const { loyalty_edge_bonus_id: bonus } = this.config;
                await addShare(this, order, bonus, goods(order), -view.withheld_minor, "");
            }
        } catch (error) {
            if (error.code === "unknown_sale") {
                return;
            }
            this.tellLoyalty(error);
            if (!(error instanceof Silent)) {
                return;
            }
        }
        state.refund = back;
        state.fingerprint = fingerprintOf(order);
        this.keepNotes();
    },

    /** Tell the agent of a refund that is final, now or when it is back. */
    async tellRefund(order) {
        const { refund } = notes(order);
        if (!refund) {
            return;
        }
        const body = { return_id: order.uuid, lines: refund.lines };
        const path = `/v1/sales/${refund.sale}/returns`;
        await this.loyaltyAgent.tell(path, body, `odoo-return-${order.uuid}`);
    },
});

patch(TicketScreen.prototype, {
    async addAdditionalRefundInfo(_order, destination) {
        await super.addAdditionalRefundInfo(...arguments);
        await this.pos.quoteRefund(destination);
    },
});
