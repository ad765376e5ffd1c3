#!/bin/sh
# Runs printer clients that nobody here wrote on the emulated printers: pyshtrih, which pip has
# installed, and node-thermal-printer, which npm fetches into the cache. $1 is the folder of python.
cache="${XDG_CACHE_HOME:-$HOME/.cache}/loyalty-edge/npm"
client="node-thermal-printer@4.6.1"
if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
  echo "Skipped: $client needs node and npm, which are not here (its bytes are replayed all the same)"
elif [ -d "$cache/node_modules/node-thermal-printer" ] ||
  npm install --prefix "$cache" --no-audit --no-fund --no-save --ignore-scripts --loglevel=error "$client"; then
  LOYALTY_NODE_MODULES="$cache/node_modules"
  export LOYALTY_NODE_MODULES
else
  echo "Skipped: npm could not fetch $client (its bytes are replayed all the same)"
fi
exec "$1/python" -m pytest -q -rs --no-header -p no:cacheprovider \
  tests/integration/drivers/test_escpos_other_clients.py \
  tests/integration/drivers/test_shtrih.py -k "node or receiptline or pyshtrih"
