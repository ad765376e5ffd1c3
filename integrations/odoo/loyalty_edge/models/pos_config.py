"""Where the agent of a till answers, and the two products that carry its money."""

from odoo import fields, models


class PosConfig(models.Model):
    _inherit = "pos.config"

    loyalty_edge = fields.Boolean("Loyalty Edge agent on the till")
    loyalty_edge_url = fields.Char("Agent's address", default="http://127.0.0.1:9777")
    loyalty_edge_token = fields.Char("Agent's token", help="The file api.token of the register")
    loyalty_edge_promotion_id = fields.Many2one(
        "product.product",
        "Product of promotions",
        default=lambda self: self.env.ref("loyalty_edge.promotion", raise_if_not_found=False),
    )
    loyalty_edge_bonus_id = fields.Many2one(
        "product.product",
        "Product of redeemed bonuses",
        default=lambda self: self.env.ref("loyalty_edge.bonus", raise_if_not_found=False),
    )

    def _get_special_products(self):
        """A till that is limited to some categories has to load the two products all the same."""
        ours = self.env.ref("loyalty_edge.promotion") | self.env.ref("loyalty_edge.bonus")
        return super()._get_special_products() | ours
