"""A small shop in Odoo, made by `odoo shell`: three tax groups, two goods each, one till."""

env = globals()["env"]

config = env["pos.config"].search([], order="id", limit=1)
group = env["account.tax"].search([("type_tax_use", "=", "sale")], limit=1).tax_group_id


def tax(name, percent):
    return env["account.tax"].create(
        {
            "name": name,
            "amount": percent,
            "type_tax_use": "sale",
            "price_include_override": "tax_included",
            "tax_group_id": group.id,
        }
    )


TAXES = {"A": tax("ПДВ 20 %", 20), "B": tax("ПДВ 7 %", 7), "C": tax("Без ПДВ", 0)}
GOODS = (
    ("milk", "Молоко 2,5 % 900 г", 45.90, "A", "4820000000017"),
    ("bread", "Хліб «Український»", 27.50, "B", "4820000000024"),
    ("book", "Книга «Кобзар»", 100.00, "C", "4820000000048"),
)
category = env["pos.category"].create({"name": "Крамниця"})
for sku, name, price, tax_name, barcode in GOODS:
    env["product.template"].create(
        {
            "name": name,
            "default_code": sku,
            "barcode": barcode,
            "list_price": price,
            "taxes_id": [(6, 0, TAXES[tax_name].ids)],
            "available_in_pos": True,
            "type": "consu",
            "pos_categ_ids": [(6, 0, category.ids)],
        }
    )
env["barcode.rule"].create(
    {
        "name": "Member cards",
        "barcode_nomenclature_id": env.ref("barcodes.default_barcode_nomenclature").id,
        "type": "client",
        "encoding": "any",
        "pattern": "042",
        "sequence": 4,
    }
)
config.write(
    {
        "name": "Loyalty till",
        "limit_categories": True,
        "iface_available_categ_ids": [(6, 0, category.ids)],
        "iface_print_auto": False,
    }
)
if "AGENT_URL" in globals():  # the add-on's till
    config.write(
        {
            "loyalty_edge": True,
            "loyalty_edge_url": globals()["AGENT_URL"],
            "loyalty_edge_token": globals()["AGENT_TOKEN"],
            "loyalty_edge_promotion_id": env.ref("loyalty_edge.promotion").id,
            "loyalty_edge_bonus_id": env.ref("loyalty_edge.bonus").id,
        }
    )
if "PROXY_IP" in globals():  # a stock till beside a register
    config.write(
        {
            "is_posbox": True,
            "proxy_ip": globals()["PROXY_IP"],
            "iface_scan_via_proxy": True,
            "iface_print_via_proxy": True,
            "iface_cashdrawer": True,
            "iface_print_auto": True,
            "iface_print_skip_screen": False,
        }
    )
env["res.lang"]._activate_lang("uk_UA")
env["ir.module.module"].search([("name", "=", "loyalty_edge")])._update_translations(["uk_UA"])
env.cr.commit()
print("CONFIG", config.id)
