{
    "name": "Loyalty Edge for Point of Sale",
    "version": "19.0.1.0.0",
    "category": "Sales/Point of Sale",
    "summary": "Members, promotions and bonuses from the agent on this till, offline too",
    "author": "Loyalty Edge",
    "license": "LGPL-3",
    "depends": ["point_of_sale"],
    "data": [
        "data/loyalty_edge_data.xml",
        "views/res_config_settings_views.xml",
    ],
    "assets": {"point_of_sale._assets_pos": ["loyalty_edge/static/src/**/*"]},
    "installable": True,
}
