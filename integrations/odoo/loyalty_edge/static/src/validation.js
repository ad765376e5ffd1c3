// The last gate before a sale is final, and the moment it is.

import OrderPaymentValidation from "@point_of_sale/app/utils/order_payment_validation";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
import { fingerprintOf, notes } from "./order";
import { isRefund } from "./refund";

patch(OrderPaymentValidation.prototype, {
    async askBeforeValidation() {
        const { pos, order } = this;
        const hasPart = pos.hasLoyalty(order) || isRefund(order);
        if (hasPart && notes(order).fingerprint !== fingerprintOf(order)) {
            const before = order.priceIncl;
            await pos.quoteLoyalty(order);
            if (order.priceIncl !== before) {
                const paid = [...order.payment_ids];
                paid.forEach((payment) => order.removePaymentline(payment));
                pos.notification.add(_t("The total has changed: take the payment again."), {
                    type: "warning",
                });
                return false;
            }
        }
        return super.askBeforeValidation(...arguments);
    },

    async afterOrderValidation() {
        await this.pos.confirmLoyalty(this.order);
        return super.afterOrderValidation(...arguments);
    },
});
