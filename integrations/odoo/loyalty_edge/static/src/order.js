// What an order is to the agent, and what the agent's quote is to the order. No rules here.

import { accountTaxHelpers } from "@account/helpers/account_tax";

const minor = (amount) => Math.round(amount * 100);
const taxKey = (taxes) => taxes.map((tax) => tax.id).sort((a, b) => a - b).join("_");

/** The order's own notes about the agent; kept with the order over reloads. */
export function notes(order) {
    order.uiState.loyaltyEdge ??= { isOpen: false, view: null, fingerprint: "", result: null };
    return order.uiState.loyaltyEdge;
}

export function isOurs(line) {
    const { loyalty_edge_promotion_id: promotion, loyalty_edge_bonus_id: bonus } = line.config;
    return [promotion?.id, bonus?.id].includes(line.product_id.id);
}

export const goods = (order) => order.lines.filter((line) => !isOurs(line));

/** Lines as the agent takes them: money in kopecks with taxes, as the buyer pays. */
export function basketOf(order) {
    const keys = [...new Set(goods(order).map((line) => taxKey(line.tax_ids)))];
    return {
        lines: goods(order).map((line) => {
            const product = line.product_id;
            return {
                line_id: line.uuid,
                sku: String(product.default_code || product.barcode || product.id).slice(0, 64),
                name: line.getFullProductName().slice(0, 200),
                qty_milli: Math.round(line.qty * 1000),
                unit_price_minor: minor(line.displayPriceUnit),
                sum_minor: minor(line.priceIncl),
                barcode: String(product.barcode || "").slice(0, 40),
                tax_group: String.fromCharCode(65 + keys.indexOf(taxKey(line.tax_ids))),
                price_kind: line.price_type === "manual" || line.discount ? "override" : "shelf",
            };
        }),
    };
}

export const fingerprintOf = (order) => JSON.stringify(basketOf(order).lines);

/** Take our lines off the order. */
export function clear(order) {
    for (const line of order.lines.filter(isOurs)) {
        order.removeOrderline(line);
    }
}

/** Kopecks off these lines, as one line of the product for each tax group; below 0: put back. */
export async function addShare(pos, order, product, lines, amountMinor, note) {
    const baseLines = lines.map((line) =>
        accountTaxHelpers.prepare_base_line_for_taxes_computation(
            line,
            line.prepareBaseLineForTaxesComputationExtraValues()
        )
    );
    accountTaxHelpers.add_tax_details_in_base_lines(baseLines, order.company_id);
    accountTaxHelpers.round_base_lines_tax_details(baseLines, order.company_id);
    const shares = accountTaxHelpers.prepare_global_discount_lines(
        baseLines,
        order.company_id,
        "fixed",
        amountMinor / 100,
        {
            computation_key: `loyalty_edge_${product.id}_${taxKey(lines[0].tax_ids)}`,
            grouping_function: () => ({
                grouping_key: { product_id: product },
                raw_grouping_key: { product_id: product.id },
            }),
        }
    );
    for (const share of shares) {
        const line = await pos.addLineToOrder(
            {
                product_id: product,
                product_tmpl_id: product.product_tmpl_id,
                price_unit: share.price_unit,
                qty: share.quantity,
                tax_ids: [["link", ...share.tax_ids]],
                extra_tax_data: accountTaxHelpers.export_base_line_extra_tax_data(share),
            },
            order,
            { force: true },
            false
        );
        line.setCustomerNote(note);
    }
}

/** Put the quote's money on the order: one line for each tax group and kind, never a lump.
 *  `sign` is -1 for goods that come back: then our money comes back with them. */
export async function apply(pos, order, view, sign = 1) {
    const quoted = new Map(view.lines.map((line) => [line.line_id, line]));
    const groups = Map.groupBy(goods(order), (line) => taxKey(line.tax_ids));
    const names = view.promotions.map((promotion) => promotion.name).join(", ");
    for (const lines of groups.values()) {
        const sum = (field) =>
            sign *
            lines.reduce((total, line) => total + (quoted.get(line.uuid)?.[field] || 0), 0);
        const { loyalty_edge_promotion_id: promotion, loyalty_edge_bonus_id: bonus } = pos.config;
        if (sum("discount_minor")) {
            await addShare(pos, order, promotion, lines, sum("discount_minor"), names);
        }
        if (sum("redeemed_minor")) {
            await addShare(pos, order, bonus, lines, sum("redeemed_minor"), view.member?.name || "");
        }
    }
}

/** What was paid, as the agent takes it; change comes out of the cash. */
export function tendersOf(order) {
    const paid = { cash: -minor(order.change || 0), card: 0 };
    for (const payment of order.payment_ids) {
        paid[payment.payment_method_id.is_cash_count ? "cash" : "card"] += minor(payment.amount);
    }
    return ["cash", "card"]
        .filter((kind) => paid[kind] > 0)
        .map((kind) => ({ kind, amount_minor: paid[kind] }));
}
