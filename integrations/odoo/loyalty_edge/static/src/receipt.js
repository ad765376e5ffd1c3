// Our lines on Odoo's own receipt: the agent's words, or what is known when it is silent.

import { OrderReceipt } from "@point_of_sale/app/screens/receipt_screen/receipt/order_receipt";
import { patch } from "@web/core/utils/patch";
import { notes } from "./order";

patch(OrderReceipt.prototype, {
    get loyaltyLines() {
        const { result } = notes(this.props.order);
        return (result?.receipt_blocks || [])
            .filter((block) => block.slot === "additional_trailer")
            .flatMap((block) => block.text);
    },
});
