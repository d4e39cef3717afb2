#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# dkim: both engines over mail that others wrote: the same bh=, and signatures
# that libopendkim and dkimpy pass (every twelfth mail; all of them with
# MAILWEIR_LONG=1)
. "$(dirname "$0")/lib.sh"
TOOL=$BIN/../t/aux/dkim-corpus
[ -x "$TOOL" ] || skip_all 'dkim-corpus is not built'
[ -d "$CORPORA/sa-public" ] || skip_all "no mail in $CORPORA"
"$PYTHON" -c 'import dkim, nacl' 2>/dev/null || skip_all 'no dkimpy here'
PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE
every=12; [ "${MAILWEIR_LONG:-0}" != 1 ] || every=1

mkdir "$W/out"
t 'engines agree, libopendkim passes'	"$TOOL" "$W/out" $every \
    "$CORPORA/sa-public" "$CORPORA/sa-cjk" "$CORPORA/phishing-pot" "$CORPORA/mime"
tail -n 1 "$W/out.$N" | sed 's/^/# /'
t 'dkimpy passes'	"$PYTHON" "$SRC/t/t4000-dkim.py" verify "$W/out/keys" "$W/out"/*.eml

t_done
