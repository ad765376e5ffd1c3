#!/bin/sh
# Odoo 19 Community from Debian's package, its Python packages from PyPI and a PostgreSQL cluster of
# its own, all below $1, owned by a user of its own. Exit 77 with a sentence when it cannot be had.
set -eu
DIR=$1
WHO=loyalty-odoo
PIN=9d2f598b0555db17e291d48ed24df184c70823c053c4c5ed53c467ca7f629bbf
PACKAGES="libjs-jquery libjs-jquery-form libjs-underscore fonts-inconsolata fonts-font-awesome fonts-roboto-unhinted"
# The exact pins are those Odoo 19 was packaged with, in versions that have wheels for Python 3.11.
PYTHON_PACKAGES="werkzeug==3.0.1 lxml==5.2.1 jinja2==3.1.2 markupsafe==2.1.5 gevent==24.2.1
 greenlet==3.0.3 pillow==10.2.0 cryptography==42.0.8 pyopenssl==24.1.0 reportlab==4.1.0 setuptools<80
 lxml-html-clean asn1crypto babel chardet cbor2 decorator docutils geoip2 idna num2words ofxparse
 openpyxl passlib polib psutil psycopg2-binary pypdf pyserial python-dateutil python-stdnum pytz pyusb
 qrcode requests rjsmin urllib3 vobject xlrd xlsxwriter xlwt zeep libsass freezegun"

skip() { echo "odoo-e2e skipped: $*"; exit 77; }

[ "$(id -u)" = 0 ] || skip "root is needed once, to make a user and to fetch packages"
command -v apt-get >/dev/null || skip "Debian's package tools are needed"
PG=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1)
[ -n "$PG" ] || skip "PostgreSQL's server is needed (apt-get install postgresql)"
id "$WHO" >/dev/null 2>&1 || useradd --system --create-home --shell /bin/sh "$WHO"
mkdir -p "$DIR/apt/lists/partial" "$DIR/apt/cache/archives/partial" "$DIR/debs"
cd "$DIR"

if [ ! -e tree/.done ]; then
    KEYS=/usr/share/keyrings/debian-archive-keyring.gpg
    echo "deb [signed-by=$KEYS] http://deb.debian.org/debian sid main" > apt/sources.list
    SID="-o Dir::Etc::sourcelist=$DIR/apt/sources.list -o Dir::Etc::sourceparts=/dev/null
     -o Dir::State::lists=$DIR/apt/lists -o Dir::Cache=$DIR/apt/cache"
    # shellcheck disable=SC2086
    apt-get -qq $SID update && (cd debs && apt-get -qq $SID download odoo-19) || skip "odoo-19 cannot be fetched"
    echo "$PIN  $(ls debs/odoo-19_*.deb)" | sha256sum -c --quiet - || skip "Debian has another odoo-19 now; pin it anew"
    # shellcheck disable=SC2086
    (cd debs && apt-get -qq download $PACKAGES) || skip "Odoo's scripts and fonts cannot be fetched"
    for deb in debs/*.deb; do dpkg-deb -x "$deb" tree; done
    touch tree/.done
fi

if [ ! -e venv/.done ]; then
    # Debian's own Python: the one in use may stand in a home that the other user cannot read.
    /usr/bin/python3 -m venv venv || skip "python3-venv is needed"
    # shellcheck disable=SC2086
    venv/bin/pip install --quiet --disable-pip-version-check $PYTHON_PACKAGES || skip "Odoo's Python packages cannot be had"
    touch venv/.done
fi

mkdir -p pg data addons
chown "$WHO" pg data
chmod 755 "$DIR"
run_as() { su "$WHO" -c "$1"; }
if [ ! -e pg/cluster/PG_VERSION ]; then
    run_as "$PG/initdb -D $DIR/pg/cluster -A trust -U odoo -E UTF8 --locale=C" >/dev/null
fi
run_as "$PG/pg_ctl -D $DIR/pg/cluster status" >/dev/null 2>&1 ||
    run_as "$PG/pg_ctl -D $DIR/pg/cluster -o '-p 55932 -k $DIR/pg -c fsync=off' -l $DIR/pg/log -w start" >/dev/null
if [ ! -e data/.base ]; then
    run_as "cd $DIR && PYTHONPATH=tree/usr/lib/python3/dist-packages venv/bin/python tree/usr/bin/odoo -d base \
      --db_host=127.0.0.1 --db_port=55932 --db_user=odoo --data-dir=$DIR/data --with-demo -i point_of_sale \
      --stop-after-init --no-http --log-level=warn"
    run_as "touch $DIR/data/.base"
fi
echo "odoo-e2e: Odoo stands in $DIR"
