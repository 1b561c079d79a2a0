#!/bin/sh
# Find a Python that is new enough and let it run setup.py. To name one: make PYTHON=python3.13
what=$1
if [ -n "$PYTHON" ]; then set -- "$PYTHON"; else set -- python3 python3.13 python3.12 python3.11; fi
old=
for python; do
    version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue
    case $version in
        3.1[1-9].* | 3.[2-9][0-9].*) exec "$python" "$(dirname "$0")/setup.py" "$what" ;;
    esac
    old=${old:-"$python is Python $version"}
done
echo "Set-up stopped: ${old:-no ${PYTHON:-python3} runs here}, but Python 3.11 or newer is needed;" \
    "install it (Debian, Ubuntu: python3 and python3-venv; macOS: brew install python), then run make again." >&2
exit 1
