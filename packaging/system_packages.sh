#!/bin/sh
# Installs the two system packages the tests can use; without root it only says what will be skipped.
missing=""
ldconfig -p 2>/dev/null | grep -q libzbar.so.0 || missing="$missing libzbar0"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing:$missing"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "Not installed:$missing (tests that need them are skipped and say so)"
fi
