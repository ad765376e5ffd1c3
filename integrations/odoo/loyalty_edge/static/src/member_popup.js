// Who buys, what they have, and how much of it they spend.

import { Component, onMounted, useRef, useState } from "@odoo/owl";
import { usePos } from "@point_of_sale/app/hooks/pos_hook";
import { Dialog } from "@web/core/dialog/dialog";
import { notes } from "./order";

const SHARES = [0, 25, 50, 100];

export class MemberPopup extends Component {
    static template = "loyalty_edge.MemberPopup";
    static components = { Dialog };
    static props = { close: Function };

    setup() {
        this.pos = usePos();
        this.shares = SHARES;
        this.state = useState({ code: "", view: notes(this.pos.getOrder()).view });
        this.entry = useRef("entry");
        onMounted(() => this.entry.el?.focus());
    }

    bonuses(points) {
        return (points / 100).toFixed(2);
    }

    async identify() {
        if (this.state.code.trim()) {
            await this.pos.identifyMember(this.state.code.trim(), "keyboard");
            this.state.code = "";
            this.state.view = notes(this.pos.getOrder()).view;
        }
    }

    async redeem(share) {
        const most = this.state.view.redeem.redeemable_points;
        await this.pos.redeemMember(share === 100 ? null : Math.floor((most * share) / 100));
        this.state.view = notes(this.pos.getOrder()).view;
    }

    onKeydown(event) {
        if (event.key === "Enter") {
            this.identify();
        }
    }
}
