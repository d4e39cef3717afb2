# SPDX-License-Identifier: BSD-2-Clause
# embed.cmake - a text file as a C array: -DIN= -DOUT= -DNAME=
file(READ ${IN} hex HEX)
string(LENGTH "${hex}" n)
math(EXPR n "${n} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" hex "${hex}")
file(WRITE ${OUT} "#include <stddef.h>
extern const char	${NAME}[];
extern const size_t	${NAME}_len;
const char	${NAME}[] = {
${hex}0
};
const size_t	${NAME}_len = ${n};
")
