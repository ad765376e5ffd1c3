"""Stock Odoo without an add-on: scans in, slips out, by the routes of its hardware proxy."""
