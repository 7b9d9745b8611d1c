#!/bin/sh
# For cron: scores, and tries again only where that can help. Late data (4) and temporary I/O trouble (75) may pass by
# themselves; every other code ends the job at once, with the message on standard error for cron to mail.
#
#   15 5 * * *  /usr/local/bin/churn-score.sh >> /var/log/churn.log
set -u

as_of=$(date -u +%F)
attempts=6

while :; do
    churn --config /etc/churn/churn.toml --log-format json score --as-of "$as_of"
    code=$?
    attempts=$((attempts - 1))
    case $code in
        4 | 75) [ "$attempts" -gt 0 ] || exit "$code" ;;
        *) exit "$code" ;;
    esac
    sleep "${CHURN_RETRY_SECONDS:-1800}"
done
