// Scans of members, and the button that opens the member's window.

import { ControlButtons } from "@point_of_sale/app/screens/product_screen/control_buttons/control_buttons";
import { ProductScreen } from "@point_of_sale/app/screens/product_screen/product_screen";
import { patch } from "@web/core/utils/patch";
import { MemberPopup } from "./member_popup";
import { notes } from "./order";

patch(ProductScreen.prototype, {
    async _barcodePartnerAction(code) {
        if (this.pos.loyaltyAgent) {
            return this.pos.identifyMember(code.code, "scanner");
        }
        return super._barcodePartnerAction(code);
    },
});

patch(ControlButtons.prototype, {
    get loyaltyMember() {
        const order = this.pos.getOrder();
        return order ? notes(order).view?.member : null;
    },

    openLoyalty() {
        this.dialog.add(MemberPopup, {});
    },
});
