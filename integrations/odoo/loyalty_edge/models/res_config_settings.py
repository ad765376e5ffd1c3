"""The agent of a till in the settings of the point of sale."""

from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    pos_loyalty_edge = fields.Boolean(related="pos_config_id.loyalty_edge", readonly=False)
    pos_loyalty_edge_url = fields.Char(related="pos_config_id.loyalty_edge_url", readonly=False)
    pos_loyalty_edge_token = fields.Char(related="pos_config_id.loyalty_edge_token", readonly=False)
