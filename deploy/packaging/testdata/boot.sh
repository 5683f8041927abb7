#!/bin/sh
# What an operator does with the Debian package on a machine with systemd. It is
# run by TestSystemdRuns in a container of systemd-nspawn, with what it needs in
# /test. What it prints is the test's report.
set -eux
trap 'journalctl --no-pager --lines=60 --unit=clickedge.service' EXIT
click() { curl -si --max-time 60 --header 'Host: link.example.com' "http://127.0.0.1$(cat /test/target)"; }
answered() { click | grep -q '^location: https://shop.example.com/a?b=1'; }
# fails COMMAND…: it must.
fails() { if "$@"; then echo "$* did not fail"; exit 1; fi; }
pid() { systemctl show --property=MainPID --value clickedge.service; }

dpkg --install --force-depends /test/old.deb
# Without sites.json an error, and no open port.
fails systemctl start clickedge.service
journalctl --unit=clickedge-http.socket | grep -qi 'assertion failed'
fails curl -s --max-time 5 http://127.0.0.1/

install -m 644 /test/sites.json /etc/clickedge/sites.json
systemctl enable --now clickedge.service
answered
clickedge server health
grep -q '"kind":"click"' /var/log/clickedge/clicks.ndjson
ls -ld /var/lib/clickedge/certificates /var/lib/clickedge/links

# A user without rights, who sees little.
grep '^Uid:' "/proc/$(pid)/status"
fails grep -q '^Uid:[[:space:]]*0[[:space:]]' "/proc/$(pid)/status"
grep -q '^CapEff:[[:space:]]*0000000000000000$' "/proc/$(pid)/status"
grep -q '^NoNewPrivs:[[:space:]]*1$' "/proc/$(pid)/status"
grep -q '^Seccomp:[[:space:]]*2$' "/proc/$(pid)/status"

# A key of root's reaches the service, and flags of the operator's.
printf 'k1=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\n' >/etc/clickedge/keys
chmod 600 /etc/clickedge/keys
install -m 644 /test/keyed.json /etc/clickedge/sites.json
echo 'OPTIONS="--metrics 127.0.0.1:9181"' >/etc/default/clickedge
systemctl restart clickedge.service
clickedge server health --metrics 127.0.0.1:9181
answered
journalctl --unit=clickedge.service | grep -q 'key k1, fingerprint '

# The log is moved away and opened again.
mv /var/log/clickedge/clicks.ndjson /var/log/clickedge/clicks.ndjson-1
systemctl reload clickedge.service
answered
for i in $(seq 100); do [ -s /var/log/clickedge/clicks.ndjson ] || sleep 0.1; done
[ -s /var/log/clickedge/clicks.ndjson ]

# Killed, it comes again, and readers wait at the sockets.
before=$(pid)
kill -9 "$before"
answered
[ "$(pid)" != "$before" ]

# An upgrade starts the new one, with the operator's files.
before=$(pid)
dpkg --install --force-depends /test/new.deb
[ "$(pid)" != "$before" ]
answered
cmp /test/keyed.json /etc/clickedge/sites.json
grep -q 9181 /etc/default/clickedge

# Gone, it answers nobody, and leaves what cannot be made again.
dpkg --purge clickedge
fails curl -s --max-time 5 http://127.0.0.1/
[ -s /etc/clickedge/keys ] && [ -s /var/lib/private/clickedge/links ]
[ -z "$(ls /etc/systemd/system/*/clickedge* 2>/dev/null)" ]
touch /test/passed
